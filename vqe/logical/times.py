"""Comparisons of timestamps that would not mean what they seem to."""

from __future__ import annotations

import re
import warnings

from vqe.errors import QueryError, VqeWarning
from vqe.logical.scope import Item
from vqe.parser import ast

_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")


def check_times(term: ast.Expr, items: list[Item], text: str) -> None:
    """QueryError where a dated timestamp meets a bare time of day, or an undated timestamp; a VqeWarning where two
    undated videos are joined by their timestamps."""
    for node in ast.descendants(term):
        match node:
            case ast.Comparison(left=left, right=right):
                _check([left, right], items, text)
            case ast.Between(operand=operand, low=low, high=high):
                _check([operand, low, high], items, text)


def _check(operands: list[ast.Expr], items: list[Item], text: str) -> None:
    owners = [_owner(o, items, text) for o in operands]
    dated = {item.source.video.dated for item in owners if item is not None}
    undated = {item.alias for item in owners if item is not None and not item.source.video.dated}
    if True in dated:
        _refuse_times_of_day(operands, text)
    if len(dated) == 2:
        raise QueryError(
            "a timestamp with a date is compared with one that has none",
            operands[0].span.to(operands[-1].span),
            "give the other video a start: CREATE VIDEO … WITH (start = '2026-11-23 08:00:00')",
        )
    if len(undated) > 1:
        message = f"the timestamps of {' and '.join(sorted(undated))} have no dates: each counts from its own beginning"
        warnings.warn(message, VqeWarning, stacklevel=2)


def _refuse_times_of_day(operands: list[ast.Expr], text: str) -> None:
    for o in operands:
        written = (
            str(o.value) if isinstance(o, ast.Constant) else re.sub(r"(?i)^time\s*'(.*)'$", r"\1", o.span.of(text))
        )
        if _TIME_OF_DAY.fullmatch(written):
            raise QueryError(
                "timestamp holds a date and a time, this is a time of day",
                o.span,
                "compare timestamp::TIME, or seconds from the start of the video",
            )


def _owner(expression: ast.Expr, items: list[Item], text: str) -> Item | None:
    """The frames or events whose time this is: a column by itself, or with something added to it."""
    name = expression
    if isinstance(expression, ast.Fragment) and expression.parts:
        name = expression.parts[0]
        rest = text[name.span.end : expression.span.end]
        if name.span.start != expression.span.start or not re.match(r"\s*[+-]", rest) or "::" in rest:
            return None
    if not isinstance(name, ast.Name):
        return None
    *qualifier, column = name.parts
    for item in items:
        mine = not qualifier or qualifier[-1].lower() == item.alias.lower()
        if mine and column.lower() in _time_columns(item):
            return item
    return None


def _time_columns(item: Item) -> set[str]:
    if item.kind == "events":
        return {"start_time", "end_time"}
    return {item.column("timestamp").lower()}
