"""Stretches of a long video to take the time of, instead of all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.logical.frames import FrameSet
from vqe.video import Video, groups

LONG = 60.0  # seconds; what takes longer is timed on a sample
STRETCHES = 8
SECONDS = 20.0  # that a sample takes, about
SHORTEST = 4  # frames of a stretch, however dear they are
GOLDEN = 0.618  # from round to round the stretches move by this part of their distance, so that they spread


@dataclass(frozen=True)
class Sample:
    """Stretches of the frames that are needed, in order and apart: int64 [n] each."""

    stretches: tuple[NDArray[np.int64], ...]
    of: int  # frames of the video

    @property
    def frames(self) -> FrameSet:
        return FrameSet.numbers(np.concatenate(self.stretches), self.of)


def short(seconds: float) -> bool:
    """Whether what is foretold to take so long is run whole."""
    return seconds <= LONG


def sampled(video: Video, needed: FrameSet, seconds: float, number: int) -> Sample:
    """What to time in the round of this number, where all needed frames are foretold to take `seconds`."""
    frames = needed.array()
    length = max(SHORTEST, int(SECONDS / seconds * len(frames) / STRETCHES))
    place = (0.5 + number * GOLDEN) % 1
    starts = ((np.arange(STRETCHES) + place) / STRETCHES * max(0, len(frames) - length)).astype(np.int64)
    stretches = []
    last = 0
    for start in _where_decoding_begins(video, frames, starts, length):
        part = frames[max(last, start) : start + length]
        last = start + length
        if len(part):
            stretches.append(part)
    return Sample(tuple(stretches), needed.of)


def spread(video: Video, needed: FrameSet, count: int) -> NDArray[np.int64]:
    """About so many frames from all over the needed ones, which are quick to get at."""
    frames = needed.array()
    starts = ((np.arange(count) + 0.5) / count * len(frames)).astype(np.int64)
    return frames[np.unique(_where_decoding_begins(video, frames, starts, len(frames)))]


def _where_decoding_begins(
    video: Video, frames: NDArray[np.int64], starts: NDArray[np.int64], near: int
) -> NDArray[np.int64]:
    """Each start moved back to a key frame that is near: what lies between would be decoded, and not be of the sample.

    Starts are places in `frames`.
    """
    keys = np.unique(np.concatenate([[0], np.searchsorted(frames, groups(video))]))
    before = keys[np.searchsorted(keys, starts, side="right") - 1]
    return np.where(starts - before <= near, before, starts)
