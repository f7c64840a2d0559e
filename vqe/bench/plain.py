"""The plain way: every frame decoded in order, and the model asked about one picture at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from vqe.bench.clock import Charges, Clock, Spent
from vqe.bench.sample import Sample
from vqe.errors import RunError
from vqe.logical.frames import FrameSet
from vqe.video import Video, VideoFile, read_frames

Picture = NDArray[np.uint8]
Pictures = Callable[[Video, NDArray[np.int64]], Iterator[Picture]]
PILOT = 9  # frames to foretell the time of all by
PILOT_DECODED = 100  # where they are decoded only: a decoder has some ready, of which nothing can be told
MOST_HELD = 2_000_000_000  # bytes that all frames of a file, in YUV 4:2:0, may take for decord
ON_SAMPLES = "PyAV, for a sample"


class Plain:
    """The loop over one video. `decoder`: what decodes all of it, and why that is not decord, where it is not."""

    def __init__(self, video: Video, detect: Callable[[Picture], object], charges: Charges | None = None) -> None:
        """`charges`: where `detect` says what it counts for beside the seconds that it takes."""
        self.video = video
        self.detect = detect
        self._charges = charges
        reason = decord_fault(video)
        self._pictures: Pictures = _by_pyav if reason else _by_decord
        self.decoder = f"PyAV, since {reason}" if reason else "decord"

    def foretell(self, needed: FrameSet, pilot: int = PILOT) -> Spent:
        """For all these frames, by the first few; nothing for a single one."""
        return self.scaled(Sample((needed.array()[:pilot],), needed.of), needed)

    def whole(self, needed: FrameSet) -> Spent:
        """All these frames, opening the files included."""
        clock = Clock(self._charges)
        self._look(self._pictures(self.video, needed.array()))
        return clock.read()

    def scaled(self, sample: Sample, needed: FrameSet) -> Spent:
        """From a sample to the needed frames. Getting to a stretch, and its first frame, do not count.

        By PyAV, whose decoding costs the same: decord would decode thousands of frames that lie behind a stretch.
        """
        total, timed = Spent(), 0
        for frames in sample.stretches:
            pictures = _by_pyav(self.video, frames)
            self._look(islice(pictures, 1))
            clock = Clock(self._charges)
            timed += self._look(pictures)
            total += clock.read()
        return total * (len(needed) / max(1, timed))

    def _look(self, pictures: Iterator[Picture]) -> int:
        """Detect in each; how many there were."""
        count = 0
        for picture in pictures:
            self.detect(picture)
            count += 1
        return count


def decord_fault(video: Video) -> str | None:
    """Why decord cannot be used; None where it can."""
    try:
        import decord
    except (ImportError, OSError):
        return "decord is not installed"
    decord.logging.set_level(decord.logging.QUIET)
    for file in video.files:
        reason = _fault(decord, file)
        if reason:
            return reason
    return None


def _fault(decord: object, file: VideoFile) -> str | None:
    name, index = file.path.name, file.index
    if index.damaged:
        return f"{name} is damaged"
    if file.frame_count * index.width * index.height * 3 // 2 > MOST_HELD:
        return f"decord, which decodes as far ahead as it can, might fill the memory with {name}"
    try:
        reader = decord.VideoReader(str(file.path))  # type: ignore[attr-defined]
        counted, size = len(reader), reader.next().shape
    except Exception as fault:  # it raises RuntimeError, DECORDError and StopIteration
        return f"decord cannot read {name} ({_first_line(fault)})"
    if counted != file.frame_count:
        return f"decord counts {counted:,} frames in {name}, which shows {file.frame_count:,}"
    if size != (index.height, index.width, 3):
        return f"decord gives pictures of another size in {name}"
    return None


def _first_line(fault: Exception) -> str:
    return str(fault).strip().partition("\n")[0] or type(fault).__name__


def _by_decord(video: Video, frames: NDArray[np.int64]) -> Iterator[Picture]:
    import decord

    for file, _, numbers in video.by_file(frames):
        reader = decord.VideoReader(str(file.path))
        following = 0
        for number in numbers.tolist():
            try:
                if number != following:
                    reader.seek_accurate(number)
                picture = reader.next().asnumpy()[:, :, ::-1]
            except (decord.DECORDError, RuntimeError, StopIteration) as fault:
                raise RunError(
                    f"decord cannot decode frame {number} of {file.path.name}: {_first_line(fault)}"
                ) from fault
            yield picture
            following = number + 1


def _by_pyav(video: Video, frames: NDArray[np.int64]) -> Iterator[Picture]:
    return (picture for _, picture in read_frames(video, frames))
