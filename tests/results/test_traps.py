"""Queries whose answer was once wrong without a word."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import vqe


def rows(db: vqe.Connection, query: str, parameters: object = None) -> list[tuple[object, ...]]:
    relation = db.sql(query, parameters)
    assert relation is not None
    return relation.fetchall()


def test_a_cte_hides_a_table_of_its_name_in_a_term_that_could_move(own: vqe.Connection) -> None:
    own.sql("CREATE TEMP TABLE tt AS SELECT 7 AS f")
    found = rows(own, "WITH tt AS (SELECT 5 AS f) SELECT frame FROM cam1 WHERE frame IN (SELECT f FROM tt)")
    assert found == [(5,)]


def test_calls_that_differ_little_are_two(db: vqe.Connection) -> None:
    one = "sum(contains('bus', confidence => 0.5)::INT)"
    other = "sum(contains('bus', confidence => 0.50000001)::INT)"
    (alone,) = rows(db, f"SELECT {one} FROM cam1")
    (both,) = rows(db, f"SELECT {one} AS a, {other} AS b FROM cam1")
    assert both[0] == alone[0] > 0


def test_a_negative_parameter_behind_a_minus(db: vqe.Connection) -> None:
    assert rows(db, "SELECT count(*) FROM cam1 WHERE seconds < 3 -?", [-1]) == [(40,)]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("COLUMNS('fra.*') < 5", 5),
        ("COLUMNS(* EXCLUDE (video, file)) IS NOT NULL", 300),
        ("(cam1)::VARCHAR LIKE '%cam1%'", 300),
    ],
)
def test_columns_and_rows_in_where(db: vqe.Connection, condition: str, count: int) -> None:
    assert rows(db, f"SELECT count(*) FROM cam1 WHERE {condition}") == [(count,)]


def test_a_whole_box_in_where_has_the_columns_of_the_box(db: vqe.Connection) -> None:
    cars = rows(db, "SELECT count(*) FROM detections(cam1) WHERE class = 'car'")
    assert rows(db, "SELECT count(*) FROM detections(cam1) d WHERE d::VARCHAR LIKE '%car%'") == cars != [(0,)]


def test_an_aggregate_in_a_subquery_may_be_of_the_outer_block(db: vqe.Connection) -> None:
    assert rows(db, "SELECT (SELECT max(a.frame)) FROM cam1 a LIMIT 1") == [(299,)]


def test_limit_heeds_the_default_order(own: vqe.Connection) -> None:
    own.sql("SET default_order = 'DESC'")
    assert rows(own, "SELECT frame FROM cam1 ORDER BY frame LIMIT 2") == [(299,), (298,)]


def test_limit_heeds_replace(db: vqe.Connection) -> None:
    found = rows(db, "SELECT * REPLACE (-frame AS frame) FROM cam1 ORDER BY frame LIMIT 1")
    assert found[0][2] == -299


def test_an_ambiguous_column_stays_an_error(db: vqe.Connection) -> None:
    with pytest.raises(vqe.QueryError, match=r"[Aa]mbiguous"):
        db.sql("SELECT count(*) FROM cam1 a, cam1 b WHERE frame > 250")


def test_a_whole_row_has_all_columns_whatever_the_alias(db: vqe.Connection) -> None:
    ((row,),) = rows(db, 'SELECT "a$" FROM cam1 "a$" LIMIT 1')
    assert isinstance(row, dict) and len(row) == 7
    (event, *_) = rows(db, "SELECT events FROM events(cam1) WHERE contains('bus')")
    assert isinstance(event[0], dict) and len(event[0]) == 11


@pytest.mark.parametrize(
    "query", ["SELECT '\"' AS q, seconds FROM cam1", 'SELECT frame, -- 5" screen\n seconds FROM cam1']
)
def test_a_quote_in_text_hides_no_column(db: vqe.Connection, query: str) -> None:
    assert len(rows(db, query)) == 300


def test_renamed_events_leave_the_frames_their_names(db: vqe.Connection) -> None:
    assert rows(db, "SELECT n FROM events(cam1) AS e(v, f, n) WHERE frame < 100") == [(1,)]


def test_a_table_called_like_our_relations_is_read(own: vqe.Connection) -> None:
    own.sql("CREATE TABLE vqe_1 AS SELECT 999 AS frame")
    assert rows(own, "SELECT count(*) FROM cam1 JOIN vqe_1 USING (frame)") == [(0,)]
    own.sql("CREATE TABLE vqe_result AS SELECT 1::BIGINT AS frame")
    own.sql("INSERT INTO vqe_result SELECT frame FROM cam1")
    assert rows(own, "SELECT count(*) FROM vqe_result") == [(301,)]


def test_no_table_may_be_called_like_a_video(own: vqe.Connection) -> None:
    with pytest.raises(vqe.QueryError, match="may not share a name"):
        own.sql("CREATE TABLE cam1 AS SELECT 1 AS x")


def test_returning_gives_rows(own: vqe.Connection) -> None:
    own.sql("CREATE TABLE t (f BIGINT)")
    assert rows(own, "INSERT INTO t VALUES (5) RETURNING f") == [(5,)]
    assert rows(own, "INSERT INTO t SELECT frame FROM cam1 WHERE frame < 2 RETURNING f") == [(0,), (1,)]
    assert own.sql("INSERT INTO t VALUES (6)") is None


@pytest.mark.parametrize(
    "mistake", ["SELECT nope FROM t", "SELECT frame, nope FROM cam1", "INSERT INTO t VALUES ('x')"]
)
def test_a_mistake_in_a_transaction_leaves_rollback(own: vqe.Connection, mistake: str) -> None:
    own.sql("CREATE TABLE t (f BIGINT)")
    own.sql("BEGIN")
    with pytest.raises(vqe.VqeError):
        relation = own.sql(mistake)
        if relation is not None:
            relation.fetchall()
    own.sql("ROLLBACK")
    assert rows(own, "SELECT count(*) FROM t") == [(0,)]


def test_a_query_over_videos_in_a_transaction(own: vqe.Connection) -> None:
    own.sql("CREATE TABLE t AS SELECT 3 AS f")
    own.sql("BEGIN")
    query = "SELECT frame FROM cam1 WHERE frame IN (SELECT f FROM t) AND frame * random() >= 0"
    assert rows(own, query) == [(3,)]
    own.sql("COMMIT")
    assert rows(own, query) == [(3,)]


def test_a_lent_connection_keeps_its_tables_after_a_transaction(own: vqe.Connection) -> None:
    own.sql("CREATE TABLE t AS SELECT 3 AS f")
    lent = own.duckdb
    own.sql("BEGIN")
    own.sql("COMMIT")
    assert lent.execute("SELECT f FROM t").fetchall() == [(3,)]


def test_macros_sequences_and_types_are_kept_like_tables(own: vqe.Connection) -> None:
    own.sql("CREATE MACRO big(x) AS x > 5")
    own.sql("CREATE TYPE mood AS ENUM ('bus', 'car')")
    assert rows(own, "SELECT big(6)") == [(True,)]
    assert rows(own, "SELECT 'bus'::mood") == [("bus",)]


def test_a_column_called_like_a_video_is_duckdbs(own: vqe.Connection) -> None:
    own.sql("CREATE TABLE n AS SELECT 1 AS cam1")
    own.sql("UPDATE n SET cam1 = 2")
    assert rows(own, "SELECT cam1 FROM n") == [(2,)]
    with pytest.raises(vqe.NotSupportedError):
        own.sql("UPDATE n SET cam1 = (SELECT count(*) FROM cam2)")


def test_an_empty_setting_of_the_session_hides_the_kept_one(own_folder: object) -> None:
    with vqe.connect(str(own_folder)) as db:
        db.sql("SET disabled_rules = 'limit_scan'")
    with vqe.connect(str(own_folder), {"disabled_rules": ""}) as db:
        assert ("disabled_rules", "") in [row[:2] for row in rows(db, "SHOW SETTINGS")]


def test_after_a_fault_with_calls_in_a_transaction_the_query_runs(own: vqe.Connection) -> None:
    own.sql("BEGIN")
    with pytest.raises(vqe.QueryError):
        own.sql("SELECT objects('car'), nope FROM cam1")
    own.sql("ROLLBACK")
    assert len(rows(own, "SELECT objects('car') FROM cam1 LIMIT 2")) == 2


def test_a_relation_sees_the_tables_as_they_are_when_it_is_read(own: vqe.Connection) -> None:
    own.sql("CREATE TABLE t AS SELECT unnest([1, 2, 3]) AS f")
    relation = own.sql("SELECT frame FROM cam1 WHERE frame IN (SELECT f FROM t)")
    own.sql("DELETE FROM t WHERE f > 1")
    assert relation is not None and relation.fetchall() == [(1,)]


def test_stable_with_nothing_to_smooth_is_an_error(db: vqe.Connection) -> None:
    with pytest.raises(vqe.QueryError, match="STABLE"):
        db.sql("SELECT a.frame FROM cam1 a JOIN cam1 b ON a.frame = b.frame AND contains(a, 'bus') STABLE '1s'")


def test_intervals_in_lists_and_structs_are_durations(db: vqe.Connection, tmp_path: Path) -> None:
    relation = db.sql("SELECT list(timestamp), {'t': max(timestamp)}, NULL::INTERVAL[] FROM cam1 WHERE frame < 2")
    assert relation is not None
    ((times, last, nothing),) = relation.fetchall()
    assert sorted(times) == [timedelta(0), timedelta(milliseconds=100)]
    assert last == {"t": timedelta(milliseconds=100)} and nothing is None
    relation.write(tmp_path / "x.parquet")
    assert relation.pl().height == 1
