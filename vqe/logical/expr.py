"""What a predicate asks of a frame: calls of the reference model inside an expression that is otherwise SQL."""

from __future__ import annotations

from dataclasses import dataclass, field

from vqe.catalog import Region, exactly
from vqe.errors import Span

CONFIDENCE = 0.4  # the default of the setting, left out when a call is printed


@dataclass(frozen=True, slots=True)
class ModelCall:
    """`contains(…)` or `objects(…)` with every argument resolved; equal calls have equal values on every frame.

    `classes` empty means all. `confidence` and `min_area` (a fraction of the picture) are lower bounds, included.
    """

    function: str
    classes: tuple[str, ...]
    confidence: float
    min_area: float = 0.0
    region: Region | None = None

    @property
    def type(self) -> str:
        return "BOOLEAN" if self.function == "contains" else "BIGINT"

    def __str__(self) -> str:
        quoted = [f"'{c}'" for c in self.classes]
        arguments = [quoted[0]] if len(quoted) == 1 else [f"[{', '.join(quoted)}]"] if quoted else []
        if self.region is not None:
            arguments.append(f"region => {self.region.name or self.region.text()}")
        if self.confidence != CONFIDENCE:
            arguments.append(f"confidence => {exactly(self.confidence)}")
        if self.min_area:
            arguments.append(f"min_area => {exactly(self.min_area)}")
        return f"{self.function}({', '.join(arguments)})"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A boolean SQL expression over one video's frames.

    `sql` reads the columns of the frames under `alias` (renamed to `columns`, where the user renamed them) and each
    call as a column named by its text. `text` is what the user wrote. Without calls it is decided by the index alone;
    `tables`: it reads tables besides, which only the user's connection can. `terms`: what AND joins to it.
    """

    text: str
    sql: str = field(compare=False)
    alias: str = field(compare=False)
    columns: tuple[str, ...] = field(default=(), compare=False)
    calls: tuple[ModelCall, ...] = ()
    tables: bool = field(default=False, compare=False)
    span: Span | None = field(default=None, compare=False)
    terms: tuple[Predicate, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.text


def conjunction(predicates: list[Predicate]) -> Predicate:
    """All of them at once; they speak of the same FROM item."""
    if len(predicates) == 1:
        return predicates[0]
    calls: dict[ModelCall, None] = {}
    for predicate in predicates:
        calls |= dict.fromkeys(predicate.calls)
    return Predicate(
        " AND ".join(p.text for p in predicates),
        " AND ".join(f"({p.sql})" for p in predicates),
        predicates[0].alias,
        predicates[0].columns,
        tuple(calls),
        span=Span(min(p.span.start for p in predicates if p.span), max(p.span.end for p in predicates if p.span)),
        terms=tuple(term for p in predicates for term in p.terms or (p,)),
    )
