"""Durations as users write them."""

from __future__ import annotations

import re

_MICROSECONDS = {
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), 1),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1_000),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1_000_000),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60_000_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000_000),
}
UNITS = tuple(_MICROSECONDS)
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([^\W\d]*)\s*")


def microseconds(text: str) -> int:
    """'2s', '500ms', '1m 30s' in microseconds; ValueError says what is wrong with other text."""
    total = 0.0
    position = 0
    while match := _AMOUNT.match(text, position):
        amount, unit = match.groups()
        if not unit:
            raise ValueError(f"the duration '{text}' has no unit")
        if unit.lower() not in _MICROSECONDS:
            raise ValueError(f"unknown unit '{unit}' in the duration '{text}'")
        total += float(amount) * _MICROSECONDS[unit.lower()]
        position = match.end()
    if position == 0 or position < len(text):
        raise ValueError(f"'{text}' is not a duration")
    return round(total)
