"""The part of the tree builder that makes expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vqe.errors import QuerySyntaxError, Span
from vqe.parser.ast import (
    And,
    Argument,
    Between,
    Call,
    Case,
    Comparison,
    Constant,
    Expr,
    Fragment,
    Group,
    ListLiteral,
    Name,
    Not,
    Or,
    Parameter,
    Star,
)
from vqe.parser.scan import name_parts, unquote_string

if TYPE_CHECKING:
    from lark import Token, Tree

_LITERALS = {"null": None, "true": True, "false": False}
# Words that DuckDB never takes for a column.
_NO_COLUMNS = {*_LITERALS, "all", "any", "array", "default", "lambda", "row", "rows", "some", "unknown", "variadic"}
# What may follow a star and belongs to it.
_STAR_WORDS = ("exclude", "replace", "rename")
# Behind an operand these are typing errors rather than names, where something follows them.
_CLAUSES = ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "QUALIFY", "UNION", "BETWEEN")
_LOOK_LIKE_CLAUSES = {"for", "groups", "others"}
_UNIT = re.compile(r"(micro|milli)?seconds?|minutes?|hours?|days?|weeks?|months?|quarters?|years?", re.IGNORECASE)
_LONG_TYPE = re.compile(r"(?:.*\bdouble precision|.*\bcharacter varying)", re.IGNORECASE | re.DOTALL)
_OPERANDS = {"NAME", "NUMBER", "STRING", "PARAMETER", "POSITION", "CAST", "SUFFIX"}


def islands(nodes: Iterable[Expr | None]) -> tuple[Expr, ...]:
    """What a Fragment around these keeps of them: all but constants and the husks of other Fragments."""
    found: list[Expr] = []
    for node in nodes:
        match node:
            case None | Constant():
                pass
            case Fragment(parts=parts) | ListLiteral(items=parts):
                found += islands(parts)
            case _:
                found.append(node)
    return tuple(found)


def kind(child: Any) -> str:
    """The terminal that a token is of; '' for anything but a token."""
    return getattr(child, "type", "")


def _is_operand(child: Any) -> bool:
    return kind(child) in _OPERANDS if isinstance(child, str) else True


def _ends_in_alias(children: list[Any]) -> bool:
    if len(children) < 2:
        return False
    before, last = children[-2:]
    if kind(last) != "NAME" or not _is_operand(before) or kind(children[0]) == "STAR":
        return False
    word = str(before).lower() if isinstance(before, str) else ""
    if len(name_parts(last)) > 1 or _LONG_TYPE.fullmatch(f"{word} {last}"):
        return False
    if word == "interval" or (len(children) == 2 and word in ("lambda", "default")):
        return False
    interval = len(children) > 2 and str(children[-3]).lower() == "interval"
    return not (interval and _UNIT.fullmatch(last))


@dataclass(frozen=True, slots=True)
class Loose:
    """A bracket's content that is more than an expression; it becomes a Fragment as soon as the bracket is known."""

    span: Span
    parts: tuple[Expr, ...]


