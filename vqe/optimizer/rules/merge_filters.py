"""Ask everything of a frame at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqe.logical.expr import conjunction
from vqe.logical.node import Node
from vqe.logical.plan import Filter, Query

if TYPE_CHECKING:
    from vqe.optimizer.optimize import Context


def merge_filters(node: Node, _plan: Query, _context: Context) -> Node:
    """Filter q over Filter p → Filter p AND q, where both ask the model."""
    match node:
        case Filter(input=Filter(input=below, predicate=first), predicate=second) if first.calls and second.calls:
            return Filter(below, conjunction([first, second]))
    return node
