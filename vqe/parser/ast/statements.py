"""Statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from vqe.errors import Span
from vqe.parser.ast.expressions import Constant, Expr, Name
from vqe.parser.ast.node import Node
from vqe.parser.ast.queries import Query


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
    """SHOW VIDEOS | REGIONS | SETTINGS | MODELS | RUNS (all other SHOW is DuckDB's)."""

    what: OneOf["videos", "regions", "settings", "models", "runs"]


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
