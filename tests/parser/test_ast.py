"""The tree of representative statements."""

from __future__ import annotations

from typing import Any

import pytest

from vqe.errors import QuerySyntaxError, Span
from vqe.parser import parse, region_shape
from vqe.parser.ast import (
    And,
    Between,
    Call,
    Case,
    Comparison,
    Constant,
    CreateRegion,
    CreateVideo,
    Describe,
    DropRegion,
    DropVideo,
    EventsRef,
    Explain,
    FileRef,
    Fragment,
    From,
    FunctionRef,
    Group,
    Join,
    ListLiteral,
    Name,
    NestedQuery,
    Not,
    Or,
    Other,
    OtherBody,
    OtherRef,
    Parameter,
    Query,
    QueryStatement,
    Reset,
    Select,
    Set,
    SetOperation,
    Show,
    Star,
    Subquery,
    SubqueryRef,
    TableRef,
)


def one(text: str) -> Any:
    (statement,) = parse(text)
    assert not isinstance(statement, Other) or statement.fault is None, statement
    return statement


def query(text: str) -> Query:
    statement = one(text)
    assert isinstance(statement, QueryStatement)
    return statement.query


def select(text: str) -> Select:
    body = query(text).body
    assert isinstance(body, Select)
    return body


def expression(text: str) -> Any:
    where = select(f"SELECT 1 WHERE {text}").where
    assert where is not None
    return where


def source(text: str) -> Any:
    return select(f"FROM {text}").source


def texts(nodes: tuple[Any, ...], text: str) -> list[str]:
    return [node.span.of(text) for node in nodes]


# --- videos and settings ---------------------------------------------------------------------------------------------


def test_create_video() -> None:
    text = "create or replace video if not exists cam1 from 'a/*.mp4' with (Start = 'it''s', fps = 25)"
    video = one(text)
    assert isinstance(video, CreateVideo)
    assert video.name.parts == ("cam1",) and video.or_replace and video.if_not_exists
    assert [path.value for path in video.paths] == ["a/*.mp4"]
    assert [(option.name, option.value.value) for option in video.options] == [("start", "it's"), ("fps", 25)]


@pytest.mark.parametrize("paths", ["['a.mp4', 'b.mp4']", "('a.mp4', 'b.mp4')", "['a.mp4', 'b.mp4',]"])
def test_create_video_of_several_paths(paths: str) -> None:
    video = one(f"CREATE VIDEO v FROM {paths}")
    assert [path.value for path in video.paths] == ["a.mp4", "b.mp4"]
    assert not video.or_replace and not video.if_not_exists and video.options == ()


def test_drop_video() -> None:
    assert one("DROP VIDEO cam1") == DropVideo(Span(0, 15), Name(Span(11, 15), ("cam1",)), False)
    assert one('DROP VIDEO IF EXISTS "Cam 1"').if_exists


def test_regions() -> None:
    box = one("CREATE REGION gate ON cam1 AS box(0, .5, 0.4, 1.0)")
    assert isinstance(box, CreateRegion)
    assert (box.name.parts, box.video.parts, box.shape.kind) == (("gate",), ("cam1",), "box")
    assert box.shape.points == ((0, 0.5), (0.4, 1))
    lane = one("CREATE OR REPLACE REGION lane ON cam1 AS POLYGON((0.1, 0.2), (0.9, 0.2), (0.5, 1))")
    assert lane.or_replace and lane.shape.points == ((0.1, 0.2), (0.9, 0.2), (0.5, 1))
    dropped = one("DROP REGION IF EXISTS gate ON cam1")
    assert isinstance(dropped, DropRegion) and dropped.if_exists and dropped.video.parts == ("cam1",)


def test_the_shape_of_a_call() -> None:
    call = expression("contains('bus', region => BOX(0.1, 0.2, 0.5, 0.9))")
    assert [argument.name for argument in call.arguments] == [None, "region"]
    assert region_shape(call.arguments[1].value).points == ((0.1, 0.2), (0.5, 0.9))
    with pytest.raises(QuerySyntaxError, match="outside the picture"):
        region_shape(expression("box(-0.1, 0, 1, 1)"))


