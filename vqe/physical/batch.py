"""What flows between operators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.labels import Labels, concatenate
from vqe.video import Thumbnails

UNDECIDED = -1
OWN = -1


@dataclass(frozen=True, slots=True)
class Evidence:
    """What n frames show before the reference model has been asked.

    thumbnails  uint8 [n, size, size]; None once nobody above needs them
    verdicts    int8 [n]: 1 true, 0 false, UNDECIDED
    source      gives their full pictures
    scores      float32 [n], of a small model, from 0 to 1; NaN where it has not looked; None where there is none
    origins     int64 [n]: the frame whose answer each takes over, its own number where none; OWN where it was decided
                before; None where no frames have been compared
    """

    thumbnails: NDArray[np.uint8] | None
    verdicts: NDArray[np.int8]
    source: Thumbnails
    scores: NDArray[np.float32] | None = None
    origins: NDArray[np.int64] | None = None

    def take(self, positions: NDArray[np.int64]) -> Evidence:
        small = None if self.thumbnails is None else self.thumbnails[positions]
        scores = None if self.scores is None else self.scores[positions]
        origins = None if self.origins is None else self.origins[positions]
        return Evidence(small, self.verdicts[positions], self.source, scores, origins)


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames in rising order, with what the reference said of them where Detect has been passed.

    frames  int64 [n]
    labels  of the same n frames (`labels.frames` is `frames`), or None
    tracks  int64 [m], one a box of `labels`, or None
    evidence  of the same n frames, below Resolve
    idle    bool [n], below Thumbnails: packets show that nothing happens, and so they are false; None where none is
    """

    frames: NDArray[np.int64]
    labels: Labels | None = None
    tracks: NDArray[np.int64] | None = None
    evidence: Evidence | None = None
    idle: NDArray[np.bool_] | None = None

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
        evidence = self.evidence.take(positions) if self.evidence is not None else None
        idle = self.idle[positions] if self.idle is not None else None
        return Batch(self.frames[positions], labels, tracks, evidence, idle)

    def where(self, mask: NDArray[np.bool_]) -> Batch:
        return self if mask.all() else self.take(np.flatnonzero(mask))

    def without_thumbnails(self) -> Batch:
        """The same for those who hold many frames and look at none."""
        if self.evidence is None or self.evidence.thumbnails is None:
            return self
        return replace(self, evidence=replace(self.evidence, thumbnails=None))


Batches: TypeAlias = Iterator[Batch]


def grouped(source: Batches, starts: NDArray[np.int64]) -> Iterator[Batches]:
    """The frames of each group in turn, batch by batch; group i begins with the frame numbered starts[i].

    A group has to be read before the next one is asked for.
    """

    def parts() -> Iterator[tuple[int, Batch]]:
        for batch in source:
            owners = np.searchsorted(starts, batch.frames, side="right") - 1
            for owner in np.unique(owners):
                yield int(owner), batch.where(owners == owner)

    for _, group in groupby(parts(), key=lambda part: part[0]):
        yield (batch for _, batch in group)


def joined(batches: list[Batch]) -> Batch:
    """All frames of at least one batch as one."""
    if len(batches) == 1:
        return batches[0]
    labels = [b.labels for b in batches if b.labels is not None]
    tracks = [b.tracks for b in batches if b.tracks is not None]
    evidence = [b.evidence for b in batches if b.evidence is not None]
    return replace(
        batches[0],
        frames=np.concatenate([b.frames for b in batches]),
        labels=concatenate(labels) if labels else None,
        tracks=np.concatenate(tracks) if tracks else None,
        evidence=_joined_evidence(evidence) if evidence else None,
    )


def _joined_evidence(parts: list[Evidence]) -> Evidence:
    small = [p.thumbnails for p in parts if p.thumbnails is not None]
    scores = [p.scores for p in parts if p.scores is not None]
    origins = [p.origins for p in parts if p.origins is not None]
    return Evidence(
        np.concatenate(small) if len(small) == len(parts) else None,
        np.concatenate([p.verdicts for p in parts]),
        parts[0].source,
        np.concatenate(scores) if len(scores) == len(parts) else None,
        np.concatenate(origins) if len(origins) == len(parts) else None,
    )
