"""From the parser's tree to the AST: queries, FROM and our clauses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from vqe.errors import QuerySyntaxError, Span
from vqe.parser.ast import (
    Accuracy,
    CommonTable,
    Duration,
    EventClauses,
    EventsRef,
    Expr,
    FileRef,
    Fragment,
    From,
    FunctionRef,
    Join,
    Limit,
    NestedQuery,
    OtherBody,
    OtherRef,
    Query,
    Select,
    SelectItem,
    SetOperation,
    Subquery,
    SubqueryRef,
    TableRef,
)
from vqe.parser.clauses import event_clauses, frame_count, measure, microseconds
from vqe.parser.expressions import ExpressionBuilder, islands, kind, number
from vqe.parser.scan import name_parts, unquote_name, unquote_string

_ROW_COUNT = re.compile(r"(?:(?:first|next)\s+)?(\d+)(?:\s+rows?)?(?:\s+only)?", re.IGNORECASE)


class QueryBuilder(ExpressionBuilder):
    """Makes queries; statements around them are made in build.py."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text, offset)
        self.inside: list[Accuracy] = []  # accuracy clauses in brackets, where only COPY may have them
        self.samples: list[Span] = []  # of TABLESAMPLE

    # --- accuracy ---

    def on_accuracies(self, _span: Span, children: list[Any]) -> tuple[Accuracy, ...]:
        return tuple(children)

    def on_accuracy(self, span: Span, children: list[Any]) -> Accuracy:
        word = children[0]
        if word.type == "EXACT":
            return Accuracy(span, "exact")
        if word.type == "USING_MODEL":
            return Accuracy(span, "model", self.constant(children[1]).value)
        first = word.split()[0].lower()
        name = {"at": "confidence", "oracle": "oracle"}.get(first, first)
        value, percent = children[1:]
        return measure(name, number(value), percent is not None, (span, self.at(value)))

    # --- queries ---

    def on_subquery(self, span: Span, children: list[Any]) -> Subquery:
        query, accuracies = children
        query = replace(query, accuracy=query.accuracy + accuracies)
        self.inside += query.accuracy
        return Subquery(span, query)

    def on_query(self, span: Span, children: list[Any]) -> Query:
        return self.on_with_query(span, [None, *children])

    def on_with_query(self, span: Span, children: list[Any]) -> Query:
        ctes, body, (order_span, order), (limit, gap) = children
        recursive, tables = ctes or (False, ())
        body = _nested(body)
        last = limit.span if limit else order_span if order else body.span
        whole = Span(span.start, last.end)
        return Query(whole, recursive, tables, body, order, limit, (gap,) if gap else ())

    def on_with(self, _span: Span, children: list[Any]) -> tuple[bool, tuple[CommonTable, ...]]:
        return len(children[0].split()) > 1, tuple(children[1:])

    def on_cte(self, span: Span, children: list[Any]) -> CommonTable:
        body = children[-1]
        return CommonTable(span, unquote_name(children[0]), body.query if isinstance(body, Subquery) else None)

    def on_set_operation(self, span: Span, children: list[Any]) -> SetOperation:
        left, _, right = children
        return SetOperation(span, _nested(left), _nested(right))

    def on_other_body(self, span: Span, children: list[Any]) -> OtherBody:
        return OtherBody(span, tuple(self.operand(c) for c in children))

    def on_select(self, span: Span, children: list[Any]) -> Select:
        (distinct, parts), items, source, *tail = children
        return self._select(span, distinct, parts, items, source, tail)

    def on_from_first(self, span: Span, children: list[Any]) -> Select:
        source, quantifier, items, *tail = children
        distinct, parts = quantifier or (False, ())
        return self._select(span, distinct, parts, items or (), source, tail)

    def _select(self, span: Span, distinct: bool, parts: Any, items: Any, source: Any, tail: list[Any]) -> Select:
        where, events, group, having, window, qualify, sample = tail
        sampled = bool(sample) or any(span.start <= s.start < span.end for s in self.samples)
        flags = (distinct, group, having, window, qualify, sampled)
        names = ("distinct", "group", "having", "window", "qualify", "sample")
        rest = (*parts, *group, *having, *window, *qualify, *sample)
        behind = max(node.span.end for node in (*items, source, *where) if node is not None)
        clauses = event_clauses(events, behind)
        has = frozenset(name for name, flag in zip(names, flags, strict=True) if flag)
        return Select(span, tuple(items), source, where[0] if where else None, clauses, rest, has)

    def on_quantifier(self, _span: Span, children: list[Any]) -> tuple[bool, tuple[Expr, ...]]:
        return kind(children[0]) == "DISTINCT", _given(children)

    def on_items(self, _span: Span, children: list[Any]) -> tuple[SelectItem, ...]:
        return tuple(children)

    def on_item(self, span: Span, children: list[Any]) -> SelectItem:
        expression, alias = children
        return SelectItem(span, expression, self._label(alias))

    def on_prefixed_item(self, span: Span, children: list[Any]) -> SelectItem:
        return SelectItem(span, children[1], self._label(children[0]))

    def _label(self, token: Any) -> str | None:
        if token is None:
            return None
        return unquote_string(self.at(token).of(self.text)) if token.type == "STRING" else unquote_name(token)

    def on_clause(self, _span: Span, children: list[Any]) -> tuple[Expr, ...]:
        return _given(children)

    on_where = on_group = on_having = on_window = on_qualify = on_clause

    def on_window_definition(self, _span: Span, children: list[Any]) -> Expr:
        window: Expr = children[1]
        return window

    def on_sample(self, span: Span, children: list[Any]) -> tuple[Expr, ...]:
        # A sample without an island is still a sample: the Fragment stands for the clause.
        return (Fragment(span, islands(self.operand(c) for c in children[1:])),) if children[0] is not None else ()

    def on_order(self, span: Span, children: list[Any]) -> tuple[Span, tuple[Expr, ...]]:
        return span, _given(children)

    def on_sort_item(self, _span: Span, children: list[Any]) -> Expr:
        expression: Expr = children[0]
        return expression

    def on_limit(self, span: Span, children: list[Any]) -> tuple[Limit | None, Accuracy | None]:
        if children[0] is None:
            return None, None
        first, value, second, other, gap = children
        bounds = {str(first).lower(): value} | ({str(second).lower(): other} if second else {})
        own = Span(span.start, (other or value).span.end)
        count, offset = bounds.get("limit", bounds.get("fetch")), bounds.get("offset")
        numbers = [self._row_count(bound) for bound in (count, offset)]
        constant = all(n is not None or bound is None for n, bound in zip(numbers, (count, offset), strict=True))
        limit = Limit(own, numbers[0], numbers[1] or 0, constant, islands((count, offset)))
        return limit, self._limit_gap(gap)

    def _row_count(self, bound: Expr | None) -> int | None:
        match = _ROW_COUNT.fullmatch(bound.span.of(self.text)) if bound else None
        return int(match.group(1)) if match else None

    def _limit_gap(self, clause: Any) -> Accuracy | None:
        if clause is None:
            return None
        name, duration, span = clause
        if name != "gap":
            raise QuerySyntaxError(f"{name.upper()} follows WHERE, not LIMIT", span)
        return Accuracy(span, "gap", duration)

    # --- events ---

    def on_events(self, _span: Span, children: list[Any]) -> list[tuple[str, Duration, Span]]:
        return children

    def on_event_clause(self, span: Span, children: list[Any]) -> tuple[str, Duration, Span]:
        return children[0].lower(), children[1], span

    def on_duration(self, span: Span, children: list[Any]) -> Duration:
        if len(children) > 1:
            return Duration(span, interval=span.of(self.text))
        value = self.constant(children[0]).value
        if isinstance(value, str):
            return Duration(span, microseconds=microseconds(value, span))
        assert isinstance(value, (int, float))
        return Duration(span, frames=frame_count(value, span))

    # --- FROM ---

    def on_from(self, _span: Span, children: list[Any]) -> From | None:
        source: From | None = children[0]
        return source

    def on_from_clause(self, _span: Span, children: list[Any]) -> From:
        source: From = children[0]
        for other in children[1:]:
            source = Join(source.span.to(other.span), "cross", False, source, other, None)
        return source

    def on_from_values(self, span: Span, children: list[Any]) -> OtherRef:
        values, (alias, columns) = children[0], children[1] or (None, ())
        return OtherRef(values.span.to(span), values.span, alias, columns, values.parts)

    def on_values(self, span: Span, children: list[Any]) -> OtherBody:
        return OtherBody(span, tuple(children))

    def on_join(self, span: Span, children: list[Any]) -> Join:
        left, word, right, condition = children
        words = [w for w in word.lower().split() if w not in ("join", "outer")]
        natural = "natural" in words
        join_kind = " ".join(w for w in words if w != "natural") or "inner"
        return Join(span, join_kind, natural, left, right, condition)

    def on_join_condition(self, _span: Span, children: list[Any]) -> Expr | None:
        (condition,) = children
        return None if isinstance(condition, tuple) else condition

    def on_source(self, span: Span, children: list[Any]) -> From:
        prefix, source, behind, _sample = children
        alias, columns = (unquote_name(prefix), ()) if prefix else behind or (None, ())
        return _aliased(span, source, alias, columns)

    def on_source_of_events(self, span: Span, children: list[Any]) -> From:
        source, behind = children
        return _aliased(span, source, *(behind or (None, ())))

    def on_alias(self, _span: Span, children: list[Any]) -> tuple[str, tuple[str, ...]]:
        parts = name_parts(children[0])
        if len(parts) > 1:
            raise QuerySyntaxError(f"'{children[0]}' is no alias", self.at(children[0]), "an alias has no dot")
        return parts[0], children[1] if len(children) > 1 and children[1] else ()

    def on_columns(self, _span: Span, children: list[Any]) -> tuple[str, ...]:
        return tuple(children)

    def on_column(self, _span: Span, children: list[Any]) -> str:
        return unquote_name(children[0])

    def on_table_sample(self, span: Span, _children: list[Any]) -> None:
        self.samples.append(span)

    def on_table(self, span: Span, children: list[Any]) -> TableRef:
        return TableRef(span, span, None, (), name_parts(children[0]))

    def on_file(self, span: Span, _children: list[Any]) -> FileRef:
        return FileRef(span, span, None, (), unquote_string(span.of(self.text)))

    def on_function(self, span: Span, children: list[Any]) -> FunctionRef:
        call = children[0]
        return FunctionRef(span, span, None, (), call.name, call.arguments)

    def on_events_of(self, span: Span, children: list[Any]) -> EventsRef:
        video, where, events = children
        behind = where[0].span.end if where else video.span.end
        return EventsRef(span, span, None, (), video, where[0] if where else None, event_clauses(events, behind))

    def on_joined_brackets(self, span: Span, children: list[Any]) -> From:
        source: From = children[0]
        return replace(source, span=span)

    def on_meta(self, span: Span, children: list[Any]) -> OtherRef:
        parts = tuple(
            Subquery(c.span, c) if isinstance(c, Query) else self.operand(c) for c in children if c is not None
        )
        return OtherRef(span, span, None, (), parts)


def _given(children: list[Any]) -> tuple[Expr, ...]:
    """The expressions among the children: no tokens, and nothing for what was not given."""
    return tuple(c for c in children if c is not None and not isinstance(c, str))


def _nested(body: Any) -> Any:
    return NestedQuery(body.span, body.query) if isinstance(body, Subquery) else body


def _aliased(span: Span, source: From | Subquery, alias: str | None, columns: tuple[str, ...]) -> From:
    """The source with its alias; brackets around a join or another alias hide these behind the new one."""
    if isinstance(source, Subquery):
        source = SubqueryRef(span, source.span, None, (), source.query)
    if not alias:
        return replace(source, span=span)
    if isinstance(source, Join) or source.alias:
        return SubqueryRef(span, source.span, alias, columns, all_of(source))
    return replace(source, span=span, alias=alias, columns=columns)


def all_of(source: From) -> Query:
    """`FROM source` as a query."""
    span = source.span
    body = Select(span, (), source, None, EventClauses(Span(span.end, span.end)), (), frozenset())
    return Query(span, False, (), body, (), None)
