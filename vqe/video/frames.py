"""The frames of one file by number: seek to the key frame before, decode on, and know each frame by its stamp."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vqe.video.demux import Opened

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Of these each picture says whether others refer to it. (Of AV1, decoders leave out what is shown later, too.)
SPARING_CODECS = frozenset({"h264", "hevc"})
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
        """`sparing`: frames that nobody wants are not decoded, unless others refer to them."""
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
        spares = sparing and timed and file.stream.codec_context.name in SPARING_CODECS
        self._spare = self._spared if spares else None
        self._needed = np.empty(0, np.int64)  # of the frames before `_last`
        self._last = 0
        self._left_out = False  # some of them

    def frames(
        self, wanted: NDArray[np.int64], needed: NDArray[np.int64] | None = None
    ) -> Generator[tuple[int, VideoFrame]]:
        """(number, frame) for the wanted numbers, which must rise; those that cannot be decoded are left out.

        needed: those of them that are worth decoding for their own sake, all if None; the others may be left out too
        """
        needed = wanted if needed is None else needed
        self._needed, self._last, self._left_out = needed, int(wanted[-1]) if len(wanted) else 0, False
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
                elif self._is_needed(number):
                    self.lost += 1
            whole = True
        finally:
            if self._left_out and not whole:
                self.go_back()  # whoever goes on here may want what was left out

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

    def _spared(self, pts: int) -> bool:
        """Whether nobody needs the frame of a stamp. What follows the last one wanted may be wanted next."""
        number = int(np.searchsorted(self.pts, pts))  # of a stamp that is not in the index, half a frame perhaps
        spared = number < self._last and self.pts[number] == pts and not self._is_needed(number)
        self._left_out |= bool(spared)
        return bool(spared)

    def _is_needed(self, number: int) -> bool:
        place = int(np.searchsorted(self._needed, number))
        return place < len(self._needed) and self._needed[place] == number

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
        self._decoder = self.file.frames(spare=self._spare)
        self._held, self._next = None, 0

    def _ticks(self, lead: int) -> int:
        return round(LEADS[lead] / self.file.time_base)

    def _land(self, key: int, lead: int) -> tuple[int, VideoFrame] | None:
        """Seek `lead` ticks before a key frame: the first frame shown there, if it is known and not behind it."""
        target = int(self.pts[key]) - lead
        if target <= self.pts[0] or not self.file.seek(target):
            return None
        self._decoder = self.file.frames(from_key=True, spare=self._spare)
        frame = next(self._decoder, None)
        if frame is None or frame.pts is None:
            return None
        number = int(np.searchsorted(self.pts, frame.pts))
        known = number <= key and self.pts[number] == frame.pts
        if known and not self.timed:
            known = bool(np.isin(number, self.keyframes))
        return (number, frame) if known else None
