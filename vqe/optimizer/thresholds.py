"""Thresholds for a small model's scores, from held-out samples: where it may decide alone within the error budget."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.logical.budget import Budget
from vqe.profile import Samples

# Estimates have to stay within this share of the budget, or as far below it as so many standard deviations of an
# estimate from that many samples, if that is less: what is left is the margin for what the samples do not show.
SHARE = 0.5
DEVIATIONS = 2.0
FEWEST = 8  # true samples; from fewer no threshold is chosen
MARGIN = 10.0  # in logits, over the root of the number of samples, as a quantile's error shrinks
RULE_OF_THREE = 3.0  # of n samples that all are alike, so many in n may be otherwise: at 95 % confidence
_EDGE = 1e-6  # scores are kept this far from 0 and 1, where their logits end


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Frames that score below `low` are false, above `high` true; the estimated errors of that, without margin.

    fnr    share of the true frames that score below `low`
    false  share of false frames above `high`: of all false ones where the budget is an FPR, else of those returned
    """

    low: float
    high: float
    fnr: float
    false: float

    def unsure(self, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which frames are left undecided: bool [n]."""
        return np.logical_and(scores >= self.low, scores <= self.high)


def choose(samples: Samples, budget: Budget, *, confirm: bool = False) -> Thresholds | None:
    """The thresholds that leave the fewest frames undecided within the budget; None where nothing can be said.

    confirm: whatever is returned is asked of the reference anyway, so that nothing is decided true.
    """
    if samples.true.sum() < FEWEST or (~samples.true).sum() < FEWEST:
        return None
    true, false = _mass(samples, True), _mass(samples, False)
    true_scores, true_weights = samples.scores[samples.true], samples.weights[samples.true]
    low = _beyond(true_scores, true_weights, _allowed(budget.fnr, true_weights))
    if confirm:
        return _measured(samples, low, 1.0, budget)
    false_scores, weights = samples.scores[~samples.true], samples.weights[~samples.true]
    if budget.fpr is not None:
        allowed = _allowed(budget.fpr, weights)
    else:
        allowed = _allowed(budget.false, true_weights) * true / max(false, 1e-9)
    high = 1 - _beyond(1 - false_scores, weights, min(1.0, allowed))
    return _measured(samples, low, max(low, high), budget)


def widened(
    thresholds: Thresholds,
    population: NDArray[np.float32],
    below: float,
    above: float,
    samples: Samples,
    budget: Budget,
) -> Thresholds:
    """The same with more left undecided, such shares of all frames on either side: for safety.

    population: scores of all frames, rising.
    """
    n = len(population)
    low_at = int(np.searchsorted(population, thresholds.low)) - round(n * below)
    low = min(thresholds.low, float(population[max(0, low_at)]))
    if thresholds.high >= 1:
        return _measured(samples, low, thresholds.high, budget)
    high_at = int(np.searchsorted(population, thresholds.high, side="right")) + round(n * above)
    high = max(thresholds.high, float(population[high_at])) if high_at < n else 1.0
    return _measured(samples, low, high, budget)


def undecided(thresholds: Thresholds, population: NDArray[np.float32]) -> tuple[float, float]:
    """Of all frames the share that is undecided, and the share that is decided true."""
    n = max(1, len(population))
    below = int(np.searchsorted(population, thresholds.low))
    above = n - int(np.searchsorted(population, thresholds.high, side="right"))
    return max(0, n - below - above) / n, above / n


def unseen_share(samples: Samples, fnr: float) -> float:
    """Of all frames a share that may be true and unlike any sample, beyond what may be missed.

    Of what n samples do not show there may be up to 3 in n (the rule of three: Hanley and Lippman-Hand, JAMA 1983).
    """
    few = RULE_OF_THREE / max(1, int(samples.true.sum()))
    return min(1.0, max(0.0, few - fnr)) * true_share(samples)


def true_share(samples: Samples) -> float:
    """Of all frames the share that is true."""
    return _mass(samples, True) / max(1e-9, float(samples.weights.sum()))


def effective(weights: NDArray[np.float64]) -> float:
    """How many equal samples say as much as those of these weights (Kish, Survey Sampling, 1965)."""
    return float(weights.sum() ** 2 / max(1e-9, float((weights**2).sum())))


def _allowed(rate: float, weights: NDArray[np.float64]) -> float:
    """What an estimate from samples of such weights may come to, for the rate to hold: the lower end of the interval
    of Wilson (JASA 1927), or SHARE of the rate."""
    spread = DEVIATIONS**2 / effective(weights)
    middle = 2 * rate + spread
    lower = (middle - math.sqrt(max(0.0, middle**2 - 4 * (1 + spread) * rate**2))) / (2 * (1 + spread))
    return max(SHARE * rate, lower)


def _mass(samples: Samples, true: bool) -> float:
    return float(samples.weights[samples.true == true].sum())


def _measured(samples: Samples, low: float, high: float, budget: Budget) -> Thresholds:
    true, false = _mass(samples, True), _mass(samples, False)
    missed = float(samples.weights[samples.true & (samples.scores < low)].sum())
    wrong = float(samples.weights[~samples.true & (samples.scores > high)].sum())
    of = false if budget.fpr is not None else wrong + max(0.0, true - missed)
    return Thresholds(low, high, missed / true if true else 0.0, wrong / of if of else 0.0)


def logits(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of scores from 0 to 1: float64 [n], those at the edges cut off where logits end."""
    bounded = np.clip(scores.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(bounded / (1 - bounded)), np.float64)


def _beyond(scores: NDArray[np.float32], weights: NDArray[np.float64], allowed: float) -> float:
    """A score that no more than the share `allowed` of the mass lies below, and a margin further out.

    Where so small a share is less than one sample stands for, that is beyond the lowest sample.
    """
    order = np.argsort(scores, kind="stable")
    mass = np.cumsum(weights[order]) / weights.sum()
    first = min(len(mass) - 1, int(np.searchsorted(mass, allowed, side="right")))
    found = float(logits(scores[order])[first]) - MARGIN / math.sqrt(len(scores))
    # Just below, so that the sample itself is undecided.
    return float(np.float32(1 / (1 + np.exp(-found)) * (1 - 1e-6)))
