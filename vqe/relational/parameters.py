"""Parameters of a statement as constants in its text: the planner reads them as such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vqe.errors import QueryError, Span
from vqe.relational.splice import literal

# What a parameter's sign may hide in, and the sign itself.
_TOKENS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|(?P<sign>\?|\$\w+)", re.S)


def with_parameters(text: str, parameters: Any, offset: int = 0) -> str:
    """`parameters`: a sequence for ? and $1, a mapping for $name.

    QueryError where one is missing or has no SQL form, at its place (`offset` characters stand before the text).
    """
    count = 0

    def value(match: re.Match[str]) -> str:
        nonlocal count
        sign = match["sign"]
        if sign is None:
            return match[0]
        place = Span(offset + match.start(), offset + match.end())
        name = sign.lstrip("$?")
        if not name:
            count += 1
            name = str(count)
        try:
            return literal(parameters[name] if isinstance(parameters, Mapping) else list(parameters)[int(name) - 1])
        except (KeyError, IndexError, ValueError):
            raise QueryError(f"no value for parameter {sign}", place) from None
        except TypeError as fault:
            raise QueryError(f"parameter {sign} cannot be {fault}", place) from None

    return _TOKENS.sub(value, text)
