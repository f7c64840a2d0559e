"""The reference model while a plan runs: what it says of frames, from the label store or by running it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from types import TracebackType
from typing import Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError, VqeWarning
from vqe.labels import FileLabels, Labels, Masks, concatenate
from vqe.library import Library
from vqe.models import Detected, ModelInfo, ReferenceModel
from vqe.video import Video, VideoFile, read_frames

CHUNK_SECONDS = 0.3  # of the model's work before frames are passed on: an early answer, a LIMIT that stops early
MOST_IN_CHUNK = 64
KEEP_FRAMES, KEEP_SECONDS = 64, 5.0  # computed labels are made durable after so many, or so long

Picture: TypeAlias = tuple[int, NDArray[np.uint8]]
Pictures: TypeAlias = Callable[[NDArray[np.int64]], Iterator[Picture]]


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

    def remember(self, key: str, video: Video, library: Library, decoding: bool = True) -> None:
        """`decoding`: full pictures were decoded for the model alone, so that its seconds are what one costs."""
        library.remember_cost("reference", key, self.model, self.frames)
        if decoding:
            library.remember_cost("decode", video.costed_as, self.decoding, self.frames)


@runtime_checkable
class Recorded(ReferenceModel, Protocol):
    """A model that is not run: what it says is known by the frames' numbers, and so is what that would have taken."""

    def replay(self, frames: NDArray[np.int64], confidence: float) -> tuple[list[Detected], float]:
        """What it says of these frames (no outlines), and the seconds that this counts for."""
        ...


def infer(
    model: ReferenceModel, chunk: list[Picture], confidence: float, masks: bool, spent: Spent
) -> tuple[Labels, float]:
    """Run the model: labels, and the seconds it took."""
    frames = np.array([number for number, _ in chunk], np.int64)
    if isinstance(model, Recorded):
        found, seconds = model.replay(frames, confidence)
    else:
        start = time.perf_counter()
        found = model.detect([picture for _, picture in chunk], confidence, masks)
        seconds = time.perf_counter() - start
    spent.frames += len(chunk)
    spent.model += seconds
    counts = np.cumsum([0, *map(len, found)]).astype(np.int64)
    labels = Labels(
        frames,
        counts,
        np.concatenate([f.classes for f in found]),
        np.concatenate([f.scores for f in found]),
        np.concatenate([f.boxes for f in found]),
        Masks.joined([f.masks for f in found if f.masks is not None]) if masks else None,
    )
    return labels, seconds


class Reference:
    """Asks the model about single frames of a video, and keeps what it says. A context manager; for one thread.

    `calls`: how often the model itself was asked so far.
    """

    def __init__(self, library: Library, video: Video, info: ModelInfo, confidence: float) -> None:
        self.library = library
        self.video = video
        self.info = info
        self.confidence = confidence
        self.spent = Spent()
        self._stores: dict[int, FileLabels] = {}  # by the file's first frame, as the keepers are
        self._keepers: dict[int, Keeper] = {}

    @property
    def calls(self) -> int:
        return self.spent.frames

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for keeper in self._keepers.values():
            keeper.flush()
        self.spent.remember(self.info.key, self.video, self.library, decoding=False)

    def known(self, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which frames have labels in the store: bool [n]."""
        known = np.zeros(len(frames), np.bool_)
        for file, rows, numbers in self.video.by_file(frames):
            self._make_durable(file, frames[rows])
            known[rows] = self._store(file).known(numbers)
        return known

    def ask(self, frames: NDArray[np.int64], pictures: Pictures | None = None) -> Labels:
        """Labels of strictly rising frames; those that cannot be decoded are left out.

        `pictures`: where to take pictures from that may be decoded already.
        """
        return concatenate([self._ask(file, frames[rows], pictures) for file, rows, _ in self.video.by_file(frames)])

    def _ask(self, file: VideoFile, frames: NDArray[np.int64], pictures: Pictures | None) -> Labels:
        store = self._store(file)
        self._make_durable(file, frames)
        known = store.known(frames - file.first_frame)
        found = []
        if known.any():
            read = moved(store.read(frames[known] - file.first_frame), file.first_frame)
            found.append(read)
            known = np.isin(frames, read.frames)  # a damaged part of the store was set aside: it is asked anew
        if not known.all():
            source = pictures(frames[~known]) if pictures else read_frames(self.video, frames[~known])
            found += self._run(file, source)
        whole = concatenate(found)
        return whole if len(found) == 1 else whole.take(np.argsort(whole.frames, kind="stable"))

    def _run(self, file: VideoFile, source: Iterable[Picture]) -> Iterator[Labels]:
        model = self.library.reference(self.info)
        keeper = self._keepers.get(file.first_frame)
        if keeper is None:
            keeper = self._keepers[file.first_frame] = Keeper(self._store(file), file)
        rest = iter(source)
        while chunk := list(islice(rest, self.spent.chunk(model.batch))):
            yield keeper.keep(*infer(model, chunk, self.confidence, False, self.spent))

    def _make_durable(self, file: VideoFile, frames: NDArray[np.int64]) -> None:
        """What has been said of these frames and is not in the store yet goes there now, to be found."""
        keeper = self._keepers.get(file.first_frame)
        if keeper is not None and keeper.waits_with(frames):
            keeper.flush()

    def _store(self, file: VideoFile) -> FileLabels:
        if file.first_frame not in self._stores:
            fingerprint = file.index.fingerprint
            self._stores[file.first_frame] = self.library.store.open(fingerprint, self.info.key, self.confidence)
        return self._stores[file.first_frame]


class Keeper:
    """Makes computed labels durable, some at a time; a store that cannot be written is a warning, not the end."""

    def __init__(self, stored: FileLabels, file: VideoFile) -> None:
        self._stored = stored
        self._first_frame = file.first_frame
        self._pending: list[Labels] = []
        self._seconds = 0.0
        self._since = time.monotonic()
        self._broken = False

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def keep(self, labels: Labels, seconds: float) -> Labels:
        self._pending.append(labels)
        self._seconds += seconds
        if sum(map(len, self._pending)) >= KEEP_FRAMES or time.monotonic() - self._since > KEEP_SECONDS:
            self.flush()
        return labels

    def waits_with(self, frames: NDArray[np.int64]) -> bool:
        """Whether labels of any of these frames are not durable yet."""
        return any(np.isin(labels.frames, frames).any() for labels in self._pending)

    def flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending and not self._broken:
            try:
                labels = concatenate(pending)
                labels = labels.take(np.argsort(labels.frames, kind="stable"))  # asked in whatever order
                self._stored.append(moved(labels, -self._first_frame), self._seconds)
            except RunError as fault:
                self._broken = True
                warnings.warn(f"{fault.message}; the answer goes on without keeping labels", VqeWarning, stacklevel=2)
        self._seconds = 0.0
        self._since = time.monotonic()


def moved(labels: Labels, by: int) -> Labels:
    """The same labels with all frame numbers changed by a constant (from a file's numbers to the video's, or back)."""
    return replace(labels, frames=labels.frames + by)
