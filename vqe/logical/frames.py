"""Sets of frame numbers, small to keep and readable when printed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRETCH = 100  # frames, on average, are a stretch and not a few frames out of many


@dataclass(frozen=True, eq=False)
class FrameSet:
    """Frame numbers of one video as half-open ranges, rising and apart: int64 [k] each."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    of: int  # how many frames the video has

    @staticmethod
    def all(of: int) -> FrameSet:
        return FrameSet.ranges([(0, of)] if of else [], of)

    @staticmethod
    def ranges(ranges: list[tuple[int, int]], of: int) -> FrameSet:
        """From half-open ranges that rise and do not overlap."""
        pairs = np.array(ranges, np.int64).reshape(-1, 2)
        return FrameSet(pairs[:, 0], pairs[:, 1], of)

    @staticmethod
    def numbers(frames: NDArray[np.int64], of: int) -> FrameSet:
        """From strictly rising frame numbers."""
        if len(frames) == 0:
            return FrameSet.ranges([], of)
        breaks = np.flatnonzero(np.diff(frames) > 1)
        return FrameSet(frames[np.concatenate([[0], breaks + 1])], frames[np.concatenate([breaks, [-1]])] + 1, of)

    def __len__(self) -> int:
        return int((self.stops - self.starts).sum())

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, FrameSet)
            and self.of == other.of
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.stops, other.stops)
        )

    def __hash__(self) -> int:
        return hash((self.of, self.starts.tobytes(), self.stops.tobytes()))

    def array(self) -> NDArray[np.int64]:
        """All the numbers: int64 [len(self)]."""
        lengths = self.stops - self.starts
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        numbers: NDArray[np.int64] = np.repeat(self.starts, lengths) + steps
        return numbers

    def mask(self) -> NDArray[np.bool_]:
        """For each frame of the video whether it is in: bool [of]."""
        mask = np.zeros(self.of, np.bool_)
        mask[self.array()] = True
        return mask

    def __and__(self, other: FrameSet) -> FrameSet:
        return FrameSet.numbers(np.flatnonzero(self.mask() & other.mask()), self.of)

    @property
    def consecutive(self) -> bool:
        """Whether nearly all have their neighbours beside them."""
        return len(self.starts) <= 1 + len(self) // STRETCH

    def whole(self) -> bool:
        return len(self) == self.of

    def __str__(self) -> str:
        if self.whole():
            return f"all {self.of} frames"
        if len(self) == 0:
            return f"0 of {self.of} frames"
        shown = ", ".join(
            f"{a}..{b - 1}" if b - a > 1 else f"{a}" for a, b in zip(self.starts[:3], self.stops[:3], strict=True)
        )
        more = f", … {self.stops[-1] - 1}" if len(self.starts) > 3 else ""
        return f"{len(self)} of {self.of} frames: {shown}{more}"
