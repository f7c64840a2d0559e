"""Expressions: the boolean skeleton, calls and constants; all else is a Fragment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from vqe.parser.ast.node import Node

if TYPE_CHECKING:
    from vqe.parser.ast.queries import Query


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