@pytest.mark.parametrize("what", ["videos", "regions", "settings", "models", "runs"])
def test_show(what: str) -> None:
    shown = one(f"show {what.upper()};")
    assert isinstance(shown, Show) and shown.what == what


@pytest.mark.parametrize("text", ["DESCRIBE cam1", "desc cam1", "SHOW cam1"])
def test_describe(text: str) -> None:
    described = one(text)
    assert isinstance(described, Describe) and isinstance(described.name, Name)
    assert described.name.parts == ("cam1",)


def test_describe_a_file() -> None:
    assert one("DESCRIBE 'gate.mp4'").name == Constant(Span(9, 19), "gate.mp4")


@pytest.mark.parametrize(
    ("text", "value"),
    [("= 0.02", 0.02), ("TO 0.02", 0.02), ("= 2%", 0.02), ("= 'a,b'", "a,b"), ("= -1", -1), ("= true", True)],
)
def test_set(text: str, value: object) -> None:
    setting = one(f"SET fnr {text}")
    assert isinstance(setting, Set) and setting.name.parts == ("fnr",)
    assert isinstance(setting.value, Constant) and setting.value.value == value


def test_reset() -> None:
    assert one("RESET fnr") == Reset(Span(0, 9), Name(Span(6, 9), ("fnr",)))


# --- statements around a query ---------------------------------------------------------------------------------------


def test_kinds_of_query_statements() -> None:
    def kind(text: str) -> tuple[str, str | None]:
        statement = one(text)
        return statement.kind, statement.target

    assert kind("SELECT 1") == ("select", None)
    assert kind("INSERT INTO t (a) SELECT 1 RETURNING *") == ("insert", None)
    assert kind("CREATE OR REPLACE TEMP TABLE IF NOT EXISTS s.t AS FROM cam1") == ("create_table", "s.t")
    assert kind("COPY (FROM cam1) TO 'it''s.csv'") == ("copy", "it's.csv")
    assert kind("COPY (FROM cam1) TO $1") == ("copy", None)
    assert kind("DESCRIBE SELECT 1") == ("describe", None)
    assert kind("SUMMARIZE FROM cam1") == ("summarize", None)


def test_the_query_within_a_statement_has_its_own_span() -> None:
    text = "INSERT INTO t (a) SELECT 1 FROM cam1 LIMIT 2 EXACT RETURNING *"
    assert query(text).span.of(text) == "SELECT 1 FROM cam1 LIMIT 2"
    assert [clause.kind for clause in query(text).accuracy] == ["exact"]


def test_copy_options_and_accuracy() -> None:
    text = "COPY (FROM cam1 EXACT) TO 'x.csv' (HEADER, DELIMITER ';') USING MODEL 'm'"
    statement = one(text)
    assert statement.options.of(text) == "(HEADER, DELIMITER ';')"
    assert [clause.kind for clause in statement.query.accuracy] == ["exact", "model"]


@pytest.mark.parametrize(("source_text", "kind"), [("cam1", TableRef), ("'gate.mp4'", FileRef)])
def test_summarize_a_name(source_text: str, kind: type) -> None:
    statement = one(f"SUMMARIZE {source_text}")
    assert statement.kind == "summarize" and isinstance(statement.query.body.source, kind)
    assert statement.query.span == Span(10, 10 + len(source_text))


@pytest.mark.parametrize(("words", "mode"), [("", "plain"), ("ANALYZE", "analyze"), ("verbose", "verbose")])
def test_explain(words: str, mode: str) -> None:
    explained = one(f"EXPLAIN {words} SELECT 1")
    assert isinstance(explained, Explain) and explained.mode == mode
    assert isinstance(explained.statement, QueryStatement)


def test_other_statements_name_what_they_name() -> None:
    text = """UPDATE main."Cam 1" SET a = 'it''s' -- "no"
              WHERE b = $$c$$"""
    statement = one(text)
    assert isinstance(statement, Other) and statement.fault is None
    assert ("main", "Cam 1") in [name.parts for name in statement.names]
    assert [string.value for string in statement.strings] == ["it's", "c"]
    assert texts(statement.strings, text) == ["'it''s'", "$$c$$"]


