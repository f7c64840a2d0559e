"""Queries: our clauses, FROM, SELECT blocks and what holds them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from vqe.errors import Span
from vqe.parser.ast.expressions import Argument, Expr
from vqe.parser.ast.node import Node

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

    kind: OneOf["exact", "model", "fnr", "fpr", "fdr", "recall", "precision", "error", "confidence", "oracle", "gap"]
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
    """`kind`: inner left right full cross semi anti asof 'asof left' positional; a comma is cross. `condition`: what
    stands behind ON (USING has none). `natural` stands beside the kind."""

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
