"""How many of a population are true, by a random sample of it: tails of the hypergeometric law, turned round.

No normal approximation anywhere: probabilities are sums of exact terms, good to about 1e-8 of themselves for
populations of a million. Terms are left out only where all of them together are below exp(-49) of the sum.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_SMALL = np.array([math.lgamma(n + 1) for n in range(16)])  # Stirling's series is for larger ones
_PARTS = 4  # numpy takes little longer for a few numbers than for one, so a search by quarters beats one by halves


def log_factorial(n: NDArray[np.int64]) -> NDArray[np.float64]:
    """ln n!, element by element, of numbers from 0."""
    m = np.maximum(n, len(_SMALL)).astype(np.float64)
    rest = (1 / 12 - (1 / 360 - 1 / 1260 / m**2) / m**2) / m
    series = (m + 0.5) * np.log(m) - m + 0.5 * math.log(2 * math.pi) + rest
    return np.where(n < len(_SMALL), _SMALL[np.minimum(n, len(_SMALL) - 1)], series)


def evidence_against(true: NDArray[np.int64], size: int, sampled: int, found: int) -> NDArray[np.float64]:
    """-ln of the probability that a sample has `found` true ones or fewer when the population has `true` of them.

    true: int64 [n], each from `found` to `size - sampled + found`. Returns float64 [n], rising with `true`, from 0.
    """
    reach = 5 * math.isqrt(sampled) + 40  # a sample is further from its mean with less than exp(-49) (Hoeffding)
    likely = sampled * true // max(size, 1)
    first = np.maximum(np.minimum(likely - reach, found - 2 * reach), np.maximum(0, sampled - size + true))
    drawn = first[:, None] + np.arange(1, min(2 * reach, found) + 1)
    left = true[:, None]
    ratios = ((left - drawn + 1) / drawn) * ((sampled - drawn + 1) / (size - left - sampled + drawn))
    logs = np.cumsum(np.log(np.where(drawn > found, 1.0, ratios)), axis=1)
    top = logs.max(axis=1, initial=0.0)
    total = np.exp(-top) + np.where(drawn > found, 0.0, np.exp(logs - top[:, None])).sum(axis=1)
    evidence: NDArray[np.float64] = -_log_chance(first, true, size, sampled) - top - np.log(total)
    return np.maximum(evidence, 0.0)


def most_true(size: int, sampled: int, found: int, limits: NDArray[np.float64]) -> NDArray[np.int64]:
    """The largest numbers of true ones in the population against which there is less evidence than each limit.

    limits: float64 [n], each positive (-ln of a probability). Returns int64 [n].
    """
    low = np.full((len(limits), 1), found, np.int64)
    high = np.full((len(limits), 1), size - sampled + found, np.int64)
    while np.any(low < high):
        between = low - (low - high) * np.arange(1, _PARTS) // _PARTS  # rounded up
        tried, place = np.unique(between, return_inverse=True)  # many are the same
        kept = evidence_against(tried, size, sampled, found)[place.reshape(between.shape)] < limits[:, None]
        low = np.maximum(low, np.where(kept, between, 0).max(axis=1, keepdims=True))
        high = np.minimum(high, np.where(kept, size, between - 1).min(axis=1, keepdims=True))
    return low[:, 0]


def _log_chance(drawn: NDArray[np.int64], true: NDArray[np.int64], size: int, sampled: int) -> NDArray[np.float64]:
    """ln of the probability that a sample has exactly `drawn` true ones."""
    missed, false = true - drawn, size - true
    logs = log_factorial(np.array([true, false, drawn, missed, sampled - drawn, false - sampled + drawn]))
    samples = math.lgamma(size + 1) - math.lgamma(sampled + 1) - math.lgamma(size - sampled + 1)
    chances: NDArray[np.float64] = logs[0] + logs[1] - logs[2:].sum(axis=0) - samples
    return chances
