"""Difference detectors at the thresholds that a budget allows, from what a profile knows of the frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vqe.differences import Background, Differences, Earlier
from vqe.logical.budget import Budget
from vqe.optimizer.thresholds import FEWEST, SHARE
from vqe.profile import Samples

MARGIN = 0.8  # of the distance at which true frames begin to be lost
UNSEEN = 0.25  # errors more than were seen are counted: of few samples none has to show one
SPENT = 0.9  # of its part of the budget is what a detector may spend by such estimates


@dataclass(frozen=True)
class DifferenceDetector:
    """A detector at a threshold.

    against, delta, weights  as plan.Difference has them
    part     of the budget, that its errors stay within
    fnr      the share of the true frames that it loses
    false    false frames that it lets through: of all false ones where the budget is an FPR, else of the true ones
    near     bool [k]: of the frames learnt from, those that it takes for the empty scene
    origins  int64 [k]: whose answer each of them takes over
    """

    against: Literal["background", "earlier"]
    delta: float
    weights: tuple[float, ...] | None
    part: float
    fnr: float
    false: float
    near: NDArray[np.bool_]
    origins: NDArray[np.int64]


def detectors(
    differences: Differences, samples: Samples, budget: Budget, parts: tuple[float, ...]
) -> list[DifferenceDetector]:
    """Each kind at each threshold that stays within one of these rising parts of the budget."""
    found = [
        d for background in differences.backgrounds for d in _near(background, differences, samples, budget, parts)
    ]
    if differences.earlier is not None:
        found += _carrying(differences.earlier, samples, budget, parts)
    return found


def _near(
    background: Background, differences: Differences, samples: Samples, budget: Budget, parts: tuple[float, ...]
) -> Iterator[DifferenceDetector]:
    """Nearer than the true samples, but for the few that the part of the budget is for; and than as many of all frames
    that are taken for true: what looks like the empty scene may be met at times that no sample is from."""
    if samples.true.sum() < FEWEST:
        return
    distances = background.distances[differences.positions][samples.true]
    order = np.argsort(distances, kind="stable")
    lost = np.cumsum(samples.weights[samples.true][order]) / samples.weights[samples.true].sum()
    taken = np.sort(background.distances[differences.true]) if differences.true is not None else distances[:0]
    for part in parts:
        allowed = SHARE * part * budget.fnr
        first = min(len(lost) - 1, int(np.searchsorted(lost, allowed, side="right")))
        at_risk = int(allowed * len(taken))
        delta = MARGIN * float(min([distances[order][first], *taken[at_risk : at_risk + 1]]))
        near = background.distances <= delta
        fnr = (float(lost[first - 1]) if first else 0.0) + UNSEEN / len(lost)
        if fnr > SPENT * part * budget.fnr:
            continue
        yield DifferenceDetector("background", delta, background.weights, part, fnr, 0.0, near, np.arange(len(near)))


def _carrying(
    earlier: Earlier, samples: Samples, budget: Budget, parts: tuple[float, ...]
) -> Iterator[DifferenceDetector]:
    """At every distance at which little enough goes wrong."""
    for i, delta in enumerate(earlier.deltas.tolist()):
        fnr, false = carrying_errors(earlier, i, samples, budget)
        part = next((p for p in parts if fits(fnr, false, budget, p)), None)
        if part is not None:
            origins = earlier.origins[i].astype(np.int64)
            near = np.zeros(len(origins), np.bool_)
            yield DifferenceDetector("earlier", delta, earlier.weights, part, fnr, false, near, origins)


def carrying_errors(earlier: Earlier, i: int, samples: Samples, budget: Budget) -> tuple[float, float]:
    """FNR and false rate of taking answers over at the i-th distance; NaN where they are not known."""
    masses = earlier.masses[i]
    wrong = []
    for truth in (True, False):
        own = (samples.true == truth) & (masses != 0)
        errors = masses[own & (earlier.true[i] != truth)].sum() + UNSEEN * masses[own].sum() / max(1, own.sum())
        wrong.append(float(errors))
    true = float(samples.weights[samples.true].sum())
    false = float(samples.weights[~samples.true].sum())
    return wrong[0] / max(1e-9, true), wrong[1] / max(1e-9, false if budget.fpr is not None else true)


def fits(fnr: float, false: float, budget: Budget, part: float) -> bool:
    """Whether the estimated errors of answers taken over stay within a part of the budget, with a margin."""
    return fnr <= SPENT * part * budget.fnr and false <= SPENT * part * budget.false
