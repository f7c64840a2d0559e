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

    Those could be decoded. Of a part that was skimmed it is all that nobody has tried to decode in vain, without
    thumbnails.
    """

    frames: NDArray[np.int64]
    thumbnails: NDArray[np.uint8] | None
    scores: NDArray[np.float32] | None


@dataclass(frozen=True)
class Skim:
    """A look at some frames of a part, to see where there may be something (NoScope, VLDB 2017, section 4, skips frames
    too).

    apart  frames from one that is looked at to the next, about: no other is further than twice that from one
    rough  frames before this number need not be exact, to be looked at: what others refer to may be left out
    look   scores float32 [n] of the numbers and thumbnails of some frames
    shows  which of the frames looked at, that score so, show that there may be something: bool [n]
    reach  frames to either side of these are looked at as well
    drawn  which of some frames, bool [n], are needed whatever is seen, to check what comes of it: they are not looked
           at, so that they fare as those do that are left out
    """

    apart: int
    rough: int
    look: Callable[[NDArray[np.int64], NDArray[np.uint8]], NDArray[np.float32]]
    shows: Callable[[NDArray[np.int64], NDArray[np.float32]], Bools]
    reach: int
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

    def drop(self, numbers: NDArray[np.int64]) -> None:
        """Those of these numbers."""
        dropped = set(numbers.tolist())
        kept = [held for held in self.frames if held[0] not in dropped]
        for _ in range(max(0, len(self.frames) - 1) - max(0, len(kept) - 1)):
            self._room.release()
        self.frames = kept

    def taken(self) -> list[HeldFrame]:
        """All of them, which leaves room for others."""
        frames, self.frames = self.frames, []
        for _ in frames[1:]:
            self._room.release()
        return frames


@dataclass(frozen=True)
class Skimmed:
    """n frames of a part of which some were looked at first: what each scores by these, float32 [n], and which ones are
    near to where there may be something, bool [n]."""

    frames: NDArray[np.int64]
    scores: NDArray[np.float32]
    busy: Bools

    def looked_at(self, front: Front, look: Look, held: Held) -> Seen:
        """After a look, which scores, at those that are near. Those of them that cannot be decoded are left out."""
        if not self.busy.any():
            return Seen(self.frames, None, self.scores)
        near = self.frames[self.busy]
        held.drop(near)
        seen = look_at(front, near, look, held)
        held.frames.sort(key=lambda frame: frame[0])
        scores, there = self.scores.copy(), ~self.busy
        if seen.scores is not None:
            own = np.searchsorted(self.frames, seen.frames)
            scores[own], there[own] = seen.scores, True
        return Seen(self.frames[there], None, scores[there])


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


def skimmed(front: Front, frames: NDArray[np.int64], skim: Skim, held: Held) -> Skimmed | None:
    """Strictly rising frames after a look at some of them; the others score as the ones beside them. None where too
    little can be decoded: nothing is held then."""
    lost = front.lost.copy()
    numbers, scores = np.empty(0, np.int64), np.empty(0, np.float32)
    with closing(_thinned(front, frames, skim, held)) as source:
        while found := list(islice(source, A_LOOK)):
            fresh = np.array([n for n, _ in found], np.int64)
            numbers = np.append(numbers, fresh)
            scores = np.append(scores, skim.look(fresh, np.stack([small for _, small in found])))
    if front.lost != lost or not _near(frames, numbers, 2 * skim.apart).all():
        front.lost = lost
        held.taken()
        return None
    busy = _near(frames, numbers[skim.shows(numbers, scores)], skim.reach)
    return Skimmed(frames, np.interp(frames, numbers, scores).astype(np.float32), busy)


def _thinned(
    front: Front, frames: NDArray[np.int64], skim: Skim, held: Held
) -> Generator[tuple[int, NDArray[np.uint8]]]:
    """Thumbnails of frames that are far enough apart, with their numbers, and of the first and last of each stretch, as
    what begins or ends there may be seen in no other. Those drawn are held instead."""
    drawn, rough, place = skim.drawn(frames), frames < skim.rough, np.arange(len(frames))
    ends = (np.diff(front.video.file_of(frames)) > 0) | (np.diff(frames) > 1)
    edge = np.append(ends, True) | np.append(True, ends)
    regular = (place % np.where(rough, skim.apart, 2 * skim.apart) == 0) | edge
    aside, edges = set(frames[drawn].tolist()), set(frames[edge].tolist())
    next_ = int(frames[0])
    with closing(front.frames(frames, drawn | regular & ~rough, regular & rough)) as source:
        for number, frame, pictures in source:
            if number in aside:
                held.add([(number, frame, pictures.full)])
            elif number >= next_ or number in edges:
                next_ = number + skim.apart
                yield number, front.thumbnail(frame, pictures)


def _near(frames: NDArray[np.int64], others: NDArray[np.int64], most: int) -> Bools:
    """Which of rising frames are that near to one of the others: bool [n]."""
    low = np.searchsorted(others, frames - most)
    return np.asarray(low < np.searchsorted(others, frames + most, side="right"), np.bool_)


def frame_bytes(video: Video) -> int:
    """Of a decoded frame of the largest file, as most are: a byte a pixel of brightness, and half as much of colour."""
    return max(1, max(file.index.width * file.index.height for file in video.files) * 3 // 2)
