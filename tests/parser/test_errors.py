"""Wrong input: what is said, where the caret stands, what is proposed."""

from __future__ import annotations

import pytest

from vqe.errors import QuerySyntaxError
from vqe.parser import is_complete, parse
from vqe.parser.ast import Other


def fault_of(text: str) -> QuerySyntaxError:
    """The error that a text ends in, at once or kept for the engine."""
    try:
        (statement,) = parse(text)
    except QuerySyntaxError as error:
        return error
    assert isinstance(statement, Other) and isinstance(statement.fault, QuerySyntaxError), statement
    return statement.fault


# (text with the fault between « », message, hint)
WRONG = [
    ("SELECT x FROM cam1 «WHER» contains('bus')", "unexpected 'WHER'", "did you mean WHERE?"),
    ("SELECT x «FORM» cam1 WHERE contains('bus')", "unexpected 'FORM'", "did you mean FROM?"),
    ("SELECT x FROM cam1 WHERE y > 1 «GROPU» BY z", "unexpected 'GROPU'", "did you mean GROUP?"),
    ("SELECT x FROM cam1 WHERE contains('bus') «ORDR» BY x", "unexpected 'ORDR'", "did you mean ORDER?"),
    ("SELECT x FROM cam1 «LIMT» 10", "unexpected 'LIMT'", "did you mean LIMIT?"),
    ("SELECT x FROM cam1 a «b» c", "unexpected 'b'", None),
    ("SELECT x FROM cam1 WHERE «AND» y", "unexpected 'AND'", None),
    ("SELECT x«)» FROM cam1", "unexpected ')', expected the end", None),
    ("SELECT x FROM cam1 «a.b»", "'a.b' is no alias", "an alias has no dot"),
    ("SELECT (x FROM cam1«»", "the query ends too early", "a bracket is not closed"),
    ("SELECT x FROM cam1 FNR «1»%", "unexpected '1'", "write FNR WITHIN 1%"),
    ("SELECT x FROM cam1 FNR WITHIN «2»", "2 is above 1", "write 2% or 0.02"),
    ("SELECT x FROM cam1 FPR WITHIN 1% AT CONFIDENCE «95»", "95 is above 1", "write 95% or 0.95"),
    ("SELECT x FROM cam1 RECALL TARGET «120»%", "more than 100%", None),
    (
        "SELECT x FROM cam1 FDR WITHIN «two»",
        "unexpected 'two', expected a number",
        "write a percentage or a fraction: 1% or 0.01",
    ),
    ("SELECT x FROM cam1 ORACLE LIMIT «0.5»", "ORACLE LIMIT takes a whole number of calls", "write ORACLE LIMIT 1000"),
    ("SELECT x FROM cam1 FNR WITHIN 1% «FNR WITHIN 2%»", "FNR is given twice", None),
    ("SELECT x FROM cam1 EXACT «EXACT»", "EXACT is given twice", None),
    ("SELECT x FROM cam1 USING MODEL 'a' «USING MODEL 'b'»", "USING MODEL is given twice", None),
    ("SELECT x FROM cam1 USING MODEL «yolo»", "unexpected 'yolo', expected a string", "write USING MODEL 'yolo11x.pt'"),
    (
        "SELECT * FROM (SELECT x FROM cam1 «FNR WITHIN 1%»)",
        "FNR WITHIN 1% inside brackets",
        "accuracy clauses stand once, at the end of the whole statement",
    ),
    (
        "WITH a AS (SELECT x FROM cam1 LIMIT 10 «GAP '10s'») FROM a",
        "GAP '10s' inside brackets",
        "accuracy clauses stand once, at the end of the whole statement",
    ),
    (
        "SELECT x FROM cam1 EXACT «UNION» SELECT 1",
        "unexpected 'UNION' after EXACT",
        "accuracy clauses stand at the end of the whole statement, after LIMIT",
    ),
    (
        "SELECT x FROM cam1 FNR WITHIN 1% «LIMIT» 3",
        "unexpected 'LIMIT' after FNR WITHIN 1%",
        "accuracy clauses stand at the end of the whole statement, after LIMIT",
    ),
    ("FROM cam1 LIMIT 10 «STABLE '1s'»", "STABLE follows WHERE, not LIMIT", None),
    ("FROM events(cam1) GAP «'2x'»", "unknown unit 'x' in the duration '2x'", "units are us, ms, s, m, h and d"),
    (
        "FROM events(cam1) GAP «'2 secnds'»",
        "unknown unit 'secnds' in the duration '2 secnds'",
        "did you mean 'seconds'?",
    ),
    (
        "FROM events(cam1) GAP «'2'»",
        "the duration '2' has no unit",
        "write '2s', '500ms', '1m', an INTERVAL, or a number of frames",
    ),
    (
        "FROM events(cam1) GAP «'soon'»",
        "'soon' is not a duration",
        "write '2s', '500ms', '1m', an INTERVAL, or a number of frames",
    ),
    ("FROM events(cam1) GAP «1.5»", "a number of frames must be whole", "for a time write '0.5s'"),
    ("FROM events(cam1) GAP '1s' «GAP '2s'»", "GAP is given twice", None),
    ("FROM events(cam1 MINIMUM '1s' «MINIMUM '1s'»)", "MINIMUM is given twice", None),
    ("CREATE VIDEO cam1 «FORM» 'x.mp4'", "unexpected 'FORM', expected FROM", "did you mean FROM?"),
    (
        "CREATE VIDEO cam1 FROM «gate».mp4",
        "unexpected 'gate', expected '(' or a string",
        "a string stands in single quotes",
    ),
    ("CREATE VIDEO cam1 FROM 'x' WITH (start = «now()»)", "the value of an option is a constant", None),
    ("DROP REGION gate«»", "the query ends too early, expected ON", None),
    ("SHOW VIDEOS «now»", "unexpected 'now', expected the end", None),
    ("CREATE REGION g ON v AS «BOX(0, 0, 1)»", "BOX takes 4 numbers, not 3", "write BOX(x1, y1, x2, y2)"),
    (
        "CREATE REGION g ON v AS «BOX(0.5, 0, 0.4, 1)»",
        "x1 must be below x2",
        "write BOX(x1, y1, x2, y2), from the upper left to the lower right",
    ),
    (
        "CREATE REGION g ON v AS BOX(0, 0, «640», 1)",
        "the coordinate 640 lies outside the picture",
        "coordinates are fractions of the picture's width and height, from 0 to 1, counted from the upper left",
    ),
    ("CREATE REGION g ON v AS BOX(0, «'a'», 1, 1)", "a coordinate is a number", None),
    ("CREATE REGION g ON v AS «POLYGON((0, 0), (1, 1))»", "POLYGON takes at least 3 points, not 2", None),
    ("CREATE REGION g ON v AS POLYGON((0, 0), «0.5», (1, 1))", "a point of a POLYGON is (x, y)", None),
    (
        "CREATE REGION g ON v AS «POLIGON((0, 0), (1, 1))»",
        "'poligon' is no shape of a region",
        "did you mean 'polygon'?",
    ),
    (
        "COPY «cam1» TO 'x.parquet'",
        "unexpected 'cam1', expected '('",
        "COPY takes a query in brackets: COPY (FROM cam1) TO 'out.parquet'",
    ),
    ("SELECT x FROM «'open", "the string that starts here is not closed", None),
    ('SELECT x FROM «"open', "the quoted name that starts here is not closed", None),
    ("SELECT x «/*» open /* nested */", "the comment that starts here is not closed", None),
    ("SELECT «$a$» open $$", "the string that starts here is not closed", None),
]