def test_scripts() -> None:
    text = ";; SELECT ';' ; -- ;\n /* ; */ SHOW VIDEOS;\nSELECT $$;$$;"
    statements = parse(text)
    assert texts(statements, text) == ["SELECT ';'", "SHOW VIDEOS", "SELECT $$;$$"]
    assert parse("  ; ;; -- nothing") == ()


# --- expressions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        (r"E'a\n\'\x41\u00e9'", "a\n'Aé"),
        ("$$it's$$", "it's"),
        ("$a$ $$ $a$", " $$ "),
        ("3", 3),
        ("-2", -2),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1_000", 1000),
        ("0xff", 255),
        ("TRUE", True),
        ("null", None),
    ],
)
def test_constants(text: str, value: object) -> None:
    constant = expression(text)
    assert isinstance(constant, Constant) and constant.value == value and type(constant.value) is type(value)


def test_lone_operands() -> None:
    assert expression("a.frame").parts == ("a", "frame")
    assert expression('"A b" . "c""d"').parts == ("A b", 'c"d')
    assert [expression(p) for p in ("?", "$1", "$name")] == [
        Parameter(Span(15, 16), None),
        Parameter(Span(15, 17), "1"),
        Parameter(Span(15, 20), "name"),
    ]
    assert [item.value for item in expression("['bus', 'truck']").items] == ["bus", "truck"]
    assert isinstance(expression("(a)"), Group)
    assert isinstance(expression("(SELECT 1)"), Subquery)
    assert isinstance(expression("(FROM t)"), Subquery)


def test_and_or_not() -> None:
    tree = expression("a AND NOT b AND (c OR d) OR NOT NOT e")
    assert isinstance(tree, Or) and isinstance(tree.terms[0], And) and isinstance(tree.terms[1], Not)
    first, second, third = tree.terms[0].terms
    assert isinstance(first, Name) and isinstance(second, Not)
    assert isinstance(third, Group) and isinstance(third.inner, Or)
    assert isinstance(tree.terms[1].term, Not)


