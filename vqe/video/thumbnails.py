"""Small grey pictures of many frames, and the full pictures of the few that turn out to need a closer look."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from vqe.cores import cores
from vqe.video.front import Front
from vqe.video.parallel import in_order
from vqe.video.part import A_LOOK, AT_ONCE, FEWEST_AT_ONCE, Held, Look, Seen, Skim, frame_bytes, look_at, skimmed
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


class Thumbnails:
    """Reads one video front to back: thumbnails of all frames asked for, full pictures of some of them.

    Decoded frames are held, so that a frame just seen small is not decoded again: those of the last two batches of
    `at_once` frames and of the `window` before them, where it is not so long that memory forbids it.
    A context manager; for one thread at a time.

    readers, scenery  shared with others who look at the same video
    room     how many full pictures of a stream can be held
    seconds  that streams have taken to look at `looked` frames one by one, the work of all cores side by side;
             `skimming`: and to skim `skimmed` frames. `busy`: how many cores there were at the most. `decoded`: frames,
             by streams, and `making`: the seconds that thumbnails of them took, of one core
    """

    def __init__(
        self, video: Video, size: int, window: int = 0, readers: Readers | None = None, scenery: Scenery | None = None
    ) -> None:
        self.video = video
        self.size = size
        self._apart = apart(video)
        each = frame_bytes(video)
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
        self.skimming = 0.0
        self.skimmed = 0
        self.looked = 0
        self.decoded = 0
        self.making = 0.0
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
                pictures.append(self._front.thumbnail(frame, made))
                self._hold(number, frame, made.full, self._alone)
        if not numbers:
            return np.empty(0, np.int64), np.empty((0, self.size, self.size), np.uint8)
        return np.array(numbers, np.int64), np.stack(pictures)

    def parts(self, frames: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Iterator[slice]:
        """Rising frames in parts that are best decoded together, where some are wanted: bool [n]."""
        if self._apart:
            return split(self._groups, frames, wanted)
        return (slice(start, start + AT_ONCE) for start in range(0, len(frames), AT_ONCE))

    def stream(
        self, parts: Iterable[NDArray[np.int64]], look: Callable[[], Look], skim: Callable[[], Skim] | None = None
    ) -> Iterator[Seen]:
        """Look at strictly rising frames on all cores, where they can be decoded apart: a result a part, in order.

        parts  as `parts` makes them
        look   makes a look at frames, for one thread; frames that may need a closer look are held as `read` does
        skim   and one at some frames of a part first, where it can be decoded apart: then only those are looked at that
               are near to where there may be something
        """
        workers = self.workers
        room = threading.Semaphore(self.room)

        @contextmanager
        def make() -> Iterator[Callable[[NDArray[np.int64]], tuple[Seen, int, Held, float, float]]]:
            front, own = Front(self.video, self.size, self._readers), look()
            first = skim() if skim is not None and self._apart else None

            def work(frames: NDArray[np.int64]) -> tuple[Seen, int, Held, float, float]:
                held, start = Held(room), time.perf_counter() - front.waited
                told = skimmed(front, frames, first, held) if first is not None and len(frames) else None
                between = time.perf_counter() - front.waited
                seen = look_at(front, frames, own, held) if told is None else told.looked_at(front, own, held)
                looked = len(frames) if told is None else int(told.busy.sum())
                return seen, looked, held, between - start, time.perf_counter() - front.waited - between

            try:
                yield work
            finally:
                self._lost += front.lost
                self.decoded += front.decoded
                self.making += front.making

        drawn, looking, skimming = 0, 0.0, 0.0

        def tasks() -> Iterator[NDArray[np.int64]]:
            nonlocal drawn
            for part in parts:
                drawn += 1
                self.skimmed += len(part) if skim is not None and self._apart else 0
                yield part

        try:
            for seen, looked, held, first, second in in_order(tasks(), make, workers):
                skimming, looking = skimming + first, looking + second
                self.looked += looked
                for number, frame, converter in held.taken():
                    self._hold(number, frame, converter, self.room)
                yield seen
        finally:
            busy = max(1, min(workers, drawn))
            self.seconds += looking / busy
            self.skimming += skimming / busy
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
