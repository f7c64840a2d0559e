from __future__ import annotations

import pytest

from vqe.accuracy import Interval, within


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.008, 0.001, 0.023), "0.8 % (0.1 to 2.3 %)"),
        (Interval(0.0, 0.0, 0.0), "0 %"),
        (Interval(1.0, 1.0, 1.0), "100 %"),
        (Interval(0.0, 0.0, 0.1501), "0 % (0 to 16 %)"),
        (Interval(0.992, 0.9771, 0.99919), "99.2 % (97.7 to 99.919 %)"),
        (Interval(0.1234, 0.1199, 0.5), "12 % (11 to 50 %)"),
        (Interval(0.00003, 0.0, 0.00012), "0.003 % (0 to 0.012 %)"),
        (Interval(None, 0.0, 0.12), "not known, at most 12 %"),
        (Interval(None, 0.88, 1.0), "not known, at least 88 %"),
        (Interval(None, 0.02, 0.4), "not known, 2 to 40 %"),
        (Interval(None, 0.0, 1.0), "not known"),
    ],
)
def test_shown(interval: Interval, text: str) -> None:
    assert str(interval) == text


@pytest.mark.parametrize(
    ("estimate", "low", "high"), [(0.5, 0.6, 0.7), (0.1, -0.1, 0.2), (None, 0.5, 0.4), (1, 0, 1.1)]
)
def test_not_an_interval(estimate: float | None, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="low ≤ estimate ≤ high"):
        Interval(estimate, low, high)


def test_within() -> None:
    interval = Interval(0.02, 0.01, 0.05)
    assert within(interval, 0.05) == "within"
    assert within(interval, 0.049) == "unknown"
    assert within(interval, 0.01) == "unknown"
    assert within(interval, 0.009) == "broken"
    with pytest.raises(ValueError, match="budget"):
        within(interval, 5)


def test_complement() -> None:
    assert Interval(0.25, 0.0, 0.5).complement() == Interval(0.75, 0.5, 1.0)
    assert Interval(None, 0.0, 0.5).complement() == Interval(None, 0.5, 1.0)
