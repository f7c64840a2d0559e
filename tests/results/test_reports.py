"""What is said of how good an answer is: below the rows, from Python, and of past runs."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vqe
from vqe.accuracy import Interval
from vqe.catalog import AUDITS_KEPT, FILE, RUNS_KEPT, VERSION, Catalog, RunEntry
from vqe.execution import Execution
from vqe.logical.budget import Budget
from vqe.report import Report, footers, keep

BUDGET = Budget(0.01, 0.01, None, None)
RATES = {
    "precision": Interval(0.99, 0.97, 1),
    "fnr": Interval(0, 0, 0.021),
    "fpr": Interval(None, 0, 0.009),
}
NOTE = "FNR may lie above its budget of 1 %"
QUERY = "SELECT frame FROM cam1 WHERE contains('bus')"


def report(**given: Any) -> Report:
    values: dict[str, Any] = {
        "alias": "a",
        "video": "cam1",
        "predicate": "contains('bus')",
        "plan": "cascade: cnn 96x96, 2.1 % asked",
        "budget": BUDGET,
        "frames": 36_000,
        "calls": 412,
        "seconds": 1.5,
        "predicted": 2.5,
        "rates": RATES,
        "notes": (NOTE,),
    }
    return Report(**values | given)


EXACT = report(plan="exact", budget=None, rates={}, notes=(), predicted=None)


# --- the line below the rows ----------------------------------------------------------------------------------------


def test_footer() -> None:
    assert report().footer() == (
        "FNR 0 % (0 to 2.1 %), FPR not known, at most 0.9 %, precision 99 % (97 to 100 %); "
        "412 of 36,000 frames asked; FNR may be above its budget of 1 %"
    )


def test_footers_name_relations_where_there_are_several() -> None:
    assert footers([EXACT]) == []
    assert footers([report(rates={"fdr": Interval(0, 0, 0)}, budget=None)]) == ["FDR 0 %; 412 of 36,000 frames asked"]
    assert footers([EXACT, report(alias="b", budget=None, rates={"fnr": Interval(0.5, 0.25, 0.75)})]) == [
        "b: FNR 50 % (25 to 75 %); 412 of 36,000 frames asked"
    ]


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (0.01, "within budget"),
        (0.010001, "FNR may be above its budget of 1 %"),
    ],
)
def test_within_budget_is_said_of_whole_intervals_only(high: float, expected: str) -> None:
    rates = {"fnr": Interval(0.005, 0, high), "fpr": Interval(0, 0, 0)}
    assert report(rates=rates).verdict() == expected


def test_a_broken_budget_and_a_rate_that_nobody_knows() -> None:
    rates = {"fnr": Interval(0.1, 0.05, 0.2)}
    assert report(rates=rates).verdict() == "FNR is above its budget of 1 %, FPR may be above its budget of 1 %"
    assert EXACT.verdict() == ""


# --- the catalogue --------------------------------------------------------------------------------------------------


def entry(query: str) -> RunEntry:
    return RunEntry("2026-11-24T08:00:00+00:00", query, "v", "p", "exact", 10, 3, 0.5, None, None, {}, ())


def test_the_latest_runs_are_kept(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "db")
    assert catalog.runs() == []
    catalog.put_runs([entry(str(n)) for n in range(RUNS_KEPT - 1)])
    assert len(catalog.runs()) == RUNS_KEPT - 1
    catalog.put_runs([entry(name) for name in ("a", "b", "c")])
    found = catalog.runs()
    assert [run.query for run in found] == [*map(str, range(2, RUNS_KEPT - 1)), "a", "b", "c"]
    assert [run.id for run in found] == sorted({run.id for run in found if run.id})


def test_levels_of_audits_are_kept_by_lottery(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "db")
    assert catalog.audits("one") == {}
    catalog.put_audit("one", ["x", "y"], 0.1, 0.2)
    catalog.put_audit("one", ["y"], 0.3, 0.2)
    catalog.put_audit("two", ["x"], 1, 1)
    assert catalog.audits("one") == {"x": (0.1, 0.2), "y": (0.3, 0.2)}
    catalog.put_audit("three", [str(n) for n in range(AUDITS_KEPT)], 0.5, 0.5)
    assert (catalog.audits("one"), len(catalog.audits("three"))) == ({}, AUDITS_KEPT)


def test_a_catalogue_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.executescript(
            """
            CREATE TABLE videos  (key TEXT PRIMARY KEY, name TEXT NOT NULL, paths TEXT NOT NULL, options TEXT NOT NULL);
            CREATE TABLE regions (key TEXT, video TEXT, name TEXT NOT NULL, kind TEXT NOT NULL, points TEXT NOT NULL,
                                  PRIMARY KEY (key, video));
            CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE costs   (operator TEXT, subject TEXT, seconds REAL NOT NULL, PRIMARY KEY (operator, subject));
            INSERT INTO settings VALUES ('fnr', '0.02');
            PRAGMA user_version = 1;
            """
        )
    catalog = Catalog(tmp_path)
    assert (catalog.settings(), catalog.runs()) == ({"fnr": "0.02"}, [])  # reading changes nothing
    assert version(tmp_path) == 1
    catalog.put_runs([entry("SELECT 1")])
    assert version(tmp_path) == VERSION == 3
    assert [run.query for run in catalog.runs()] == ["SELECT 1"]
    assert catalog.settings() == {"fnr": "0.02"}


def version(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FILE)) as catalog:
        (found,) = catalog.execute("PRAGMA user_version").fetchone()
    return int(found)


def test_a_run_is_kept_as_it_was_and_its_notes_are_told(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    with pytest.warns(vqe.VqeWarning, match=NOTE) as told:
        keep(catalog, "SELECT 1", [report(), EXACT, report()])
    assert len(told) == 1
    first, second, _ = catalog.runs()
    assert (first.query, first.budget, first.predicted, first.notes) == ("SELECT 1", str(BUDGET), 2.5, (NOTE,))
    assert {name: Interval(*bounds) for name, bounds in first.rates.items()} == RATES
    assert (second.plan, second.budget, second.rates, second.predicted) == ("exact", None, {}, None)


def test_numbers_of_numpy_s(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    rates = {"fnr": Interval(np.float32(0.5), np.float32(0.25), np.float32(1))}
    counted = report(calls=np.int64(7), seconds=np.float32(0.5), predicted=np.float32(2), rates=rates, notes=())
    keep(catalog, "SELECT 1", [counted])
    (found,) = catalog.runs()
    assert (found.calls, found.seconds, found.predicted, found.rates) == (7, 0.5, 2.0, {"fnr": [0.5, 0.25, 1.0]})


def test_a_catalogue_that_cannot_be_written_keeps_nobody_from_the_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(vqe.VqeWarning, match=NOTE):
        keep(Catalog(tmp_path / "file" / "db"), "SELECT 1", [report()])
    assert (tmp_path / "file").read_text() == ""


# --- a query's reports ----------------------------------------------------------------------------------------------


@pytest.fixture
def told(own: vqe.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Every run over videos has the report above; the queries that were written down."""
    monkeypatch.setattr(Execution, "assess", lambda *_: ((report(),), False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vqe.VqeWarning)
        yield lambda: [run.query for run in Catalog(own.folder).runs()]


def test_relation_has_its_accuracy(own: vqe.Connection, told: Callable[[], list[str]]) -> None:
    relation = own.sql(QUERY)
    assert relation is not None
    assert told() == []
    assert relation.accuracy == (report(),)
    relation.fetchall()
    assert relation.accuracy == (report(),)
    assert told() == [QUERY]  # once


def test_of_no_video_nothing_is_said(own: vqe.Connection, told: Callable[[], list[str]]) -> None:
    for text in ("SELECT 1", "SHOW VIDEOS", "DESCRIBE cam1", f"DESCRIBE {QUERY}", f"EXPLAIN {QUERY}"):
        relation = own.sql(text)
        assert relation is not None
        assert relation.accuracy == ()
    assert told() == []


def test_rows_read_in_part_are_no_finished_run(own: vqe.Connection, told: Callable[[], list[str]]) -> None:
    relation = own.sql("SELECT frame FROM cam1")
    assert relation is not None
    with relation.batches(10) as reader:
        reader.read_next_batch()
    assert told() == []
    with relation.batches(10) as reader:
        assert sum(len(batch) for batch in reader) == 300
    assert told() == ["SELECT frame FROM cam1"]


@pytest.mark.parametrize("ending", ["arrow", "parquet", "csv", "json"])
def test_a_file_is_a_finished_run(
    own: vqe.Connection, told: Callable[[], list[str]], tmp_path: Path, ending: str
) -> None:
    copy = f"COPY ({QUERY}) TO '{tmp_path / 'copied'}.{ending}'"
    own.sql(copy)
    relation = own.sql(QUERY)
    assert relation is not None
    relation.write(tmp_path / f"written.{ending}")
    assert told() == [copy, QUERY]


def test_statements_around_a_query(own: vqe.Connection, told: Callable[[], list[str]]) -> None:
    statements = [
        f"CREATE TABLE t AS {QUERY}",
        f"INSERT INTO t {QUERY} AND frame > $n",
        f"SUMMARIZE {QUERY}",
        f"EXPLAIN ANALYZE {QUERY}",
    ]
    for text in statements:
        own.sql(text, {"n": 3} if "$n" in text else None)
    assert told() == [statements[0], f"INSERT INTO t {QUERY} AND frame > 3", statements[2], QUERY]


def test_a_query_that_fails_is_no_finished_run(own: vqe.Connection, told: Callable[[], list[str]]) -> None:
    relation = own.sql(f"SELECT error('no') FROM ({QUERY})")
    assert relation is not None
    with pytest.raises(vqe.VqeError):
        relation.fetchall()
    assert told() == []


def test_show_runs(own: vqe.Connection, told: Callable[[], list[str]]) -> None:
    for query in (QUERY, f"{QUERY} LIMIT 1"):
        relation = own.sql(query)
        assert relation is not None
        relation.fetchall()
    assert told() == [QUERY, f"{QUERY} LIMIT 1"]
    shown = own.sql("SHOW RUNS")
    assert shown is not None
    first, second = (dict(zip(shown.columns, row, strict=True)) for row in shown.fetchall())
    assert (first["query"], second["query"]) == (QUERY, f"{QUERY} LIMIT 1")
    assert first["id"] < second["id"]
    assert first["at"].endswith("+00:00")
    expected = {
        "id": 0,
        "at": "",
        "query": QUERY,
        "video": "cam1",
        "predicate": "contains('bus')",
        "plan": "cascade: cnn 96x96, 2.1 % asked",
        "frames": 36_000,
        "calls": 412,
        "seconds": 1.5,
        "predicted": 2.5,
        "budget": "FNR within 1 %, FPR within 1 %",
        "fnr": "0 % (0 to 2.1 %)",
        "fpr": "not known, at most 0.9 %",
        "fdr": None,
        "precision": "99 % (97 to 100 %)",
        "notes": NOTE,
    }
    assert first | {"at": "", "id": 0} == expected
    assert shown.columns == list(expected)


def test_show_runs_of_none(own: vqe.Connection) -> None:
    shown = own.sql("SHOW RUNS")
    assert shown is not None
    assert shown.types[:3] == ["BIGINT", "VARCHAR", "VARCHAR"]
