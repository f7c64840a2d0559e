"""Small grey pictures of many frames, and the full pictures of the few that turn out to need a closer look."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.cores import cores
from vqe.video.front import Front
from vqe.video.parallel import in_order
from vqe.video.pictures import Converter
from vqe.video.read import read_frames, tell_lost
from vqe.video.readers import Readers
from vqe.video.scenery import Scenery
from vqe.video.stretches import apart, groups, split
from vqe.video.video import Video

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

HELD_BYTES = 24_000_000  # decoded frames at hand for a closer look, and as many on their way: 30 of 960×540
LARGE_HELD_BYTES = 50_000_000  # of large ones, up to A_LOOK: 16 of 1920×1080
MOST_HELD_BYTES = 400_000_000  # where windows are long or frames large
AT_ONCE = 64  # frames in a batch: what a small model likes, and little to hold
LOOK_BYTES = 24_000_000  # decoded frames that one core has at once to look at: 16 of 960×540, 7 of 1920×1080
A_LOOK = 16  # a multiple of so many, where there may be: as a small model takes at once
FEWEST_AT_ONCE = 4

# Of the numbers int64 [n] and thumbnails uint8 [n, size, size] of some frames: a number each, float32 [n], or None; and
# which of them may need a closer look, bool [n].
Look: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.uint8]], tuple[NDArray[np.float32] | None, NDArray[np.bool_]]]


@dataclass(frozen=True, slots=True)
class Seen:
    """n frames that could be decoded: numbers, thumbnails uint8 [n, size, size], and what a look at them has told."""

    frames: NDArray[np.int64]
    thumbnails: NDArray[np.uint8]
    scores: NDArray[np.float32] | None


_Held: TypeAlias = "tuple[int, VideoFrame, Converter]"


def _seen(front: Front, frames: NDArray[np.int64], look: Look, room: threading.Semaphore) -> tuple[Seen, list[_Held]]:
    """Look at strictly rising frames, some at a time; and the last of those to be looked at more closely: one, and
    others as far as there is room. Whoever takes them releases it."""
    parts: list[Seen] = []
    held: list[_Held] = []
    step = max(FEWEST_AT_ONCE, min(AT_ONCE, LOOK_BYTES // _frame_bytes(front.video)))
    if step > A_LOOK:
        step -= step % A_LOOK
    with closing(front.frames(frames)) as source:
        while found := list(islice(source, step)):
            numbers = np.array([n for n, _, _ in found], np.int64)
            small = np.stack([pictures.small.picture(frame) for _, frame, pictures in found])
            scores, closer = look(numbers, small)
            parts.append(Seen(numbers, small, scores))
            fresh = [(n, f, p.full) for (n, f, p), c in zip(found, closer, strict=True) if c]
            if fresh:
                others = fresh if held else fresh[1:]  # there is always room for one
                kept = max(1, len(held)) + sum(room.acquire(blocking=False) for _ in others)
                held = [*held, *fresh][-kept:]
            del found, fresh  # decoders keep room for as many frames as there ever were at a time
    return _joined(parts, front.size), held


def _joined(parts: list[Seen], size: int) -> Seen:
    if not parts:
        return Seen(np.empty(0, np.int64), np.empty((0, size, size), np.uint8), None)
    scores = [part.scores for part in parts if part.scores is not None]
    return Seen(
        np.concatenate([part.frames for part in parts]),
        np.concatenate([part.thumbnails for part in parts]),
        np.concatenate(scores) if scores else None,
    )


class Thumbnails:
    """Reads one video front to back: thumbnails of all frames asked for, full pictures of some of them.

    Decoded frames are held, so that a frame just seen small is not decoded again: those of the last two batches of
    `at_once` frames and of the `window` before them, where it is not so long that memory forbids it.
    A context manager; for one thread at a time.

    readers, scenery  shared with others who look at the same video
    room     how many full pictures of a stream can be held
    seconds  that streams have taken, the work of all cores side by side; `busy`: how many there were at the most
    """

    def __init__(
        self, video: Video, size: int, window: int = 0, readers: Readers | None = None, scenery: Scenery | None = None
    ) -> None:
        self.video = video
        self.size = size
        self._apart = apart(video)
        each = _frame_bytes(video)
        fewest = min(window, MOST_HELD_BYTES // each) + 2 * FEWEST_AT_ONCE
        held = max(HELD_BYTES // each, min(A_LOOK, LARGE_HELD_BYTES // each))
        self.room = max(fewest, held)
        self._alone = max(fewest, 2 * held)  # where none are on their way
        self.at_once = min(AT_ONCE, max(FEWEST_AT_ONCE, (self._alone - window) // 2))
        self._front = Front(video, size, Readers(1, lone=False))  # alone at work
        self.scenery = scenery or Scenery(video)
        self._own: list[Readers | Scenery] = [self._front.readers, *([] if scenery else [self.scenery])]
        if readers is None or not self._apart:  # whoever goes ahead or back would make the others begin anew
            readers = Readers(self.workers, self._apart)
            self._own.append(readers)
        self._readers = readers
        self._held: OrderedDict[int, tuple[VideoFrame, Converter]] = OrderedDict()
        self._lost: Counter[Path] = Counter()  # by file, of all that was asked for
        self.seconds = 0.0
        self.busy = 1
        self._groups = groups(video)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._held.clear()
        for own in self._own:
            own.close()

    def tell_lost(self) -> None:
        """A VqeWarning for each file of which frames were asked for that cannot be decoded."""
        lost = self._lost + self._front.lost
        self._lost, self._front.lost = Counter(), Counter()
        for path, count in lost.items():
            tell_lost(path, count)

    def read(self, frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Thumbnails of strictly rising frames: the numbers of those that could be decoded, and uint8 [n, size, size].

        Cheap when each call goes on behind the one before; ever so dear where it goes back.
        """
        numbers: list[int] = []
        pictures: list[NDArray[np.uint8]] = []
        with closing(self._front.frames(frames)) as source:
            for number, frame, made in source:
                numbers.append(number)
                pictures.append(made.small.picture(frame))
                self._hold(number, frame, made.full, self._alone)
        if not numbers:
            return np.empty(0, np.int64), np.empty((0, self.size, self.size), np.uint8)
        return np.array(numbers, np.int64), np.stack(pictures)

    def parts(self, frames: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Iterator[slice]:
        """Rising frames in parts that are best decoded together, where some are wanted: bool [n]."""
        if self._apart:
            return split(self._groups, frames, wanted)
        return (slice(start, start + AT_ONCE) for start in range(0, len(frames), AT_ONCE))

    def stream(self, parts: Iterable[NDArray[np.int64]], look: Callable[[], Look]) -> Iterator[Seen]:
        """Look at strictly rising frames on all cores, where they can be decoded apart: a result a part, in order.

        parts  as `parts` makes them
        look   makes a look at frames, for one thread; frames that may need a closer look are held as `read` does
        """
        workers = self.workers
        room = threading.Semaphore(self.room)

        @contextmanager
        def make() -> Iterator[Callable[[NDArray[np.int64]], tuple[Seen, list[_Held], float]]]:
            front, own = Front(self.video, self.size, self._readers), look()

            def work(frames: NDArray[np.int64]) -> tuple[Seen, list[_Held], float]:
                start, waited = time.perf_counter(), front.waited
                seen, held = _seen(front, frames, own, room)
                return seen, held, time.perf_counter() - start - (front.waited - waited)

            try:
                yield work
            finally:
                self._lost += front.lost

        drawn, work = 0, 0.0

        def tasks() -> Iterator[NDArray[np.int64]]:
            nonlocal drawn
            for part in parts:
                drawn += 1
                yield part

        try:
            for seen, held, seconds in in_order(tasks(), make, workers):
                work += seconds
                for _ in held[1:]:
                    room.release()
                for number, frame, converter in held:
                    self._hold(number, frame, converter, self.room)
                yield seen
        finally:
            busy = max(1, min(workers, drawn))
            self.seconds += work / busy
            self.busy = max(self.busy, busy)

    @property
    def workers(self) -> int:
        """How many look at frames side by side."""
        return cores() if self._apart else 1

    def holds(self, frames: NDArray[np.int64]) -> bool:
        """Whether the full pictures of all these are at hand."""
        return all(int(frame) in self._held for frame in frames)

    def pictures(self, frames: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """As `read_frames`: (number, BGR picture) of strictly rising frames, from those held where they are."""
        missing = [int(f) for f in frames if int(f) not in self._held]
        readers = self._readers if self._apart and self.workers > 1 else None  # a single one may be in use
        others = read_frames(self.video, np.array(missing, np.int64), readers=readers) if missing else iter(())
        other = next(others, None)
        for frame in map(int, frames):
            if frame in self._held:
                held, converter = self._held[frame]
                yield frame, converter.picture(held)
            elif other is not None and other[0] == frame:
                yield other
                other = next(others, None)

    def backgrounds(self, frames: NDArray[np.int64]) -> NDArray[np.uint8]:
        """See `Scenery`."""
        return self.scenery.backgrounds(frames, self.size)

    def _hold(self, number: int, frame: VideoFrame, converter: Converter, most: int) -> None:
        self._held[number] = frame, converter
        while len(self._held) > most:
            self._held.popitem(last=False)


def _frame_bytes(video: Video) -> int:
    """Of a decoded frame of the largest file, as most are: a byte a pixel of brightness, and half as much of colour."""
    return max(1, max(file.index.width * file.index.height for file in video.files) * 3 // 2)
