"""Make only the columns that the statement reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vqe.logical.node import Node
from vqe.logical.plan import Boxes, Events, Frames, Query

if TYPE_CHECKING:
    from vqe.optimizer.optimize import Context


def prune_columns(node: Node, plan: Query, _context: Context) -> Node:
    """Leave out columns that no word of the statement names; one stays, to count rows by."""
    if plan.everything or not isinstance(node, Frames | Boxes | Events):
        return node
    used = tuple(c for c in node.columns if c in plan.names)
    anchor = "event" if isinstance(node, Events) else "frame"
    return replace(node, columns=used or (anchor,))
