"""Which frames a decoder may leave out: told packet by packet, in the order of decoding."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Of these each picture says whether others refer to it. (Of AV1, decoders leave out what is shown later, too.)
SPARING_CODECS = frozenset({"h264", "hevc"})
# And of these a picture that refers to a missing one is shown nearly as it should be: an earlier one stands in.
ROUGH_CODECS = frozenset({"h264"})
FAR = 6  # frames from one that leads to the next: where it is further, some between them are worth having

# What FFmpeg's `skip_frame` leaves out: nothing, what no other frame refers to, or all that lies between others.
Skip: TypeAlias = Literal["DEFAULT", "NONREF", "BIDIR"]
Numbers: TypeAlias = NDArray[np.int64]


class Sparing:
    """What nobody needs is not decoded, unless others refer to it that have to be exact.

    left_out  whether anything was, since `begin`
    rough     and whether frames may have been that others refer to: up to the next key frame nothing is exact then

    A frame *leads* that is shown later than all that are decoded before it; others lie between two that do.
    """

    def __init__(self, pts: Numbers, keyframes: Numbers, codec: str) -> None:
        """`pts` [n] and `keyframes` are the index's."""
        self.left_out = self.rough = False
        self._pts = pts
        self._keyframes = keyframes
        self._may_be_rough = codec in ROUGH_CODECS
        self._last = 0
        self._needed: Numbers = np.empty(0, np.int64)
        self._near: Numbers | None = None
        self._behind = self._lead = -1  # the last two that led

    def begin(self, last: int, needed: Numbers, near: Numbers | None) -> None:
        """Of the frames before `last` these are needed, as they are; what follows it may be wanted next.

        near: by each of these one that leads will do, itself or the next, and it need not be exact; with None, all that
        others refer to are decoded
        """
        self._last, self._needed, self._near = last, needed, near
        self.left_out = self.rough = False

    def go_elsewhere(self) -> None:
        """The next packet is not the one behind the last."""
        self._behind = self._lead = -1

    def skip(self, pts: int | None) -> Skip:
        """What of the next packet, by its stamp."""
        number = self._number(pts)
        if number is None:  # not in the index: half a frame perhaps
            return "DEFAULT"
        leads = number > self._lead
        if leads:
            self._behind, self._lead = self._lead, number
        if number >= self._last or among(self._needed, number, number) or self._near_enough(number, leads):
            return "DEFAULT"
        self.left_out = True
        if leads or self._near is None or not self._between_is_idle(number):
            return "NONREF"
        self.rough = True
        return "BIDIR"

    def _number(self, pts: int | None) -> int | None:
        if pts is None:
            return None
        number = int(np.searchsorted(self._pts, pts))
        return number if number < len(self._pts) and self._pts[number] == pts else None

    def _near_enough(self, number: int, leads: bool) -> bool:
        """Whether this is a frame that will do."""
        if self._near is None:
            return False
        if leads:
            return among(self._near, self._behind + 1, number)
        return self._far and among(self._near, number, number)

    def _between_is_idle(self, number: int) -> bool:
        """Whether nobody needs what lies between the last two that led, nor anything exact behind it: that may refer to
        it, up to the next key frame."""
        key = int(np.searchsorted(self._keyframes, self._behind, side="right"))
        end = int(self._keyframes[key]) if key < len(self._keyframes) else len(self._pts)
        exact = among(self._needed, min(number, self._behind + 1), end - 1)
        return self._may_be_rough and not (self._far or exact or self._behind < self._last < self._lead)

    @property
    def _far(self) -> bool:
        return self._lead - self._behind > FAR


def among(rising: Numbers, low: int, high: int) -> bool:
    """Whether one of these is neither below nor above."""
    place = int(np.searchsorted(rising, low))
    return place < len(rising) and rising[place] <= high
