"""contains() and objects() against the oracle: classes, thresholds, areas, regions, and any expression around them."""

# ruff: noqa: E501  (a query and what it is compared with stand on one line)

from __future__ import annotations

import pytest
from oracle import Check

CALLS = [
    "contains('bus')",
    "contains('BUS')",
    "CONTAINS ( 'bus' )",
    "contains('person')",
    "contains('cat')",
    "contains('dog')",
    "contains(['bus', 'truck'])",
    "contains(['bus'])",
    "contains(['bus', 'bus', 'Truck'])",
    "contains('bus', confidence => 0.1)",
    "contains('bus', confidence => 0.2)",
    "contains('bus', confidence => 0.25)",
    "contains('bus', confidence => 0.39)",
    "contains('bus', confidence => 0.4)",
    "contains('bus', confidence => 0.9)",
    "contains('bus', confidence := 0.6)",
    "contains('car', confidence => 0.5)",
    "contains('car', confidence => 0.0625)",
    "contains('boat', confidence => 0.3)",
    "contains('truck', min_area => 0.0625)",
    "contains('truck', min_area => 0.05)",
    "contains('truck', min_area => 0)",
    "contains('person', region => 'gate')",
    "contains('person', region => 'GATE')",
    "contains('person', region => 'lane')",
    "contains('person', region => BOX(0.25, 0.5, 0.5, 1.0))",
    "contains('person', region => BOX(0, 0, 0.25, 0.75))",
    "contains('person', region => POLYGON((0.25, 0.5), (0.5, 0.5), (0.5, 1), (0.25, 1)))",
    "contains('person', region => POLYGON((0, 0), (1, 0), (0.5, 0.25), (1, 1), (0, 1)))",
    "contains(['person', 'car'], region => 'gate', confidence => 0.3, min_area => 0.01)",
]
COUNTS = [
    "objects()",
    "objects('car')",
    "objects('person')",
    "objects(['car', 'person'])",
    "objects(confidence => 0.1)",
    "objects(min_area => 0.03)",
    "objects(region => 'lane')",
    "objects('car', confidence => 0.5)",
    "objects('car', region => 'lane')",
    "objects('person', confidence => 0.3)",
    "objects('car', region => BOX(0.5, 0, 1, 1), confidence => 0.2)",
]


@pytest.mark.parametrize("call", CALLS)
def test_contains(check: Check, call: str) -> None:
    check(f"SELECT frame FROM cam1 WHERE {call}")


@pytest.mark.parametrize("call", COUNTS)
def test_objects(check: Check, call: str) -> None:
    check(f"SELECT frame, {call} AS n FROM cam1 ORDER BY frame")


@pytest.mark.parametrize("call", ["contains('zebra')", "contains('boat')", "objects('bus') > 1"])
def test_nothing(check: Check, call: str) -> None:
    check(f"SELECT frame FROM cam1 WHERE {call}", some=False)


@pytest.mark.parametrize("camera", ["cam2", "yard", "parts", "vfr", "dot"])
def test_other_cameras(check: Check, camera: str) -> None:
    check(f"SELECT frame, seconds, timestamp, width, objects('car'), objects('person') FROM {camera} ORDER BY frame")


def test_region_belongs_to_its_camera(check: Check) -> None:
    check("SELECT frame FROM cam2 WHERE contains('person', region => 'gate')")


def test_area_is_of_the_file_s_own_picture(check: Check) -> None:
    check("SELECT frame FROM yard WHERE contains('bus', min_area => 0.0625)")


def test_region_is_of_the_file_s_own_picture(check: Check) -> None:
    check("SELECT frame FROM yard WHERE contains('bus', region => BOX(0.4, 0.55, 0.5, 0.7))")


