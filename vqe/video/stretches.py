"""Stretches of a video that can be decoded by themselves: from one key frame to another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vqe.video.video import Video, VideoFile

ENOUGH = 64  # frames to decode: shorter stretches are joined
LONGEST = 1000  # frames in a group of pictures; of a longer one, whoever waits for it waits too long


def independent(file: VideoFile) -> bool:
    """Whether parts of a file show what they show when it is decoded from its start, and are short enough."""
    index = file.index
    return not index.damaged and int(np.diff(index.keyframes, append=file.frame_count).max()) <= LONGEST


def apart(video: Video) -> bool:
    """Whether that holds of all its files."""
    return all(independent(file) for file in video.files)


def groups(video: Video) -> NDArray[np.int64]:
    """The first frame of every group of pictures: key frames that decoding can begin at, in all files."""
    return np.concatenate([file.index.keyframes + file.first_frame for file in video.files])


def split(starts: NDArray[np.int64], frames: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Iterator[slice]:
    """Parts of rising frames that begin with a group of pictures each, and have ENOUGH or a group's wanted frames.

    starts  int64 [g], from `groups`
    frames  int64 [n], and bool [n], which of them will be decoded
    """
    own = np.searchsorted(starts, frames, side="right")
    edges = np.concatenate([[0], np.flatnonzero(np.diff(own)) + 1, [len(frames)]])
    before = np.concatenate([[0], np.cumsum(wanted)])[edges]
    first = 0
    for i in range(1, len(edges)):
        if i == len(edges) - 1 or before[i] - before[first] >= ENOUGH:
            yield slice(int(edges[first]), int(edges[i]))
            first = i
