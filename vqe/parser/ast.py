"""The abstract syntax tree: what the user wrote, each node with its span in the user's text.

The grammar is an island grammar. It knows statements, SELECT blocks, CTEs, FROM items, our own clauses and the boolean
skeleton of an expression; every other run of tokens is a `Fragment`, kept by its span and left to DuckDB. Whatever a
Fragment holds that may concern us (calls, subqueries, brackets) hangs below it in `parts`, in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal as OneOf
from typing import TypeAlias

from vqe.errors import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in the text. `span` covers the node without surrounding blanks or comments."""

    span: Span


# --- expressions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A lone literal: 'bus', 3, 0.5, -2, TRUE, NULL. Strings are unquoted here ('it''s' is it's)."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """`?` (name is None), `$1` (name is '1') or `$name`."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A lone, possibly qualified identifier: seconds, a.frame. Unquoted; case kept."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`['bus', 'truck']`."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Star(Node):
    """`*` or `a.*` as a whole select item, EXCLUDE, REPLACE, RENAME and LIKE behind it included in the span."""

    qualifier: str | None
    parts: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call: `value` or `name => value` (also `name := value`). `name` is lower-cased."""

    name: str | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`name(arguments)`. `name` is lower-cased, and dotted if the user wrote a schema ('main.contains').

    The span ends with the closing bracket: FILTER (...), OVER (...) and the like follow it in the enclosing Fragment.
    A call whose brackets hold more than a list of arguments (DISTINCT, ORDER BY inside, `count(*)`) has one argument
    for each piece between commas all the same, as a Fragment or Star.
    """

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Subquery(Node):
    """A query in brackets inside an expression; the span includes the brackets."""

    query: Query


@dataclass(frozen=True, slots=True)
class Group(Node):
    """Brackets around one expression; the span includes the brackets."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class And(Node):
    """Two or more terms, flattened: a AND b AND c has three."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Two or more terms, flattened."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    term: Expr


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`operator` is one of = == <> != < <= > >=."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Between(Node):
    operand: Expr
    low: Expr
    high: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class Case(Node):
    """CASE … END. `parts`: every expression inside, in order (operand, conditions, results, ELSE)."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Fragment(Node):
    """Any other run of tokens, DuckDB's business; `parts` are the islands inside it.

    Names and parameters are among the islands; constants are not, except as the items of a bracketed list `(1, 2)`.
    A Name there may be a mere word (SECOND in INTERVAL 5 SECOND), for which words are columns only DuckDB knows; types
    behind `::` and AS and fields behind a bracket's dot are left out.
    """

    parts: tuple[Expr, ...] = ()


Expr: TypeAlias = (
    Constant
    | Parameter
    | Name
    | ListLiteral
    | Star
    | Call
    | Subquery
    | Group
    | And
    | Or
    | Not
    | Comparison
    | Between
    | Case
    | Fragment
)

# --- our clauses ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """How long: exactly one of the three is given.

    `microseconds` from '2s', '500ms', '1m', '1h'; `frames` from a bare number; `interval` is the SQL text of an
    INTERVAL expression, for DuckDB to evaluate.
    """

    microseconds: int | None = None
    frames: int | None = None
    interval: str | None = None


@dataclass(frozen=True, slots=True)
class EventClauses(Node):
    """GAP, MINIMUM and STABLE behind WHERE; the span covers those given (it is empty, behind WHERE, if none is)."""

    gap: Duration | None = None
    minimum: Duration | None = None
    stable: Duration | None = None


@dataclass(frozen=True, slots=True)
class Accuracy(Node):
    """One accuracy clause.

    kind        value
    exact       None
    model       the model's name (USING MODEL 'x')
    fnr fpr fdr recall precision   the fraction (1% is 0.01)
    error       the bound, `relative` says whether it was given in percent (as a fraction)
    confidence  the fraction (AT CONFIDENCE)
    oracle      the number of calls (ORACLE LIMIT)
    gap         a Duration (LIMIT n GAP d)
    """

    kind: OneOf[
        "exact", "model", "fnr", "fpr", "fdr", "recall", "precision", "error", "confidence", "oracle", "gap"
    ]
    value: float | int | str | Duration | None = None
    relative: bool = False


# --- FROM -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromItem(Node):
    """One source. `source` is the span of the source alone, without its alias; `columns` renames, as in `t(a, b)`."""

    source: Span
    alias: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableRef(FromItem):
    """A name: cam1, main.t, "Cam 1"."""

    name: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileRef(FromItem):
    """A string: 'gate.mp4'."""

    path: str


@dataclass(frozen=True, slots=True)
class FunctionRef(FromItem):
    """A table function: frames('x'), detections(cam1, track => true), read_csv('x')."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class EventsRef(FromItem):
    """`events(video [WHERE p] [GAP d] [MINIMUM d] [STABLE d])`; `video` is a TableRef, FileRef or FunctionRef."""

    video: From
    where: Expr | None
    clauses: EventClauses


@dataclass(frozen=True, slots=True)
class SubqueryRef(FromItem):
    """A bracketed query, VALUES list, or bracketed join tree that DuckDB reads; LATERAL too."""

    query: Query


@dataclass(frozen=True, slots=True)
class Join(Node):
    """`kind`: inner left right full cross semi anti asof 'asof left' positional; a comma is cross. `parts`: the islands
    of the ON condition (USING has none). `natural` stands beside the kind."""

    kind: str
    natural: bool
    left: From
    right: From
    condition: Expr | None


