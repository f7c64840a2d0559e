"""Labels to set thresholds by: as many as what is left to ask is worth, and more where they bring more to light."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vqe.learning.learn import SETTING, _Lesson

CALL = 0.05  # seconds


class Lesson(_Lesson):
    """`left`: seconds that asking will take, as it turns out by the labels bought before, and by each lot of more."""

    def __init__(self, left: list[float], most: int = 10_000) -> None:
        self.left = left
        self.most = most
        self.reference: Any = SimpleNamespace(calls=0)
        self.windows: Any = SimpleNamespace(reach=0)
        self.bought: list[int] = []
        self.purposes: set[str] = set()

    def _profile(self, trained: Any) -> Any:
        return trained

    def _evenly(self, scores: Any) -> Any:
        return scores

    def _reference_seconds(self) -> float:
        return CALL

    def _seconds_left(self, _: Any) -> float:
        return self.left[len(self.bought)]

    def _drawn(self, _: Any, size: int, purpose: str) -> Any:
        self.purposes.add(purpose)
        return size

    def _ask(self, size: Any) -> None:
        self.bought.append(size)
        self.reference.calls += size

    def _measured(self, model: Any, raw: Any) -> Any:
        return SimpleNamespace(model=model, raw=raw, scores=raw)


def bought(left: list[float], best: float = 1e9, most: int = 10_000) -> list[int]:
    lesson = Lesson(left, most)
    compared: Any = SimpleNamespace(best=lambda *_: best)
    lesson._sharpened(lesson._measured(None, None), compared)
    assert len(lesson.purposes) == len(lesson.bought)  # the same luck would draw the same frames again
    return lesson.bought


def worth(seconds: float) -> float:
    return SETTING * seconds / CALL


def test_next_to_nothing_left() -> None:
    assert bought([0.5]) == []


def test_once_where_it_turns_out_as_foreseen() -> None:
    assert bought([10.0, 9.0]) == [worth(10.0)]


def test_again_where_far_more_turns_out_to_be_left() -> None:
    assert bought([3.0, 100.0, 2.0]) == pytest.approx([worth(3.0), worth(97.0)], abs=1)


def test_no_more_in_all_than_the_worst_is_worth() -> None:
    assert sum(bought([3.0, 50.0, 100.0, 100.0])) == pytest.approx(worth(100.0), abs=3)


def test_another_plan_bounds_it() -> None:
    assert bought([100.0, 1000.0], best=20.0) == [worth(20.0)]


def test_it_ends_with_the_labels() -> None:
    assert bought([100.0, 1000.0, 1e4], most=500) == [worth(100.0), 100]
