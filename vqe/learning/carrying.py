"""How often an answer taken over from an earlier frame is wrong, at several distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqe.differences import Earlier
from vqe.learning.pool import STEP
from vqe.learning.stills import LEVELS, Stills
from vqe.logical.budget import Budget
from vqe.optimizer.difference_detectors import carrying_errors, fits
from vqe.optimizer.thresholds import FEWEST
from vqe.profile import Samples

TRIED = 5  # distances
EACH = 40  # labels at the most for one of them
CAREFUL = 0.4  # of a distance at which few answers are wrong is what a plan uses

Bools: TypeAlias = NDArray[np.bool_]


def optimistic(stills: Stills, samples: Samples) -> Earlier:
    """What a wide distance, if not the widest, would save, were no answer that is taken over wrong."""
    delta = float(stills.deltas[2 * LEVELS // 3])
    nothing = np.zeros((1, len(samples.true)))
    deltas = np.array([delta], np.float32)
    return Earlier(deltas, stills.origins(delta)[None], samples.true[None], nothing, stills.weights)


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
    if min(samples.true.sum(), (~samples.true).sum()) < FEWEST:
        return None
    trials: list[_Trial] = []
    fitting, failing = -1, len(stills.deltas)
    for _ in range(TRIED):
        if failing - fitting < 2:
            break
        middle = (fitting + failing) // 2
        trial = _Trial(stills, float(stills.deltas[middle]), positions, samples)
        wanted = trial.wanted(luck, min(EACH, most))
        ask(wanted)
        most -= len(wanted)
        if fits(*carrying_errors(trial.known(), 0, samples, budget), budget, part):
            trials.append(trial)
            fitting = middle
        else:
            failing = middle
    return _joined([trial.used() for trial in trials]) if trials else None


class _Trial:
    """Answers taken over at one distance, and what is known of their errors."""

    def __init__(self, stills: Stills, delta: float, positions: NDArray[np.int32], samples: Samples) -> None:
        self.stills = stills
        self.pool = stills.pool
        self.delta = delta
        self.positions = positions
        self.samples = samples
        self.origins = stills.origins(delta)
        self.own = self.origins[positions].astype(np.int64)  # of the samples
        self.missing = (self.own != positions) & ~self.pool.known[self.own]

    def wanted(self, luck: NDArray[np.float64], most: int) -> NDArray[np.int64]:
        """Origins to ask about, of true and of false samples by turns: the rarer ones tell as much."""
        turn = np.empty(len(luck))
        for truth in (True, False):
            missing = np.flatnonzero(self.missing & (self.samples.true == truth))
            turn[missing[np.argsort(luck[missing], kind="stable")]] = np.arange(len(missing))
        order = self.own[self.missing][np.argsort(turn[self.missing], kind="stable")]
        _, first = np.unique(order, return_index=True)
        return np.sort(order[np.sort(first)[:most]])

    def known(self) -> Earlier:
        """What is known now of this distance."""
        return self._at(self.delta, self.origins)

    def used(self) -> Earlier:
        """What a plan may make of it: it uses a narrower one, to be on the safe side."""
        delta = CAREFUL * self.delta
        return self._at(delta, self.stills.origins(delta))

    def _at(self, delta: float, origins: NDArray[np.int32]) -> Earlier:
        deltas = np.array([delta], np.float32)
        return Earlier(deltas, origins[None], self.true()[None], self.masses()[None], self.stills.weights)

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
        masses = np.where(moved & known, self.samples.weights, 0.0)
        for truth in (True, False):
            own = self.samples.true == truth
            late = own & self.missing
            if late.any():
                masses[late] *= _ratio(self.samples.weights[late], masses[late])
            carried = self.samples.weights * np.where(moved, 1.0, 1 - 1 / STEP)
            masses[own] *= _ratio(carried[own], masses[own])
        return masses


def _ratio(of: NDArray[np.float64], to: NDArray[np.float64]) -> float:
    """Sum to sum; NaN where there is nothing to go by."""
    if not of.sum():
        return 1.0
    return float(of.sum() / to.sum()) if to.sum() else np.nan


def _joined(rows: list[Earlier]) -> Earlier:
    return Earlier(
        np.concatenate([row.deltas for row in rows]),
        np.concatenate([row.origins for row in rows]),
        np.concatenate([row.true for row in rows]),
        np.concatenate([row.masses for row in rows]),
        rows[0].weights,
    )
