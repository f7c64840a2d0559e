"""From the parser's tree to the AST: statements. Queries are made in queries.py, expressions in expressions.py."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from vqe.errors import QuerySyntaxError, Span
from vqe.parser.ast import (
    Accuracy,
    Constant,
    CreateRegion,
    CreateVideo,
    Describe,
    DropRegion,
    DropVideo,
    Explain,
    Option,
    Query,
    QueryStatement,
    Reset,
    Set,
    Show,
    Statement,
)
from vqe.parser.clauses import each_once, region_shape
from vqe.parser.expressions import kind
from vqe.parser.queries import QueryBuilder, all_of
from vqe.parser.scan import name_parts, unquote_name, unquote_string

_PERCENTAGE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*%")
_AT_THE_END = "accuracy clauses stand once, at the end of the whole statement"


class Builder(QueryBuilder):
    """Makes the AST of one statement; `offset` is where the statement begins in the text."""

    def statement(self, tree: Any) -> Statement:
        statement: Statement = self.build(tree)
        for clause in self.inside:
            raise QuerySyntaxError(f"{clause.span.of(self.text)} inside brackets", clause.span, _AT_THE_END)
        return statement

    # --- videos, regions, settings ---

    def on_create_video(self, span: Span, children: list[Any]) -> CreateVideo:
        replaced, exists, name, paths, *options = children
        given = tuple(o for o in options if o is not None)
        return CreateVideo(span, self.name(name), paths, given, replaced is not None, exists is not None)

    def on_video_paths(self, _span: Span, children: list[Any]) -> tuple[Constant, ...]:
        return tuple(self.constant(c) for c in children)

    def on_option(self, span: Span, children: list[Any]) -> Option:
        name, value = children
        if not isinstance(value, Constant):
            raise QuerySyntaxError("the value of an option is a constant", value.span)
        return Option(span, unquote_name(name).lower(), value)

    def on_drop_video(self, span: Span, children: list[Any]) -> DropVideo:
        return DropVideo(span, self.name(children[1]), children[0] is not None)

    def on_create_region(self, span: Span, children: list[Any]) -> CreateRegion:
        replaced, exists, name, video, call = children
        shape = region_shape(call)
        return CreateRegion(span, self.name(name), self.name(video), shape, replaced is not None, exists is not None)

    def on_drop_region(self, span: Span, children: list[Any]) -> DropRegion:
        exists, name, video = children
        return DropRegion(span, self.name(name), self.name(video), exists is not None)

    def on_show(self, span: Span, children: list[Any]) -> Show:
        return Show(span, children[0].lower())

    def on_describe(self, span: Span, children: list[Any]) -> Describe:
        (what,) = children
        return Describe(span, self.name(what) if what.type == "NAME" else self.constant(what))

    def on_set(self, span: Span, children: list[Any]) -> Set:
        name, value = children
        if percentage := _PERCENTAGE.fullmatch(value.span.of(self.text)):
            value = Constant(value.span, float(percentage.group(1)) / 100)
        return Set(span, self.name(name), value)

    def on_reset(self, span: Span, children: list[Any]) -> Reset:
        return Reset(span, self.name(children[0]))

    # --- statements around a query ---

    def whole(self, query: Query, accuracies: tuple[Accuracy, ...]) -> Query:
        return replace(query, accuracy=each_once(query.accuracy + accuracies))

    def on_query_statement(self, span: Span, children: list[Any]) -> QueryStatement:
        return QueryStatement(span, "select", self.whole(*children))

    def on_describe_query(self, span: Span, children: list[Any]) -> QueryStatement:
        return QueryStatement(span, "describe", self.whole(*children))

    def on_summarize_query(self, span: Span, children: list[Any]) -> QueryStatement:
        return QueryStatement(span, "summarize", self.whole(*children))

    def on_summarize(self, span: Span, children: list[Any]) -> QueryStatement:
        at = self.at(children[0])
        source = self.on_file(at, children) if kind(children[0]) == "STRING" else self.on_table(at, children)
        return QueryStatement(span, "summarize", all_of(source))

    def on_insert(self, span: Span, children: list[Any]) -> QueryStatement:
        *_, query, accuracies, _ = children
        return QueryStatement(span, "insert", self.whole(query, accuracies))

    def on_create_table(self, span: Span, children: list[Any]) -> QueryStatement:
        _, _, _, name, _, query, accuracies, _ = children  # OR REPLACE, TEMP, IF NOT EXISTS; columns; WITH DATA
        return QueryStatement(span, "create_table", self.whole(query, accuracies), ".".join(name_parts(name)))

    def on_copy(self, span: Span, children: list[Any]) -> QueryStatement:
        bracketed, target, options, accuracies = children
        query: Query = bracketed.query
        self.inside = [clause for clause in self.inside if clause not in query.accuracy]
        return QueryStatement(span, "copy", self.whole(query, accuracies), target, options)

    def on_copy_target(self, span: Span, children: list[Any]) -> str | None:
        return unquote_string(span.of(self.text)) if kind(children[0]) == "STRING" else None

    def on_copy_options(self, span: Span, _children: list[Any]) -> Span:
        return span

    def on_explain(self, span: Span, children: list[Any]) -> Explain:
        mode, statement = children
        return Explain(span, mode.lower() if mode else "plain", statement)
