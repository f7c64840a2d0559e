"""The frames of one file by number: seek to the key frame before, decode on, and know each frame by its stamp."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vqe.video.demux import Opened
from vqe.video.sparing import SPARING_CODECS, Sparing, among

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Decoding on over so few frames is cheaper than a seek, which empties the decoder's threads.
CHEAPER_THAN_A_SEEK = 6
# Seconds to seek before the wanted key frame. MPEG-TS is searched by position and often lands behind it.
LEADS = (0.0, 1.0, 4.0, 16.0, 64.0)


class FrameReader:
    """Yields frames of one open file by their numbers; `lost` and `strange` say how well the index fits the file.

    `pts` [n] and `keyframes` are the index's. `timed`: frames bear the very stamps of the index; otherwise (repaired
    stamps) they are known by counting from a key frame whose stamp is right.
    """

    def __init__(
        self,
        file: Opened,
        pts: NDArray[np.int64],
        keyframes: NDArray[np.int64],
        timed: bool = True,
        sparing: bool = False,
    ) -> None:
        """`sparing`: frames that nobody wants are not decoded, where that changes no other that is needed."""
        self.file = file
        self.pts = pts
        self.keyframes = keyframes
        self.timed = timed
        self.lost = 0  # needed, yet never shown
        self.strange = 0  # shown, yet not in the index
        self.shown = 0  # in all
        self._lead = 0  # the entry of LEADS that worked last
        self.stop = 0  # behind the last frame that was wanted
        self._next = 0  # the number of the next frame that the decoder shows, if none is missing
        self._held: tuple[int, VideoFrame] | None = None  # shown already, but not asked for yet
        self._decoder: Iterator[VideoFrame] | None = None
        codec = file.stream.codec_context.name
        self._sparing = Sparing(pts, keyframes, codec) if sparing and timed and codec in SPARING_CODECS else None

    def frames(
        self, wanted: NDArray[np.int64], needed: NDArray[np.int64] | None = None, near: NDArray[np.int64] | None = None
    ) -> Generator[tuple[int, VideoFrame]]:
        """(number, frame) for the wanted numbers, which must rise; those that cannot be decoded are left out.

        needed: those of them that are worth decoding for their own sake, all if None; the others may be left out too
        near: see `Sparing.begin`; behind what is needed of a group of pictures, frames may not be exact then
        """
        needed = wanted if needed is None else needed
        if self._sparing is not None:
            self._sparing.begin(int(wanted[-1]) if len(wanted) else 0, needed, near)
        whole = False
        try:
            for number in map(int, wanted):
                key = int(self.keyframes[np.searchsorted(self.keyframes, number, side="right") - 1])
                if key > self._next + CHEAPER_THAN_A_SEEK:
                    self._go_to(key)
                if self._decoder is None:
                    self._restart()
                found = self._find(number)
                self.stop = number + 1
                if found is not None:
                    yield number, found
                elif among(needed, number, number):
                    self.lost += 1
            whole = True
        finally:
            if self._sparing is not None and self._has_holes(self._sparing, whole):
                self.go_back()

    def go_back(self) -> None:
        """The frames wanted next lie before those wanted last."""
        self._decoder, self._held, self._next, self.stop = None, None, 0, 0

    def rest(self) -> int:
        """How many frames the decoder still shows: to be called last."""
        return sum(1 for _ in self._decoder or ()) + (self._held is not None)

    def _find(self, number: int) -> VideoFrame | None:
        while True:
            shown = self._held or self._show()
            self._held = None
            if shown is None:
                return None
            if shown[0] == number:
                return shown[1]
            if shown[0] > number:
                self._held = shown
                return None

    def _show(self) -> tuple[int, VideoFrame] | None:
        """The next frame shown that the index knows, with its number."""
        for frame in self._decoder or ():
            self.shown += 1
            number = self._number(frame.pts)
            if number is not None:
                self._next = number + 1
                return number, frame
            self.strange += 1
        return None

    def _number(self, pts: int | None) -> int | None:
        number = self._next
        if number < len(self.pts) and (not self.timed or self.pts[number] == pts):
            return number
        if not self.timed or pts is None:
            return None
        number = int(np.searchsorted(self.pts, pts))
        known = number >= self._next and number < len(self.pts) and self.pts[number] == pts
        return number if known else None

    def _has_holes(self, sparing: Sparing, whole: bool) -> bool:
        """Whether whoever goes on here may want what was left out, or what refers to it."""
        if whole:
            return sparing.rough and self.stop not in self.keyframes
        return sparing.left_out

    def _go_to(self, key: int) -> None:
        """Stand at a key frame, or somewhat before it; in the last resort at the file's start."""
        if self.pts[key] - self._ticks(self._lead) <= self.pts[self._next]:
            return  # the seek would lead back to where we are
        for lead in range(self._lead, len(LEADS)):
            landed = self._land(key, self._ticks(lead))
            if landed is not None:
                self._lead = lead
                self._held = landed
                self._next = landed[0] + 1
                return
        self._restart()

    def _restart(self) -> None:
        self.file.rewind()
        self._decoder = self._decoded()
        self._held, self._next = None, 0

    def _decoded(self, from_key: bool = False) -> Iterator[VideoFrame]:
        if self._sparing is None:
            return self.file.frames(from_key)
        self._sparing.go_elsewhere()
        return self.file.frames(from_key, self._sparing.skip)

    def _ticks(self, lead: int) -> int:
        return round(LEADS[lead] / self.file.time_base)

    def _land(self, key: int, lead: int) -> tuple[int, VideoFrame] | None:
        """Seek `lead` ticks before a key frame: the first frame shown there, if it is known and not behind it."""
        target = int(self.pts[key]) - lead
        if target <= self.pts[0] or not self.file.seek(target):
            return None
        self._decoder = self._decoded(from_key=True)
        frame = next(self._decoder, None)
        if frame is None or frame.pts is None:
            return None
        number = int(np.searchsorted(self.pts, frame.pts))
        known = number <= key and self.pts[number] == frame.pts
        if known and not self.timed:
            known = bool(np.isin(number, self.keyframes))
        return (number, frame) if known else None
