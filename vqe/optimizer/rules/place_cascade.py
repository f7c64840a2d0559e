"""Decide a predicate by cheap evidence where that is safe, and by the reference model where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vqe.logical.node import Node, replaced, walk
from vqe.logical.plan import Boxes, Events, Filter, Frames, Limit, Query, Scan, Stable, Task
from vqe.logical.window import Window

if TYPE_CHECKING:
    from vqe.optimizer.optimize import Context

FEW = 100  # rows of a LIMIT that the plain plan finds soon, more often than not


def place_cascade(node: Node, _plan: Query, context: Context) -> Node:
    """Filter or Stable over a Scan → the best candidate for its predicate, where the budget leaves room for any."""
    if not isinstance(node, Frames | Boxes | Events) or node.budget is None:
        return node
    deciding = next((n for n in walk(node) if isinstance(n, Filter | Stable) and n.predicate.calls), None)
    if deciding is None or not isinstance(deciding.input, Scan) or _stops_early(node):
        return node
    if isinstance(node, Boxes) and "mask" in node.columns:
        return node
    if isinstance(node, Events) and node.budget.confidence is not None:
        return node  # events are few: as good as every frame has to be asked to show that hardly one is missed
    values = isinstance(node, Boxes) or (isinstance(node, Frames) and bool(node.calls))
    chosen = context.choose(_task(node, deciding, context), node.budget, values)
    if chosen.build is None:
        return node
    built = chosen.build(deciding.input)
    if chosen.kind == "learn":  # the plan is made anew when that is done
        return replaced(node, deciding, replace(deciding, input=built))
    return replaced(node, deciding, built)


def _stops_early(node: Node) -> bool:
    return any(isinstance(n, Limit) and n.count <= FEW for n in walk(node))


def _task(node: Frames | Boxes | Events, deciding: Filter | Stable, context: Context) -> Task:
    scan = deciding.input
    assert isinstance(scan, Scan)
    floors = [c.confidence for c in deciding.predicate.calls]
    if isinstance(node, Boxes):
        floors.append(node.confidence)
    if not isinstance(node, Events):
        floors += [c.confidence for c in node.calls]
    return Task(
        camera=scan.camera,
        video=scan.video,
        info=node.info,
        confidence=min([context.confidence, *floors]),
        predicate=deciding.predicate,
        window=deciding.window if isinstance(deciding, Stable) else None,
        gap=deciding.gap if isinstance(deciding, Stable) else Window(frames=0),
        minimum=node.minimum if isinstance(node, Events) else None,
        frames=scan.frames,
        event_gap=node.gap if isinstance(node, Events) else None,
    )