@dataclass(frozen=True, slots=True)
class OtherRef(FromItem):
    """Anything else that may stand in FROM (PIVOT, UNPIVOT, bracketed VALUES …), with the islands inside it."""

    parts: tuple[Expr, ...]


From: TypeAlias = TableRef | FileRef | FunctionRef | EventsRef | SubqueryRef | Join | OtherRef

# --- queries --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    expression: Expr
    alias: str | None


@dataclass(frozen=True, slots=True)
class Select(Node):
    """One SELECT block (or a FROM-first one, where `items` may be empty: that is `*`).

    `rest`: the expressions of GROUP BY, HAVING, WINDOW, QUALIFY, USING SAMPLE and DISTINCT ON, in order.
    `has`: which of 'distinct', 'group', 'having', 'window', 'qualify', 'sample' it has.
    """

    items: tuple[SelectItem, ...]
    source: From | None
    where: Expr | None
    clauses: EventClauses
    rest: tuple[Expr, ...]
    has: frozenset[str]


@dataclass(frozen=True, slots=True)
class SetOperation(Node):
    """UNION, EXCEPT, INTERSECT with their modifiers (the words are in the text)."""

    left: Body
    right: Body


@dataclass(frozen=True, slots=True)
class NestedQuery(Node):
    """A bracketed query as an arm or body; the span includes the brackets."""

    query: Query


@dataclass(frozen=True, slots=True)
class OtherBody(Node):
    """VALUES, TABLE t, DESCRIBE inside FROM … : a body that DuckDB reads, with its islands."""

    parts: tuple[Expr, ...]


Body: TypeAlias = Select | SetOperation | NestedQuery | OtherBody


@dataclass(frozen=True, slots=True)
class CommonTable(Node):
    """`name [(columns)] AS [NOT] [MATERIALIZED] (query)`. `query` is None where the brackets hold no SELECT."""

    name: str
    query: Query | None


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """LIMIT and OFFSET. `count` and `offset` where they are plain integers, `constant` False where one is not (an
    expression, a parameter, a percentage). `count` None with constant: only an OFFSET. `parts`: islands inside."""

    count: int | None
    offset: int
    constant: bool
    parts: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Query(Node):
    """[WITH …] body [ORDER BY …] [LIMIT …]. The span ends before the accuracy clauses.

    `accuracy` may be filled only for the outermost query of a statement; elsewhere the clauses are a syntax error.
    """

    recursive: bool
    ctes: tuple[CommonTable, ...]
    body: Body
    order: tuple[Expr, ...]
    limit: Limit | None
    accuracy: tuple[Accuracy, ...] = ()


# --- statements -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueryStatement(Node):
    """A statement around one query.

    kind          target
    select        None
    insert        None (the whole text before the query is DuckDB's)
    create_table  the table's name
    copy          the path behind TO (a string), None where it is not a string; `parts` has its options
    describe      None (DESCRIBE SELECT …)
    summarize     None (SUMMARIZE SELECT …; SUMMARIZE name arrives here as a query `FROM name`, its span the name)
    """

    kind: OneOf["select", "insert", "create_table", "copy", "describe", "summarize"]
    query: Query
    target: str | None = None
    options: Span | None = None


@dataclass(frozen=True, slots=True)
class Explain(Node):
    """`statement` is what follows EXPLAIN and its words."""

    mode: OneOf["plain", "analyze", "verbose"]
    statement: Statement


@dataclass(frozen=True, slots=True)
class Option(Node):
    """`name = value` in a WITH (...) list; `name` lower-cased."""

    name: str
    value: Constant


@dataclass(frozen=True, slots=True)
class CreateVideo(Node):
    """`paths` as written: one string, or a bracketed list of strings."""

    name: Name
    paths: tuple[Constant, ...]
    options: tuple[Option, ...]
    or_replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropVideo(Node):
    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Shape(Node):
    """BOX(x1, y1, x2, y2) has two points here, its corners; POLYGON has three or more. Fractions of the picture."""

    kind: OneOf["box", "polygon"]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class CreateRegion(Node):
    name: Name
    video: Name
    shape: Shape
    or_replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropRegion(Node):
    name: Name
    video: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Show(Node):
    """SHOW VIDEOS | REGIONS | SETTINGS | MODELS (all other SHOW is DuckDB's)."""

    what: OneOf["videos", "regions", "settings", "models"]


@dataclass(frozen=True, slots=True)
class Describe(Node):
    """DESCRIBE cam1 or DESCRIBE 'gate.mp4' (also DESC, SHOW cam1)."""

    name: Name | Constant


@dataclass(frozen=True, slots=True)
class Set(Node):
    """SET name = value, SET name TO value; SET SESSION / GLOBAL / LOCAL / VARIABLE are DuckDB's. `value` as written."""

    name: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Reset(Node):
    name: Name


@dataclass(frozen=True, slots=True)
class Other(Node):
    """Any statement that is DuckDB's whole (PRAGMA, ATTACH, UPDATE …), whatever it says.

    `fault` is the syntax error of our grammar where the statement looked like one of ours and did not parse: the
    engine raises it if the statement names a video, and hands the text to DuckDB if not. `names`: every identifier
    and `strings` every string constant that the text holds, unquoted, with their spans.
    """

    fault: Exception | None
    names: tuple[Name, ...]
    strings: tuple[Constant, ...]


Statement: TypeAlias = (
    QueryStatement
    | Explain
    | CreateVideo
    | DropVideo
    | CreateRegion
    | DropRegion
    | Show
    | Describe
    | Set
    | Reset
    | Other
)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below this one, in field order."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (v for v in value if isinstance(v, Node))


def descendants(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from descendants(child)
