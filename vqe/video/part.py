"""A part of a video, decoded by one thread: looked at frame by frame, or skimmed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.video.front import Front
from vqe.video.pictures import Converter
from vqe.video.video import Video

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

AT_ONCE = 64  # frames in a batch: what a small model likes, and little to hold
LOOK_BYTES = 24_000_000  # decoded frames that one core has at once to look at: 16 of 960×540, 7 of 1920×1080
A_LOOK = 16  # a multiple of so many, where there may be: as a small model takes at once
FEWEST_AT_ONCE = 4

Bools: TypeAlias = NDArray[np.bool_]
# Of the numbers int64 [n] and thumbnails uint8 [n, size, size] of some frames: a number each, float32 [n], or None; and
# which of them may need a closer look, bool [n].
Look: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.uint8]], tuple[NDArray[np.float32] | None, Bools]]
HeldFrame: TypeAlias = "tuple[int, VideoFrame, Converter]"


@dataclass(frozen=True, slots=True)
class Seen:
    """n frames: numbers, thumbnails uint8 [n, size, size], and what a look at them has told.

    Those could be decoded; of a part that was skimmed it is all frames, without thumbnails.
    """

    frames: NDArray[np.int64]
    thumbnails: NDArray[np.uint8] | None
    scores: NDArray[np.float32] | None


@dataclass(frozen=True)
class Skim:
    """A look at some frames of a part, to see whether it is quiet (NoScope, VLDB 2017, section 4, skips frames too).

    apart  frames from one that is looked at to the next, at the least; of every other one that is at most twice as far
    look   scores float32 [n] of the numbers and thumbnails of some frames
    quiet  whether frames that score so, all that were looked at so far, show nothing
    drawn  which of some frames, bool [n], are needed whatever is seen, to check what comes of it: they are not looked
           at, so that they fare as those do that are left out

    Those that are looked at need not be exact: what others refer to may be left out.
    """

    apart: int
    look: Callable[[NDArray[np.int64], NDArray[np.uint8]], NDArray[np.float32]]
    quiet: Callable[[NDArray[np.int64], NDArray[np.float32]], bool]
    drawn: Callable[[NDArray[np.int64]], Bools]


class Held:
    """The last of some decoded frames: one, and others as far as there is room in all parts together."""

    def __init__(self, room: threading.Semaphore) -> None:
        self.frames: list[HeldFrame] = []
        self._room = room

    def add(self, fresh: list[HeldFrame]) -> None:
        others = fresh if self.frames else fresh[1:]  # there is always room for one
        kept = max(1, len(self.frames)) + sum(self._room.acquire(blocking=False) for _ in others)
        self.frames = [*self.frames, *fresh][-kept:] if fresh else self.frames

    def taken(self) -> list[HeldFrame]:
        """All of them, which leaves room for others."""
        frames, self.frames = self.frames, []
        for _ in frames[1:]:
            self._room.release()
        return frames


def look_at(front: Front, frames: NDArray[np.int64], look: Look, held: Held) -> Seen:
    """Look at strictly rising frames, some at a time, and hold those that may need a closer look."""
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.float32] | None]] = []
    step = max(FEWEST_AT_ONCE, min(AT_ONCE, LOOK_BYTES // frame_bytes(front.video)))
    if step > A_LOOK:
        step -= step % A_LOOK
    with closing(front.frames(frames)) as source:
        while found := list(islice(source, step)):
            numbers = np.array([n for n, _, _ in found], np.int64)
            small = np.stack([front.thumbnail(frame, pictures) for _, frame, pictures in found])
            scores, closer = look(numbers, small)
            parts.append((numbers, small, scores))
            held.add([(n, f, p.full) for (n, f, p), c in zip(found, closer, strict=True) if c])
            del found  # decoders keep room for as many frames as there ever were at a time
    if not parts:
        return Seen(np.empty(0, np.int64), np.empty((0, front.size, front.size), np.uint8), None)
    scored = [scores for _, _, scores in parts if scores is not None]
    return Seen(
        np.concatenate([numbers for numbers, _, _ in parts]),
        np.concatenate([small for _, small, _ in parts]),
        np.concatenate(scored) if scored else None,
    )


def skimmed(front: Front, frames: NDArray[np.int64], skim: Skim, held: Held) -> Seen | None:
    """A quiet part of strictly rising frames; those that were not looked at score as the ones beside them. None where
    there may be something, or too little of it can be decoded: nothing is held then."""
    lost = front.lost.copy()
    numbers, scores = np.empty(0, np.int64), np.empty(0, np.float32)
    with closing(_thinned(front, frames, skim, held)) as source:
        while found := list(islice(source, A_LOOK)):
            fresh = np.array([n for n, _ in found], np.int64)
            numbers = np.append(numbers, fresh)
            scores = np.append(scores, skim.look(fresh, np.stack([small for _, small in found])))
            if not skim.quiet(numbers, scores):
                break
        else:
            if _near(frames, numbers, 2 * skim.apart) and front.lost == lost:
                return Seen(frames, None, np.interp(frames, numbers, scores).astype(np.float32))
    front.lost = lost
    held.taken()
    return None


def _thinned(
    front: Front, frames: NDArray[np.int64], skim: Skim, held: Held
) -> Generator[tuple[int, NDArray[np.uint8]]]:
    """Thumbnails of frames that are far enough apart, with their numbers, and of the first and last one of each file:
    what begins or ends there may be seen in no other. Those drawn are held instead."""
    drawn, regular = skim.drawn(frames), np.zeros(len(frames), np.bool_)
    last = np.append(np.flatnonzero(np.diff(front.video.file_of(frames))), len(frames) - 1)
    regular[:: skim.apart] = regular[last] = regular[last[:-1] + 1] = True
    aside, edges = set(frames[drawn].tolist()), {*frames[last].tolist(), *frames[last[:-1] + 1].tolist()}
    next_ = int(frames[0])
    with closing(front.frames(frames, drawn, regular)) as source:
        for number, frame, pictures in source:
            if number in aside:
                held.add([(number, frame, pictures.full)])
            elif number >= next_ or number in edges:
                next_ = number + skim.apart
                yield number, front.thumbnail(frame, pictures)


def _near(frames: NDArray[np.int64], seen: NDArray[np.int64], most: int) -> bool:
    """Whether each of rising frames is that near to one that was seen."""
    if not len(seen):
        return False
    after = np.minimum(np.searchsorted(seen, frames), len(seen) - 1)
    distance = np.minimum(np.abs(seen[after] - frames), np.abs(seen[after - 1] - frames))
    return bool(distance.max() <= most)


def frame_bytes(video: Video) -> int:
    """Of a decoded frame of the largest file, as most are: a byte a pixel of brightness, and half as much of colour."""
    return max(1, max(file.index.width * file.index.height for file in video.files) * 3 // 2)
