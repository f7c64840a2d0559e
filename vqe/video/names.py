"""Start times in file names."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from vqe.errors import QueryError

# What each directive of strptime may match; strptime itself then decides.
DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}",
    "M": r"\d{1,2}", "S": r"\d{1,2}", "f": r"\d{1,6}", "j": r"\d{1,3}", "p": r"[A-Za-z]{2}",
    "b": r"[^\W\d_]+", "B": r"[^\W\d_]+", "a": r"[^\W\d_]+", "A": r"[^\W\d_]+", "%": "%",
}  # fmt: skip


def start_in_name(path: Path, pattern: str) -> datetime:
    """The time that a strptime pattern finds anywhere in a file's name (without its ending).

    A match that does not cut a number in two is preferred. QueryError where there is none, or the pattern is wrong.
    """
    regex = _regex(pattern)
    stem = path.stem
    found = [match for at in range(len(stem)) if (match := regex.match(stem, at))]
    for match in sorted(found, key=lambda m: _cuts(stem, m)):
        try:
            return datetime.strptime(match[0], pattern)
        except ValueError:
            continue
    raise QueryError(f"the name of '{path.name}' does not match the pattern '{pattern}'")


def _cuts(stem: str, match: re.Match[str]) -> int:
    """How many of a match's two ends lie inside a number."""
    return sum(stem[max(0, at - 1) : at].isdigit() and stem[at : at + 1].isdigit() for at in match.span())


def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"%(.)", pattern)
    unknown = [f"%{d}" for d in parts[1::2] if d not in DIRECTIVES]
    if unknown or parts[-1].endswith("%") or len(parts) == 1:
        known = " ".join(f"%{d}" for d in DIRECTIVES)
        what = f"has '{unknown[0]}', which is not known" if unknown else "names no part of a time"
        raise QueryError(f"the pattern '{pattern}' {what}", hint=f"known are {known}")
    written = [_written(parts, n) if n % 2 else re.escape(part) for n, part in enumerate(parts)]
    return re.compile("".join(written))


def _written(parts: list[str], n: int) -> str:
    """What a directive may match. Where numbers touch ("%Y%m%d") each must have all its digits."""
    touches = (n > 1 and not parts[n - 1]) or (n + 2 < len(parts) and not parts[n + 1])
    return DIRECTIVES[parts[n]].replace("{1,", "{") if touches else DIRECTIVES[parts[n]]
