"""How often an answer taken over from an earlier frame is wrong, at several distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.differences import Earlier
from vqe.learning.pool import Pool
from vqe.logical.budget import Budget
from vqe.models.difference import DifferenceFilter, blocked_mse, carried, fit_weights
from vqe.optimizer.detectors import carrying_errors, fits
from vqe.profile import Samples
from vqe.video import Video

LEVELS = (10, 25, 40, 55, 70, 85)  # percentiles of neighbours' distances that are tried
EACH = 60  # labels at the most to measure one of them by
NEIGHBOURS = 2000  # whose distances are looked at
FURTHEST = 3  # labelled frames on: pairs to learn by which blocks count
GAP = 2.0  # times the usual step, and frames do not follow each other

Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Stills:
    """A pool's frames in stretches, compared with each other. `deltas`: float32 [d], rising, at least two."""

    pool: Pool
    stretches: list[tuple[int, int]]
    detector: DifferenceFilter
    deltas: NDArray[np.float32]

    @staticmethod
    def of(pool: Pool, video: Video, looked_at: NDArray[np.bool_]) -> Stills | None:
        """With distances as they are found between neighbours of the frames marked; None where they all are one."""
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
        deltas = np.unique(np.percentile(distances, LEVELS).astype(np.float32))
        return Stills(pool, stretches, detector, deltas) if len(deltas) > 1 else None

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


def optimistic(stills: Stills, samples: Samples) -> Earlier:
    """What the widest distance that a plan may use would save, were no answer that is taken over wrong."""
    delta = float(stills.deltas[-2])
    origins, known = stills.origins(delta), np.zeros(len(samples.true))
    return Earlier(
        np.array([delta, delta], np.float32),
        np.stack([origins, origins]),
        np.stack([samples.true, samples.true]),
        np.stack([known, known]),
        stills.weights,
    )


def measured(
    stills: Stills,
    positions: NDArray[np.int32],
    samples: Samples,
    budget: Budget,
    ask: Callable[[NDArray[np.int64]], None],
    luck: NDArray[np.float64],
    most: int,
) -> Earlier | None:
    """The errors at each distance until there are too many, or the labels (`most`) used up; None where at once.

    positions  int32 [m]: where the samples stand in the pool
    ask        asks the reference model about the frames at such positions
    luck       float64 [m], uniform: which origins are asked about
    """
    pool, found, true, masses = stills.pool, [], [], []
    for delta in stills.deltas.tolist():
        found.append(stills.origins(delta))
        own = found[-1][positions].astype(np.int64)
        missing = (own != positions) & ~pool.known[own]
        wanted = _some(own, missing, samples.true, luck, min(EACH, most))
        ask(wanted)
        most -= len(wanted)
        true.append(samples.true ^ (pool.true[positions] ^ pool.true[own]))  # over windows, as often as frames differ
        masses.append(_masses(own != positions, missing, pool.known[own], samples))
        earlier = Earlier(
            stills.deltas[: len(found)], np.stack(found), np.stack(true), np.stack(masses), stills.weights
        )
        if not fits(*carrying_errors(earlier, len(found) - 1, samples, budget), budget, 1.0):
            break
    return earlier if len(found) > 1 else None


def _some(
    origins: NDArray[np.int64], missing: Bools, true: Bools, luck: NDArray[np.float64], most: int
) -> NDArray[np.int64]:
    """Origins to ask about, of true and of false samples by turns: the rarer ones tell as much."""
    turn = np.empty(len(luck))
    for truth in (True, False):
        own = np.flatnonzero(missing & (true == truth))
        turn[own[np.argsort(luck[own], kind="stable")]] = np.arange(len(own))
    order = np.flatnonzero(missing)[np.argsort(turn[missing], kind="stable")]
    _, first = np.unique(origins[order], return_index=True)
    return np.sort(origins[order[np.sort(first)[:most]]])


def _masses(moved: Bools, missing: Bools, known: Bools, samples: Samples) -> NDArray[np.float64]:
    """What each sample stands for: those whose origin has been asked about for this (some of those `missing`) also for
    those for which nobody has. All NaN where nobody has asked about any that there are of a truth."""
    masses = np.where(moved & known, samples.weights, 0.0)
    for truth in (True, False):
        late = missing & (samples.true == truth)
        bought = late & known
        if late.any() and not bought.any():
            return np.full(len(masses), np.nan)
        masses[bought] *= samples.weights[late].sum() / max(1e-9, samples.weights[bought].sum())
    return masses
