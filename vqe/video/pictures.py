"""From a decoded frame to an upright array of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture has to be turned: first transposed, then mirrored."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> Self:
        """By the frame's display matrix, which maps (x, y) to (a·x + c·y, b·x + d·y)."""
        data: Any
        for data in frame.side_data:
            if data.type.name == "DISPLAYMATRIX":
                a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
                if abs(a) >= abs(b):
                    return cls(False, a < 0, d < 0)
                return cls(True, c < 0, b < 0)
        return cls()

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Upright width and height of a stored picture of this size."""
        return (height, width) if self.transpose else (width, height)

    def upright(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        if self.mirror_x:
            picture = picture[:, ::-1]
        if self.mirror_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


class Converter:
    """Turns the frames of one file into upright pictures [height, width, 3] of a format of FFmpeg's ("bgr24", …).

    A frame of another size than its file's first (a stream that changes) is scaled to it, as FFmpeg does.
    """

    def __init__(self, width: int, height: int, format: str, small: bool = False) -> None:
        """`small`: the size is of the stored picture, whose orientation is kept, and each pixel the mean of those that
        it stands for (a picture for machines)."""
        from av.video.reformatter import VideoReformatter

        # One for all frames: `frame.to_ndarray(format=…)` prepares the same conversion anew for each, 1 ms in 2.
        self._reformatter = VideoReformatter()
        self._upright = (width, height)
        self._format = format
        self._orientation: Orientation | None = Orientation() if small else None
        self._interpolation = "AREA" if small else None  # bicubic, FFmpeg's own, takes twice as long

    def picture(self, frame: VideoFrame) -> NDArray[np.uint8]:
        if self._orientation is None:
            self._orientation = Orientation.of(frame)
        width, height = self._orientation.size(*self._upright)
        converted: Any = self._reformatter.reformat(
            frame, width, height, self._format, interpolation=self._interpolation
        ).to_ndarray()
        return self._orientation.upright(converted)
