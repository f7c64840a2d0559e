"""Packets' sizes as features, weights for them, and what the busiest packets to come say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.models import packets
from vqe.models.packets import BASE, LEAST, WINDOWS, Activity, fit, until_next_key

N, GOP = 3000, 50
KEYS = np.arange(0, N, GOP)
MOVING = np.arange(N) % 500 // 40 == 5  # for 40 frames in 500


def sizes(seed: int = 1, scale: float = 1.0) -> NDArray[np.int32]:
    """Some 100 bytes a frame, ten times as many where something moves, and 5,000 for each key frame."""
    chance = np.random.default_rng(seed)
    found = np.where(MOVING, 1000, 100) * chance.uniform(0.8, 1.25, N)
    found[KEYS] = 5000
    return (scale * found).astype(np.int32)


def features(sizes: NDArray[np.int32], keyframes: NDArray[np.int64]) -> NDArray[np.float32]:
    return Activity.of(sizes, keyframes).features(np.arange(len(sizes)))


def alone(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """The narrowest mean."""
    return found[:, 0]


# --- features -------------------------------------------------------------------------------------------------------


def test_features_are_logarithms_of_means_over_windows_beside_the_usual() -> None:
    found, plain = features(sizes(), KEYS), sizes().astype(float) + LEAST
    assert (found.shape, found.dtype) == ((N, 2 * len(WINDOWS) + 1), np.float32)
    quiet = np.median(plain[~MOVING & (np.arange(N) % GOP > 0)])
    for column, window in enumerate(WINDOWS):
        for n in (220, 225, 2475):  # no key frame is near the narrow ones
            around = np.arange(n - window // 2, n + window // 2 + 1)
            around = around[around % GOP > 0]
            assert found[n, column] == pytest.approx(np.log(plain[around].mean() / quiet), abs=0.25)
    assert np.array_equal(found[:, len(WINDOWS) : -1], found[:, : len(WINDOWS)] ** 2)
    assert (found[:, -1] == 1).all()


def test_what_moves_stands_out_and_key_frames_do_not() -> None:
    found = alone(features(sizes(), KEYS))
    assert found[MOVING].min() > 0.5 > found[~MOVING & ~np.roll(MOVING, 1) & ~np.roll(MOVING, -1)].max()
    quiet_keys = KEYS[~MOVING[KEYS]]
    assert abs(found[quiet_keys].mean()) < 0.2


def test_only_beside_what_is_usual_there() -> None:
    """Another quality, or rain for an hour, says nothing."""
    plain, large = features(sizes(), KEYS), features(sizes(scale=20), KEYS)
    np.testing.assert_allclose(alone(plain), alone(large), atol=0.2)
    n = 60 * BASE
    rain = np.where(np.arange(n) < n // 2, 100, 900).astype(np.int32)
    found = alone(features(rain, np.arange(0, n, GOP)))
    assert abs(found[: n // 4]).max() < 0.01 and abs(found[-n // 4 :]).max() < 0.01


@pytest.mark.parametrize("n", [1, 2, 40, BASE + 1, 2 * BASE - 1])
def test_short_files(n: int) -> None:
    found = features(np.full(n, 100, np.int32), np.zeros(1, np.int64))
    assert found.shape == (n, 9)
    np.testing.assert_allclose(found[:, :-1], 0, atol=1e-6)


def test_nothing_but_key_frames_and_empty_packets() -> None:
    whole = np.where(np.arange(N) % GOP, sizes(), 100).astype(np.int32)
    every = alone(features(whole, np.arange(N)))
    assert every[MOVING].mean() > every[~MOVING].mean() + 1, "of Motion JPEG each frame tells by its own size"
    assert np.isfinite(features(np.zeros(200, np.int32), np.array([0, 100]))).all()


def test_scores_are_features_weighed_some_frames_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    activity, weights = Activity.of(sizes(), KEYS), np.random.default_rng(1).normal(size=2 * len(WINDOWS) + 1)
    whole = features(sizes(), KEYS) @ weights
    monkeypatch.setattr(packets, "AT_ONCE", 700)
    np.testing.assert_allclose(activity.scores(weights), whole, rtol=1e-4, atol=1e-4)
    some = np.arange(5, N, 7)
    np.testing.assert_allclose(activity.scores(weights, some), whole[some], rtol=1e-4, atol=1e-4)
    assert activity.scores(weights, some[:0]).shape == (0,)


# --- weights --------------------------------------------------------------------------------------------------------


def test_weights_tell_what_moves() -> None:
    found = features(sizes(), KEYS)
    weights = fit(found[::3], MOVING[::3])
    assert (weights.shape, weights.dtype) == ((found.shape[1],), np.float64)
    other = features(sizes(seed=2), KEYS) @ weights
    assert ((other > 0) == MOVING).mean() > 0.97


def test_both_kinds_weigh_alike() -> None:
    """So rare ones are not given up: with nothing to go by, all chances are even."""
    flat = np.ones((1000, 9), np.float32)
    true = np.arange(1000) < 5
    np.testing.assert_allclose(flat[:1] @ fit(flat, true), 0, atol=1e-3)


@pytest.mark.parametrize("true", [MOVING, ~MOVING, np.arange(N) == 7, np.random.default_rng(0).random(N) < 0.5])
def test_weights_are_numbers(true: NDArray[np.bool_]) -> None:
    found = features(sizes(), KEYS)
    weights = fit(found, true)
    assert np.isfinite(weights).all() and abs(weights).max() < 1000
    assert np.array_equal(weights, fit(found, true))


def test_weights_are_the_best_there_are() -> None:
    """Any step from them makes the penalised loss larger."""
    found = features(sizes(), KEYS)[::5]
    true = np.random.default_rng(3).random(len(found)) < np.where(MOVING[::5], 0.7, 0.1)

    def loss(weights: NDArray[np.float64]) -> float:
        balance = np.where(true, 0.5 / true.sum(), 0.5 / (~true).sum())
        each = np.logaddexp(0, np.where(true, -1, 1) * (found.astype(np.float64) @ weights))
        return float((balance * each).sum() + 0.5 * (1e-2 * weights[:-1] ** 2).sum())

    best, chance = fit(found, true), np.random.default_rng(4)
    for _ in range(50):
        step = chance.normal(0, 0.1, len(best))
        assert loss(best) < loss(best + step)
        assert abs(loss(best + 1e-3 * step) - loss(best - 1e-3 * step)) < 1e-9


# --- to the end of a group ------------------------------------------------------------------------------------------


def test_until_the_next_key_frame() -> None:
    scores = np.array([3, 1, 2, 0, 5, 4, 4, 7], np.float32)
    rest, whole = until_next_key(scores, np.array([0, 4, 7]))
    assert rest.tolist() == [3, 2, 2, 0, 5, 4, 4, 7]
    assert whole.tolist() == [3, 3, 3, 3, 5, 5, 5, 7]
    assert rest.dtype == whole.dtype == np.float32
    assert scores.tolist() == [3, 1, 2, 0, 5, 4, 4, 7]


def test_one_group() -> None:
    rest, whole = until_next_key(np.array([1, 9, 2], np.float32), np.zeros(1, np.int64))
    assert (rest.tolist(), whole.tolist()) == ([9, 9, 2], [9, 9, 9])
