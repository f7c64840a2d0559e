"""Put the reference model where it sees each frame once, and as few frames as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqe.logical.expr import ModelCall
from vqe.logical.node import Node, children, replaced, walk
from vqe.logical.plan import Boxes, Detect, Events, Filter, Frames, Query, Resolve, Stable, Track

if TYPE_CHECKING:
    from vqe.optimizer.optimize import Context


def place_reference(node: Node, _plan: Query, context: Context) -> Node:
    """Insert one Detect into a relation's chain, below the lowest node that needs to know what is in the picture.

    With masks only where the rows have them: a column that nothing reads has been left out before.
    """
    if not isinstance(node, Frames | Boxes | Events):
        return node
    chain = list(walk(node))
    needy = [n for n in chain if _needs_detections(n)]
    if not needy or any(isinstance(n, Resolve) for n in chain):  # Resolve asks, and hands on what it was told
        return node
    floors = [c.confidence for n in needy for c in _calls(n)]
    floors += [n.confidence for n in needy if isinstance(n, Boxes)]
    masks = isinstance(node, Boxes) and "mask" in node.columns
    floor = min([context.confidence, *floors])
    (below,) = children(needy[-1])
    return replaced(node, below, Detect(below, node.info.name, floor, masks, node.info, node.video))


def _calls(node: Node) -> tuple[ModelCall, ...]:
    if isinstance(node, Filter | Stable):
        return node.predicate.calls
    return node.calls if isinstance(node, Frames | Boxes) else ()


def _needs_detections(node: Node) -> bool:
    return isinstance(node, Boxes | Track) or bool(_calls(node))
