"""Plans with a difference detector (NoScope, VLDB 2017), alone or beside a small model.

The two spend one budget, so they are chosen together: the detector's errors get a part of it, out of a few, the model's
thresholds are set within the rest, and the quickest of all plans wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vqe.differences import Differences
from vqe.logical.budget import Budget
from vqe.logical.node import Node
from vqe.logical.plan import Difference, Learn, Predicted, Specialise
from vqe.models.difference import BLOCKS
from vqe.optimizer.cascades import (
    DIFFERENCE,
    PAYS,
    POOL,
    SMALL_MODEL,
    access_seconds,
    asked_of_undecided,
    audited,
    best,
    learning,
    pictured,
    resolved,
    sampling_distance,
    slack,
    worth_a_tenth,
)
from vqe.optimizer.difference_detectors import DifferenceDetector, detectors
from vqe.optimizer.situation import Candidate, Situation
from vqe.optimizer.thresholds import Thresholds, choose, true_share, widened
from vqe.profile import Profile

PARTS = (0.0, 0.25, 0.5)  # of the budget, for the detector, where a small model has the rest
WHOLE = (1.0,)
AT_RISK, AT_RISK_SECONDS = 0.05, 1.0  # of the plain plan's time, or seconds, may be lost where learning is in vain
GROWN = 2  # times the frames for which no model was trained, and training one is worth a thought again
# Before anything has been learnt: what learning takes, and what is left to the reference model.
LABELS = 450
SECONDS = 3.0
DIFFERENT = 0.5  # of all frames

_NOTHING = Thresholds(-1.0, 2.0, 0.0, 0.0)  # decided by a small model that is not there


@dataclass(frozen=True)
class _Shares:
    """Of all frames, those that the detector compares, the small model scores and leaves undecided, the reference model
    is asked about; that the small model decides true; that are true by an answer taken over."""

    compared: float
    scored: float
    undecided: float
    asked: float
    above: float
    carried: float


def with_differences(situation: Situation, others: list[Candidate]) -> list[Candidate]:
    """The quickest plan with a detector alone, and the quickest with a small model too; as far as there are any.

    Before anything has been learnt, to learn what a detector needs: worth it only where `others` take much longer.
    """
    profile = situation.profile
    if situation.space not in ("all", "noscope") or not situation.unknown:
        return []
    if profile is None:
        return [] if DIFFERENCE in situation.without else [_learning(situation, others)]
    cheapest = best(others)
    found = [worth_a_tenth(c, cheapest) for c in planned(situation)]
    if (
        SMALL_MODEL not in situation.without
        and profile.untrained
        and len(situation.task.frames) > GROWN * profile.untrained
    ):
        found.append(learning(situation, [*others, *found]))
    return found


def planned(situation: Situation) -> list[Candidate]:
    """From the situation's profile."""
    profile = situation.profile
    if profile is None or profile.differences is None or DIFFERENCE in situation.without:
        return []
    if situation.budget.confidence is not None and situation.task.window is not None:
        return []
    planner = _Planner(situation, profile, profile.differences)
    found = [
        planner.alone(),
        planner.beside() if profile.proxy is not None and SMALL_MODEL not in situation.without else [],
    ]
    return [min(plans, key=lambda c: c.seconds) for plans in found if plans]


