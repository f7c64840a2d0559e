from __future__ import annotations

import math

import numpy as np
import pytest

from vqe.accuracy import FrameAccuracy, Interval, Stratum, frame_accuracy

NOTHING = Interval(0.0, 0.0, 0.0)


def stratum(returned: bool, size: int, sampled: int, true: int) -> Stratum:
    """Of which the audit alone is known."""
    return Stratum(returned, size, sampled, true, sampled, true)


def test_no_frames() -> None:
    assert frame_accuracy([], 0, 0) == FrameAccuracy(NOTHING, NOTHING, NOTHING, Interval(1.0, 1.0, 1.0), NOTHING)
    assert frame_accuracy([stratum(False, 0, 0, 0), stratum(True, 0, 0, 0)], 7, 3).fnr == NOTHING


def test_all_sampled_is_all_put_right() -> None:
    got = frame_accuracy([stratum(False, 90, 90, 4), stratum(True, 10, 10, 8)], 5, 5)
    assert got == FrameAccuracy(NOTHING, NOTHING, NOTHING, Interval(1.0, 1.0, 1.0), NOTHING)


def test_all_known_from_elsewhere_is_the_same() -> None:
    got = frame_accuracy([Stratum(False, 90, 3, 0, 90, 4), Stratum(True, 10, 0, 0, 10, 8)], 0, 0)
    assert got == FrameAccuracy(NOTHING, NOTHING, NOTHING, Interval(1.0, 1.0, 1.0), NOTHING)


def test_nothing_sampled_says_what_is_possible() -> None:
    got = frame_accuracy([stratum(False, 90, 0, 0), stratum(True, 10, 0, 0)], 10, 20)
    assert got.fnr == Interval(None, 0.0, 90 / 100)
    assert got.fpr == Interval(None, 0.0, 10 / 30)
    assert got.wrong == Interval(None, 0.0, 100 / 130)
    assert got.fdr == Interval(None, 0.0, 0.5)
    assert got.precision == Interval(None, 0.5, 1.0)


def test_no_true_frame_seen() -> None:
    got = frame_accuracy([stratum(False, 1000, 100, 0)], 0, 0)
    assert got.fnr == Interval(None, 0.0, 1.0)
    assert (got.fpr, got.fdr) == (NOTHING, NOTHING)


def test_estimates_take_the_unsampled_as_the_sample() -> None:
    got = frame_accuracy([stratum(False, 1000, 100, 5), stratum(True, 200, 40, 36)], 55, 0)
    missed, false = 45, 16
    assert got.fnr.estimate == pytest.approx(missed / (50 + 180 + 55))
    assert got.fpr.estimate == pytest.approx(false / (950 + 20))
    assert got.fdr.estimate == pytest.approx(false / (196 + 5 + 55))


def test_one_stratum_alone_has_the_bounds_of_clopper_and_pearson() -> None:
    """At 95 % these leave 4 % above and 1 % below."""
    got = frame_accuracy([stratum(True, 50, 20, 17)], 0, 0).fdr

    def chance(false: int, found: range) -> float:
        return sum(math.comb(false, x) * math.comb(50 - false, 20 - x) for x in found) / math.comb(50, 20)

    most = max(f for f in range(3, 34) if chance(f, range(4)) > 0.04)
    least = min(f for f in range(3, 34) if chance(f, range(3, 21)) > 0.01)
    assert (got.low, got.high) == ((least - 3) / 47, (most - 3) / 47)


def test_more_known_is_never_wider() -> None:
    before = frame_accuracy([stratum(False, 1000, 100, 2), stratum(True, 100, 20, 20)], 50, 50)
    after = frame_accuracy([Stratum(False, 1000, 100, 2, 990, 9), Stratum(True, 100, 20, 20, 100, 100)], 50, 50)
    assert after.fnr.high == 10 / (19 + 100 + 50) < before.fnr.high
    assert after.fdr == NOTHING


def test_known_frames_may_stand_apart() -> None:
    apart = [stratum(False, 900, 90, 1), Stratum(False, 100, 0, 0, 100, 7), stratum(True, 80, 40, 40)]
    assert frame_accuracy(apart, 0, 0).fnr == frame_accuracy([apart[0], apart[2]], 7, 0).fnr


def test_two_strata_of_a_kind() -> None:
    one = frame_accuracy([stratum(False, 2000, 200, 2), stratum(True, 300, 30, 30)], 0, 0).fnr
    two = frame_accuracy([stratum(False, 1000, 100, 1)] * 2 + [stratum(True, 300, 30, 30)], 0, 0).fnr
    assert two.estimate == pytest.approx(one.estimate)
    assert two.low <= one.low < one.high < two.high < 1.5 * one.high


def test_less_confidence_is_narrower() -> None:
    strata = [stratum(False, 1000, 100, 2), stratum(True, 100, 20, 19)]
    widths = [i.high - i.low for i in (frame_accuracy(strata, 5, 5, c).fnr for c in (0.5, 0.8, 0.95, 0.999, 1 - 1e-15))]
    assert widths == sorted(widths)


@pytest.mark.parametrize(
    "numbers", [(9, 3, 4, 3, 3), (9, 3, 0, 2, 0), (9, 3, 1, 10, 1), (9, 3, 2, 5, 1), (9, 3, 0, 4, 2)]
)
def test_not_a_stratum(numbers: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="sampled frames are some of the known"):
        Stratum(False, *numbers)


def test_other_faults() -> None:
    with pytest.raises(ValueError, match="not negative"):
        frame_accuracy([], -1, 0)
    for confidence in (0.4, 1.0, 95.0):
        with pytest.raises(ValueError, match="confidence"):
            frame_accuracy([], 1, 0, confidence)


def test_every_population_of_a_small_video_is_covered() -> None:
    """Over every outcome of the audit, with its exact probability: no population is missed more often than 5 in 100."""
    dropped, returned, asked = (24, 7), (12, 5), (3, 4)
    covered = np.zeros((3, dropped[0] + 1, returned[0] + 1))
    for x in range(dropped[1] + 1):
        for y in range(returned[1] + 1):
            got = frame_accuracy([stratum(False, *dropped, x), stratum(True, *returned, y)], *asked)
            for t in range(x, dropped[0] - dropped[1] + x + 1):
                for u in range(y, returned[0] - returned[1] + y + 1):
                    chance = _chance(*dropped, t, x) * _chance(*returned, u, y)
                    missed, false = t - x, returned[0] - u - (returned[1] - y)
                    of = (t + u + asked[0], sum((dropped[0], returned[0], -t, -u, asked[1])), u + x + false + asked[0])
                    for i, wrong in enumerate((missed, false, false)):
                        interval = (got.fnr, got.fpr, got.fdr)[i]
                        rate = wrong / of[i]
                        covered[i, t, u] += chance * (interval.low - 1e-12 <= rate <= interval.high + 1e-12)
    assert covered.min() >= 0.95


def _chance(size: int, sampled: int, true: int, found: int) -> float:
    return math.comb(true, found) * math.comb(size - true, sampled - found) / math.comb(size, sampled)
