"""Detect: what the reference model finds in each frame, from the store or by running it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from vqe.labels import Labels
from vqe.logical import plan
from vqe.physical.batch import Batch, Batches
from vqe.physical.operator import Run
from vqe.physical.reference import Keeper, Spent, infer, moved
from vqe.video import VideoFile, read_frames

MOST_WITH_MASKS = 512  # frames read from the store at once: 4 MB with 8 outlines of 120 corners


def detect(node: plan.Detect, source: Batches, run: Run, total: int) -> Batches:
    """`total`: how many frames may come, for the progress shown."""
    seen = 0
    spent = Spent()
    try:
        for batch in source:
            for number in np.unique(node.video.file_of(batch.frames)):
                file = node.video.files[number]
                first, stop = np.searchsorted(batch.frames, [file.first_frame, file.first_frame + file.frame_count])
                for labels in _of_file(node, file, batch.frames[first:stop], run, spent):
                    seen += len(labels)
                    if run.progress is not None:
                        run.progress.update(seen, total)
                    yield Batch(labels.frames, labels)
    finally:
        spent.remember(node.key, node.video, run.library)


def _of_file(node: plan.Detect, file: VideoFile, frames: NDArray[np.int64], run: Run, spent: Spent) -> Iterator[Labels]:
    """The labels of some frames of one file, in order: known stretches whole, unknown ones in chunks."""
    stored = run.library.store.open(file.index.fingerprint, node.key, node.confidence)
    known = stored.known(frames - file.first_frame)
    breaks = np.flatnonzero(np.diff(known)) + 1
    if node.masks:
        breaks = np.union1d(breaks, np.arange(MOST_WITH_MASKS, len(frames), MOST_WITH_MASKS))
    with contextlib.closing(_Pictures(node, frames[~known])) as pictures, Keeper(stored, file) as keeper:
        for stretch, is_known in zip(np.split(frames, breaks), known[np.concatenate([[0], breaks])], strict=True):
            run.check()
            if is_known:
                labels = stored.read(stretch - file.first_frame)
                if len(labels) == len(stretch):
                    yield moved(labels, file.first_frame)
                else:  # a damaged part of the store was set aside: ask anew what is known
                    yield from _of_file(node, file, stretch, run, spent)
                continue
            model = run.library.reference(node.info)
            while chunk := pictures.up_to(int(stretch[-1]), spent.chunk(model.batch), spent):
                run.check()
                yield keeper.keep(*infer(model, chunk, node.confidence, node.masks, spent))


class _Pictures:
    """The pictures of frames in order, one chunk at a time."""

    def __init__(self, node: plan.Detect, frames: NDArray[np.int64]) -> None:
        self._source = read_frames(node.video, frames) if len(frames) else iter(())
        self._waiting: tuple[int, NDArray[np.uint8]] | None = None

    def up_to(self, last: int, count: int, spent: Spent) -> list[tuple[int, NDArray[np.uint8]]]:
        """The next pictures, `count` at most, of frames up to `last`; what cannot be decoded is passed over."""
        start = time.perf_counter()
        chunk: list[tuple[int, NDArray[np.uint8]]] = []
        while len(chunk) < count:
            self._waiting = self._waiting or next(self._source, None)
            if self._waiting is None or self._waiting[0] > last:
                break
            chunk.append(self._waiting)
            self._waiting = None
        spent.decoding += time.perf_counter() - start
        return chunk

    def close(self) -> None:
        if isinstance(self._source, Generator):
            self._source.close()
