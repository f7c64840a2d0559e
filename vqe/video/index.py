"""The index of a video file: which frames it shows, and when."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class FileIndex:
    """What is known of one file without decoding it; its n frames are those that PyAV shows, in its order."""

    fingerprint: str  # 32 hex digits; the same wherever the file lies
    seconds: NDArray[np.float64]  # [n] from the first shown frame, strictly rising
    pts: NDArray[np.int64]  # [n] in units of time_base, strictly rising
    time_base: Fraction
    keyframes: NDArray[np.int64]  # numbers of frames that decoding can begin at; 0 is always one
    sizes: NDArray[np.int32]  # [n] bytes of each frame's packet; [0] where packets cannot be told to belong to frames
    width: int  # pixels, upright
    height: int
    rotation: int  # degrees counter-clockwise that the stored picture has to be turned
    rate: float  # frames per second, on average
    codec: str
    duration: float  # seconds from the first frame until the last one stops showing
    frame_duration: float  # seconds, the median
    notes: tuple[str, ...] = ()  # what the user should know: a cut file, frames that do not decode
    timed: bool = True  # pts are the frames' own stamps; else they were repaired, and frames are known by counting
    damaged: bool = False  # some packets did not decode, or some frames had to be patched

    def __eq__(self, other: object) -> bool:
        # Arrays have no truth to compare; the fingerprint stands for all that is in the file.
        return isinstance(other, FileIndex) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)