@pytest.mark.parametrize(
    "where",
    [
        "NOT contains('bus')",
        "NOT NOT contains('bus')",
        "contains('bus') AND contains('car')",
        "contains('bus') OR contains('car')",
        "contains('bus') AND NOT contains('car')",
        "(contains('bus') OR contains('person')) AND NOT (objects('car') > 1)",
        "(contains('bus') AND frame < 90)",
        "((contains('bus') AND (frame < 90 AND contains('car'))))",
        "contains('bus') = contains('car')",
        "contains('bus') <> contains('car')",
        "contains('bus') IS FALSE",
        "(contains('bus')) IS NOT DISTINCT FROM TRUE",
        "contains('bus')::INT + objects('car') = 2",
        "CASE WHEN frame < 100 THEN contains('bus') WHEN frame < 150 THEN contains('truck') ELSE objects() > 3 END",
        "CASE objects('car') WHEN 0 THEN contains('bus') WHEN 1 THEN contains('person') END",
        "if(frame % 2 = 0, contains('bus'), contains('car'))",
        "coalesce(nullif(contains('bus'), FALSE), contains('truck'))",
        "objects('car') BETWEEN 1 AND 2",
        "objects('car') NOT BETWEEN 1 AND 2",
        "objects('car') IN (1, 3)",
        "objects('car') NOT IN (0, 2)",
        "objects('car') > objects('person')",
        "objects('car') * 2 - 1 > objects()",
        "objects('car') % 2 = 1",
        "objects('car') = frame % 5",
        "objects('car') + seconds > 28",
        "greatest(objects('car'), objects('person')) = 2",
        "list_contains([1, 2], objects('car'))",
        "objects('car') > 0 OR NULL",
        "NOT (contains('bus') OR NULL IS NULL AND contains('car'))",
        "contains('bus') AND frame IN (SELECT unnest([40, 41, 42, 43]))",
        "(contains('bus'), contains('car')) = (TRUE, TRUE)",
        "objects('car')",
        "contains('bus') AND 'x' || frame LIKE 'x4%'",
        "frame < 60 AND (frame > 50 OR contains('bus')) AND NOT contains('car')",
        "xor(contains('bus')::INT, contains('car')::INT) = 1",
    ],
)
def test_any_expression(check: Check, where: str) -> None:
    check(f"SELECT frame FROM cam1 WHERE {where}")


