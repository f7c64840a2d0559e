"""Pictures of a video by frame number."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vqe.errors import VqeWarning
from vqe.video.demux import opened
from vqe.video.frames import FrameReader
from vqe.video.pictures import Converter
from vqe.video.video import Video, VideoFile


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
        yield from _of_file(video.files[n], frames[first:stop], format)


def _of_file(file: VideoFile, frames: NDArray[np.int64], format: str) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    index = file.index
    converter = Converter(index.width, index.height, format)
    with opened(file.path, steady=index.damaged) as source:
        reader = FrameReader(source, index.pts, index.keyframes, index.timed)
        for number, frame in reader.frames(int(f) - file.first_frame for f in frames):
            yield file.first_frame + number, converter.picture(frame)
    if reader.lost:
        lost = "1 frame" if reader.lost == 1 else f"{reader.lost:,} frames"
        message = f"{file.path.name}: {lost} could not be decoded, and left out"
        warnings.warn(message, VqeWarning, stacklevel=2)
