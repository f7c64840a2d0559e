"""What a scene looks like without what moves in it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from vqe.video.front import Front
from vqe.video.readers import Readers
from vqe.video.stretches import apart
from vqe.video.video import Video, VideoFile

BLOCK_SECONDS = 300.0  # a background is the median over so long: daylight changes slowly
SAMPLES = 25  # frames of that median
FEWEST_KEYS = 12  # key frames that make a median; with fewer in a block, other frames are taken
KEPT = 64  # backgrounds


class Scenery:
    """Backgrounds of one video, small and grey: made once, for all who look at its frames, in whatever thread.

    keys_read, key_seconds  how many key frames were sought and decoded for it by themselves, and what that took
    """

    def __init__(self, video: Video) -> None:
        self.video = video
        self._readers = Readers(1, lone=apart(video))  # whoever wants a background may have one of the others
        self._backgrounds: OrderedDict[tuple[int, int, int], NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()
        self.keys_read = 0
        self.key_seconds = 0.0

    def close(self) -> None:
        self._readers.close()

    def backgrounds(self, frames: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """What the scene looks like without what moves in it, at the time of each frame: uint8 [n, size, size].

        The median over the block of time that the frame lies in: so slow changes of light do not count as motion.
        """
        out = np.empty((len(frames), size, size), np.uint8)
        files = self.video.file_of(frames)
        for number in np.unique(files):
            file = self.video.files[number]
            edges = _blocks(file)
            blocks = np.searchsorted(edges, frames - file.first_frame, side="right") - 1
            for block in np.unique(blocks[files == number]):
                chosen = (files == number) & (blocks == block)
                with self._lock:
                    out[chosen] = self._background(size, int(number), int(block), edges)
        return out

    def _background(self, size: int, number: int, block: int, edges: NDArray[np.int64]) -> NDArray[np.uint8]:
        key = (size, number, block)
        if key not in self._backgrounds:
            file = self.video.files[number]
            chosen = _samples(file, int(edges[block]), int(edges[block + 1]))
            began = time.perf_counter()
            pictures = Front(self.video, size, self._readers).small(chosen + file.first_frame)
            if np.isin(chosen, file.index.keyframes).all():
                self.keys_read += len(chosen)
                self.key_seconds += time.perf_counter() - began
            if len(file.index.keyframes) > 1:  # otherwise it would begin anew: with nothing to seek to, it goes on
                self._readers.close()  # of a long file one takes tens of megabytes, and it is seldom needed
            blank = np.zeros((size, size), np.uint8)
            self._backgrounds[key] = np.median(pictures, axis=0).astype(np.uint8) if pictures else blank
            while len(self._backgrounds) > KEPT:
                self._backgrounds.popitem(last=False)
        return self._backgrounds[key]


def _blocks(file: VideoFile) -> NDArray[np.int64]:
    """The first frame of each block of time of a file, and the number of its frames."""
    count = max(1, round(file.index.duration / BLOCK_SECONDS))
    return np.linspace(0, file.frame_count, count + 1).astype(np.int64)


def _samples(file: VideoFile, first: int, stop: int) -> NDArray[np.int64]:
    """Frames of a block, spread over it: key frames, where there are enough, cost a seek and no more."""
    keys = file.index.keyframes
    inside = keys[(keys >= first) & (keys < stop)]
    candidates = inside if len(inside) >= FEWEST_KEYS else np.arange(first, stop)
    chosen = np.linspace(0, len(candidates) - 1, min(SAMPLES, len(candidates))).round().astype(np.int64)
    return np.unique(np.asarray(candidates, np.int64)[chosen])