@pytest.mark.parametrize(
    "where", ["NULL", "contains('bus') AND NULL", "FALSE", "frame < 0", "contains('bus') AND seconds > 1e9"]
)
def test_no_rows(check: Check, where: str) -> None:
    check(f"SELECT frame, objects('car') FROM cam1 WHERE {where}", some=False)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT contains('bus') FROM cam1",
        "SELECT count(*) FROM cam1 WHERE contains('bus')",
        "SELECT count(*) FILTER (WHERE contains('bus')), sum(objects('car')), avg(objects('car')) FROM cam1",
        "SELECT count(*) FILTER (WHERE contains('bus')) FROM cam1 WHERE contains('car')",
        "SELECT objects('car') AS n, count(*) FROM cam1 GROUP BY n ORDER BY n",
        "SELECT objects('car'), count(*) FROM cam1 GROUP BY objects('car')",
        "SELECT objects('car'), count(*) FROM cam1 GROUP BY ALL",
        "SELECT objects('car'), contains('bus'), count(*) FROM cam1 GROUP BY CUBE (objects('car'), contains('bus'))",
        "SELECT floor(seconds) AS s, max(objects('car')) FROM cam1 GROUP BY s HAVING bool_or(contains('bus')) ORDER BY s",
        "SELECT floor(seconds) AS s FROM cam1 GROUP BY s HAVING sum(objects('car')) > 10 ORDER BY s",
        "SELECT frame FROM cam1 ORDER BY objects('car') DESC, contains('bus'), frame LIMIT 25",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY objects('car') + objects('person'), frame DESC",
        "SELECT frame, sum(objects('car')) OVER (ORDER BY frame ROWS 4 PRECEDING) FROM cam1 ORDER BY frame",
        "SELECT frame, count(*) OVER (PARTITION BY contains('bus') ORDER BY frame) FROM cam1 ORDER BY frame",
        "SELECT frame, lag(contains('bus')) OVER w FROM cam1 WINDOW w AS (ORDER BY frame) ORDER BY frame",
        "SELECT frame, rank() OVER w FROM cam1 WINDOW w AS (ORDER BY objects('car'), frame) ORDER BY frame",
        "SELECT frame FROM cam1 QUALIFY row_number() OVER (PARTITION BY objects('car') ORDER BY frame) = 1",
        "SELECT frame FROM cam1 QUALIFY contains('bus') AND NOT lag(contains('bus')) OVER (ORDER BY frame)",
        "SELECT DISTINCT objects('car') FROM cam1",
        "SELECT DISTINCT ON (objects('car')) objects('car'), frame FROM cam1 ORDER BY objects('car'), frame",
        "SELECT list(frame ORDER BY frame) FROM cam1 WHERE contains('truck')",
        "SELECT frame, CASE WHEN contains('bus') THEN 'bus' ELSE 'none' END AS what FROM cam1 WHERE objects('car') > 2",
        "SELECT {'b': contains('bus'), 'n': objects('car')} FROM cam1 WHERE frame BETWEEN 38 AND 45",
        "SELECT [objects('car'), objects('person')] FROM cam1 WHERE frame > 280",
        "SELECT arg_max(frame, objects('car') * 1000 - frame) FROM cam1",
        "SELECT map_entries(histogram(objects('car'))) FROM cam1",
        "SELECT quantile_cont(objects('car'), 0.5) FROM cam1",
        "FROM cam1 SELECT frame WHERE contains('bus')",
        "SELECT frame AS f FROM cam1 WHERE contains('bus') AND f < 60",
        "SELECT objects('car') AS n FROM cam1 WHERE n > 2",
        "SELECT n: objects('car') FROM cam1 WHERE contains('bus')",
        "SELECT extract(second FROM timestamp) AS s, bool_or(contains('bus')) FROM cam2 GROUP BY s ORDER BY s",
        "SELECT date_trunc('second', timestamp) AS s, avg(objects('car')) FROM yard GROUP BY s ORDER BY s",
        "SELECT CAST(contains('bus') AS INTEGER) FROM cam1 ORDER BY frame",
        "SELECT contains('bus')::VARCHAR, -objects('car'), objects('car') IS NULL FROM cam1 ORDER BY frame",
        "SELECT unnest([1, 2]) AS u, objects('car') FROM cam1 WHERE frame < 5 ORDER BY frame, u",
        "SELECT sum(objects('car')) FROM cam1 WHERE frame < 0",
        "SELECT frame, objects('car') FROM cam1 WHERE contains('bus') LIMIT 7",
        "SELECT frame FROM cam1 WHERE contains('bus') LIMIT 7 OFFSET 20",
        "SELECT frame FROM cam1 WHERE contains('bus') OFFSET 50",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame ASC LIMIT 3",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY timestamp LIMIT 3",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY 1 LIMIT 3",
        "SELECT -frame AS frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT 3",
        "SELECT 300 - frame AS seconds FROM cam1 WHERE contains('bus') ORDER BY seconds LIMIT 3",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY ALL LIMIT 3",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT 10%",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame FETCH FIRST 3 ROWS ONLY",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT (SELECT 4)",
        "SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT 2 + 1",
        "SELECT sum(frame) OVER (), frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT 2",
        "SELECT count(*) OVER () FROM cam1 WHERE contains('bus') LIMIT 2",
        "SELECT frame FROM cam1 WHERE contains('bus') AND frame NOT IN (SELECT frame FROM cam1 WHERE contains('car')) ORDER BY frame LIMIT 3",
    ],
)
def test_anywhere(check: Check, query: str) -> None:
    check(query)


@pytest.mark.parametrize(
    "order", ["frame DESC", "seconds DESC", "timestamp DESC", "frame DESC NULLS FIRST", "frame DESCENDING"]
)
@pytest.mark.parametrize("limit", ["LIMIT 5", "LIMIT 3 OFFSET 2"])
def test_limit_from_the_end(check: Check, order: str, limit: str) -> None:
    check(f"SELECT frame FROM cam1 WHERE contains('bus') ORDER BY {order} {limit}")


def test_name_of_an_unnamed_call(db) -> None:  # type: ignore[no-untyped-def]
    relation = db.sql("SELECT contains( 'bus' ), objects('car') + 1, objects('car') AS n FROM cam1")
    assert relation.columns == ["contains( 'bus' )", "objects('car') + 1", "n"]
    assert relation.types == ["BOOLEAN", "BIGINT", "BIGINT"]
