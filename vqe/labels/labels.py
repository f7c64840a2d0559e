"""What a reference model said of some frames, as flat arrays (the layout of an Arrow list column)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Labels:
    """Detections of n frames, m boxes in all; frame i owns the boxes offsets[i] to offsets[i + 1].

    frames   int64 [n]     frame numbers, strictly rising
    offsets  int64 [n + 1]
    classes  int16 [m]     the model's own class ids
    scores   float32 [m]
    boxes    float32 [m, 4] x1, y1, x2, y2 in pixels of the upright picture
    """

    frames: NDArray[np.int64]
    offsets: NDArray[np.int64]
    classes: NDArray[np.int16]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]

    @staticmethod
    def empty() -> Labels:
        return Labels(
            np.empty(0, np.int64),
            np.zeros(1, np.int64),
            np.empty(0, np.int16),
            np.empty(0, np.float32),
            np.empty((0, 4), np.float32),
        )

    def __len__(self) -> int:
        return len(self.frames)

    def owners(self) -> NDArray[np.int64]:
        """For each box the position (not the number) of its frame: int64 [m]."""
        return np.repeat(np.arange(len(self.frames)), np.diff(self.offsets))

    def take(self, positions: NDArray[np.int64]) -> Labels:
        """The frames at these positions, in this order."""
        counts = np.diff(self.offsets)[positions]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        boxes = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.offsets[positions], counts)
        return Labels(self.frames[positions], offsets, self.classes[boxes], self.scores[boxes], self.boxes[boxes])


def concatenate(parts: Sequence[Labels]) -> Labels:
    """All parts one after the other; the caller sees to the order of the frames."""
    if not parts:
        return Labels.empty()
    counts = np.concatenate([np.diff(p.offsets) for p in parts])
    return Labels(
        np.concatenate([p.frames for p in parts]),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([p.classes for p in parts]),
        np.concatenate([p.scores for p in parts]),
        np.concatenate([p.boxes for p in parts]),
    )