@pytest.mark.parametrize("operator", ["=", "==", "<>", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("blank", ["", " "])
def test_comparisons(operator: str, blank: str) -> None:
    tree = expression(f"objects('car'){blank}{operator}{blank}-3")
    assert isinstance(tree, Comparison) and tree.operator == operator
    assert isinstance(tree.left, Call) and isinstance(tree.right, Constant) and tree.right.value == -3


def test_between() -> None:
    tree = expression("a BETWEEN b - 1 AND c AND d NOT BETWEEN 1 AND 2")
    assert isinstance(tree, And)
    first, second = tree.terms
    assert isinstance(first, Between) and not first.negated and isinstance(first.low, Fragment)
    assert isinstance(second, Between) and second.negated and second.high == Constant(second.high.span, 2)


@pytest.mark.parametrize(
    "text",
    [
        "a = b IS NULL",
        "a BETWEEN 1 AND 2 IS TRUE",
        "a IS NOT NULL",
        "a IS DISTINCT FROM b",
        "a IN (1, 2)",
        "a -> 'x' = b",
    ],
)
def test_what_is_left_to_duckdb(text: str) -> None:
    assert isinstance(expression(text), Fragment)


def test_like_binds_tighter_than_comparison() -> None:
    tree = expression("a = b LIKE c")
    assert isinstance(tree, Comparison) and isinstance(tree.right, Fragment)


def test_calls() -> None:
    call = expression("Main.Contains(a, 'bus', Region => 'gate', x := [1])")
    assert call.name == "main.contains"
    assert [argument.name for argument in call.arguments] == [None, None, "region", "x"]
    assert isinstance(call.arguments[3].value, ListLiteral)
    assert expression("objects()").arguments == ()


def test_calls_with_more_than_arguments() -> None:
    assert isinstance(expression("count(*)").arguments[0].value, Star)
    (argument,) = expression("sum(DISTINCT objects('car') ORDER BY x)").arguments
    assert isinstance(argument.value, Fragment)
    assert [type(part) for part in argument.value.parts] == [Call, Name]
    first, second = expression("string_agg(a, ',' ORDER BY b DESC)").arguments
    assert isinstance(first.value, Name) and isinstance(second.value, Fragment)


def test_islands_of_a_fragment() -> None:
    text = "SELECT objects('car') + (SELECT 1) * x.y::INT + CASE WHEN contains('bus') THEN ? ELSE f(z).w END || [v][2]"
    (item,) = select(text).items
    assert isinstance(item.expression, Fragment)
    assert texts(item.expression.parts, text) == [
        "objects('car')",
        "(SELECT 1)",
        "x.y",
        "CASE WHEN contains('bus') THEN ? ELSE f(z).w END",
        "v",
    ]
    case = item.expression.parts[3]
    assert isinstance(case, Case) and texts(case.parts, text) == ["contains('bus')", "?", "f(z).w"]


def test_types_are_no_islands() -> None:
    text = "SELECT CAST(a AS DECIMAL(10, 2)) + b::timestamp + TIMESTAMP '2026-11-23' + INTERVAL 5 SECOND"
    (item,) = select(text).items
    assert isinstance(item.expression, Fragment)
    assert texts(item.expression.parts, text) == ["CAST(a AS DECIMAL(10, 2))", "b", "SECOND"]
    call = item.expression.parts[0]
    assert isinstance(call, Call) and texts(call.arguments[0].value.parts, text) == ["a"]  # type: ignore[union-attr]


def test_islands_in_windows_and_filters() -> None:
    text = "SELECT sum(a) FILTER (WHERE contains('bus')) OVER (PARTITION BY objects() ORDER BY b ROWS 1 PRECEDING) n"
    (item,) = select(text).items
    assert item.alias == "n" and isinstance(item.expression, Fragment)
    found = [part for part in item.expression.parts if isinstance(part, Fragment)]
    assert found == []
    assert {"contains('bus')", "objects()", "sum(a)"} <= set(texts(item.expression.parts, text))


# --- SELECT ----------------------------------------------------------------------------------------------------------


def test_aliases() -> None:
    text = """SELECT a x, a + 1 y, a AS z, f(a) "q r", a > b c, NOT d e, a IS NULL n, x::INT i,
      CASE WHEN a THEN 1 END k, 'text' s, 5 AS 'five', p: a, INTERVAL 5 SECOND, INTERVAL 5 SECOND v,
      sum(a) OVER w, sum(a) OVER w t, (SELECT 1) u,
      a COLLATE nocase, ts AT TIME ZONE tz, a::DOUBLE PRECISION, a AS exact, DATE '2026-11-23' d, a AS select, a.b"""
    items = select(text).items
    assert [item.alias for item in items] == [
        *("x", "y", "z", "q r", "c", "e", "n", "i", "k", "s", "five", "p", None, "v", None, "t", "u"),
        *(None, None, None, "exact", "d", "select", None),
    ]
    assert texts(tuple(item.expression for item in items[:8]), text) == [
        *("a", "a + 1", "a", "f(a)", "a > b", "NOT d", "a IS NULL", "x::INT"),
    ]
    assert all(type(item.alias) in (str, type(None)) for item in items)


def test_stars() -> None:
    text = "SELECT *, a.*, * EXCLUDE (b), c.* REPLACE (objects('car') + x AS n), count(*)"
    items = select(text).items
    stars = [item.expression for item in items[:4]]
    assert [star.qualifier for star in stars if isinstance(star, Star)] == [None, "a", None, "c"]
    last = stars[3]
    assert isinstance(last, Star) and texts(last.parts, text) == ["objects('car')", "x"]


def test_clauses_of_a_select() -> None:
    text = """SELECT DISTINCT ON (a) b FROM t WHERE c GROUP BY d, e HAVING f > 1 WINDOW w AS (ORDER BY g)
              QUALIFY h USING SAMPLE 10%"""
    body = select(text)
    assert body.has == {"distinct", "group", "having", "window", "qualify", "sample"}
    assert texts(body.rest, text) == ["(a)", "d", "e", "f > 1", "(ORDER BY g)", "h", "USING SAMPLE 10%"]
    assert select("SELECT a FROM t").has == frozenset()
    assert select("SELECT a FROM t TABLESAMPLE 10%").has == {"sample"}
    assert select("SELECT DISTINCT a FROM t").has == {"distinct"}


def test_from_first() -> None:
    body = select("FROM cam1 WHERE contains('bus')")
    assert body.items == () and isinstance(body.where, Call)
    body = select("FROM cam1 SELECT frame f WHERE x")
    assert [item.alias for item in body.items] == ["f"] and isinstance(body.where, Name)


def test_order_and_limit() -> None:
    text = "SELECT a FROM t ORDER BY a DESC NULLS LAST, b + 1 ASC, objects('car') LIMIT 10 OFFSET 5"
    found = query(text)
    assert texts(found.order, text) == ["a", "b + 1", "objects('car')"]
    assert found.limit is not None
    assert (found.limit.count, found.limit.offset, found.limit.constant) == (10, 5, True)


@pytest.mark.parametrize(
    ("text", "count", "offset", "constant"),
    [
        ("LIMIT 10", 10, 0, True),
        ("OFFSET 3", None, 3, True),
        ("OFFSET 3 LIMIT 4", 4, 3, True),
        ("LIMIT 10%", None, 0, False),
        ("LIMIT 10 PERCENT", None, 0, False),
        ("LIMIT 5 + 5 OFFSET 2", None, 2, False),
        ("LIMIT ?", None, 0, False),
        ("OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY", 3, 2, True),
    ],
)
def test_limits(text: str, count: int | None, offset: int, constant: bool) -> None:
    limit = query(f"SELECT a FROM t {text}").limit
    assert limit is not None and (limit.count, limit.offset, limit.constant) == (count, offset, constant)


def test_set_operations() -> None:
    body = query("SELECT 1 UNION ALL BY NAME (SELECT 2 LIMIT 1) INTERSECT SELECT 3 ORDER BY 1").body
    assert isinstance(body, SetOperation) and isinstance(body.left, Select)
    assert isinstance(body.right, SetOperation) and isinstance(body.right.left, NestedQuery)


def test_other_bodies() -> None:
    assert isinstance(query("VALUES (1), (2)").body, OtherBody)
    assert isinstance(query("TABLE t").body, OtherBody)
    assert isinstance(query("(SELECT 1)").body, NestedQuery)


def test_ctes() -> None:
    found = query('WITH RECURSIVE "A b"(x) AS (SELECT 1), c AS NOT MATERIALIZED (FROM d), e AS (DESCRIBE t) FROM c')
    assert found.recursive
    assert [(table.name, table.query is not None) for table in found.ctes] == [("A b", True), ("c", True), ("e", False)]
    assert not query("WITH a AS (SELECT 1) FROM a").recursive


# --- FROM ------------------------------------------------------------------------------------------------------------


def test_from_items() -> None:
    text = "FROM db.main.t AS a(x, y), 'gate.mp4' g, detections(cam1, track => true), z: u, (SELECT 1) s"
    found: list[From] = []
    tree = select(text).source
    while isinstance(tree, Join):
        assert tree.kind == "cross" and tree.condition is None
        found.insert(0, tree.right)
        tree = tree.left
    assert tree is not None
    table, file, function, prefixed, subquery = [tree, *found]
    assert isinstance(table, TableRef) and (table.name, table.alias) == (("db", "main", "t"), "a")
    assert table.columns == ("x", "y") and table.source.of(text) == "db.main.t"
    assert isinstance(file, FileRef) and (file.path, file.alias) == ("gate.mp4", "g")
    assert isinstance(function, FunctionRef) and function.name == "detections" and function.alias is None
    assert [argument.name for argument in function.arguments] == [None, "track"]
    assert isinstance(prefixed, TableRef) and prefixed.alias == "z" and prefixed.source.of(text) == "u"
    assert isinstance(subquery, SubqueryRef) and subquery.source.of(text) == "(SELECT 1)"


@pytest.mark.parametrize(
    ("words", "kind", "natural"),
    [
        ("JOIN", "inner", False),
        ("INNER JOIN", "inner", False),
        ("LEFT JOIN", "left", False),
        ("right outer join", "right", False),
        ("FULL JOIN", "full", False),
        ("CROSS JOIN", "cross", False),
        ("SEMI JOIN", "semi", False),
        ("ANTI JOIN", "anti", False),
        ("ASOF JOIN", "asof", False),
        ("ASOF LEFT JOIN", "asof left", False),
        ("POSITIONAL JOIN", "positional", False),
        ("NATURAL JOIN", "inner", True),
        ("NATURAL LEFT JOIN", "left", True),
    ],
)
def test_joins(words: str, kind: str, natural: bool) -> None:
    join = source(f"a {words} b")
    assert isinstance(join, Join) and (join.kind, join.natural) == (kind, natural)


def test_join_conditions() -> None:
    join = source("a JOIN b ON a.x = b.x AND contains(a, 'bus') LEFT JOIN c USING (x, y)")
    assert isinstance(join, Join) and join.condition is None
    assert isinstance(join.left, Join) and isinstance(join.left.condition, And)


def test_brackets_in_from() -> None:
    assert isinstance(source("(cam1) AS c"), TableRef) and source("(cam1) AS c").alias == "c"
    assert isinstance(source("(a JOIN b USING (x))"), Join)
    wrapped = source("(a JOIN b USING (x)) AS w")
    assert isinstance(wrapped, SubqueryRef) and wrapped.alias == "w"
    assert isinstance(wrapped.query.body, Select) and isinstance(wrapped.query.body.source, Join)
    assert isinstance(source("(DESCRIBE t)"), OtherRef)
    assert isinstance(source("VALUES (1) v(x)"), OtherRef)
    assert isinstance(source("LATERAL (SELECT 1)"), SubqueryRef)


# --- events ----------------------------------------------------------------------------------------------------------


def test_events_in_brackets() -> None:
    text = (
        "FROM events(cam1 c WHERE contains('bus') STABLE 5 GAP '2s' MINIMUM INTERVAL 1 SECOND) AS e WHERE duration > x"
    )
    events = select(text).source
    assert isinstance(events, EventsRef) and events.alias == "e"
    assert isinstance(events.video, TableRef) and events.video.alias == "c" and isinstance(events.where, Call)
    clauses = events.clauses
    assert clauses.gap is not None and clauses.gap.microseconds == 2_000_000
    assert clauses.minimum is not None and clauses.minimum.interval == "INTERVAL 1 SECOND"
    assert clauses.stable is not None and clauses.stable.frames == 5
    assert clauses.span.of(text) == "STABLE 5 GAP '2s' MINIMUM INTERVAL 1 SECOND"


def test_events_in_short() -> None:
    text = "SELECT start_time FROM events('gate.mp4') WHERE contains('bus') GAP '1m 30s' GROUP BY 1 LIMIT 3"
    body = select(text)
    assert isinstance(body.source, EventsRef) and isinstance(body.source.video, FileRef)
    assert body.source.where is None and body.clauses.gap is not None
    assert body.clauses.gap.microseconds == 90_000_000
    assert body.clauses.span.of(text) == "GAP '1m 30s'"


def test_no_event_clauses_have_an_empty_span_behind_where() -> None:
    text = "SELECT a FROM cam1 WHERE b GROUP BY c"
    clauses = select(text).clauses
    assert clauses.span == Span(26, 26) and (clauses.gap, clauses.minimum, clauses.stable) == (None, None, None)
    assert select("SELECT a FROM events(cam1) GAP '1s'").clauses.gap is not None


@pytest.mark.parametrize(("text", "value"), [("500ms", 500_000), ("1.5 s", 1_500_000), ("2 hours", 7_200_000_000)])
def test_durations(text: str, value: int) -> None:
    gap = select(f"FROM events(cam1) GAP '{text}'").clauses.gap
    assert gap is not None and gap.microseconds == value


# --- accuracy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXACT", [("exact", None, False)]),
        ("fnr within 1% FPR WITHIN 0.02", [("fnr", 0.01, False), ("fpr", 0.02, False)]),
        ("FDR WITHIN 5 % AT CONFIDENCE 95%", [("fdr", 0.05, False), ("confidence", 0.95, False)]),
        ("RECALL TARGET 95% ORACLE LIMIT 1000", [("recall", 0.95, False), ("oracle", 1000, False)]),
        ("PRECISION TARGET 1", [("precision", 1.0, False)]),
        ("ERROR WITHIN 0.1 AT CONFIDENCE 0.9", [("error", 0.1, False), ("confidence", 0.9, False)]),
        ("ERROR WITHIN 5%", [("error", 0.05, True)]),
        ("ERROR WITHIN 20", [("error", 20.0, False)]),
        ("USING MODEL 'm.pt' EXACT", [("model", "m.pt", False), ("exact", None, False)]),
        ("LIMIT 10% FNR WITHIN 1%", [("fnr", 0.01, False)]),
    ],
)
def test_accuracy(text: str, expected: list[tuple[str, object, bool]]) -> None:
    found = query(f"SELECT a FROM cam1 WHERE b {text}").accuracy
    assert [(clause.kind, clause.value, clause.relative) for clause in found] == expected


