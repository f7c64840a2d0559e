"""FrameSet against Python's sets."""

from __future__ import annotations

import random

import numpy as np
import pytest

from vqe.logical.frames import FrameSet


def made(numbers: set[int], of: int) -> FrameSet:
    return FrameSet.numbers(np.array(sorted(numbers), np.int64), of)


@pytest.mark.parametrize("seed", range(20))
def test_against_sets(seed: int) -> None:
    chance = random.Random(seed)
    of = chance.randrange(1, 60)
    one = {n for n in range(of) if chance.random() < chance.choice([0.1, 0.5, 0.9])}
    two = {n for n in range(of) if chance.random() < 0.5}
    a, b = made(one, of), made(two, of)
    assert a.array().tolist() == sorted(one)
    assert len(a) == len(one)
    assert (a & b).array().tolist() == sorted(one & two)
    assert np.flatnonzero(a.mask()).tolist() == sorted(one)
    assert a.whole() == (one == set(range(of)))
    assert (a.stops > a.starts).all()
    assert (a.starts[1:] > a.stops[:-1]).all()
    assert (a == b) == (one == two)
    assert a == made(one, of)
    assert hash(a) == hash(made(one, of))


def test_of_other_length_is_another_set() -> None:
    assert made({1}, 3) != made({1}, 4)
    assert made({1}, 3) != {1}


def test_all() -> None:
    assert FrameSet.all(3).array().tolist() == [0, 1, 2]
    assert FrameSet.all(0).array().tolist() == []
    assert FrameSet.all(0).whole()


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        (range(10), "all 10 frames"),
        ([], "0 of 10 frames"),
        ([3], "1 of 10 frames: 3"),
        ([3, 4, 5], "3 of 10 frames: 3..5"),
        ([0, 2, 4], "3 of 10 frames: 0, 2, 4"),
        ([0, 2, 4, 6, 8, 9], "6 of 10 frames: 0, 2, 4, … 9"),
    ],
)
def test_text(numbers: list[int], shown: str) -> None:
    assert str(made(set(numbers), 10)) == shown


def test_a_few_stretches_are_consecutive_and_every_second_frame_is_not() -> None:
    assert FrameSet.all(30).consecutive
    assert FrameSet.ranges([(0, 150), (900, 1100)], 2000).consecutive
    assert not FrameSet.numbers(np.arange(0, 2000, 2), 2000).consecutive
    assert not FrameSet.ranges([(k, k + 20) for k in range(0, 2000, 100)], 2000).consecutive
