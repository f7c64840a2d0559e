"""Tails against whole-number arithmetic, and bounds against trying every population."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vqe.accuracy.hypergeometric import evidence_against, most_true


def chance_of_no_more(true: int, size: int, sampled: int, found: int) -> float:
    ways = sum(
        math.comb(true, x) * math.comb(size - true, sampled - x)
        for x in range(max(0, sampled - size + true), found + 1)
    )
    return ways / math.comb(size, sampled)


@pytest.mark.parametrize(("size", "sampled"), [(1, 0), (1, 1), (7, 7), (9, 4), (40, 17)])
def test_every_tail_of_a_small_population(size: int, sampled: int) -> None:
    for found in range(sampled + 1):
        true = np.arange(found, size - sampled + found + 1)
        exact = [chance_of_no_more(int(t), size, sampled, found) for t in true]
        assert np.exp(-evidence_against(true, size, sampled, found)) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("found", [0, 3, 250, 900, 1200])
def test_tails_of_a_large_population(found: int) -> None:
    true = np.clip(30 * found + np.array([-900, -100, 0, 100, 900]), found, 36_000 - 1200 + found)
    exact = [chance_of_no_more(int(t), 36_000, 1200, found) for t in true]
    assert np.exp(-evidence_against(true, 36_000, 1200, found)) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(("size", "sampled", "found"), [(1, 0, 0), (50, 0, 0), (50, 50, 8), (50, 20, 0), (50, 20, 6)])
def test_most_true_is_the_last_that_is_likely_enough(size: int, sampled: int, found: int) -> None:
    tails = [0.9, 0.3, 0.025, 1e-6]
    populations = range(found, size - sampled + found + 1)
    exact = [max(t for t in populations if chance_of_no_more(t, size, sampled, found) > tail) for tail in tails]
    assert most_true(size, sampled, found, -np.log(tails)).tolist() == exact


def test_nothing_found_in_a_hundred() -> None:
    """The rule of three: at 95 %, one-sided, at most about 3 in 100."""
    (most,) = most_true(1_000_000, 100, 0, -np.log([0.05])).tolist()
    assert chance_of_no_more(most, 1_000_000, 100, 0) > 0.05 > chance_of_no_more(most + 1, 1_000_000, 100, 0)
    assert most == pytest.approx(29_512, abs=2)
