"""Stop the scan when LIMIT has its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vqe.logical.node import Node
from vqe.logical.plan import Frames, Limit, Query

if TYPE_CHECKING:
    from vqe.optimizer.optimize import Context


def limit_scan(node: Node, _plan: Query, _context: Context) -> Node:
    """Frames of which `enough` is known → the same over Limit."""
    if isinstance(node, Frames) and node.enough is not None:
        return replace(node, input=Limit(node.input, node.enough), enough=None)
    return node
