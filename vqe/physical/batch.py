"""What flows between operators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.labels import Labels, concatenate


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames in rising order, with what the reference said of them where Detect has been passed.

    frames  int64 [n]
    labels  of the same n frames (`labels.frames` is `frames`), or None
    tracks  int64 [m], one a box of `labels`, or None
    """

    frames: NDArray[np.int64]
    labels: Labels | None = None
    tracks: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def take(self, positions: NDArray[np.int64]) -> Batch:
        """The frames at these positions."""
        labels = self.labels.take(positions) if self.labels is not None else None
        tracks = self.tracks
        if tracks is not None and self.labels is not None:
            keep = np.zeros(len(self), np.bool_)
            keep[positions] = True
            tracks = tracks[keep[self.labels.owners()]]
        return Batch(self.frames[positions], labels, tracks)

    def where(self, mask: NDArray[np.bool_]) -> Batch:
        return self if mask.all() else self.take(np.flatnonzero(mask))


Batches: TypeAlias = Iterator[Batch]


def joined(batches: list[Batch]) -> Batch:
    """All frames of at least one batch as one."""
    if len(batches) == 1:
        return batches[0]
    labels = [b.labels for b in batches if b.labels is not None]
    tracks = [b.tracks for b in batches if b.tracks is not None]
    return replace(
        batches[0],
        frames=np.concatenate([b.frames for b in batches]),
        labels=concatenate(labels) if labels else None,
        tracks=np.concatenate(tracks) if tracks else None,
    )
