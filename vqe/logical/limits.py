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
    if query.order:
        direction = text[query.order[-1].span.end : limit.span.start].strip().lower()
        if direction not in ("", "asc") or not _in_scan_order(query.order, select, item, text):
            return None
        if not direction and not session.ascends():
            return None
    if not _row_by_row(select, session):
        return None
    return limit.count + limit.offset


def _in_scan_order(order: tuple[ast.Expr, ...], select: ast.Select, item: Item, text: str) -> bool:
    """Frames come in the order of their numbers and times, by which an ORDER BY without a direction asks for them."""
    by = order[0]
    if len(order) > 1 or not isinstance(by, ast.Name):
        return False
    column = by.parts[-1].lower()
    stars = [i.span.of(text).lower() for i in select.items if isinstance(i.expression, ast.Star)]
    if any("replace" in star or "rename" in star for star in stars):
        return False
    aliases = {i.alias.lower() for i in select.items if i.alias}  # ORDER BY means these first
    return column in [item.column(c).lower() for c in _IN_ORDER] and column not in aliases


def _row_by_row(select: ast.Select, session: Session) -> bool:
    """No aggregate, window function or unnest: every function in the SELECT list is a scalar one or a call of ours."""
    if any(isinstance(n, ast.Query) for item in select.items for n in ast.descendants(item)):
        return False  # an aggregate in it may belong to this block
    called = {call.name for item in select.items for call in _calls(item.expression)} - {"contains", "objects"}
    return not called or called <= session.scalar_function_names()


def _calls(node: ast.Node) -> list[ast.Call]:
    if isinstance(node, ast.Query):
        return []
    below = [c for child in ast.children(node) for c in _calls(child)]
    return [node, *below] if isinstance(node, ast.Call) else below
