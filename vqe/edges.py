"""Where the edges of events are near enough, so that nobody needs to be asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqe.logical.window import Window
from vqe.video import Video

Bools = NDArray[np.bool_]


def extent(window: Window | None, video: Video, frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Where frames stand, and how long a window is: in microseconds, or in frames."""
    if window is None or window.microseconds is None:
        return frames, 0 if window is None else window.frames or 0
    return video.microseconds(frames), window.microseconds


def at_edges(
    video: Video, frames: NDArray[np.int64], undecided: Bools, true: Bools, gap: Window, minimum: Window | None
) -> Bools:
    """Which undecided frames only move the edge of an event, by no more than its gap: bool [n].

    That is a run of them no longer than the gap, beside frames that are true; these, where events have a minimum, last
    as long by themselves. Starts and ends count as right within a gap. Whether two events are joined may hang on such
    frames still, where they lie about a gap apart.
    """
    result = np.zeros(len(frames), np.bool_)
    places, longest = extent(gap, video, frames)
    lasting = true & _lasting(true, *extent(minimum, video, frames))
    for start, stop in runs(undecided):
        beside = (start > 0 and lasting[start - 1]) or (stop < len(frames) and lasting[stop])
        result[start:stop] = beside and places[stop - 1] - places[start] < longest
    return result


def _lasting(true: Bools, places: NDArray[np.int64], shortest: int) -> Bools:
    """Frames of runs that last so long at the least: bool [n]."""
    result = np.zeros(len(true), np.bool_)
    for start, stop in runs(true):
        result[start:stop] = places[stop - 1] - places[start] >= shortest
    return result


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Half-open ranges of positions that are marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
