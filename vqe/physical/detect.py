"""Detect: what the reference model finds in each frame, from the store or by running it."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError, VqeWarning
from vqe.labels import FileLabels, Labels, Masks, concatenate
from vqe.logical import plan
from vqe.models import Detected, ReferenceModel
from vqe.physical.batch import Batch, Batches
from vqe.physical.operator import Run
from vqe.video import VideoFile, read_frames

CHUNK_SECONDS = 0.3  # of the model's work before frames are passed on: an early answer, a LIMIT that stops early
MOST_IN_CHUNK = 64
MOST_WITH_MASKS = 512  # frames read from the store at once: 4 MB with 8 outlines of 120 corners
KEEP_FRAMES, KEEP_SECONDS = 64, 5.0  # computed labels are made durable after so many, or so long


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
        spent.remember(node, run)


@dataclass
class Spent:
    """Seconds that frames without labels have cost, for the cost model."""

    frames: int = 0
    model: float = 0.0
    decoding: float = 0.0

    def chunk(self, batch: int) -> int:
        """How many frames to take at once, a multiple of what the model likes."""
        if not self.frames:
            return batch
        wanted = CHUNK_SECONDS * self.frames / max(self.model, 1e-6)
        return batch * max(1, int(min(wanted, MOST_IN_CHUNK) / batch))

    def remember(self, node: plan.Detect, run: Run) -> None:
        if self.frames < 8:  # too few to measure by
            return
        fingerprint = node.video.files[0].index.fingerprint
        with contextlib.suppress(RunError):  # an unwritable folder has been warned about; the costs stay unknown
            run.library.catalog.put_cost("reference", node.key, self.model / self.frames)
            run.library.catalog.put_cost("decode", fingerprint, self.decoding / self.frames)


def _of_file(node: plan.Detect, file: VideoFile, frames: NDArray[np.int64], run: Run, spent: Spent) -> Iterator[Labels]:
    """The labels of some frames of one file, in order: known stretches whole, unknown ones in chunks."""
    stored = run.library.store.open(file.index.fingerprint, node.key, node.confidence)
    known = stored.known(frames - file.first_frame)
    breaks = np.flatnonzero(np.diff(known)) + 1
    if node.masks:
        breaks = np.union1d(breaks, np.arange(MOST_WITH_MASKS, len(frames), MOST_WITH_MASKS))
    with contextlib.closing(_Pictures(node, frames[~known])) as pictures, _Keeper(stored, file) as keeper:
        for stretch, is_known in zip(np.split(frames, breaks), known[np.concatenate([[0], breaks])], strict=True):
            run.check()
            if is_known:
                labels = stored.read(stretch - file.first_frame)
                if len(labels) == len(stretch):
                    yield _moved(labels, file.first_frame)
                else:  # a damaged part of the store was set aside: ask anew what is known
                    yield from _of_file(node, file, stretch, run, spent)
                continue
            model = run.library.reference(node.info)
            while chunk := pictures.up_to(int(stretch[-1]), spent.chunk(model.batch), spent):
                run.check()
                yield keeper.keep(*_infer(model, chunk, node, spent))


def _infer(
    model: ReferenceModel, chunk: list[tuple[int, NDArray[np.uint8]]], node: plan.Detect, spent: Spent
) -> tuple[Labels, float]:
    """Run the model: labels, and the seconds it took."""
    start = time.perf_counter()
    found: list[Detected] = []
    for i in range(0, len(chunk), model.batch):
        pictures = [picture for _, picture in chunk[i : i + model.batch]]
        found += model.detect(pictures, node.confidence, node.masks)
    seconds = time.perf_counter() - start
    spent.frames += len(chunk)
    spent.model += seconds
    counts = np.cumsum([0, *map(len, found)]).astype(np.int64)
    labels = Labels(
        np.array([number for number, _ in chunk], np.int64),
        counts,
        np.concatenate([f.classes for f in found]),
        np.concatenate([f.scores for f in found]),
        np.concatenate([f.boxes for f in found]),
        Masks.joined([f.masks for f in found if f.masks is not None]) if node.masks else None,
    )
    return labels, seconds


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


class _Keeper:
    """Makes computed labels durable, some at a time; a store that cannot be written is a warning, not the end."""

    def __init__(self, stored: FileLabels, file: VideoFile) -> None:
        self._stored = stored
        self._first_frame = file.first_frame
        self._pending: list[Labels] = []
        self._seconds = 0.0
        self._since = time.monotonic()
        self._broken = False

    def __enter__(self) -> _Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def keep(self, labels: Labels, seconds: float) -> Labels:
        self._pending.append(labels)
        self._seconds += seconds
        if sum(map(len, self._pending)) >= KEEP_FRAMES or time.monotonic() - self._since > KEEP_SECONDS:
            self._flush()
        return labels

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending and not self._broken:
            try:
                self._stored.append(_moved(concatenate(pending), -self._first_frame), self._seconds)
            except RunError as fault:
                self._broken = True
                warnings.warn(f"{fault.message}; the answer goes on without keeping labels", VqeWarning, stacklevel=2)
        self._seconds = 0.0
        self._since = time.monotonic()


def _moved(labels: Labels, by: int) -> Labels:
    """The same labels with all frame numbers changed by a constant (from a file's numbers to the video's, or back)."""
    return replace(labels, frames=labels.frames + by)
