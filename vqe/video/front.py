"""The frames of a video for one thread, with what makes pictures of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vqe.video.pictures import Converter
from vqe.video.readers import Readers
from vqe.video.video import Video, VideoFile

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


@dataclass(frozen=True)
class Pictures:
    """What makes pictures of a file's frames."""

    file: VideoFile
    small: Converter
    full: Converter


class Front:
    """The frames of a video for one thread.

    lost    by file, how many frames were needed and could not be decoded
    waited  seconds for a reader
    decoded  how many frames were decoded, for the sake of others too
    making   seconds for thumbnails
    """

    def __init__(self, video: Video, size: int, readers: Readers) -> None:
        self.video = video
        self.size = size
        self.readers = readers
        self.lost: Counter[Path] = Counter()
        self.waited = 0.0
        self.decoded = 0
        self.making = 0.0
        self._pictures: Pictures | None = None

    def frames(
        self,
        frames: NDArray[np.int64],
        needed: NDArray[np.bool_] | None = None,
        near: NDArray[np.bool_] | None = None,
    ) -> Generator[tuple[int, VideoFrame, Pictures]]:
        """Of strictly rising frames those that could be decoded, with their numbers.

        needed: bool [n], all if None; the others are left out where they would have to be decoded for their own sake
        near: bool [n], see `FrameReader.frames`
        """
        files = self.video.file_of(frames)
        for number in np.unique(files):
            file = self.video.files[number]
            own = frames[files == number] - file.first_frame
            worth = None if needed is None else own[needed[files == number]]
            about = None if near is None or not near[files == number].any() else own[near[files == number]]
            pictures, start = self._pictures_of(file), time.perf_counter()
            with self.readers.reader(file, int(own[0])) as reader:
                self.waited += time.perf_counter() - start
                lost, shown = reader.lost, reader.shown
                with closing(reader.frames(own, worth, about)) as source:
                    for n, frame in source:
                        yield file.first_frame + n, frame, pictures
                self.lost[file.path] += reader.lost - lost
                self.decoded += reader.shown - shown

    def thumbnail(self, frame: VideoFrame, pictures: Pictures) -> NDArray[np.uint8]:
        """Of one of the frames: uint8 [size, size]."""
        start = time.perf_counter()
        made = pictures.small.picture(frame)
        self.making += time.perf_counter() - start
        return made

    def small(self, frames: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        with closing(self.frames(frames)) as source:
            return [self.thumbnail(frame, pictures) for _, frame, pictures in source]

    def _pictures_of(self, file: VideoFile) -> Pictures:
        if self._pictures is None or self._pictures.file is not file:
            small = Converter(self.size, self.size, "gray", small=True)
            self._pictures = Pictures(file, small, Converter(file.index.width, file.index.height, "bgr24"))
        return self._pictures
