"""One camera's recordings as one sequence of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqe.video.index import FileIndex

Frames = NDArray[np.int64]
ASIDE = 0.02  # of a file's time, in which there may be fewer frames than is said


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A file's place in its video."""

    path: Path
    index: FileIndex
    first_frame: int  # the number in the video of the file's first frame
    offset: float  # seconds from the video's start to the file's first frame
    start: datetime | None  # by the clock, without a zone

    @property
    def frame_count(self) -> int:
        return len(self.index.pts)

    @property
    def has_sizes(self) -> bool:
        """Whether it is known how large each frame is stored."""
        return len(self.index.sizes) == self.frame_count

    @property
    def end(self) -> float:
        """Seconds from the video's start until the file's last frame stops showing."""
        return self.offset + self.index.duration


@dataclass(frozen=True, slots=True)
class Video:
    """One or many files of one camera as one sequence of frames, numbered from 0.

    The methods take arrays [k] of frame numbers and return arrays [k]; IndexError for numbers that do not exist.
    """

    name: str
    files: tuple[VideoFile, ...]

    @property
    def frame_count(self) -> int:
        return self.files[-1].first_frame + self.files[-1].frame_count

    @property
    def costed_as(self) -> str:
        """What measured costs of its pictures are kept under: its first file stands for all."""
        return self.files[0].index.fingerprint

    @property
    def start(self) -> datetime | None:
        """When the first frame was taken, by the clock; None for an undated video."""
        return self.files[0].start

    @property
    def dated(self) -> bool:
        return self.start is not None

    @property
    def end_seconds(self) -> float:
        """Seconds from the start until the last frame stops showing."""
        return self.files[-1].end

    @property
    def width(self) -> int:
        """Pixels, of the first file."""
        return self.files[0].index.width

    @property
    def height(self) -> int:
        return self.files[0].index.height

    @property
    def first_frames(self) -> NDArray[np.int64]:
        """The number of each file's first frame."""
        return np.array([file.first_frame for file in self.files], dtype=np.int64)

    def file_of(self, frames: Frames) -> NDArray[np.int64]:
        """The number in `files` of each frame's file."""
        frames = np.asarray(frames, dtype=np.int64)
        if frames.size and (frames.min() < 0 or frames.max() >= self.frame_count):
            raise IndexError(f"'{self.name}' has frames 0 to {self.frame_count - 1}")
        found: NDArray[np.int64] = np.searchsorted(self.first_frames, frames, side="right") - 1
        return found

    def seconds(self, frames: Frames) -> NDArray[np.float64]:
        """When each frame begins to show, in seconds from the video's start."""
        out = np.empty(len(frames), dtype=np.float64)
        for file, rows, local in self.by_file(frames):
            out[rows] = file.offset + file.index.seconds[local]
        return out

    def microseconds(self, frames: Frames) -> NDArray[np.int64]:
        """`seconds`, rounded to whole microseconds."""
        return np.rint(self.seconds(frames) * 1e6).astype(np.int64)

    def frame_end_seconds(self, frames: Frames) -> NDArray[np.float64]:
        """When each frame stops showing: when the next begins; at a file's end, after the median frame duration."""
        out = np.empty(len(frames), dtype=np.float64)
        for file, rows, local in self.by_file(frames):
            last = file.frame_count - 1
            ends = file.index.seconds[np.minimum(local + 1, last)]
            out[rows] = file.offset + np.where(local == last, file.index.duration, ends)
        return out

    def segments(self, gap: float) -> list[tuple[int, int]]:
        """Half-open ranges of frames over whole files that follow each other within `gap` seconds by the clock.

        Of an undated video nothing is known of the time between files: each is a segment of its own.
        """
        ranges: list[tuple[int, int]] = []
        before: VideoFile | None = None
        for file in self.files:
            stop = file.first_frame + file.frame_count
            # A microsecond of grace: offsets are sums of floats.
            if before is not None and self.dated and file.offset - before.end <= gap + 1e-6:
                ranges[-1] = (ranges[-1][0], stop)
            else:
                ranges.append((file.first_frame, stop))
            before = file
        return ranges

    def by_file(self, frames: Frames) -> Iterator[tuple[VideoFile, NDArray[np.int64], NDArray[np.int64]]]:
        """For each file with some of the frames: which rows of `frames` are its, and their numbers in the file."""
        frames = np.asarray(frames, dtype=np.int64)
        numbers = self.file_of(frames)
        for n in np.unique(numbers):
            rows = np.flatnonzero(numbers == n)
            file = self.files[n]
            yield file, rows, frames[rows] - file.first_frame


def fewest_within(video: Video, seconds: float) -> int:
    """How many frames so long a time has, in the file and at the time with the fewest a second.

    A pause in a recording is no such time: it counts for as long as that only.
    """
    return min(_fewest_within(file.index, seconds) for file in video.files)


def _fewest_within(index: FileIndex, seconds: float) -> int:
    begin, end = index.seconds - seconds / 2, index.seconds + seconds / 2
    grace = 1e-6  # times are sums of floats
    counts = np.searchsorted(index.seconds, end - grace) - np.searchsorted(index.seconds, begin - grace)
    inside = np.minimum(end, index.duration) - np.maximum(begin, 0)
    fewest = np.rint(counts * seconds / np.maximum(inside, grace)).astype(np.int64)
    time = np.minimum(np.diff(index.seconds, append=index.duration), seconds)
    order = np.argsort(fewest, kind="stable")
    return int(fewest[order][np.searchsorted(np.cumsum(time[order]), ASIDE * time.sum())])