class ExpressionBuilder:
    """Turns the parser's trees into AST nodes, bottom up: one method `on_<rule>` for each rule of the grammar."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset

    def build(self, tree: Tree[Token]) -> Any:
        """The node of this tree; a rule that is a mere part of another gives whatever that one needs."""
        if tree.data == "item" and tree.children[1] is None:
            self._split_alias(tree)
        children = [c if c is None or isinstance(c, str) else self.build(c) for c in tree.children]
        return getattr(self, f"on_{tree.data}")(self.span(tree), children)

    def _split_alias(self, item: Tree[Token]) -> None:
        """Move the bare alias at the end of a select item (`a + 1 b`) from its last run to where `AS b` puts it."""
        path: list[Any] = [item.children[0]]
        while path[-1].data in ("expr", "or", "and", "negation", "predicate"):
            path.append(path[-1].children[-1])
        run = path[-1].children
        if path[-1].data != "run" or not _ends_in_alias(run):
            return
        self._look_for_typing_errors(run)
        item.children[1] = run.pop()
        last: Any = run[-1]
        end = last.end_pos if kind(last) else last.meta.end_pos
        for tree in path:
            tree.meta.end_pos = end

    def span(self, tree: Tree[Token]) -> Span:
        if tree.meta.empty:
            return Span(self.offset, self.offset)
        return Span(tree.meta.start_pos + self.offset, tree.meta.end_pos + self.offset)

    def at(self, token: Token) -> Span:
        assert token.start_pos is not None and token.end_pos is not None
        return Span(token.start_pos + self.offset, token.end_pos + self.offset)

    # --- operands ---

    def constant(self, token: Token) -> Constant:
        span = self.at(token)
        value = unquote_string(span.of(self.text)) if token.type == "STRING" else number(token)
        return Constant(span, value)

    def name(self, token: Token) -> Name:
        return Name(self.at(token), name_parts(token))

    def operand(self, child: Any) -> Expr:
        """A lone operand."""
        if not isinstance(child, str):
            node: Expr = child
            return node
        token: Token = child  # type: ignore[assignment]
        span = self.at(token)
        match token.type:
            case "STRING" | "NUMBER":
                return self.constant(token)
            case "NAME":
                lower = token.lower()
                return Constant(span, _LITERALS[lower]) if lower in _LITERALS else self.name(token)
            case "PARAMETER":
                return Parameter(span, token[1:] or None)
            case "STAR" | "QUALIFIED_STAR":
                return Star(span, _qualifier(token))
        return Fragment(span)

    def on_run(self, span: Span, children: list[Any]) -> Expr:
        if len(children) == 1:
            return self.operand(children[0])
        first, second = children[:2]
        if len(children) == 2 and first == "-" and kind(second) == "NUMBER":
            return Constant(span, -number(second))
        self._look_for_typing_errors(children)
        if kind(first) in ("STAR", "QUALIFIED_STAR") and _belongs_to_star(second):
            return Star(span, _qualifier(first), self._star_parts(children[1:]))
        return Fragment(span, self._run_parts(children))

    def _run_parts(self, children: list[Any]) -> tuple[Expr, ...]:
        """The islands of a run; words that cannot be columns (types, fields behind a dot) are left out."""
        found: list[Expr] = []
        for before, child, after in zip([None, *children], children, [*children[1:], None], strict=False):
            if not isinstance(child, str):
                found.append(child)
            elif kind(child) == "PARAMETER":
                found.append(self.operand(child))
            elif kind(child) == "NAME" and before != "." and kind(after) not in ("STRING", "NUMBER", "SUFFIX"):
                found += [] if child.lower() in _NO_COLUMNS else [self.operand(child)]
        return islands(found)

    def _star_parts(self, children: list[Any]) -> tuple[Expr, ...]:
        found: list[Expr] = []
        for child in children:
            if isinstance(child, Call):  # EXCLUDE (…) and REPLACE (…) look like calls
                found += islands(argument.value for argument in child.arguments)
            elif not isinstance(child, str):
                found += islands([child])
        return tuple(found)

    def _look_for_typing_errors(self, children: list[Any]) -> None:
        """`SELECT a FORM cam1` is a run of three names to the grammar, and surely a typing error."""
        for before, child in pairwise(children[:-1]):
            if kind(child) != "NAME" or child.lower() in _LOOK_LIKE_CLAUSES or not _is_operand(before):
                continue
            if meant := get_close_matches(child.upper(), _CLAUSES, 1, 0.75):
                raise QuerySyntaxError(f"unexpected '{child}'", self.at(child), f"did you mean {meant[0]}?")

    # --- brackets ---

    def on_call(self, span: Span, children: list[Any]) -> Call:
        values = [_value(c) for c in children[1:] if c is not None]
        arguments = (v if isinstance(v, Argument) else Argument(v.span, None, v) for v in values)
        return Call(span, ".".join(name_parts(children[0])).lower(), tuple(arguments))

    def on_named(self, span: Span, children: list[Any]) -> Argument:
        return Argument(span, name_parts(children[0])[0].lower(), _value(children[1]))

    def on_round(self, span: Span, children: list[Any]) -> Expr:
        if len(children) == 1 and not isinstance(children[0], (Loose, Argument, Star)):
            return Group(span, children[0])
        return Fragment(span, _values(children))

    def on_square(self, span: Span, children: list[Any]) -> Expr:
        if any(isinstance(c, (Loose, Argument)) for c in children):
            return self.on_brace(span, children)
        return ListLiteral(span, tuple(c for c in children if c is not None))

    def on_brace(self, span: Span, children: list[Any]) -> Fragment:
        return Fragment(span, islands(_values(children)))

    def on_loose(self, span: Span, children: list[Any]) -> Loose:
        return Loose(span, islands(c for c in children if not isinstance(c, str)))

    def on_type(self, _span: Span, _children: list[Any]) -> None:
        return None

    def on_trailing(self, _span: Span, _children: list[Any]) -> None:
        return None

    def on_case(self, span: Span, children: list[Any]) -> Case:
        return Case(span, tuple(c for c in children if c is not None))

    # --- the skeleton ---

    def on_or(self, span: Span, children: list[Any]) -> Or:
        return Or(span, tuple(children))

    def on_and(self, span: Span, children: list[Any]) -> And:
        return And(span, tuple(children))

    def on_negation(self, span: Span, children: list[Any]) -> Not:
        return Not(span, children[0])

    def on_predicate(self, span: Span, children: list[Any]) -> Expr:
        kinds = [kind(c) for c in children if isinstance(c, str)]
        if kinds == ["COMPARE"]:
            return Comparison(span, str(children[1]), children[0], children[2])
        if kinds == ["BETWEEN"]:
            operand, word, low, high = children
            return Between(span, operand, low, high, negated=word[0] in "nN")
        return Fragment(span, islands(c for c in children if not isinstance(c, str)))

    def on_expr(self, span: Span, children: list[Any]) -> Fragment:
        return Fragment(span, islands(c for c in children if not isinstance(c, str)))


def _value(child: Any) -> Any:
    return Fragment(child.span, child.parts) if isinstance(child, Loose) else child


def _values(children: list[Any]) -> tuple[Expr, ...]:
    """The expressions between brackets, names of arguments left out."""
    return tuple(_value(c.value if isinstance(c, Argument) else c) for c in children if c is not None)


def _qualifier(star: Token) -> str | None:
    return ".".join(name_parts(star)) if star.type == "QUALIFIED_STAR" else None


def _belongs_to_star(child: Any) -> bool:
    if isinstance(child, Call):
        return child.name in _STAR_WORDS
    return kind(child) == "INFIX" or (isinstance(child, str) and child.lower() in _STAR_WORDS)


def number(token: str) -> int | float:
    """The value of a number as written: 3, 0.5, 1e3, 1_000, 0xff."""
    plain = token.replace("_", "").lower()
    if plain.startswith("0x"):
        return int(plain, 16)
    return float(plain) if set(plain) & set(".e") else int(plain)
