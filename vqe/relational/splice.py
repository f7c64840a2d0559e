"""Replacing pieces of the user's text, and finding the way back from the result to the text."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral

from vqe.errors import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a run of characters of the new text came from; `copied` if it is the same characters."""

    start: int
    end: int
    origin: Span
    copied: bool


@dataclass(frozen=True, slots=True)
class Spliced:
    """A text made of copied and replaced pieces of another."""

    text: str
    pieces: tuple[Piece, ...]

    def origin(self, start: int, end: int) -> Span:
        """The span of the original text behind characters start to end of the new one."""
        return Span(self._at(start).start, max(self._at(start).start, self._at(max(start, end - 1)).end))

    def _at(self, offset: int) -> Span:
        for piece in self.pieces:
            if piece.start <= offset < piece.end:
                if not piece.copied:
                    return piece.origin
                position = piece.origin.start + offset - piece.start
                return Span(position, position + 1)
        end = self.pieces[-1].origin.end if self.pieces else 0
        return Span(end, end)


def splice(text: str, span: Span, edits: Mapping[Span, str]) -> Spliced:
    """The span of the text with each edit's span replaced.

    Edits outside the span do not count, nor do those that lie inside a larger edit. An empty span inserts.
    """
    out: list[str] = []
    pieces: list[Piece] = []
    length = 0

    def add(piece: str, origin: Span, copied: bool) -> None:
        nonlocal length
        if piece:
            pieces.append(Piece(length, length + len(piece), origin, copied))
            out.append(piece)
            length += len(piece)

    position = span.start
    for edit in sorted(edits, key=lambda s: (s.start, -s.end)):
        if edit.start < position or edit.end > span.end:
            continue
        add(text[position : edit.start], Span(position, edit.start), True)
        add(edits[edit], edit, False)
        position = edit.end
    add(text[position : span.end], Span(position, span.end), True)
    return Spliced("".join(out), tuple(pieces))


def quote(name: str) -> str:
    """An identifier as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A constant as SQL; TypeError for a type that has none."""
    if isinstance(value, Integral) and not isinstance(value, int):  # numpy's
        value = int(value)
    elif isinstance(value, float):
        value = float(value)
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal) and value < 0:
        return f"({_number(value)})"  # behind a minus it would begin a comment
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, datetime.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, datetime.timedelta):
        return f"to_microseconds({round(value.total_seconds() * 1e6)})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    raise TypeError(f"of type '{type(value).__name__}'")


def _number(value: int | float | Decimal) -> str:
    if isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite()):
        return str(value)
    if isinstance(value, Decimal) or value != value or abs(value) == float("inf"):
        return f"'{value}'::DOUBLE"
    return f"{value!r}" if "e" in repr(value) else f"{value!r}e0"  # without an exponent it is a DECIMAL
