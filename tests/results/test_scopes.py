"""Which video a call means, and where its hidden column shows and where not."""

# ruff: noqa: E501  (a query and what it is compared with stand on one line)

from __future__ import annotations

import pytest
from oracle import Check

import vqe

JOINS = [
    "SELECT a.frame, b.frame FROM cam1 a JOIN cam2 b ON a.frame = b.frame WHERE contains(a, 'bus') AND contains(b, 'bus')",
    "SELECT a.frame, b.frame FROM cam1 a JOIN cam2 b ON a.frame = b.frame AND contains(a, 'bus') AND contains(b, 'bus')",
    "SELECT a.frame, b.frame FROM cam1 a, cam2 b WHERE a.frame = b.frame AND contains(a, 'bus') AND contains(b, 'bus')",
    "SELECT cam1.frame FROM cam1 JOIN cam2 USING (frame) WHERE contains(cam1, 'bus') AND contains(cam2, 'bus')",
    "SELECT frame FROM cam1 JOIN cam2 USING (frame) WHERE contains(CAM1, 'bus') OR contains(cam2, 'person')",
    "SELECT a.frame FROM cam1 a JOIN cam1 b ON b.frame = a.frame + 1 WHERE contains(a, 'bus') AND NOT contains(b, 'bus')",
    "SELECT a.frame, b.frame FROM cam1 a JOIN cam1 b ON b.frame = a.frame + 100 WHERE objects(a, 'car') > objects(b, 'car')",
    "SELECT a.frame, objects(a, 'car'), objects(b, 'car') FROM cam1 a JOIN cam2 b USING (frame) WHERE b.frame < 9 ORDER BY 1",
    "SELECT a.frame, b.frame, c.frame FROM cam1 a JOIN cam2 b USING (frame) JOIN yard c USING (frame)"
    " WHERE contains(a, 'car') AND contains(b, 'bus') AND contains(c, 'car')",
    "SELECT a.frame FROM cam1 a JOIN cam2 b ON a.seconds BETWEEN b.seconds AND b.seconds + 0.3"
    " WHERE contains(a, 'bus') AND contains(b, 'bus')",
    "SELECT a.timestamp, b.timestamp FROM cam2 a JOIN yard b"
    " ON b.timestamp BETWEEN a.timestamp AND a.timestamp + INTERVAL 1 SECOND WHERE contains(a, 'bus') AND contains(b, 'bus')",
    "SELECT n, frame FROM cam1 JOIN (VALUES (1, 40), (2, 41), (3, 999)) AS t(n, f) ON frame = f WHERE contains('bus')",
    "SELECT n, frame FROM (VALUES (1, 40), (2, 41), (3, 999)) AS t(n, f) JOIN cam1 ON frame = f WHERE contains('bus')",
    "SELECT frame FROM cam1 SEMI JOIN range(50) t(n) ON frame = n WHERE contains('bus')",
    "SELECT frame FROM cam1 ANTI JOIN range(50) t(n) ON frame = n WHERE contains('bus')",
    "SELECT a.frame FROM cam1 a SEMI JOIN cam2 b ON a.frame = b.frame AND contains(b, 'bus') WHERE contains(a, 'car')",
    "SELECT a.frame, b.frame FROM cam1 a CROSS JOIN cam2 b WHERE contains(a, 'bus') AND b.frame = 30 AND contains(b, 'bus')",
    "SELECT a.frame, b.frame FROM (cam1 a JOIN cam2 b USING (frame)) WHERE contains(a, 'bus') AND objects(b) > 1",
]
OUTER = [
    "SELECT a.frame, b.frame, contains(b, 'bus'), objects(b, 'car') FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame ORDER BY 1",
    "SELECT a.frame, b.frame, contains(a, 'bus') FROM cam2 a RIGHT JOIN cam1 b ON a.frame = b.frame ORDER BY 2",
    "SELECT a.frame, b.frame, objects(a, 'car'), objects(b, 'car') FROM cam1 a FULL JOIN cam2 b ON a.frame = b.frame + 250"
    " ORDER BY ALL",
    "SELECT a.frame FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame WHERE contains(b, 'bus') IS NULL",
    "SELECT a.frame FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame WHERE NOT contains(b, 'bus')",
    "SELECT a.frame FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame WHERE objects(b, 'car') IS NULL AND contains(a, 'car')",
    "SELECT a.frame, b.frame FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame AND contains(b, 'bus') WHERE contains(a, 'bus')",
    "SELECT a.frame, b.frame FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame WHERE contains(a, 'bus') AND b.frame IS NULL",
    "SELECT a.frame, b.frame FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame WHERE coalesce(objects(b, 'car'), 9) > 2",
    "SELECT b.frame FROM cam2 a RIGHT JOIN cam1 b ON a.frame = b.frame WHERE contains(b, 'bus') AND a.frame IS NULL",
    "SELECT b.frame FROM cam2 a RIGHT JOIN cam1 b ON a.frame = b.frame WHERE contains(a, 'bus') IS NOT TRUE",
    "SELECT count(*), count(contains(b, 'bus')), count(objects(b)) FROM cam1 a LEFT JOIN cam2 b ON a.frame = b.frame",
    "SELECT t.n, objects(c, 'car') FROM range(290, 310) t(n) LEFT JOIN cam1 c ON c.frame = t.n ORDER BY 1",
    "SELECT t.n, c.frame FROM range(35, 45) t(n) LEFT JOIN cam1 c ON c.frame = t.n AND contains('bus') ORDER BY 1",
    "SELECT a.frame, b.frame FROM cam2 a ASOF JOIN cam1 b ON a.seconds >= b.seconds WHERE contains(a, 'bus') AND contains(b, 'car')",
    "SELECT a.frame, b.frame FROM cam1 a ASOF LEFT JOIN cam2 b ON a.frame > b.frame AND a.video <> b.video WHERE contains(a, 'bus')",
    "SELECT a.frame, b.frame FROM dot a POSITIONAL JOIN cam2 b WHERE contains(b, 'person') OR a.frame IS NOT NULL",
]
BLOCKS = [
    "SELECT * FROM (SELECT seconds, objects('car') AS n FROM cam1) WHERE n > 2",
    "SELECT n, count(*) FROM (SELECT objects('car') AS n FROM cam1 WHERE contains('bus')) GROUP BY n ORDER BY n",
    "WITH busy AS (SELECT frame FROM cam1 WHERE objects('car') > 2) SELECT count(*) FROM busy",
    "WITH b AS (SELECT frame FROM cam1 WHERE contains('bus')) SELECT x.frame FROM b x JOIN b y ON y.frame = x.frame + 1",
    "WITH a AS (SELECT frame FROM cam1 WHERE contains('bus')), b AS (SELECT frame FROM a WHERE frame > 50) SELECT sum(frame) FROM b",
    "WITH a AS (SELECT frame FROM cam1 WHERE contains('bus')) SELECT frame FROM cam2 WHERE frame IN (FROM a) AND contains('car')",
    "WITH a AS MATERIALIZED (SELECT frame, objects('car') AS n FROM cam1) SELECT frame FROM a WHERE n = (SELECT max(n) FROM a)",
    "WITH cam2 AS (SELECT frame FROM cam1 WHERE contains('bus')) SELECT frame FROM cam2",
    "WITH RECURSIVE r AS (SELECT min(frame) AS f FROM cam1 WHERE contains('bus') UNION ALL SELECT f + 1 FROM r WHERE f < 50)"
    " SELECT f, contains('bus') FROM r JOIN cam1 ON frame = f ORDER BY f",
    "SELECT frame FROM cam1 WHERE frame IN (SELECT frame FROM cam2 WHERE contains('bus')) AND contains('car')",
    "SELECT frame FROM cam1 WHERE contains('car') AND frame > (SELECT max(frame) FROM cam2 WHERE contains('bus'))",
    "SELECT (SELECT count(*) FROM cam2 WHERE contains('bus')), count(*) FROM cam1 WHERE contains('bus')",
    "SELECT a.frame FROM cam1 a WHERE EXISTS (SELECT 1 FROM cam2 b WHERE b.frame = a.frame AND contains('bus')) AND contains('car')",
    "SELECT a.frame FROM cam1 a WHERE EXISTS (SELECT 1 FROM cam2 b WHERE b.frame = a.frame AND contains(b, 'bus') AND contains(a, 'car'))",
    "SELECT a.frame FROM cam1 a WHERE NOT EXISTS (FROM cam2 b WHERE b.frame = a.frame AND objects(b, 'car') >= objects(a, 'car'))",
    "SELECT a.frame, (SELECT sum(objects('car')) FROM cam2 b WHERE b.frame <= a.frame) FROM cam1 a WHERE a.frame < 9 ORDER BY 1",
    "SELECT a.frame, (SELECT count(*) FROM cam2 b WHERE objects(b, 'car') > objects(a, 'car')) FROM cam1 a WHERE contains(a, 'bus')",
    "SELECT a.frame, (SELECT objects(a, 'car')) FROM cam1 a WHERE a.frame < 5 ORDER BY 1",
    "SELECT a.frame, (SELECT max(n) FROM range(objects(a, 'car')) t(n)) FROM cam1 a ORDER BY 1",
    "SELECT frame, (SELECT objects('car')) FROM cam1 WHERE frame < 5 ORDER BY 1",
    "SELECT frame FROM cam1 WHERE (SELECT contains('bus'))",
    "SELECT frame FROM cam1 WHERE contains('bus') IN (SELECT TRUE)",
    "SELECT frame FROM cam1 WHERE objects('car') = ANY (SELECT * FROM range(2, 4))",
    "SELECT frame, x FROM cam1, LATERAL (SELECT objects('car') + frame AS x) WHERE contains('bus')",
    "SELECT frame, x FROM cam1 c, LATERAL (SELECT objects(c, 'car') + c.frame AS x) t WHERE contains(c, 'bus')",
    "SELECT frame, u FROM cam1 c, unnest(range(objects(c, 'car'))) AS t(u) ORDER BY ALL",
    "SELECT frame FROM cam1 WHERE contains('bus') UNION ALL SELECT frame FROM cam2 WHERE contains('bus')",
    "SELECT frame FROM cam1 WHERE contains('bus') UNION SELECT frame FROM cam2 WHERE contains('bus') ORDER BY frame",
    "SELECT frame FROM cam1 WHERE contains('bus') EXCEPT SELECT frame FROM cam1 WHERE contains('car')",
    "SELECT frame FROM cam1 WHERE contains('bus') INTERSECT SELECT frame FROM cam2 WHERE contains('bus')",
    "(SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT 2) UNION ALL (SELECT frame FROM cam2 WHERE contains('bus') ORDER BY frame LIMIT 2)",
    "SELECT frame, 1 AS n FROM cam1 WHERE contains('bus') UNION ALL BY NAME SELECT objects('car') AS n FROM cam2 WHERE frame < 3",
    "SELECT frame FROM cam1 WHERE contains('bus') UNION ALL SELECT frame FROM cam2 WHERE contains('bus') ORDER BY frame LIMIT 5",
    "SELECT frame FROM (SELECT frame FROM cam1 WHERE contains('bus') LIMIT 5) ORDER BY frame DESC",
    "SELECT max(frame) FROM (SELECT frame FROM cam1 WHERE contains('bus') ORDER BY frame LIMIT 5 OFFSET 2)",
    "SELECT x.frame FROM (SELECT frame, contains('bus') AS b FROM cam1) x JOIN (SELECT frame, contains('bus') AS b FROM cam2) y USING (frame) WHERE x.b AND y.b",
    "SELECT frame FROM cam1 WHERE contains('bus') AND frame IN (SELECT frame FROM cam1 WHERE contains('car'))",
    "VALUES ((SELECT count(*) FROM cam1 WHERE contains('bus')))",
]
STARS = [
    ("SELECT * FROM cam2 WHERE contains('bus')", "SELECT p.* FROM cam2 c JOIN plain_cam2 p USING (frame) WHERE contains(c, 'bus')"),
    ("FROM cam2 WHERE contains('bus')", "SELECT p.* FROM cam2 c JOIN plain_cam2 p USING (frame) WHERE contains(c, 'bus')"),
    ("SELECT *, objects('car') AS n FROM cam2", "SELECT p.*, objects(c, 'car') FROM cam2 c JOIN plain_cam2 p USING (frame)"),
    ("SELECT c.*, objects('car') AS n FROM cam2 c", "SELECT p.*, objects(c, 'car') FROM cam2 c JOIN plain_cam2 p USING (frame)"),
    ("SELECT COLUMNS(*) FROM cam2 ORDER BY objects('car'), frame", "SELECT p.* FROM cam2 c JOIN plain_cam2 p USING (frame) ORDER BY objects(c, 'car'), c.frame"),
    ("SELECT min(COLUMNS(* EXCLUDE file)) FROM cam2 WHERE contains('bus')", "SELECT min(video), min(frame), min(timestamp), min(seconds), min(width), min(height) FROM cam2 WHERE contains('bus')"),
    ("SELECT COLUMNS('f.*') FROM cam2 WHERE contains('bus')", "SELECT file, frame FROM cam2 WHERE contains('bus')"),
    ("SELECT * EXCLUDE (file, width), contains('bus') FROM cam2", "SELECT video, frame, timestamp, seconds, height, contains('bus') FROM cam2"),
    ("SELECT * REPLACE (objects('car') AS frame) FROM cam2", "SELECT video, file, objects('car'), timestamp, seconds, width, height FROM cam2"),
    ("SELECT count(*) FROM cam1 a NATURAL JOIN cam1 b WHERE contains(a, 'bus') AND objects(b, 'car') > 0", "SELECT count(*) FROM cam1 WHERE contains('bus') AND objects('car') > 0"),
    ("SELECT * FROM cam2 a JOIN cam2 b USING (video, file, frame, timestamp, seconds, width, height) WHERE contains(a, 'bus')", "SELECT p.* FROM cam2 c JOIN plain_cam2 p USING (frame) WHERE contains(c, 'bus')"),
    ("SELECT c FROM cam2 c WHERE contains('bus')", "SELECT p FROM cam2 c JOIN plain_cam2 p USING (frame) WHERE contains(c, 'bus')"),
    ("SELECT struct_keys(c) FROM (SELECT cam2 AS c FROM cam2 WHERE contains('bus') LIMIT 1)", "SELECT ['video', 'file', 'frame', 'timestamp', 'seconds', 'width', 'height']"),
    ("SELECT max(cam2) FROM cam2 WHERE contains('bus')", "SELECT max(p) FROM cam2 c JOIN plain_cam2 p USING (frame) WHERE contains(c, 'bus')"),
    ("SELECT n FROM cam1 AS c(v, f, n) WHERE contains('bus') AND n < 60", "SELECT frame FROM cam1 WHERE contains('bus') AND frame < 60"),
    ("SELECT c.n, objects(c, 'car') FROM cam1 AS c(v, f, n) WHERE contains(c, 'bus')", "SELECT frame, objects('car') FROM cam1 WHERE contains('bus')"),
    ("SELECT n, objects('car') FROM cam1 c(v, f, n, t, s, w, h) WHERE contains('bus') AND s > 5 ORDER BY n LIMIT 4", "SELECT frame, objects('car') FROM cam1 WHERE contains('bus') AND seconds > 5 ORDER BY frame LIMIT 4"),
    ("SELECT frame FROM cam1 AS c(v, frame, n) WHERE contains('bus') AND n < 60", "SELECT file FROM cam1 WHERE contains('bus') AND frame < 60"),
    ("SELECT seconds, frame FROM cam1 AS c(v, f, seconds, t, frame) WHERE objects('car') > 2 ORDER BY seconds LIMIT 9", "SELECT frame, seconds FROM cam1 WHERE objects('car') > 2 ORDER BY frame LIMIT 9"),
    ("SELECT * FROM cam2 AS c(v, f, n) WHERE contains('bus') AND n = 30", "SELECT p.* FROM cam2 c JOIN plain_cam2 p USING (frame) WHERE contains(c, 'bus') AND frame = 30"),
    ('SELECT "Frame" FROM cam1 AS "C 1" WHERE contains("C 1", \'bus\')', "SELECT frame FROM cam1 WHERE contains('bus')"),
    ('SELECT "select".frame FROM cam1 AS "select" WHERE contains("select", \'bus\')', "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT exact.frame FROM cam1 AS exact WHERE contains(exact, 'bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT gap.frame FROM cam1 gap WHERE contains(gap, 'bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT frame FROM 'cam1.mp4' WHERE contains('bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT cam1.frame FROM 'cam1.mp4' WHERE contains(cam1, 'bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT frame FROM frames(cam1) WHERE contains('bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT f.frame FROM frames('cam1.mp4') f WHERE contains(f, 'bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT frame FROM CAM1 WHERE contains('bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ('SELECT frame FROM "cam1" WHERE contains(\'bus\')', "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT frame /* contains('car') */ FROM cam1 -- contains('car')\nWHERE contains('bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT frame, 'contains(''bus'')' AS s FROM cam1 WHERE contains('bus')", "SELECT frame, 'con' || 'tains(''bus'')' FROM cam1 WHERE contains('bus')"),
]  # fmt: skip
TEXT_SEARCH = [
    ("SELECT count(*) FROM cam1 WHERE contains(file, 'cam1.mp4')", "SELECT 300"),
    ("SELECT count(*) FROM cam1 WHERE contains(file, 'nowhere')", "SELECT 0"),
    ("SELECT frame FROM cam1 WHERE contains(frame::VARCHAR, '7') AND contains('bus')", "SELECT frame FROM cam1 WHERE frame::VARCHAR LIKE '%7%' AND contains('bus')"),
    ("SELECT frame FROM cam1 WHERE contains(video || frame, 'm14')", "SELECT frame FROM cam1 WHERE video || frame LIKE '%m14%'"),
    ("SELECT frame FROM cam1 WHERE contains([1, 2, 40], frame)", "SELECT frame FROM cam1 WHERE frame IN (1, 2, 40)"),
    ("SELECT frame FROM cam1 c WHERE contains(c.video, 'cam') AND contains(c, 'bus')", "SELECT frame FROM cam1 WHERE contains('bus')"),
    ("SELECT frame, contains(video, 'cam') FROM cam1 WHERE contains('bus')", "SELECT frame, TRUE FROM cam1 WHERE contains('bus')"),
]  # fmt: skip


@pytest.mark.parametrize("query", JOINS)
def test_join(check: Check, query: str) -> None:
    check(query)


@pytest.mark.parametrize("query", OUTER)
def test_outer_join(check: Check, query: str) -> None:
    check(query)


@pytest.mark.parametrize("query", BLOCKS)
def test_block(check: Check, query: str) -> None:
    check(query)


@pytest.mark.parametrize(("query", "instead"), STARS)
def test_star_and_alias(check: Check, query: str, instead: str) -> None:
    check(query, instead)


@pytest.mark.parametrize(("query", "instead"), TEXT_SEARCH)
def test_text_search_is_duckdb_s(check: Check, query: str, instead: str) -> None:
    check(query, instead)


def test_hidden_columns_have_no_name(db: vqe.Connection) -> None:
    relation = db.sql("SELECT * FROM cam1 WHERE contains('bus') ORDER BY objects('car')")
    assert relation is not None
    assert relation.columns == ["video", "file", "frame", "timestamp", "seconds", "width", "height"]
