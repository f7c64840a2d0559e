"""The FROM items of one SELECT block that are videos, and which of them a call means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from vqe.errors import QueryError
from vqe.library import Source
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.relations import Schema, box_columns, event_columns, frame_columns
from vqe.logical.window import Window
from vqe.models import ModelInfo
from vqe.parser import ast

Kind = Literal["frames", "boxes", "events"]


@dataclass(eq=False)
class Item:
    """One FROM item that is a relation of a video; the binder fills in what the statement asks of it.

    `movable`: a WHERE term that names only this item may be decided before the item is joined (it is not padded by an
    outer join, nor lined up by position or nearest match).
    """

    kind: Kind
    name: str  # under which DuckDB reads it: vqe_1, vqe_2, …
    alias: str
    columns: tuple[str, ...]
    source: Source
    model: ModelInfo
    movable: bool = True
    tracked: bool = False
    masked: bool = False
    filters: list[Predicate] = field(default_factory=list)
    values: dict[ModelCall, str] = field(default_factory=dict)  # call → the function that gives it outside WHERE
    stable: Window = field(default_factory=Window)
    gap: Window = field(default_factory=Window)
    minimum: Window | None = None
    enough: int | None = None

    @property
    def schema(self) -> Schema:
        dated = self.source.video.dated
        if self.kind == "frames":
            return frame_columns(dated)
        return box_columns(dated, self.tracked, self.masked) if self.kind == "boxes" else event_columns(dated)

    def column(self, name: str) -> str:
        """What the user calls this column of a frame: itself, unless `AS a(x, y, …)` renamed it."""
        position = [c for c, _ in self.schema].index(name)
        return self.columns[position] if position < len(self.columns) else name


@dataclass(eq=False)
class Scope:
    """The videos among the FROM items of one SELECT block."""

    items: list[Item] = field(default_factory=list)
    others: set[str] = field(default_factory=set)  # the lower-cased aliases of FROM items that are no videos

    def named(self, name: str) -> Item | None:
        return next((i for i in self.items if i.alias.lower() == name.lower()), None)

    def with_frames(self) -> list[Item]:
        return [i for i in self.items if i.kind != "events"]


@dataclass(frozen=True)
class Environment:
    """What names mean at a place: CTEs in reach, and the FROMs from the outermost to the innermost."""

    ctes: frozenset[str] = frozenset()
    scopes: tuple[Scope, ...] = ()

    def within(self, scope: Scope) -> Environment:
        return Environment(self.ctes, (*self.scopes, scope))

    def knowing(self, names: Iterable[str]) -> Environment:
        return Environment(self.ctes | {n.lower() for n in names}, self.scopes)


def owner(call: ast.Call, environment: Environment) -> tuple[Item, tuple[ast.Argument, ...]] | None:
    """The item that a call of contains or objects is a hidden column of, and its arguments less the alias.

    None where the call is DuckDB's. QueryError where it is ours and no item, or more than one, could be meant.
    """
    positional = [a for a in call.arguments if a.name is None]
    first = positional[0].value if positional else None
    if isinstance(first, ast.Name) and len(first.parts) == 1:
        for scope in reversed(environment.scopes):
            item = scope.named(first.parts[0])
            if item is not None:
                _needs_frames(call, item)
                return item, tuple(a for a in call.arguments if a.value is not first)
    named = len(positional) < len(call.arguments)
    beside_video = any(scope.with_frames() for scope in environment.scopes)
    if call.name == "contains" and not named and (len(positional) > 1 or (not positional and not beside_video)):
        _suspect_mistake(call, positional, environment)
        return None
    return _only_item(call, environment), call.arguments


def _only_item(call: ast.Call, environment: Environment) -> Item:
    for scope in reversed(environment.scopes):
        items = scope.with_frames()
        if len(items) > 1:
            names = " or ".join(i.alias for i in items)
            raise QueryError(
                f"{call.name}() could mean {names}", call.span, f"say which: {call.name}({items[0].alias}, …)"
            )
        if items:
            return items[0]
        if scope.items:
            _needs_frames(call, scope.items[0])
    raise QueryError(f"{call.name}() needs a video in FROM", call.span)


def _needs_frames(call: ast.Call, item: Item) -> None:
    if item.kind == "events":
        raise QueryError(
            f"{call.name}() is asked of frames, and '{item.alias}' holds events",
            call.span,
            f"put it inside: events(… WHERE {call.name}(…))",
        )


def _suspect_mistake(call: ast.Call, positional: list[ast.Argument], environment: Environment) -> None:
    """DuckDB's contains() searches text in text; beside a video some calls of it are surely meant otherwise."""
    values = [a.value for a in positional]
    strings = [isinstance(v, ast.Constant) and isinstance(v.value, str) for v in values]
    if len(values) == 2 and all(strings) and any(s.with_frames() for s in environment.scopes):
        raise QueryError("contains() with two strings is DuckDB's text search", call.span, "did you mean region => ?")
    others = {name for scope in environment.scopes for name in scope.others}
    match values:
        case [ast.Name(parts=(name,)) as first, _] if strings[1] and name.lower() in others:
            raise QueryError(
                f"'{name}' is not a video",
                first.span,
                "a subquery or table is none: ask contains() inside it, and select it as a column",
            )
