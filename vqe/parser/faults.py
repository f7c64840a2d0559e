"""Syntax errors in words: what was unexpected, what would have been right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from vqe.errors import QuerySyntaxError, Span

# The word (or string, or character) that the parser stopped at.
_WORD = re.compile(r"""'[^']*'|"(?:[^"]|"")*"|[\w$]+|<=|>=|<>|!=|==|.""", re.DOTALL)
_LAST_WORD = re.compile(r"([^\W\d][\w$]*)\s*\Z")

# What to call a terminal in a message: a keyword by its own name (_FROM), others by these words or not at all.
_PLAIN = {
    "NAME": "a name",
    "LABEL": "a name",
    "STRING": "a string",
    "NUMBER": "a number",
    "LPAR": "'('",
    "RPAR": "')'",
    "RSQB": "']'",
    "EQUAL": "'='",
    "COMMA": "','",
    "IF_NOT_EXISTS": "IF NOT EXISTS",
    "IF_EXISTS": "IF EXISTS",
    "SHOWN": "VIDEOS, REGIONS, SETTINGS, MODELS or RUNS",
    "CALL": "a call",
    "UNIT": "a unit of time",
    "PERCENT_SIGN": "'%'",
    "$END": "the end",
    "BOUND": "LIMIT",
    "JOIN": "JOIN",
    "UNION": "UNION",
}
_FEW = 4

# The keywords that a misspelt word is compared with, where the grammar cannot say which could stand there.
_CLAUSES = frozenset(
    {"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "JOIN", "USING", "TABLE"}
    | {"GAP", "MINIMUM", "STABLE", "EXACT", "WITHIN", "TARGET", "CONFIDENCE", "RECALL", "PRECISION", "ORACLE"}
    | {"VIDEO", "VIDEOS", "REGION", "REGIONS", "SETTINGS", "MODELS", "RUNS", "EXPLAIN", "ANALYZE", "VERBOSE"}
)
_WRITE_DURATION = "a duration is '2s', '500ms', '1m', an INTERVAL, or a number of frames"
_ADVICE = {
    "gap": f"GAP takes a duration: {_WRITE_DURATION}",
    "minimum": f"MINIMUM takes a duration: {_WRITE_DURATION}",
    "stable": f"STABLE takes a duration: {_WRITE_DURATION}",
    "fnr": "write FNR WITHIN 1%",
    "fpr": "write FPR WITHIN 1%",
    "fdr": "write FDR WITHIN 1%",
    "within": "write a percentage or a fraction: 1% or 0.01",
    "target": "write a percentage or a fraction: 95% or 0.95",
    "confidence": "write a percentage or a fraction: 95% or 0.95",
    "recall": "write RECALL TARGET 95%",
    "precision": "write PRECISION TARGET 95%",
    "error": "write ERROR WITHIN 0.1 AT CONFIDENCE 95%",
    "oracle": "write ORACLE LIMIT 1000",
    "model": "write USING MODEL 'yolo11x.pt'",
    "copy": "COPY takes a query in brackets: COPY (FROM cam1) TO 'out.parquet'",
}
_ACCURACY_BEFORE = re.compile(
    r"(?:\b(?:(?:FNR|FPR|FDR|ERROR)\s+WITHIN|(?:RECALL|PRECISION)\s+TARGET|AT\s+CONFIDENCE|ORACLE\s+LIMIT)"
    r"\s+[\d.]+\s*%?|\bEXACT|\bUSING\s+MODEL\s+'[^']*')\s*\Z",
    re.IGNORECASE,
)


def fault(statement: str, at: int | None, expected: Iterable[str], offset: int, *, closed: bool) -> QuerySyntaxError:
    """The error of a statement (blanked) that does not parse.

    `at` is where the parser stopped in it, None at its end; `expected` are the terminals that could have stood there;
    `offset` is where the statement starts in the user's text; `closed`: a semicolon follows.
    """
    words = sorted({_PLAIN.get(name, name[1:]) for name in expected if name in _PLAIN or name.startswith("_")})
    instead = f", expected {_either(words)}" if 0 < len(words) <= _FEW else ""
    if at is None:
        end = Span(offset + len(statement), offset + len(statement) + closed)
        return QuerySyntaxError(f"the query ends too early{instead}", end, _ending(statement), incomplete=not closed)
    return _misspelt(statement, at, offset) or _unexpected(statement, at, instead, offset)


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def word_at(statement: str, at: int) -> str:
    match = _WORD.match(statement, at)
    return match.group() if match else ""


def _ending(statement: str) -> str | None:
    if open_brackets(statement) > 0:
        return "a bracket is not closed"
    return None if statement[:3].lower() == "set" else _advice_for(statement)


def open_brackets(statement: str) -> int:
    """How many brackets of a statement (blanked) are not closed."""
    bare = re.sub(r"""'[^']*'|"(?:[^"]|"")*\"""", "", statement)
    return sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}"))


def _advice_for(before: str) -> str | None:
    match = _LAST_WORD.search(before)
    return _ADVICE.get(match.group(1).lower()) if match else None


def _misspelt(statement: str, at: int, offset: int) -> QuerySyntaxError | None:
    """The word before is nearly the name of a clause: it was taken for an alias, and the parser stopped behind it."""
    match = _LAST_WORD.search(statement, 0, at)
    before = match.group(1) if match else ""
    if not match or before.upper() in _CLAUSES or before.lower() in _ADVICE or not (hint := _nearest(before)):
        return None
    span = Span(match.start(1) + offset, match.end(1) + offset)
    return QuerySyntaxError(f"unexpected '{before}'", span, hint)


def _unexpected(statement: str, at: int, instead: str, offset: int) -> QuerySyntaxError:
    word = word_at(statement, at)
    before = statement[:at]
    span = Span(at + offset, at + len(word) + offset)
    if clause := _ACCURACY_BEFORE.search(before):
        advice = "accuracy clauses stand at the end of the whole statement, after LIMIT"
        return QuerySyntaxError(f"unexpected '{word}' after {clause.group().strip()}", span, advice)
    hint = _advice_for(before) or (_nearest(word) if word.upper() not in _CLAUSES else None)
    if not hint and "a string" in instead and word.isidentifier():
        hint = "a string stands in single quotes"
    shown = "string" if word.startswith("'") and len(word) > 1 else f"'{word}'"
    return QuerySyntaxError(f"unexpected {shown}{instead}", span, hint)


def _nearest(word: str) -> str | None:
    close = get_close_matches(word.upper(), sorted(_CLAUSES), 1, 0.75)
    return f"did you mean {close[0]}?" if close and len(word) > 2 else None
