"""Which boxes of successive frames are the same object: ByteTrack, as ultralytics has it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.labels.labels import Labels
from vqe.models.quiet import ultralytics

_LOST = 1.0  # seconds that an object may be out of sight


def track(labels: Labels, rate: float) -> NDArray[np.int64]:
    """A track id for each box (int64 [m]), from 1 in order of appearance; −1 where a box belongs to no track.

    labels: a run of frames in presentation order; frames left out count as empty. rate: frames a second.
    The same labels always give the same ids. Raises RunError where the package `lap` is missing.
    """
    patience = max(1, round(rate * _LOST))
    tracker = _tracker(patience)
    ids = np.full(len(labels.classes), -1, np.int64)
    for i, frame in enumerate(labels.frames):
        # Frames without labels pass too, as far as the tracker can still remember anything over them.
        for _ in range(min(int(frame - labels.frames[i - 1]) - 1, patience + 2) if i else 0):
            tracker.update(_boxes(labels, 0, 0))
        first, last = int(labels.offsets[i]), int(labels.offsets[i + 1])
        # Rows x1, y1, x2, y2, id, score, class, position of the box among those given.
        rows = np.asarray(tracker.update(_boxes(labels, first, last))).reshape(-1, 8)
        ids[first + rows[:, 7].astype(np.int64)] = rows[:, 4]
    return _renumber(ids)


@dataclass(frozen=True, slots=True)
class _Boxes:
    """What the tracker reads of one frame: float32 [n, 4] centre x, centre y, width, height; float32 [n] twice."""

    xywh: NDArray[np.float32]
    conf: NDArray[np.float32]
    cls: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, chosen: NDArray[np.bool_]) -> _Boxes:
        return _Boxes(self.xywh[chosen], self.conf[chosen], self.cls[chosen])


def _boxes(labels: Labels, first: int, last: int) -> _Boxes:
    corners = labels.boxes[first:last]
    sides = corners[:, 2:] - corners[:, :2]
    centres = corners[:, :2] + sides / 2
    classes = labels.classes[first:last].astype(np.float32)
    return _Boxes(np.concatenate([centres, sides], axis=1), labels.scores[first:last], classes)


def _tracker(patience: int) -> Any:
    ultralytics()
    try:
        trackers: Any = importlib.import_module("ultralytics.trackers")
    except ImportError as error:
        raise RunError(f"tracking needs the package '{error.name}'", hint=f"pip install {error.name}") from error
    # The values of ultralytics' bytetrack.yaml; its buffer of 30 frames is a second at its 30 frames a second.
    return trackers.BYTETracker(
        SimpleNamespace(
            track_high_thresh=0.25,
            track_low_thresh=0.1,
            new_track_thresh=0.25,
            track_buffer=patience,
            match_thresh=0.8,
            fuse_score=True,
        )
    )


def _renumber(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The tracker spends numbers on objects that it then drops; count those that remain, as they appear."""
    tracked = ids >= 0
    _, first, inverse = np.unique(ids[tracked], return_index=True, return_inverse=True)
    ids[tracked] = np.argsort(np.argsort(first))[inverse] + 1
    return ids
