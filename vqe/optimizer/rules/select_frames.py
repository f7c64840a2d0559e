"""Decide terms about times, numbers and files from the index, before anything is decoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vqe.logical.frames import FrameSet
from vqe.logical.node import Node, walk
from vqe.logical.plan import Filter, Query, Restrict, Scan, Stable, Track
from vqe.logical.window import Window
from vqe.video import Video

if TYPE_CHECKING:
    from vqe.optimizer.optimize import Context


def select_frames(node: Node, _plan: Query, context: Context) -> Node:
    """Filter(predicate without calls) → a Scan of the frames that it selects, however deep the Scan lies.

    Stable needs the frames of its windows too, and Track all frames from the file's start: below them the Scan is
    widened, and what was asked is restored above.
    """
    if not isinstance(node, Filter) or node.predicate.calls:
        return node
    scan = next(n for n in walk(node) if isinstance(n, Scan))
    return _narrow(node.input, context.matching(scan.video, node.predicate))


def select_by_tables(node: Node, plan: Query, context: Context) -> Node:
    """The same for terms that read tables: while the statement runs, operators cannot."""
    return select_frames(node, plan, context) if isinstance(node, Filter) and node.predicate.tables else node


def _narrow(node: Node, frames: FrameSet) -> Node:
    match node:
        case Scan():
            return replace(node, frames=node.frames & frames)
        case Filter():
            return replace(node, input=_narrow(node.input, frames))
        case Restrict():
            return replace(node, frames=node.frames & frames)
        case Stable():
            wide = _around(frames, node.window, node.gap, node.video)
            return Restrict(replace(node, input=_narrow(node.input, wide)), frames)
        case Track():
            return Restrict(replace(node, input=_narrow(node.input, _since_start(frames, node.video))), frames)
    raise TypeError(f"no way to narrow {type(node).__name__}")


def _around(frames: FrameSet, window: Window, gap: Window, video: Video) -> FrameSet:
    """The frames within half a window of these, as far as their segments reach."""
    numbers = frames.array()
    if len(numbers) == 0:
        return frames
    segments = gap.segments(video)
    starts = np.array([s for s, _ in segments])
    stops = np.array([e for _, e in segments])
    own = np.searchsorted(starts, frames.starts, side="right") - 1
    own_last = np.searchsorted(starts, frames.stops - 1, side="right") - 1
    places, reach = window.places(video, np.arange(frames.of))
    low = np.searchsorted(places, places[frames.starts] - reach, side="left")
    high = np.searchsorted(places, places[frames.stops - 1] + reach, side="right")
    mask = np.zeros(frames.of + 1, np.int64)
    np.add.at(mask, np.maximum(low, starts[own]), 1)
    np.add.at(mask, np.minimum(high, stops[own_last]), -1)
    return FrameSet.numbers(np.flatnonzero(np.cumsum(mask)[:-1] > 0), frames.of)


def _since_start(frames: FrameSet, video: Video) -> FrameSet:
    """From each file's first frame to the last that is asked of it."""
    numbers = frames.array()
    files = video.file_of(numbers)
    ranges = []
    for file in np.unique(files):
        ranges.append((video.files[file].first_frame, int(numbers[files == file][-1]) + 1))
    return FrameSet.ranges(ranges, frames.of)
