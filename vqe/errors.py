"""Errors that a user can read: what is wrong, where in the text, and what would have been right."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of character offsets in the text that the user gave."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.start, other.end)


class VqeError(Exception):
    """Any fault that vqe reports by itself; `str()` of it is what the user sees.

    The parser and the binder know spans only; the engine attaches the text once, at the top.
    """

    exit_status = 1

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.text: str | None = None

    def attach(self, text: str) -> Self:
        """Remember the text that the span points into (the first one given counts)."""
        if self.text is None:
            self.text = text
        return self

    def __str__(self) -> str:
        lines = [f"error: {self.message}"]
        if self.span is not None and self.text is not None:
            lines += caret(self.text, self.span)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class QueryError(VqeError):
    """A fault in the query or in the arguments."""

    exit_status = 2


class QuerySyntaxError(QueryError):
    """The text does not parse. `incomplete`: it would, if more followed (the REPL then asks for more)."""

    def __init__(
        self, message: str, span: Span | None = None, hint: str | None = None, *, incomplete: bool = False
    ) -> None:
        super().__init__(message, span, hint)
        self.incomplete = incomplete


class NotSupportedError(QueryError):
    """The language has it, vqe does not run it yet."""


class RunError(VqeError):
    """A fault at run time: a broken file, a full disk, a model that does not load."""


class VqeWarning(UserWarning):
    """Something the user should know that does not stop the query."""


@contextmanager
def attached(text: str) -> Iterator[None]:
    """Errors raised inside point into this text."""
    try:
        yield
    except VqeError as fault:
        raise fault.attach(text) from fault.__cause__


def caret(text: str, span: Span) -> list[str]:
    """The line that the span starts in, numbered, and carets under the span."""
    start = min(span.start, len(text))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    line = text[line_start:line_end]
    number = str(text.count("\n", 0, line_start) + 1)
    column = start - line_start
    # Tabs stay tabs above the carets, so that both lines shift alike in any terminal.
    padding = "".join("\t" if c == "\t" else " " * _cells(c) for c in line[:column])
    carets = "^" * max(1, sum(map(_cells, text[start : min(span.end, line_end)])))
    return [f"  {number} | {line.rstrip()}", f"  {' ' * len(number)} | {padding}{carets}"]


def _cells(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if character < "\u0300":
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def nearest(name: str, known: Iterable[str], count: int = 3) -> str | None:
    """A hint that names the known names most like this one, or None where none is like it."""
    folded = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), list(folded), n=count, cutoff=0.6)
    if not close:
        return None
    names = [f"'{folded[c]}'" for c in close]
    return "did you mean " + (" or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)) + "?"