@pytest.mark.parametrize(("marked", "message", "hint"), WRONG)
def test_error(marked: str, message: str, hint: str | None) -> None:
    start = marked.index("«")
    text = marked.replace("«", "").replace("»", "")
    end = marked.index("»") - 1 if "»" in marked else start + 1
    error = fault_of(text)
    assert (error.message, error.hint) == (message, hint)
    assert error.span is not None
    assert (error.span.start, error.span.end) == (start, end)


def test_spans_count_from_the_start_of_the_script() -> None:
    text = "SELECT 1; -- ünï\n  CREATE VIDEO cam1 FORM 'x'"
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)
    assert caught.value.span is not None and caught.value.span.of(text) == "FORM"
    assert "  2 |   CREATE VIDEO cam1 FORM 'x'\n    |                     ^^^^" in str(caught.value.attach(text))


@pytest.mark.parametrize(
    "text",
    ["CREATE VIDEO", "DROP REGION", "SHOW VIDEOS x", "SELECT x FROM t FNR WITHIN", "SELECT x FROM cam1 t u GAP '1s'"],
)
def test_what_is_only_ours_raises_at_once(text: str) -> None:
    with pytest.raises(QuerySyntaxError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["SELECT x FROM t WHER f(x)", "SELECT FROM", "CREATE TABLE t (a INT)", "COPY t FROM 'x'"]
)
def test_other_faults_wait_for_the_engine(text: str) -> None:
    (statement,) = parse(text)
    assert isinstance(statement, Other) and isinstance(statement.fault, QuerySyntaxError)


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    assert "nested too deeply" in fault_of("SELECT " + "(" * 2000 + "1" + ")" * 2000).message


COMPLETE = [
    "",
    "  -- only a comment",
    "SELECT 1",
    "SELECT 1;",
    "SELECT x FROM cam1 WHERE contains('bus')",
    "SELECT FROM WHERE",
    "SELECT x FROM;",
    "SELECT (1;",
    "CREATE VIDEO cam1 FORM 'x'",
    "PRAGMA database_list",
    "SHOW TABLES",
    "DESCRIBE",
    "SELECT 1; SELECT 2",
    "BEGIN",
]
INCOMPLETE = [
    "SELECT",
    "SELECT x,",
    "SELECT x FROM",
    "SELECT x +",
    "SELECT x FROM cam1 WHERE",
    "SELECT x FROM cam1 WHERE contains('bus') AND",
    "SELECT x FROM cam1 WHERE a BETWEEN 1",
    "SELECT x FROM cam1 WHERE a IN",
    "SELECT x FROM cam1 LEFT",
    "SELECT x FROM cam1 a JOIN b ON",
    "SELECT x FROM cam1 GROUP",
    "SELECT x FROM cam1 ORDER BY",
    "SELECT x FROM cam1 LIMIT",
    "SELECT x FROM cam1 FNR WITHIN",
    "SELECT f(x",
    "SELECT [1, 2",
    "SELECT CASE WHEN x THEN 1",
    "SELECT 'open",
    'SELECT "open',
    "SELECT /* open",
    "SELECT $$open",
    "WITH a AS (SELECT 1)",
    "SELECT 1 UNION",
    "EXPLAIN",
    "CREATE VIDEO cam1",
    "CREATE VIDEO cam1 FROM 'x' WITH (start = 'a'",
    "SELECT 1; SELECT",
    "UPDATE t SET a = (1",
]


@pytest.mark.parametrize("text", COMPLETE)
def test_complete(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize("text", INCOMPLETE)
def test_incomplete(text: str) -> None:
    assert not is_complete(text)
