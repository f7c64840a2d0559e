"""What our own clauses mean, beyond their syntax: durations, fractions, regions; each once and where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from vqe.durations import UNITS
from vqe.durations import microseconds as read_duration
from vqe.errors import QuerySyntaxError, Span, nearest
from vqe.parser.ast import Accuracy, Call, Constant, Duration, EventClauses, Expr, Fragment, Shape

_WRITE_DURATION = "write '2s', '500ms', '1m', an INTERVAL, or a number of frames"
_FRACTIONS = ("fnr", "fpr", "fdr", "recall", "precision", "confidence")


def microseconds(text: str, span: Span) -> int:
    """'2s', '500ms', '1m 30s' in microseconds."""
    try:
        return read_duration(text)
    except ValueError as fault:
        unit = re.search(r"unknown unit '(\w+)'", str(fault))
        hint = nearest(unit[1], UNITS, 1) or "units are us, ms, s, m, h and d" if unit else _WRITE_DURATION
        raise QuerySyntaxError(str(fault), span, hint) from None


def frame_count(number: int | float, span: Span) -> int:
    """A duration given as a bare number."""
    if not isinstance(number, int):
        raise QuerySyntaxError("a number of frames must be whole", span, "for a time write '0.5s'")
    return number


def event_clauses(found: Sequence[tuple[str, Duration, Span]], behind: int) -> EventClauses:
    """GAP, MINIMUM and STABLE, each at most once."""
    given: dict[str, Duration] = {}
    for name, duration, span in found:
        if name in given:
            raise QuerySyntaxError(f"{name.upper()} is given twice", span)
        given[name] = duration
    span = found[0][2].to(found[-1][2]) if found else Span(behind, behind)
    return EventClauses(span, **given)


def measure(kind: str, number: int | float, percent: bool, spans: tuple[Span, Span]) -> Accuracy:
    """One of the accuracy clauses with a number; `spans` are the clause's and the number's."""
    span, at = spans
    if kind == "oracle":
        if percent or not isinstance(number, int):
            raise QuerySyntaxError("ORACLE LIMIT takes a whole number of calls", at, "write ORACLE LIMIT 1000")
        return Accuracy(span, "oracle", number)
    if kind == "error":
        return Accuracy(span, "error", number / 100 if percent else float(number), relative=percent)
    if kind not in _FRACTIONS:
        raise ValueError(kind)
    if percent and number > 100:
        raise QuerySyntaxError("more than 100%", at)
    if not percent and number > 1:
        as_percent = f"{number}% or {number / 100:g}" if number <= 100 else "a percentage or a fraction"
        raise QuerySyntaxError(f"{number} is above 1", at, f"write {as_percent}")
    return Accuracy(span, kind, number / 100 if percent else float(number))  # type: ignore[arg-type]


def each_once(clauses: Iterable[Accuracy]) -> tuple[Accuracy, ...]:
    """The accuracy clauses of one statement, none of them twice."""
    seen: dict[str, Accuracy] = {}
    for clause in clauses:
        if clause.kind in seen:
            raise QuerySyntaxError(f"{_TITLE.get(clause.kind, clause.kind.upper())} is given twice", clause.span)
        seen[clause.kind] = clause
    return tuple(seen.values())


_TITLE = {
    "model": "USING MODEL",
    "recall": "RECALL TARGET",
    "precision": "PRECISION TARGET",
    "error": "ERROR WITHIN",
    "confidence": "AT CONFIDENCE",
    "oracle": "ORACLE LIMIT",
}


def region_shape(call: Call) -> Shape:
    """The region that BOX(…) or POLYGON(…) names; also for `region => BOX(…)` in a video predicate."""
    if call.name == "box":
        return _box(call)
    if call.name == "polygon":
        return _polygon(call)
    hint = nearest(call.name, ("box", "polygon"), 1) or "write BOX(x1, y1, x2, y2) or POLYGON((x, y), (x, y), (x, y))"
    raise QuerySyntaxError(f"'{call.name}' is no shape of a region", call.span, hint)


def _box(call: Call) -> Shape:
    numbers = [_fraction(argument.value) for argument in call.arguments]
    if len(numbers) != 4:
        raise QuerySyntaxError(f"BOX takes 4 numbers, not {len(numbers)}", call.span, "write BOX(x1, y1, x2, y2)")
    x1, y1, x2, y2 = numbers
    if x1 >= x2 or y1 >= y2:
        which = "x1 must be below x2" if x1 >= x2 else "y1 must be below y2"
        raise QuerySyntaxError(which, call.span, "write BOX(x1, y1, x2, y2), from the upper left to the lower right")
    return Shape(call.span, "box", ((x1, y1), (x2, y2)))


def _polygon(call: Call) -> Shape:
    points = tuple(_point(argument.value) for argument in call.arguments)
    if len(points) < 3:
        raise QuerySyntaxError(f"POLYGON takes at least 3 points, not {len(points)}", call.span)
    return Shape(call.span, "polygon", points)


def _point(value: Expr) -> tuple[float, float]:
    if not isinstance(value, Fragment) or len(value.parts) != 2:
        raise QuerySyntaxError("a point of a POLYGON is (x, y)", value.span)
    return _fraction(value.parts[0]), _fraction(value.parts[1])


def _fraction(value: Expr) -> float:
    number = value.value if isinstance(value, Constant) else None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise QuerySyntaxError("a coordinate is a number", value.span)
    if not 0 <= number <= 1:
        hint = "coordinates are fractions of the picture's width and height, from 0 to 1, counted from the upper left"
        raise QuerySyntaxError(f"the coordinate {number} lies outside the picture", value.span, hint)
    return float(number)
