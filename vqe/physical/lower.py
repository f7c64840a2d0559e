"""PLAN → OPERATORS: one operator a node. Every choice is in the node already."""

from __future__ import annotations

from collections.abc import Mapping

from vqe.logical import plan
from vqe.logical.node import Node, children, walk
from vqe.models import ModelInfo
from vqe.physical.detect import detect
from vqe.physical.difference import difference
from vqe.physical.events import events
from vqe.physical.filter import filter
from vqe.physical.operator import Operator, Run
from vqe.physical.packet_filter import packet_filter
from vqe.physical.resolve import resolve
from vqe.physical.rows import boxes, frames
from vqe.physical.scan import limit, restrict, scan
from vqe.physical.specialise import specialise
from vqe.physical.stable import stable
from vqe.physical.thumbnails import thumbnails
from vqe.physical.track import track
from vqe.video import Readers, Scenery


def lower(relation: plan.Relation, run: Run, functions: Mapping[str, str]) -> Operator:
    """`functions`: for each call outside WHERE (as text) the name of the function that gives its values."""
    readers, scenery = Readers.of(relation.video), Scenery(relation.video)
    run.closing.callback(readers.close)
    run.closing.callback(scenery.close)
    return _lower(relation, run, functions, relation.info, readers, scenery)


def _lower(
    node: Node, run: Run, functions: Mapping[str, str], info: ModelInfo, readers: Readers, scenery: Scenery
) -> Operator:
    inputs = tuple(_lower(child, run, functions, info, readers, scenery) for child in children(node))
    video = scenery.video
    below = inputs[0].batches if inputs else None
    match node:
        case plan.Scan():
            return Operator(node, inputs, lambda: scan(node, run))
    assert below is not None
    match node:
        case plan.Learn():  # what could not be kept was learnt in vain
            return Operator(node, inputs, below)
        case plan.Filter():
            return Operator(node, inputs, lambda: filter(node, below(), run, video, info))
        case plan.Restrict():
            return Operator(node, inputs, lambda: restrict(node, below()))
        case plan.Detect():
            return Operator(node, inputs, lambda: detect(node, below(), run, _frames_below(node)))
        case plan.Stable():
            return Operator(node, inputs, lambda: stable(node, below(), run, info))
        case plan.PacketFilter():
            return Operator(node, inputs, lambda: packet_filter(node, below(), run, readers, scenery))
        case plan.Thumbnails():
            return Operator(node, inputs, lambda: thumbnails(node, below(), run, readers, scenery))
        case plan.Difference():
            return Operator(node, inputs, lambda: difference(node, below(), run, video))
        case plan.Specialise():
            return Operator(node, inputs, lambda: specialise(node, below(), run, video))
        case plan.Resolve():
            return Operator(node, inputs, lambda: resolve(node, below(), run, _frames_below(node)))
        case plan.Track():
            return Operator(node, inputs, lambda: track(node, below()))
        case plan.Limit():
            return Operator(node, inputs, lambda: limit(node, below()))
        case plan.Frames():
            return Operator(node, inputs, lambda: frames(node, below(), run, functions))
        case plan.Boxes():
            return Operator(node, inputs, lambda: boxes(node, below(), run, functions))
        case plan.Events():
            return Operator(node, inputs, lambda: events(node, below()))
    raise TypeError(f"no operator for {type(node).__name__}")


def _frames_below(node: Node) -> int:
    return min(len(n.frames) for n in walk(node) if isinstance(n, plan.Scan))
