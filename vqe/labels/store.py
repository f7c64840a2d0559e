"""The label store: what the reference model said of a frame is kept, and used by every later query.

`<folder>/<model key>/<fingerprint of the file>/<floor>-<unique>.parquet`, one file a batch. Files are only ever added
whole or replaced by a merged one, so any number of processes may read and write, and one that is killed loses no more
than the batch it was writing.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.labels import compaction
from vqe.labels.files import explained, sweep, write_atomically
from vqe.labels.labels import Labels, concatenate
from vqe.labels.parquet import Damaged, Part, encode, set_aside

_KEPT_GROUPS = 4  # decoded row groups kept, for callers that read a few frames at a time: about 3 MB, 8 with masks
_ATTEMPTS = 20  # how often a read starts anew when another process compacts under it


class LabelStore:
    """All labels under one folder, which is created by the first write. Reading creates nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, fingerprint: str, model_key: str, confidence: float) -> FileLabels:
        """The labels of one file by one model, with all boxes that score `confidence` or more."""
        return FileLabels(self.folder / model_key / fingerprint, confidence)


class FileLabels:
    """Labels of one file by one model with scores from `confidence` (the floor) up.

    Labels made with a lower floor serve here too, cut to this one. For one thread at a time.
    """

    def __init__(self, folder: Path, confidence: float) -> None:
        self.folder = folder
        self.confidence = confidence
        self._parts: dict[str, Part] = {}
        self._listed: int | None = None  # the folder's mtime when it was last listed
        self._groups: OrderedDict[tuple[str, int], Labels] = OrderedDict()
        self._swept = False

    def known(self, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these frames (int64 [n], any order) have labels: bool [n].

        Raises RunError where a newer vqe wrote the labels or they cannot be read.
        """
        self._refresh()
        found = np.zeros(len(frames), np.bool_)
        for part in self._parts.values():
            found |= _positions(part.frames, frames) >= 0
        return found

    def count(self) -> int:
        """How many frames have labels."""
        self._refresh()
        frames = [part.frames for part in self._parts.values()]
        return len(np.unique(np.concatenate(frames))) if frames else 0

    def seconds_per_frame(self) -> float | None:
        """What the model took for a frame on average, or None where nothing is known."""
        self._refresh()
        frames = sum(len(part.frames) for part in self._parts.values())
        return sum(part.seconds for part in self._parts.values()) / frames if frames else None

    def read(self, frames: NDArray[np.int64]) -> Labels:
        """Labels of those of `frames` (int64 [n], each once) that are known, in the order given.

        Only the row groups that hold these frames are read. A damaged file is set aside with a VqeWarning, and its
        frames are then unknown: so take `frames` of what comes back for what is known. Raises RunError as `known`.
        """
        with explained("read labels", self.folder):
            for attempt in range(_ATTEMPTS):
                self._refresh(force=attempt > 0)
                with contextlib.suppress(FileNotFoundError):
                    labels = self._read(frames)
                    if labels is not None:
                        return labels
            raise OSError("files keep vanishing")

    def append(self, labels: Labels, seconds: float) -> None:
        """Keep these labels (made with this floor; frames strictly rising) for good, as one file.

        seconds: what the model took for all of them together. Raises RunError where the disk is full or the folder
        unwritable: the labels themselves are still right, so the caller may go on without keeping them.
        """
        if not len(labels):
            return
        if (np.diff(labels.frames) <= 0).any():
            raise ValueError("the frames of labels must rise")
        name = compaction.part_name(self.confidence)
        with explained("keep labels", self.folder):
            write_atomically(self.folder / name, encode(labels, seconds))
        self._listed = None  # the folder's time stamp may be too coarse to tell
        self._tidy()

    def close(self) -> None:
        """Free the memory; the object may still be used."""
        self._parts.clear()
        self._groups.clear()
        self._listed = None

    def _tidy(self) -> None:
        """Tidying is never worth a failure: what it leaves undone the next append tries again."""
        with contextlib.suppress(OSError, Damaged, RunError):
            if not self._swept:
                sweep(self.folder)
                self._swept = True
            self._refresh()
            own = [part for part in self._parts.values() if part.floor == self.confidence]
            if compaction.due(own) and compaction.compact(self.folder, self.confidence):
                self._refresh(force=True)

    def _refresh(self, force: bool = False) -> None:
        """Bring the parts up to date with the folder: another process may have added or merged some."""
        with explained("read labels", self.folder):
            for _ in range(_ATTEMPTS):
                try:
                    changed = self.folder.stat().st_mtime_ns
                except (FileNotFoundError, NotADirectoryError):
                    changed = None
                if changed == self._listed and not force:
                    return
                with contextlib.suppress(FileNotFoundError):
                    self._list({} if changed is None else compaction.listing(self.folder))
                    self._listed = changed
                    return
                force = True  # a part was merged by another process between the listing and its opening
            raise OSError("files keep vanishing")

    def _list(self, floors: dict[str, float]) -> None:
        """Know these parts and no others. Raises OSError."""
        self._parts = {name: part for name, part in self._parts.items() if name in floors}
        for name, floor in floors.items():
            if floor <= self.confidence and name not in self._parts:
                try:
                    self._parts[name] = Part.open(self.folder / name, floor)
                except Damaged as fault:
                    set_aside(self.folder / name, fault)
        # The lowest floor first: of a frame that several parts know, that one is read. Then by time.
        order = sorted(self._parts.items(), key=lambda item: (item[1].floor, *item[1].frames[:1]))
        self._parts = dict(order)

    def _read(self, frames: NDArray[np.int64]) -> Labels | None:
        """As `read`, or None where a damaged part was found and the others have to be asked again."""
        left = np.arange(len(frames))
        pieces: list[Labels] = []
        order: list[NDArray[np.int64]] = []
        for name, part in list(self._parts.items()):
            rows = _positions(part.frames, frames[left])
            mine = rows >= 0
            if not mine.any():
                continue
            try:
                pieces += self._take(name, part, rows[mine])
            except Damaged as fault:
                set_aside(part.path, fault)
                del self._parts[name]
                return None
            order.append(left[mine][np.argsort(rows[mine], kind="stable")])
            left = left[~mine]
        if not pieces:
            return Labels.empty()
        labels, places = concatenate(pieces), np.concatenate(order)
        rising = bool((np.diff(places) > 0).all())
        return labels if rising else labels.take(np.argsort(places, kind="stable"))

    def _take(self, name: str, part: Part, rows: NDArray[np.int64]) -> list[Labels]:
        """These rows of a part in rising order, cut to the floor; a piece a row group."""
        rows = np.sort(rows)
        groups, starts = np.unique(rows // part.rows, return_index=True)
        pieces = []
        for group, mine in zip(groups, np.split(rows, starts[1:]), strict=True):
            piece = self._group(name, part, int(group))
            piece = piece if len(mine) == len(piece) else piece.take(mine - group * part.rows)
            pieces.append(piece if part.floor == self.confidence else piece.from_score(self.confidence))
        return pieces

    def _group(self, name: str, part: Part, group: int) -> Labels:
        key = (name, group)
        if key not in self._groups:
            self._groups[key] = part.read(group)
            while len(self._groups) > _KEPT_GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end(key)
        return self._groups[key]


def _positions(known: NDArray[np.int64], frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of `frames` stands in `known` (strictly rising), or −1: int64 [n]."""
    if not len(known) or not len(frames) or frames.max() < known[0] or known[-1] < frames.min():
        return np.full(len(frames), -1, np.int64)
    places = np.searchsorted(known, frames)
    return np.where(known[np.minimum(places, len(known) - 1)] == frames, places, -1)
