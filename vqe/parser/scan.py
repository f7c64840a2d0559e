"""One pass over the text before it is parsed: where statements end, what is a comment, what is a string.

Comments nest and dollar quotes have tags, which no regular expression of a lexer can say. So both are replaced here
by something of the same length, and the grammar never sees them; offsets stay those of the user's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vqe.errors import QuerySyntaxError, Span
from vqe.parser.ast import Constant, Name

_SPECIAL = re.compile(
    r"""(?P<string>(?<![\w$])e'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
    |   (?P<name>"(?:[^"]|"")*")
    |   (?P<line>--[^\n]*)
    |   (?P<block>/\*)
    |   (?P<dollar>(?<![\w$])\$(?:[^\W\d]\w*)?\$)
    |   (?P<end>;)
    |   (?P<open>['"])""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_IDENTIFIER = r'(?:"(?:[^"]|"")*"|(?:[a-zA-Z_]|[^\x00-\x7f\s])(?:[\w$]|[^\x00-\x7f\s])*)'
_PART = re.compile(_IDENTIFIER)
_WORD = re.compile(rf"(?P<string>'[^']*')|(?P<name>{_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})*)")
_ESCAPE = re.compile(r"\\(x[\da-fA-F]{1,2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|.)|''", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Piece:
    """The place of one statement. `closed`: a semicolon follows, so it cannot go on."""

    span: Span
    closed: bool


def scan(text: str) -> tuple[str, list[Piece]]:
    """The text with comments blanked and string constants made plain, and the statements in it (empty ones dropped)."""
    out: list[str] = []
    ends: list[int] = []
    position = 0
    while match := _SPECIAL.search(text, position):
        out.append(text[position : match.start()])
        end = _special_end(text, match)
        out.append(_plain(text[match.start() : end], match.lastgroup or ""))
        if match.lastgroup == "end":
            ends.append(match.start())
        position = end
    out.append(text[position:])
    blanked = "".join(out).replace("\ufeff", " ")
    return blanked, _pieces(blanked, ends)


def _special_end(text: str, match: re.Match[str]) -> int:
    """Where the comment or constant that begins here ends."""
    kind = match.lastgroup
    if kind == "block":
        return _comment_end(text, match.start())
    if kind == "dollar":
        close = text.find(match.group(), match.end())
        if close < 0:
            raise _unclosed("string", match.start(), match.group())
        return close + len(match.group())
    if kind == "open":
        raise _unclosed("string" if match.group() == "'" else "quoted name", match.start(), match.group())
    return match.end()


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _unclosed("comment", start, "/*")


def _unclosed(what: str, start: int, opening: str) -> QuerySyntaxError:
    span = Span(start, start + len(opening))
    return QuerySyntaxError(f"the {what} that starts here is not closed", span, incomplete=True)


def _plain(special: str, kind: str) -> str:
    if kind in ("string", "dollar"):
        return "'" + "_" * (len(special) - 2) + "'"
    if kind in ("line", "block"):
        return " " * len(special)
    return special


def _pieces(blanked: str, ends: list[int]) -> list[Piece]:
    pieces = []
    start = 0
    for end in [*ends, len(blanked)]:
        statement = blanked[start:end]
        if trimmed := statement.strip():
            first = start + len(statement) - len(statement.lstrip())
            pieces.append(Piece(Span(first, first + len(trimmed)), closed=end < len(blanked)))
        start = end + 1
    return pieces


def unquote_string(literal: str) -> str:
    """The value of a string constant as written: 'it''s', E'a\\nb', $$…$$, $tag$…$tag$."""
    if literal.startswith("$"):
        tag = literal[: literal.index("$", 1) + 1]
        return literal[len(tag) : -len(tag)]
    if literal[0] in "eE":
        return _ESCAPE.sub(_unescape, literal[2:-1])
    return literal[1:-1].replace("''", "'")


def _unescape(match: re.Match[str]) -> str:
    code: str | None = match.group(1)
    if code is None:
        return "'"
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return _ESCAPED.get(code, code)


def name_parts(dotted: str) -> tuple[str, ...]:
    """The parts of a dotted name, without their quotes: a."b c" is ('a', 'b c')."""
    return tuple(unquote_name(part) for part in _PART.findall(dotted))


def unquote_name(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else str(identifier)


def words(text: str, blanked: str, piece: Span) -> tuple[tuple[Name, ...], tuple[Constant, ...]]:
    """Every name and every string constant of a statement that is not ours to parse."""
    names: list[Name] = []
    strings: list[Constant] = []
    for match in _WORD.finditer(blanked, piece.start, piece.end):
        span = Span(match.start(), match.end())
        if match.lastgroup == "string":
            strings.append(Constant(span, unquote_string(span.of(text))))
        else:
            names.append(Name(span, name_parts(match.group())))
    return tuple(names), tuple(strings)
