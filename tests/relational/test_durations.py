"""INTERVAL columns as duration[us]."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pyarrow as pa

from vqe.relational.results import with_durations


def converted(query: str) -> pa.RecordBatch:
    (batch,) = duckdb.sql(query).to_arrow_table().to_batches()
    return with_durations(batch)


def test_values() -> None:
    batch = converted(
        "SELECT i FROM (VALUES (1, INTERVAL 1 MICROSECOND), (2, NULL), (3, INTERVAL '-1' DAY), (4, INTERVAL 2 MONTH),"
        " (5, INTERVAL 100 HOUR)) t(n, i) ORDER BY n"
    )
    assert batch.schema.types == [pa.duration("us")]
    assert batch.column(0).to_pylist() == [
        timedelta(microseconds=1), None, timedelta(days=-1), timedelta(days=60), timedelta(hours=100),
    ]  # fmt: skip


def test_of_a_slice() -> None:
    table = duckdb.sql("SELECT to_seconds(n) AS i, n FROM range(10) t(n) ORDER BY n").to_arrow_table()
    batch = table.to_batches()[0].slice(4, 3)
    assert with_durations(batch).column(0).to_pylist() == [timedelta(seconds=n) for n in (4, 5, 6)]


def test_others_are_left_alone() -> None:
    (batch,) = duckdb.sql("SELECT 1 AS a, 'x' AS b").to_arrow_table().to_batches()
    assert with_durations(batch) is batch


def test_empty() -> None:
    table = duckdb.sql("SELECT INTERVAL 1 SECOND AS i WHERE FALSE").to_arrow_table()
    for batch in table.to_batches():
        assert with_durations(batch).num_rows == 0
