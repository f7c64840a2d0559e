"""Pictures of a video by frame number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from vqe.errors import VqeWarning
from vqe.video.demux import opened
from vqe.video.frames import FrameReader
from vqe.video.parallel import cores, in_order
from vqe.video.pictures import Converter
from vqe.video.stretches import independent
from vqe.video.video import Video, VideoFile

FEW = 4  # frames, on average, from one that is wanted to the next, and most of decoding is for others
MOST = 8  # pictures that are decoded before they are asked for, for each core


def read_frames(
    video: Video, frames: NDArray[np.int64], format: str = "bgr24"
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (frame number, upright picture [height, width, 3]) for strictly rising frame numbers, in their order.

    Decodes each group of pictures at most once, and only those needed. A frame that cannot be decoded is left out,
    with one VqeWarning a file. ValueError where the numbers do not rise, IndexError where one does not exist,
    RunError where a file has gone since it was indexed. Closing the generator closes the file.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if (frames[1:] <= frames[:-1]).any():
        raise ValueError("frame numbers must rise strictly")
    return _pictures(video, frames, video.file_of(frames), format)


def _pictures(
    video: Video, frames: NDArray[np.int64], numbers: NDArray[np.int64], format: str
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for n in np.unique(numbers):
        first, stop = np.searchsorted(numbers, [n, n + 1])
        file, own = video.files[n], frames[first:stop]
        yield from (_scattered if _apart(file, own) else _of_file)(file, own, format)


def _apart(file: VideoFile, frames: NDArray[np.int64]) -> bool:
    """Whether it is worth while to begin decoding at several places at once."""
    few = len(frames) >= 2 and FEW * len(frames) <= frames[-1] - frames[0]
    return few and independent(file) and cores() > 1


def _scattered(file: VideoFile, frames: NDArray[np.int64], format: str) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The frames of a group of pictures at a time, on all cores, and while whoever asked works on those before."""
    own = np.searchsorted(file.index.keyframes + file.first_frame, frames, side="right")
    together = np.split(frames, np.flatnonzero(np.diff(own)) + 1)
    parts = [part[i : i + MOST] for part in together for i in range(0, len(part), MOST)]

    @contextmanager
    def make() -> Iterator[Callable[[NDArray[np.int64]], list[tuple[int, NDArray[np.uint8]]]]]:
        yield lambda part: list(_of_file(file, part, format, lone=True))

    for found in in_order(parts, make, cores()):
        yield from found


def _of_file(
    file: VideoFile, frames: NDArray[np.int64], format: str, lone: bool = False
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    index = file.index
    converter = Converter(index.width, index.height, format)
    with opened(file.path, index.damaged, lone) as source:
        reader = FrameReader(source, index.pts, index.keyframes, index.timed)
        for number, frame in reader.frames(int(f) - file.first_frame for f in frames):
            yield file.first_frame + number, converter.picture(frame)
    if reader.lost:
        lost = "1 frame" if reader.lost == 1 else f"{reader.lost:,} frames"
        message = f"{file.path.name}: {lost} could not be decoded, and left out"
        warnings.warn(message, VqeWarning, stacklevel=2)
