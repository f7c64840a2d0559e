"""What is too short to be an event: it may come and go between two key frames, where nobody sees it.

Events that a MINIMUM lets through last that long. So where key frames are no further apart, each has one in it; unless
it is joined over gaps, and they lie there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqe.edges import extent
from vqe.logical.window import Window
from vqe.video import Video, groups

Bools = NDArray[np.bool_]


def covered(video: Video, starts: NDArray[np.int64], minimum: Window | None) -> Bools:
    """Which groups of pictures, by their first frames int64 [n], last no longer than the minimum: bool [n].

    Not the last group of a file: what comes behind it nobody knows.
    """
    if minimum is None:
        return np.zeros(len(starts), np.bool_)
    keys = groups(video)
    after = np.searchsorted(keys, starts, side="right")
    inner = after < len(keys)
    inner[inner] = video.file_of(keys[after[inner]]) == video.file_of(starts[inner])
    result = inner.copy()
    places, shortest = extent(minimum, video, starts[inner])
    result[inner] = extent(minimum, video, keys[after[inner]])[0] - places <= shortest
    return result


def fleeting(video: Video, frames: NDArray[np.int64], true: Bools, gap: Window, minimum: Window | None) -> Bools:
    """Which true frames are of runs, joined over gaps, that are certainly shorter than the minimum: bool [n].

    frames: some of the video's, rising, int64 [n]; evenly spaced but where a piece ends. What lies between neighbours
    is not known and may be true, as may what lies beyond a piece.
    """
    result = np.zeros(len(frames), np.bool_)
    own = np.flatnonzero(true)
    if minimum is None or not len(own):
        return result
    places, shortest = extent(minimum, video, frames)
    at, longest = extent(gap, video, frames)
    ends = np.flatnonzero(np.diff(frames) > np.diff(frames).min(initial=len(frames)))
    starts, stops = np.append(0, ends + 1), np.append(ends, len(frames) - 1)
    piece = np.searchsorted(starts, np.arange(len(frames)), side="right") - 1
    apart = at[own[1:] - 1] - at[own[:-1] + 1] > longest  # by what is known to be false between them
    for run in np.split(own, np.flatnonzero(apart) + 1):
        first, last = run[0], run[-1]
        start, stop = starts[piece[first]], stops[piece[last]]
        inside = at[max(start, first - 1)] - at[start] > longest and at[stop] - at[min(stop, last + 1)] > longest
        result[run] = inside and places[last + 1] - places[first - 1] < shortest
    return result