def test_limit_with_a_gap() -> None:
    text = "SELECT a FROM cam1 LIMIT 10 GAP '10s' EXACT"
    found = query(text)
    assert [clause.kind for clause in found.accuracy] == ["gap", "exact"]
    assert found.limit is not None and found.limit.span.of(text) == "LIMIT 10"
    assert found.span.of(text) == "SELECT a FROM cam1 LIMIT 10"


@pytest.mark.parametrize("ending", ["", " LIMIT 3", " ORDER BY a DESC"])
def test_a_query_ends_before_its_accuracy(ending: str) -> None:
    text = f"SELECT a FROM cam1{ending} FNR WITHIN 1%;"
    assert query(text).span.of(text) == f"SELECT a FROM cam1{ending}"


# --- no word of ours is reserved -------------------------------------------------------------------------------------

# fmt: off
WORDS = [
    "video", "videos", "region", "regions", "settings", "models", "gap", "minimum", "stable", "exact", "fnr", "fpr",
    "fdr", "within", "recall", "precision", "target", "error", "confidence", "oracle", "model", "box", "polygon",
    "events", "frames", "detections", "objects", "contains", "show_all", "start", "analyze", "verbose", "data",
    "name", "position", "first", "percent", "key", "sample", "interval", "values", "ordinality", "over", "filter",
    "partition", "runs",
]
# fmt: on


