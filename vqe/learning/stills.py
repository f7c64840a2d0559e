"""The frames of a pool in the stretches in which they follow each other, compared as a difference detector would."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vqe.learning.pool import Pool
from vqe.models.difference import DifferenceFilter, blocked_mse, carried, fit_weights
from vqe.video import Video

LEVELS = 16  # distances that may be tried
LEAST = 0.05  # grey levels squared: what is nearer is the same
NEIGHBOURS = 2000  # whose distances are looked at
FURTHEST = 3  # labelled frames on: pairs to learn by which blocks count
GAP = 2.0  # times the usual step, and frames do not follow each other


@dataclass(frozen=True)
class Stills:
    """A pool's frames in stretches, compared with each other. `deltas`: float32 [d], rising, that may be tried."""

    pool: Pool
    stretches: list[tuple[int, int]]
    detector: DifferenceFilter
    deltas: NDArray[np.float32]

    @staticmethod
    def of(pool: Pool, video: Video, looked_at: NDArray[np.bool_]) -> Stills | None:
        """With distances such as there are between neighbours of the frames marked; None where there are none."""
        stretches = _stretches(pool, video)
        weights = _block_weights(pool, video)
        detector = DifferenceFilter("earlier", weights)
        follows = np.ones(len(pool), np.bool_)
        follows[[start for start, _ in stretches]] = False
        later = np.flatnonzero(follows & looked_at)
        later = later[:: max(1, len(later) // NEIGHBOURS)]
        if not len(later):
            return None
        distances = detector.distance(pool.thumbnails[later], pool.thumbnails[later - 1])
        return Stills(pool, stretches, detector, _levels(distances))

    @property
    def weights(self) -> tuple[float, ...] | None:
        weights = self.detector.weights
        return None if weights is None else tuple(weights.tolist())

    def origins(self, delta: float) -> NDArray[np.int32]:
        """The position of the frame whose answer each takes over: int32 [n]."""
        found = np.empty(len(self.pool), np.int32)
        for start, stop in self.stretches:
            numbers, small = np.arange(start, stop), self.pool.thumbnails[start:stop]
            found[start:stop], _ = carried(numbers, small, self.detector.distance, delta)
        return found


def _levels(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """From what most neighbours differ by to what hardly any do, and to well above noise where all are alike."""
    low, middle, high = np.maximum(LEAST, np.percentile(distances, (5, 50, 90)))
    return np.geomspace(low, max(high, 4 * middle), LEVELS).astype(np.float32)


def _stretches(pool: Pool, video: Video) -> list[tuple[int, int]]:
    """Half-open ranges of positions whose frames follow each other, within a file."""
    steps = np.diff(pool.frames)
    usual = float(np.median(steps)) if len(steps) else 1.0
    breaks = (steps > GAP * usual) | (np.diff(video.file_of(pool.frames)) != 0)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(pool)]
    return list(pairwise(edges))


def _block_weights(pool: Pool, video: Video) -> NDArray[np.float32] | None:
    """By pairs of labelled frames outside held-out time, of one answer or of two; None where all blocks count alike."""
    own = np.flatnonzero(pool.known & ~pool.held)
    first = np.concatenate([own[:-lag] for lag in range(1, FURTHEST + 1)])
    second = np.concatenate([own[lag:] for lag in range(1, FURTHEST + 1)])
    together = video.file_of(pool.frames[first]) == video.file_of(pool.frames[second])
    first, second = first[together], second[together]
    if not len(first):
        return None
    blocked = blocked_mse(pool.thumbnails[second], pool.thumbnails[first])
    weights = fit_weights(blocked, pool.true[first] != pool.true[second])
    return None if np.ptp(weights) == 0 else weights
