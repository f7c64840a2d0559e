"""Rates of counts that are known only by samples, with bounds that hold together.

Every sampled count is tested at once against a guess of the true counts. A result that is improbable under the guess,
with probability p, earns it floor(-weight · ln p / STEP) points, and guesses with too many points in all are dropped;
the bounds are the extreme rates among those that are left. Under the true counts p is at least as large as a uniform
number, so points are at most geometrically distributed, independently for each count (p-values combined as by
Fisher and Good, made discrete). For one count alone the bounds are those of Clopper and Pearson.
That is narrower than bounds for each count by themselves: bad luck in all samples together is rarer than in each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

from vqe.accuracy.hypergeometric import most_true
from vqe.accuracy.interval import Interval

UPPER_SHARE = (
    0.8  # of the error probability for the upper bound: where errors are few, that makes the narrowest interval
)
STEPS = 48  # points that one count alone needs
WEIGHTS = (0.05, 0.2, 0.7)  # for what stands in the denominator alone


@dataclass(frozen=True, slots=True)
class Count:
    """How many of `size` things are so, when `found` of `sampled` at random are, and surely `low` to `high` of all."""

    size: int
    sampled: int
    found: int
    low: int
    high: int

    @property
    def tested(self) -> bool:
        """Whether the sample says anything that is not certain anyhow."""
        return self.sampled > 0 and self.low < self.high

    @property
    def estimate(self) -> float | None:
        """None where neither a sample nor certainty gives one."""
        if self.sampled == 0:
            return self.low if self.low == self.high else None
        return min(max(self.size * self.found / self.sampled, self.low), self.high)

    def most(self, limits: NDArray[np.float64]) -> NDArray[np.int64]:
        """The largest counts against which there is less evidence (-ln p) than each limit: int64 [n]."""
        return np.clip(_most_true(self.size, self.sampled, self.found, limits.tobytes()), self.low, self.high)

    def least(self, limits: NDArray[np.float64]) -> NDArray[np.int64]:
        """The smallest counts, likewise."""
        others = _most_true(self.size, self.sampled, self.sampled - self.found, limits.tobytes())
        return np.clip(self.size - others, self.low, self.high)


@lru_cache(4096)
def _most_true(size: int, sampled: int, found: int, limits: bytes) -> NDArray[np.int64]:
    """See there. The rates of one answer all ask the same of the same samples."""
    return most_true(size, sampled, found, np.frombuffer(limits, np.float64))


def share(wrong: Sequence[Count], right: Sequence[Count], settled: int, sure: int, confidence: float) -> Interval:
    """W / (W + sum of `right` + `sure`), W being the sum of `wrong` less `settled`; 0 where nothing is counted."""
    tail = _tails(confidence)
    weight = _best_weight(wrong, right, sure, tail[1])
    low, high = (_share_limit(wrong, right, settled, sure, tail[up], weight, bool(up)) for up in (0, 1))
    seen = sum(c.low for c in (*wrong, *right)) - settled + sure
    if high > 0 and (seen == 0 or any(c.estimate is None for c in wrong)):
        return Interval(None, low, high)
    bad = sum(c.estimate or 0.0 for c in wrong) - settled
    good = sum(c.high if c.estimate is None else c.estimate for c in right) + sure
    return _interval(bad, bad + good, low, high)


def part(wrong: Sequence[Count], settled: int, of: int, confidence: float) -> Interval:
    """(sum of `wrong` less `settled`) / `of`, a number that is known; 0 where `of` is 0."""
    low, high = (_part_limit(wrong, settled, of, tail, bool(up)) for up, tail in enumerate(_tails(confidence)))
    if high > 0 and any(c.estimate is None for c in wrong):
        return Interval(None, low, high)
    return _interval(sum(c.estimate or 0.0 for c in wrong) - settled, of, low, high)


def _tails(confidence: float) -> tuple[float, float]:
    """The error probabilities of the lower and of the upper bound."""
    if not 0.5 <= confidence < 1:
        raise ValueError(f"a confidence is at least 0.5 and less than 1, not {confidence}")
    return (1 - confidence) * (1 - UPPER_SHARE), (1 - confidence) * UPPER_SHARE


def _interval(numerator: float, denominator: float, low: float, high: float) -> Interval:
    estimate = numerator / denominator if denominator > 0 else 0.0
    return Interval(min(max(estimate, low), high), low, high)


def _best_weight(wrong: Sequence[Count], right: Sequence[Count], sure: int, tail: float) -> float:
    """Which weight would bound the share most narrowly, were no sampled thing wrong.

    What was found in the samples must not be looked at here: weights chosen by it would not be exact.
    """
    if not (any(c.tested for c in wrong) and any(c.tested for c in right)):
        return 1.0
    clean = [Count(c.size, c.sampled, 0, 0, c.size - c.sampled) for c in wrong]
    full = [Count(c.size, c.sampled, c.sampled, c.sampled, c.size) for c in right]
    return min(WEIGHTS, key=lambda weight: _share_limit(clean, full, 0, sure, tail, weight, True))


def _share_limit(
    wrong: Sequence[Count], right: Sequence[Count], settled: int, sure: int, tail: float, weight: float, up: bool
) -> float:
    weights = [1.0] * sum(c.tested for c in wrong) + [weight] * sum(c.tested for c in right)
    limits = _limits(weights, tail)
    bad = _reach(wrong, limits, up) - settled
    if bad[-1] == 0:
        return 0.0
    good = _reach(right, limits / weight, not up)[::-1] + sure
    rates = bad / np.maximum(bad + good, 1)
    return float(rates.max() if up else rates.min())


def _part_limit(wrong: Sequence[Count], settled: int, of: int, tail: float, up: bool) -> float:
    limits = _limits([1.0] * sum(c.tested for c in wrong), tail)
    return float((_reach(wrong, limits, up)[-1] - settled) / max(of, 1))


def _limits(weights: Sequence[float], tail: float) -> NDArray[np.float64]:
    """The evidence, before its weight, that earns more than 0, 1, 2, … points, up to the most that a guess may have.

    More points than that have a probability of `tail` or less under the true counts, whose points are a sum of
    geometric numbers, one for each weight.
    """
    step = -math.log(tail) / STEPS
    length = 4 * STEPS * (len(weights) + 1)
    chances = np.eye(1, length)[0]
    for weight in weights:
        fall = math.exp(-step / weight)
        chances = np.convolve(chances, (1 - fall) * fall ** np.arange(length))[:length]
    rare = 1 - np.cumsum(chances) <= tail * (1 + 1e-9)
    allowed = int(np.argmax(np.append(rare, True)))
    return (step * np.arange(1, allowed + 2)).astype(np.float64)


def _reach(counts: Sequence[Count], limits: NDArray[np.float64], up: bool) -> NDArray[np.int64]:
    """The largest sums of the counts (`up`; else the smallest) with 0, 1, 2, … points in all: int64 as `limits`."""
    own = [count.most(limits) if up else -count.least(limits) for count in counts]
    total = reduce(_joined, own) if own else np.zeros(len(limits), np.int64)
    return total if up else -total


def _joined(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest sums of two when points are shared out between them; each int64 [n], for 0 to n - 1 points."""
    return np.array([np.max(one[: points + 1] + other[points::-1]) for points in range(len(one))])