@pytest.mark.parametrize("word", WORDS)
def test_words_as_names(word: str) -> None:
    body = select(
        f"SELECT {word}, t.{word}, a AS {word}, {word} + 1, f({word}) FROM {word} WHERE {word} = {word} AND b"
    )
    assert isinstance(body.source, TableRef) and body.source.name == (word,) and body.source.alias is None
    assert body.items[0].expression == Name(body.items[0].expression.span, (word,))
    assert body.items[2].alias == word
    assert isinstance(body.where, And)
    assert query(f"WITH {word} AS (SELECT 1) SELECT a FROM {word} ORDER BY {word} LIMIT 1").ctes[0].name == word
    assert one(f"CREATE VIDEO {word} FROM 'x'").name.parts == (word,)
    assert one(f"CREATE TABLE {word} AS SELECT 1").target == word


@pytest.mark.parametrize("word", [w for w in WORDS if w not in ("interval", "over", "filter", "partition")])
def test_words_as_bare_aliases(word: str) -> None:
    body = select(f"SELECT a {word}, b FROM cam1 {word} WHERE c")
    assert isinstance(body.source, TableRef) and body.source.alias == word
    assert body.items[0].alias == word


def test_a_trailing_exact_is_the_clause() -> None:
    assert [c.kind for c in query("SELECT a FROM cam1 EXACT").accuracy] == ["exact"]
    assert [c.kind for c in query("SELECT a EXACT").accuracy] == ["exact"]
    assert query("SELECT a AS exact").accuracy == ()
    assert query("SELECT a FROM t ORDER BY exact").accuracy == ()
    assert query("SELECT a + exact").accuracy == ()
