"""Pictures of a video by frame number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.cores import cores
from vqe.errors import VqeWarning
from vqe.video.demux import opened
from vqe.video.frames import FrameReader
from vqe.video.parallel import in_order
from vqe.video.pictures import Converter
from vqe.video.stretches import independent
from vqe.video.video import Video, VideoFile

FEW = 4  # frames, on average, from one that is wanted to the next, and most of decoding is for others
MOST = 8  # pictures of a group that are decoded before they are asked for; where more are wanted, it is done in order

Numbered: TypeAlias = tuple[int, NDArray[np.uint8]]


def read_frames(video: Video, frames: NDArray[np.int64], format: str = "bgr24") -> Iterator[Numbered]:
    """Yield (frame number, upright picture [height, width, 3]) for strictly rising frame numbers, in their order.

    Decodes each group of pictures at most once, and only those needed. A frame that cannot be decoded is left out,
    with one VqeWarning a file. ValueError where the numbers do not rise, IndexError where one does not exist,
    RunError where a file has gone since it was indexed. Closing the generator closes the file.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if (frames[1:] <= frames[:-1]).any():
        raise ValueError("frame numbers must rise strictly")
    return _pictures(video, frames, video.file_of(frames), format)


def _pictures(video: Video, frames: NDArray[np.int64], numbers: NDArray[np.int64], format: str) -> Iterator[Numbered]:
    for n in np.unique(numbers):
        first, stop = np.searchsorted(numbers, [n, n + 1])
        file, own = video.files[n], frames[first:stop]
        yield from (_scattered if _apart(file, own) else _of_file)(file, own, format)


def _apart(file: VideoFile, frames: NDArray[np.int64]) -> bool:
    """Whether it is worth while to begin decoding at several places at once."""
    few = len(frames) >= 2 and FEW * len(frames) <= frames[-1] - frames[0]
    return few and independent(file) and cores() > 1 and max(map(len, _groups(file, frames))) <= MOST


def _groups(file: VideoFile, frames: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The frames of each group of pictures."""
    own = np.searchsorted(file.index.keyframes + file.first_frame, frames, side="right")
    return np.split(frames, np.flatnonzero(np.diff(own)) + 1)


def _scattered(file: VideoFile, frames: NDArray[np.int64], format: str) -> Iterator[Numbered]:
    """The frames of a group of pictures at a time, on all cores, and while whoever asked works on those before."""
    readers: list[FrameReader] = []

    @contextmanager
    def make() -> Iterator[Callable[[NDArray[np.int64]], list[Numbered]]]:
        with _opened(file, format, lone=True) as (reader, pictures):
            readers.append(reader)
            yield lambda part: list(pictures(part))

    parts = _groups(file, frames)
    for found in in_order(parts, make, cores()):
        yield from found
    tell_lost(file.path, sum(reader.lost for reader in readers))


def _of_file(file: VideoFile, frames: NDArray[np.int64], format: str) -> Iterator[Numbered]:
    with _opened(file, format) as (reader, pictures):
        yield from pictures(frames)
    tell_lost(file.path, reader.lost)


@contextmanager
def _opened(
    file: VideoFile, format: str, lone: bool = False
) -> Iterator[tuple[FrameReader, Callable[[NDArray[np.int64]], Iterator[Numbered]]]]:
    """The file's reader, and what makes pictures of rising frames with it; each call goes on behind the one before."""
    index = file.index
    converter = Converter(index.width, index.height, format)
    with opened(file.path, index.damaged, lone) as source:
        reader = FrameReader(source, index.pts, index.keyframes, index.timed)

        def pictures(frames: NDArray[np.int64]) -> Iterator[Numbered]:
            for number, frame in reader.frames(int(f) - file.first_frame for f in frames):
                yield file.first_frame + number, converter.picture(frame)

        yield reader, pictures


def tell_lost(path: Path, lost: int) -> None:
    """A VqeWarning where so many frames of a file were wanted and could not be decoded."""
    if lost:
        what = "1 frame" if lost == 1 else f"{lost:,} frames"
        message = f"{path.name}: {what} could not be decoded, and left out"
        warnings.warn(message, VqeWarning, stacklevel=3)
