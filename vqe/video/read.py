"""Pictures of a video by frame number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.cores import cores
from vqe.errors import VqeWarning
from vqe.video.parallel import in_order
from vqe.video.pictures import Converter
from vqe.video.readers import Readers
from vqe.video.stretches import independent
from vqe.video.video import Video, VideoFile

FEW = 4  # frames, on average, from one that is wanted to the next, and most of decoding is for others
MOST = 8  # pictures of a group that are decoded before they are asked for; where more are wanted, it is done in order

Numbered: TypeAlias = tuple[int, NDArray[np.uint8]]


def read_frames(
    video: Video, frames: NDArray[np.int64], format: str = "bgr24", readers: Readers | None = None
) -> Iterator[Numbered]:
    """Yield (frame number, upright picture [height, width, 3]) for strictly rising frame numbers, in their order.

    Decodes each group of pictures at most once, and only those needed. A frame that cannot be decoded is left out,
    with one VqeWarning a file. ValueError where the numbers do not rise, IndexError where one does not exist,
    RunError where a file has gone since it was indexed. Closing the generator closes the file, or gives it back to
    `readers`, where others have them too.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if (frames[1:] <= frames[:-1]).any():
        raise ValueError("frame numbers must rise strictly")
    return _pictures(video, frames, video.file_of(frames), format, readers)


def _pictures(
    video: Video, frames: NDArray[np.int64], numbers: NDArray[np.int64], format: str, readers: Readers | None
) -> Iterator[Numbered]:
    for n in np.unique(numbers):
        first, stop = np.searchsorted(numbers, [n, n + 1])
        file, own = video.files[n], frames[first:stop]
        scattered, found = _apart(file, own), 0
        with ExitStack() as stack:
            used = readers
            if used is None:
                used = Readers(cores() if scattered else 1, scattered)
                stack.callback(used.close)
            source = (
                _scattered(file, own, used, format) if scattered else _read(file, own, used, _converter(file, format))
            )
            for picture in stack.enter_context(closing(source)):
                found += 1
                yield picture
        tell_lost(file.path, len(own) - found)


def _apart(file: VideoFile, frames: NDArray[np.int64]) -> bool:
    """Whether it is worth while to begin decoding at several places at once."""
    few = len(frames) >= 2 and FEW * len(frames) <= frames[-1] - frames[0]
    return few and independent(file) and cores() > 1 and max(map(len, _groups(file, frames))) <= MOST


def _groups(file: VideoFile, frames: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The frames of each group of pictures."""
    own = np.searchsorted(file.index.keyframes + file.first_frame, frames, side="right")
    return np.split(frames, np.flatnonzero(np.diff(own)) + 1)


def _scattered(file: VideoFile, frames: NDArray[np.int64], readers: Readers, format: str) -> Generator[Numbered]:
    """The frames of a group of pictures at a time, on all cores, and while whoever asked works on those before."""

    @contextmanager
    def make() -> Iterator[Callable[[NDArray[np.int64]], list[Numbered]]]:
        converter = _converter(file, format)
        yield lambda part: list(_read(file, part, readers, converter))

    for found in in_order(_groups(file, frames), make, cores()):
        yield from found


def _read(file: VideoFile, frames: NDArray[np.int64], readers: Readers, converter: Converter) -> Generator[Numbered]:
    own = frames - file.first_frame
    with readers.reader(file, int(own[0])) as reader, closing(reader.frames(own)) as source:
        for number, frame in source:
            yield file.first_frame + number, converter.picture(frame)


def _converter(file: VideoFile, format: str) -> Converter:
    return Converter(file.index.width, file.index.height, format)


def tell_lost(path: Path, lost: int) -> None:
    """A VqeWarning where so many frames of a file were wanted and could not be decoded."""
    if lost:
        what = "1 frame" if lost == 1 else f"{lost:,} frames"
        message = f"{path.name}: {what} could not be decoded, and left out"
        warnings.warn(message, VqeWarning, stacklevel=3)
