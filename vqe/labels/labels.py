"""What a reference model said of some frames, as flat arrays (the layout of an Arrow list column)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Masks:
    """Outlines of m boxes, p corners in all; box i owns the corners offsets[i] to offsets[i + 1].

    offsets  int64 [m + 1]
    points   float32 [p, 2] x, y in pixels of the upright picture
    """

    offsets: NDArray[np.int64]
    points: NDArray[np.float32]

    @staticmethod
    def of(outlines: Sequence[NDArray[np.float32]]) -> Masks:
        """From one outline a box, float32 [k, 2] each; k is 0 where the model gave none."""
        return Masks(_offsets([len(o) for o in outlines]), np.concatenate([np.empty((0, 2), np.float32), *outlines]))

    def take(self, positions: NDArray[np.int64]) -> Masks:
        """The outlines at these positions, in this order."""
        offsets, corners = _gather(self.offsets, positions)
        return Masks(offsets, self.points[corners])

    @staticmethod
    def joined(parts: Sequence[Masks]) -> Masks:
        """All parts (at least one) one after the other."""
        counts = np.concatenate([np.diff(p.offsets) for p in parts])
        return Masks(_offsets(counts), np.concatenate([p.points for p in parts]))


@dataclass(frozen=True, slots=True)
class Labels:
    """Detections of n frames, m boxes in all; frame i owns the boxes offsets[i] to offsets[i + 1].

    frames   int64 [n]     frame numbers, strictly rising
    offsets  int64 [n + 1]
    classes  int16 [m]     the model's own class ids
    scores   float32 [m]
    boxes    float32 [m, 4] x1, y1, x2, y2 in pixels of the upright picture
    masks    the outlines of the m boxes, where they were asked for
    """

    frames: NDArray[np.int64]
    offsets: NDArray[np.int64]
    classes: NDArray[np.int16]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    masks: Masks | None = None

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
        return self._with_boxes(self.frames[positions], *_gather(self.offsets, positions))

    def from_score(self, confidence: float) -> Labels:
        """The same frames with only those boxes that score `confidence` or more."""
        kept = self.scores >= confidence
        return self._with_boxes(self.frames, _offsets(kept)[self.offsets], np.flatnonzero(kept))

    def _with_boxes(self, frames: NDArray[np.int64], offsets: NDArray[np.int64], boxes: NDArray[np.int64]) -> Labels:
        masks = None if self.masks is None else self.masks.take(boxes)
        return Labels(frames, offsets, self.classes[boxes], self.scores[boxes], self.boxes[boxes], masks)


def concatenate(parts: Sequence[Labels]) -> Labels:
    """All parts one after the other, with masks if they have them; the caller sees to the order of the frames."""
    if not parts:
        return Labels.empty()
    masks = [p.masks for p in parts if p.masks is not None]
    counts = np.concatenate([np.diff(p.offsets) for p in parts])
    return Labels(
        np.concatenate([p.frames for p in parts]),
        _offsets(counts),
        np.concatenate([p.classes for p in parts]),
        np.concatenate([p.scores for p in parts]),
        np.concatenate([p.boxes for p in parts]),
        Masks.joined(masks) if masks else None,
    )


def _offsets(counts: Sequence[int] | NDArray[np.integer[Any] | np.bool_]) -> NDArray[np.int64]:
    """Where lists of these lengths begin when they lie one after the other, and where the last ends: int64 [n + 1]."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _gather(offsets: NDArray[np.int64], positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of the lists with these offsets those at `positions`: their own offsets, and where their elements lie."""
    counts = np.diff(offsets)[positions]
    own = _offsets(counts)
    return own, np.arange(own[-1]) - np.repeat(own[:-1] - offsets[positions], counts)
