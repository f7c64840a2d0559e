"""A stretch of time or of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.video import Video


@dataclass(frozen=True)
class Window:
    """A stretch of time or a number of frames; exactly one is given."""

    microseconds: int | None = None
    frames: int | None = None

    def __bool__(self) -> bool:
        return bool(self.microseconds or self.frames)

    def __str__(self) -> str:
        if self.microseconds is None:
            return f"{self.frames} frames"
        return f"{self.microseconds / 1e6:g} s"

    def places(self, video: Video, frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Where frames stand, and how far a window around one reaches to either side: in microseconds, or in frames."""
        if self.microseconds is None:
            return frames, (self.frames or 0) // 2
        # Times are rounded to microseconds, so one more is allowed.
        return video.microseconds(frames), self.microseconds // 2 + 1

    def segments(self, video: Video) -> list[tuple[int, int]]:
        """Half-open ranges of frames that windows stay within, this one being the longest gap between files."""
        return video.segments((self.microseconds or 0) / 1e6)
