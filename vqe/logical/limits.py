"""When LIMIT may stop the scan of a video: where each row that leaves the scan is a row of the result."""

from __future__ import annotations

from vqe.logical.predicates import terms
from vqe.logical.scope import Item
from vqe.parser import ast
from vqe.relational.session import Session

_IN_ORDER = ("frame", "seconds", "timestamp")


def enough_rows(query: ast.Query, item: Item, text: str, session: Session) -> int | None:
    """How many rows of the item the query needs, None where it may need all of them."""
    select, limit = query.body, query.limit
    if limit is None or not limit.constant or limit.count is None or not isinstance(select, ast.Select):
        return None
    moved = len(item.filters) == (len(terms(select.where)) if select.where is not None else 0)
    if item.kind != "frames" or isinstance(select.source, ast.Join) or select.has or not moved:
        return None
    if query.order and not _in_scan_order(query.order, text[query.order[-1].span.end : limit.span.start], item):
        return None
    if not _row_by_row(select, session):
        return None
    return limit.count + limit.offset


def _in_scan_order(order: tuple[ast.Expr, ...], direction: str, item: Item) -> bool:
    """Frames come in the order of their numbers and times. `direction` is the text behind the expressions."""
    columns = [item.column(c).lower() for c in _IN_ORDER]
    by = order[0]
    known = len(order) == 1 and isinstance(by, ast.Name) and by.parts[-1].lower() in columns
    return known and direction.strip().lower() in ("", "asc")


def _row_by_row(select: ast.Select, session: Session) -> bool:
    """No aggregate, window function or unnest: every function in the SELECT list is a scalar one or a call of ours."""
    called = {call.name for item in select.items for call in _calls(item.expression)} - {"contains", "objects"}
    return not called or called <= session.scalar_function_names()


def _calls(node: ast.Node) -> list[ast.Call]:
    if isinstance(node, ast.Query):
        return []
    below = [c for child in ast.children(node) for c in _calls(child)]
    return [node, *below] if isinstance(node, ast.Call) else below
