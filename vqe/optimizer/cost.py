"""What a plan is expected to cost, in seconds measured on this machine where they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

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
    PacketFilter,
    Query,
    Resolve,
    Restrict,
    Scan,
    Specialise,
    Stable,
    Thumbnails,
    Track,
)
from vqe.video import Video

# Until the machine has been measured: a small detector on a CPU of two cores, and decoding 960×540. Small pictures are
# made and looked at on both.
REFERENCE_SECONDS = 0.040
DECODE_SECONDS = 0.0015
THUMBNAIL_SECONDS = 0.0003
DIFFERENCE_SECONDS = 0.0001
SPECIALISED_SECONDS = 0.0001
KEYFRAME_SECONDS = 0.003  # found, decoded and scored
# Shares that nothing is known of yet.
SELECTIVITY = 0.1
BOXES_PER_FRAME = 5.0


@dataclass(frozen=True)
class Estimate:
    """Rows that leave a node, and the seconds spent in it and below it. `stored`: frames that need no model."""

    rows: float
    seconds: float
    stored: int | None = None


Costly: TypeAlias = Detect | Resolve | PacketFilter | Thumbnails | Difference | Specialise


@dataclass(frozen=True)
class Measured:
    """What is known: how many frames of a Detect have labels, and the seconds that a node takes for a frame that it
    has to work on (one that has no labels, where the reference model is asked; a key frame of a PacketFilter)."""

    stored: Callable[[Detect], int]
    seconds: Callable[[Costly], float]


def estimate(node: Node, known: Measured) -> Estimate:
    """Estimate one node from its inputs; TypeError for a node that it does not know."""
    match node:
        case Scan(frames=frames):
            return Estimate(len(frames), 0.0)
        case Detect(input=below):
            inner = estimate(below, known)
            stored = min(known.stored(node), int(inner.rows))
            own = below.after if isinstance(below, Learn) else (inner.rows - stored) * known.seconds(node)
            return Estimate(inner.rows, inner.seconds + own, stored)
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
        case Learn(input=below, seconds=seconds):  # the plan that comes of it takes the place of the Detect above
            inner = estimate(below, known)
            return Estimate(inner.rows, inner.seconds + seconds)
        case PacketFilter(input=below, video=video):
            inner = estimate(below, known)
            return Estimate(inner.rows, inner.seconds + inner.rows * key_share(video) * known.seconds(node))
        case Thumbnails(input=below) | Difference(input=below) | Specialise(input=below):
            inner = estimate(below, known)
            return Estimate(inner.rows, inner.seconds + inner.rows * _undecided(below) * known.seconds(node))
        case Resolve(input=below, predicted=predicted):
            inner = estimate(below, known)
            true = SELECTIVITY if predicted.true is None else predicted.true
            calls = predicted.asked + predicted.checked
            return Estimate(inner.rows * true, inner.seconds + calls * known.seconds(node))
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


def key_share(video: Video) -> float:
    """How many of a video's frames are key frames."""
    return sum(len(file.index.keyframes) for file in video.files) / max(1, video.frame_count)


def _undecided(node: Node) -> float:
    """Of the frames that leave a node the share that somebody above has to look at."""
    match node:
        case Thumbnails(input=below, left=left):
            return _undecided(below) * left
        case PacketFilter(input=below, left=left) | Difference(input=below, left=left):
            return _undecided(below) * left
        case Specialise(predicted=predicted) if predicted is not None and predicted.shares:
            return predicted.shares[0]
    return 1.0