def _learning(situation: Situation, others: list[Candidate]) -> Candidate:
    """A detector takes fewer labels than a small model, and no training."""
    task, costs = situation.task, situation.costs
    if not situation.budget.fnr or task.window is not None:
        why = "a detector alone is for single frames" if situation.budget.fnr else "a budget of 0 leaves nothing to it"
        return Candidate("learn", 0, "", note=why)
    frames = len(task.frames)
    labels = min(LABELS, frames // 4)
    in_vain = min(POOL, frames) * costs.thumbnail + SECONDS
    first = labels * costs.reference + in_vain  # labels serve the plain plan too
    after = (
        frames * (costs.thumbnail + costs.earlier) + DIFFERENT * max(0, situation.unknown - labels) * costs.reference
    )
    pays = first + after < PAYS * best(others).seconds and in_vain <= max(AT_RISK_SECONDS, AT_RISK * others[0].seconds)
    note = "" if pays else f"learning takes about {first:.0f} s and would not pay"

    def build(scan: Node) -> Node:
        return Learn(scan, task.predicate, labels, 0.0, task, situation.budget, first, after)

    return Candidate("learn", first + after, f"a difference detector, after about {labels} labels", build, note)


class _Planner:
    """Makes the plans of one situation."""

    def __init__(self, situation: Situation, profile: Profile, differences: Differences) -> None:
        self.situation = situation
        self.profile = profile
        self.differences = differences
        self.every = sampling_distance(situation.task)
        self.confirmed = situation.values and situation.task.window is None  # whatever is returned is asked itself

    def alone(self) -> list[Candidate]:
        return [self._candidate("difference", d, True, _NOTHING) for d in self._detectors(WHOLE)]

    def beside(self) -> list[Candidate]:
        """An earlier frame's answer may be taken over before the small model looks, or by what it leaves undecided."""
        return [
            self._candidate("difference, cascade", detector, first, thresholds)
            for detector in self._detectors(PARTS)
            for first in ((True,) if detector.against == "background" else (True, False))
            if (thresholds := self._thresholds(detector, first)) is not None
        ]

    def _detectors(self, parts: tuple[float, ...]) -> list[DifferenceDetector]:
        budget = self.situation.budget
        if self.confirmed:
            budget = replace(budget, fpr=math.inf, fdr=None)
        return detectors(self.differences, self.profile.samples, budget, parts)

    def _thresholds(self, detector: DifferenceDetector, first: bool) -> Thresholds | None:
        """The small model's, within the rest of the budget; a little more careful than the estimate asks for."""
        situation = self.situation
        budget = _scaled(situation.budget, 1 - detector.part)
        samples = self.profile.samples.where(~detector.near[self.differences.positions])
        thresholds = choose(samples, budget, confirm=situation.values)
        if thresholds is None:
            return None
        base, _ = self._cost(self._shares(detector, first, thresholds), detector)
        population = np.sort(self.differences.scores[~detector.near])
        left = max(1, len(population)) / len(detector.near)
        below, above = (side / left for side in slack(situation, self.profile, samples, budget, base))
        return widened(thresholds, population, below, above, samples, budget)

    # --- what a plan takes -------------------------------------------------------------------------------------------

    def _shares(self, detector: DifferenceDetector, first: bool, thresholds: Thresholds) -> _Shares:
        scores = self.differences.scores[detector.origins] if first else self.differences.scores
        unsure = thresholds.unsure(scores) & ~detector.near
        above = (scores > thresholds.high) & ~detector.near
        undecided, asked = float(unsure.mean()), self._spanned(detector.origins[unsure])
        return _Shares(
            compared=1.0 if first else undecided,
            scored=self._spanned(detector.origins[~detector.near]) if first else 1.0,
            undecided=undecided,
            asked=asked,
            above=float(above.mean()),
            carried=max(0.0, undecided - asked) * self._true(thresholds),
        )

    def _spanned(self, origins: NDArray[np.int64]) -> float:
        """Of all frames, those whose own answer counts, where these are the origins of some of those learnt from.

        Of a run of c that go by one answer, step · (c - 1) + 1 frames of the video at the least did so: the very next
        one may have differed.
        """
        counts = np.bincount(origins)
        counts = counts[counts > 0]
        frames = counts / (self.differences.step * (counts - 1) + 1)
        return float(frames.sum() / max(1, len(self.differences.scores)))

    def _true(self, thresholds: Thresholds) -> float:
        """Of what is undecided, the share that is true."""
        samples = self.profile.samples
        return true_share(samples.where(thresholds.unsure(samples.scores)))

    def _cost(self, shares: _Shares, detector: DifferenceDetector) -> tuple[float, float]:
        """Seconds of a plan without its audit, and the calls in it."""
        costs, frames = self.situation.costs, len(self.situation.task.frames)
        asked = shares.asked * asked_of_undecided(self.every)
        if self.situation.values:
            asked += shares.above + shares.carried
        calls = min(1.0, asked) * self.situation.unknown
        each = costs.background if detector.against == "background" else costs.earlier
        cheap = costs.thumbnail + shares.compared * each + shares.scored * costs.specialised
        return frames * cheap + calls * costs.reference, calls

    # --- the plan ----------------------------------------------------------------------------------------------------

    def _candidate(self, kind: str, detector: DifferenceDetector, first: bool, thresholds: Thresholds) -> Candidate:
        situation, profile = self.situation, self.profile
        shares = self._shares(detector, first, thresholds)
        if thresholds is _NOTHING:
            shares = replace(shares, scored=0.0)
        seconds, calls = self._cost(shares, detector)
        returned = 0.0 if self.confirmed else shares.above + shares.carried
        audit, checked = audited(situation, profile, max(0.0, 1 - shares.asked - returned), returned, seconds)
        seconds += checked * (situation.costs.reference + access_seconds(situation))
        predicted = Predicted(
            seconds,
            calls,
            thresholds.fnr + detector.fnr,
            thresholds.false + (0.0 if self.confirmed else detector.false),
            (shares.undecided, shares.above),
            checked,
            true_share(profile.samples),
        )
        left = shares.scored if first else shares.asked / max(1e-9, shares.undecided)
        if thresholds is _NOTHING:
            left = shares.asked
        model = profile.proxy if thresholds is not _NOTHING else None

        def compared(below: Node) -> Node:
            blocks = BLOCKS if detector.weights is not None else None
            return Difference(below, detector.against, blocks, detector.delta, detector.weights, left)

        def build(scan: Node) -> Node:
            node: Node = pictured(situation, scan)
            node = compared(node) if first else node
            if model is not None:
                smooth = profile.smooth or None
                node = Specialise(node, profile.model, thresholds.low, thresholds.high, smooth, model, predicted)
            node = node if first else compared(node)
            resolve = resolved(situation, node, self.every, predicted, audit, model is not None)
            return replace(resolve, learnt=profile.learnt)

        named = f"{detector.against} frame" if detector.against == "earlier" else detector.against
        words = [f"difference from {named}", *([profile.model] if model is not None else [])]
        return Candidate(kind, seconds, f"{', '.join(words)}, {shares.asked:.1%} of the frames asked", build)


def _scaled(budget: Budget, part: float) -> Budget:
    """So much of every rate."""
    fpr = None if budget.fpr is None else budget.fpr * part
    fdr = None if budget.fdr is None else budget.fdr * part
    return replace(budget, fnr=budget.fnr * part, fpr=fpr, fdr=fdr)
