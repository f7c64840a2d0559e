from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.accuracy import EventMatch, Interval, events_of_frames, match_events


def events(*pairs: tuple[float, float]) -> NDArray[np.float64]:
    return np.array(pairs, np.float64).reshape(-1, 2)


def test_no_events() -> None:
    assert match_events(events(), events(), 1) == EventMatch(0, 0, 0, 0)
    missed, false = match_events(events((0, 1)), events(), 1), match_events(events(), events((0, 1)), 1)
    assert (missed.fnr, missed.fdr, false.fnr, false.fdr) == (1, 0, 0, 1)


def test_start_and_end_within_the_gap() -> None:
    exact = events((0, 10), (20, 30), (40, 50), (60, 70))
    returned = events((0.5, 10), (20, 33), (41, 49), (80, 90))
    got = match_events(exact, returned, 1)
    assert got == EventMatch(exact=4, returned=4, matched=3, timed=2)
    assert (got.fnr, got.fdr) == (0.25, 0.25)


def test_one_to_one_by_the_largest_overlap() -> None:
    assert match_events(events((0, 10)), events((0, 3), (3, 10)), 0) == EventMatch(1, 2, 1, 0)
    assert match_events(events((0, 4), (4, 10)), events((1, 10)), 1) == EventMatch(2, 1, 1, 0)
    assert match_events(events((0, 4), (5, 12)), events((3, 11), (0, 3)), 2) == EventMatch(2, 2, 2, 2)


def test_touching_is_no_overlap() -> None:
    assert match_events(events((0, 5)), events((5, 9), (3, 3)), 9).matched == 0


@pytest.mark.parametrize(
    ("wrong", "gap", "message"),
    [
        (np.zeros(3), 0, "n, 2"),
        (np.zeros((2, 3)), 0, "n, 2"),
        (events((2, 1)), 0, "end after they start"),
        (events((0, np.nan)), 0, "finite"),
        (events((0, 1)), -1, "gap"),
        (events((0, 1)), np.nan, "gap"),
    ],
)
def test_match_faults(wrong: NDArray[np.float64], gap: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        match_events(events(), wrong, gap)


# --- what is known of frames ----------------------------------------------------------------------------------------


def made_of(frames: NDArray[np.bool_], gap: int, minimum: int) -> NDArray[np.float64]:
    """Events of the frames marked, no further apart than the gap and no shorter than the minimum."""
    numbers = np.flatnonzero(frames)
    if not len(numbers):
        return events()
    breaks = np.flatnonzero(np.diff(numbers) - 1 > gap)
    first, last = numbers[np.append(0, breaks + 1)], numbers[np.append(breaks, -1)]
    found = np.stack([first, last + 1], axis=1).astype(np.float64)
    return found[last + 1 - first >= minimum]


def test_a_wrong_event_takes_a_wrong_frame() -> None:
    chance = np.random.default_rng(7)
    most = 0
    for _ in range(3000):
        count = int(chance.integers(5, 40))
        truth = np.cumsum(chance.random(count) < 0.3) % 2 == 1
        answer = truth ^ (chance.random(count) < chance.choice([0, 0.05, 0.15]))
        gap, minimum, wrong = int(chance.integers(4)), int(chance.integers(6)), int((truth != answer).sum())
        got = match_events(made_of(truth, gap, minimum), made_of(answer, gap, minimum), gap)
        bounds = events_of_frames(wrong, got.returned)
        assert got.exact + got.returned - 2 * got.matched <= wrong
        assert got.fnr <= bounds.fnr.high + 1e-12 and got.fdr <= bounds.fdr.high + 1e-12
        most = max(most, got.exact + got.returned - 2 * got.matched)
    assert most >= 3


def test_events_of_frames() -> None:
    assert events_of_frames(0, 7).fnr == events_of_frames(0, 0).fdr == Interval(0, 0, 0)
    got = events_of_frames(3, 17)
    assert (str(got.fnr), got.fnr.high, got.fdr.high) == ("not known, at most 15 %", 3 / 20, 3 / 17)
    assert events_of_frames(18, 17).fnr.high == events_of_frames(1, 0).fdr.high == 1
    with pytest.raises(ValueError, match="not negative"):
        events_of_frames(-1, 0)
