"""How often an answer taken over from an earlier frame is wrong, at several distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.differences import Earlier
from vqe.learning.pool import STEP, Pool
from vqe.logical.budget import Budget
from vqe.models.difference import DifferenceFilter, blocked_mse, carried, fit_weights
from vqe.optimizer.detectors import carrying_errors, fits
from vqe.profile import Samples
from vqe.video import Video

LEVELS = 16  # distances that may be tried
LEAST = 0.05  # grey levels squared: what is nearer is the same
TRIED = 5  # of these are
EACH = 40  # labels at the most for one of them
NEIGHBOURS = 2000  # whose distances are looked at
FURTHEST = 3  # labelled frames on: pairs to learn by which blocks count
GAP = 2.0  # times the usual step, and frames do not follow each other

Bools: TypeAlias = NDArray[np.bool_]


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


def optimistic(stills: Stills, samples: Samples) -> Earlier:
    """What a middling distance would save, were no answer that is taken over wrong."""
    delta = float(stills.deltas[LEVELS // 2])
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
    part: float,
) -> Earlier | None:
    """The errors at some distances around the widest at which they stay within a part of the budget; None where there
    is no such.

    positions  int32 [m]: where the samples stand in the pool
    ask        asks the reference model about the frames at such positions, `most` of them at the most
    luck       float64 [m], uniform: which ones
    """
    trials: dict[int, _Trial] = {}
    fitting, failing = -1, len(stills.deltas)
    while failing - fitting > 1 and len(trials) < TRIED:
        middle = (fitting + failing) // 2
        trial = trials[middle] = _Trial(stills, float(stills.deltas[middle]), positions, samples)
        wanted = trial.wanted(luck, min(EACH, most))
        ask(wanted)
        most -= len(wanted)
        errors = carrying_errors(_joined(stills, [trial]), 0, samples, budget)
        fitting, failing = (middle, failing) if fits(*errors, budget, part) else (fitting, middle)
    if fitting < 0:
        return None
    if fitting - 1 not in trials:  # for a plan, which uses a narrower distance than the one that it knows the errors of
        narrower = float(stills.deltas[fitting] * stills.deltas[0] / stills.deltas[1])
        trials[fitting - 1] = _Trial(stills, narrower, positions, samples)
    return _joined(stills, [trials[i] for i in sorted(trials)])


class _Trial:
    """Answers taken over at one distance, and what is known of their errors."""

    def __init__(self, stills: Stills, delta: float, positions: NDArray[np.int32], samples: Samples) -> None:
        self.pool = stills.pool
        self.delta = delta
        self.positions = positions
        self.samples = samples
        self.origins = stills.origins(delta)
        self.own = self.origins[positions].astype(np.int64)  # of the samples
        self.missing = (self.own != positions) & ~self.pool.known[self.own]
        self.weights = _weights(self.pool, positions, samples)

    def wanted(self, luck: NDArray[np.float64], most: int) -> NDArray[np.int64]:
        """Origins to ask about, of true and of false samples by turns: the rarer ones tell as much."""
        turn = np.empty(len(luck))
        for truth in (True, False):
            missing = np.flatnonzero(self.missing & (self.samples.true == truth))
            turn[missing[np.argsort(luck[missing], kind="stable")]] = np.arange(len(missing))
        order = self.own[self.missing][np.argsort(turn[self.missing], kind="stable")]
        _, first = np.unique(order, return_index=True)
        return np.sort(order[np.sort(first)[:most]])

    def true(self) -> Bools:
        """Whether what each sample takes over is true, bool [m]; over windows, it is wrong as often as for frames."""
        differs = self.pool.true[self.positions] ^ self.pool.true[self.own]
        return np.logical_xor(self.samples.true, differs)

    def masses(self) -> NDArray[np.float64]:
        """What each sample stands for: one whose origin was asked about for this, also for those for which nobody did.

        And all together for those besides that are kept here, but not where every frame is seen: in STEP - 1 of STEP
        cases the first that differed has been passed over. NaN where there is nothing to go by.
        """
        moved, known = self.own != self.positions, self.pool.known[self.own]
        masses = np.where(moved & known, self.weights, 0.0)
        for truth in (True, False):
            own = self.samples.true == truth
            late = own & self.missing
            if late.any():
                masses[late] *= _ratio(self.weights[late], masses[late])
            carried = self.weights * np.where(moved, 1.0, 1 - 1 / STEP)
            masses[own] *= _ratio(carried[own], masses[own])
        return masses


def _weights(pool: Pool, positions: NDArray[np.int32], samples: Samples) -> NDArray[np.float64]:
    """What the chances of being drawn say alone, but so much together as the samples do. How long a frame's like lasts
    has to stay out of it: answers go wrong where it does not last."""
    weights = 1 / pool.chance[positions]
    for truth in (True, False):
        own = samples.true == truth
        weights[own] *= samples.weights[own].sum() / max(1e-9, weights[own].sum())
    return weights


def _ratio(of: NDArray[np.float64], to: NDArray[np.float64]) -> float:
    """Sum to sum; NaN where there is nothing to go by."""
    if not of.sum():
        return 1.0
    return float(of.sum() / to.sum()) if to.sum() else np.nan


def _joined(stills: Stills, trials: list[_Trial]) -> Earlier:
    return Earlier(
        np.array([t.delta for t in trials], np.float32),
        np.stack([t.origins for t in trials]),
        np.stack([t.true() for t in trials]),
        np.stack([t.masses() for t in trials]),
        stills.weights,
    )
