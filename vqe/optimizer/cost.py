"""What a plan is expected to cost, in seconds measured on this machine where they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vqe.logical.node import Node, walk
from vqe.logical.plan import (
    Boxes,
    Detect,
    Difference,
    Events,
    Filter,
    Frames,
    Learn,
    Limit,
    Query,
    Resolve,
    Restrict,
    Scan,
    Specialise,
    Stable,
    Thumbnails,
    Track,
)

# Until the machine has been measured: a small detector on a CPU, and decoding 960×540.
REFERENCE_SECONDS = 0.040
DECODE_SECONDS = 0.0015
THUMBNAIL_SECONDS = 0.0005
SPECIALISED_SECONDS = 0.00015
# Shares that nothing is known of yet.
SELECTIVITY = 0.1
BOXES_PER_FRAME = 5.0


@dataclass(frozen=True)
class Estimate:
    """Rows that leave a node, and the seconds spent in it and below it. `stored`: frames that need no model."""

    rows: float
    seconds: float
    stored: int | None = None


@dataclass(frozen=True)
class Measured:
    """What is known of a Detect: how many of its frames have labels, and the cost of one that has not."""

    stored: Callable[[Detect], int]
    seconds: Callable[[Detect], float]


def estimate(node: Node, known: Measured) -> Estimate:
    """Estimate one node from its inputs; TypeError for a node that it does not know."""
    match node:
        case Scan(frames=frames):
            return Estimate(len(frames), 0.0)
        case Detect(input=below):
            inner = estimate(below, known)
            stored = min(known.stored(node), int(inner.rows))
            return Estimate(inner.rows, inner.seconds + (inner.rows - stored) * known.seconds(node), stored)
        case Filter(input=below, predicate=predicate):
            inner = estimate(below, known)
            return Estimate(inner.rows * (SELECTIVITY if predicate.calls else 0.5), inner.seconds)
        case Stable(input=below):
            inner = estimate(below, known)
            return Estimate(inner.rows * SELECTIVITY, inner.seconds)
        case Restrict(input=below, frames=frames):
            inner = estimate(below, known)
            scanned = next(len(n.frames) for n in walk(below) if isinstance(n, Scan))
            return Estimate(inner.rows * min(1.0, len(frames) / max(1, scanned)), inner.seconds)
        case Learn(input=below, labels=labels):
            inner = estimate(below, known)
            return Estimate(inner.rows, inner.seconds + labels * REFERENCE_SECONDS)
        case Thumbnails(input=below) | Difference(input=below) | Specialise(input=below):
            return estimate(below, known)
        case Resolve(input=below, predicted=predicted):
            inner = estimate(below, known)
            returned = predicted.shares[-1] if predicted.shares else SELECTIVITY
            return Estimate(inner.rows * returned, inner.seconds + predicted.seconds)
        case Track(input=below) | Frames(input=below):
            return estimate(below, known)
        case Limit(input=below, count=count):
            inner = estimate(below, known)
            share = min(1.0, count / inner.rows) if inner.rows else 1.0
            return Estimate(min(count, inner.rows), inner.seconds * share)
        case Boxes(input=below):
            inner = estimate(below, known)
            return Estimate(inner.rows * BOXES_PER_FRAME, inner.seconds)
        case Events(input=below):
            inner = estimate(below, known)
            return Estimate(max(1.0, inner.rows / 100) if inner.rows else 0.0, inner.seconds)
        case Query(relations=relations):
            each = [estimate(r, known) for r in relations]
            return Estimate(sum(e.rows for e in each), sum(e.seconds for e in each))
    raise TypeError(f"no cost is known for {type(node).__name__}")
