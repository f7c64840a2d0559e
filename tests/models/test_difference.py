"""Difference detectors on made thumbnails: light is no difference, a square is one, and answers carry on until it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.models.difference import DifferenceFilter, Kept, blocked_mse, carried, fit_weights, global_mse

SIDE = 48


def background() -> NDArray[np.float64]:
    return np.random.default_rng(0).uniform(40, 160, (SIDE, SIDE))


def scene(n: int, seed: int = 1, noise: float = 2.0) -> NDArray[np.float64]:
    """The background n times, noisy."""
    return background() + np.random.default_rng(seed).normal(0, noise, (n, SIDE, SIDE))


def pixels(picture: NDArray[np.float64]) -> NDArray[np.uint8]:
    return picture.round().clip(0, 255).astype(np.uint8)


def with_square(pictures: NDArray[np.float64], y: int = 12, x: int = 24) -> NDArray[np.float64]:
    pictures = pictures.copy()
    pictures[:, y : y + 6, x : x + 6] += 80
    return pictures


def test_equal_pictures_do_not_differ() -> None:
    picture = pixels(scene(3))
    assert blocked_mse(picture, picture).max() < 1e-3
    assert global_mse(picture, picture).max() < 1e-3


def test_is_the_mean_square_of_what_a_straight_line_leaves() -> None:
    a, b = pixels(with_square(scene(20))), pixels(scene(20, 2))
    found = blocked_mse(a, b)
    assert (found.shape, found.dtype) == ((20, 64), np.float32)
    for i in range(20):
        y, x = a[i].astype(float).ravel(), b[i].astype(float).ravel()
        gain, offset = np.polyfit(x, y, 1)
        squares = ((y - gain * x - offset) ** 2).reshape(8, SIDE // 8, 8, SIDE // 8).mean((1, 3))
        np.testing.assert_allclose(found[i], squares.ravel(), rtol=1e-3)
    np.testing.assert_allclose(global_mse(a, b), found.mean(1), rtol=1e-4)


def test_one_background_for_all() -> None:
    a, b = pixels(scene(20)), pixels(scene(1, 2))
    np.testing.assert_allclose(blocked_mse(a, b), blocked_mse(a, np.repeat(b, 20, 0)), rtol=1e-4)


def test_a_picture_of_one_grey() -> None:
    grey = np.full((2, SIDE, SIDE), 90, np.uint8)
    assert blocked_mse(grey, grey + np.uint8(20)).max() == 0
    assert np.isfinite(blocked_mse(pixels(scene(2)), grey)).all()


@pytest.mark.parametrize(("gain", "offset"), [(1, 40), (1.3, 0), (0.7, 20)])
def test_light_is_no_difference(gain: float, offset: float) -> None:
    lit = pixels(gain * scene(5) + offset)
    dark = pixels(scene(5, 2))
    moved = pixels(gain * with_square(scene(5)) + offset)
    assert global_mse(lit, dark).max() < 20
    assert blocked_mse(lit, dark).max() < 0.1 * blocked_mse(moved, dark).max(1).min()


def test_the_block_of_the_square_differs() -> None:
    changed = blocked_mse(pixels(with_square(scene(4))), pixels(scene(4, 2)))
    assert (changed.argmax(1) == 2 * 8 + 4).all()


def test_empty_and_wrong_shapes() -> None:
    nothing = np.zeros((0, SIDE, SIDE), np.uint8)
    assert blocked_mse(nothing, nothing).shape == (0, 64)
    with pytest.raises(ValueError, match="7×7 blocks"):
        blocked_mse(pixels(scene(1)), pixels(scene(1)), 7)
    with pytest.raises(ValueError, match="thumbnails are"):
        blocked_mse(pixels(scene(3)), pixels(scene(2)))
    with pytest.raises(ValueError, match="63 weights"):
        DifferenceFilter("background", np.ones(63, np.float32)).distance(pixels(scene(1)), pixels(scene(1)))


def test_weights_find_the_blocks_that_matter() -> None:
    """A tree waves in one block, which says nothing; what counts shows in another."""
    rng = np.random.default_rng(3)
    blocked = rng.exponential(4, (600, 64)).astype(np.float32)
    blocked[:, 5] += rng.exponential(300, 600)
    changed = rng.random(600) < 0.2
    blocked[changed, 30] += rng.exponential(80, int(changed.sum()))
    weights = fit_weights(blocked, changed)
    assert weights.dtype == np.float32
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert weights.argmax() == 30
    assert weights[5] < 0.2 * weights[30]
    distance = blocked @ weights
    assert _auc(distance, changed) > 0.85 > 0.7 > _auc(blocked.mean(1), changed)


def test_weights_where_nothing_is_to_be_learnt() -> None:
    blocked = np.ones((5, 64), np.float32)
    for changed in (np.zeros(5, np.bool_), np.ones(5, np.bool_), np.arange(5) > 2):
        np.testing.assert_allclose(fit_weights(blocked, changed), 1 / 64, rtol=0.01)
    assert fit_weights(np.zeros((5, 64), np.float32), np.arange(5) > 2).sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="n answers"):
        fit_weights(blocked, np.zeros(4, np.bool_))


def test_answers_carry_on_until_something_changes() -> None:
    pictures = scene(100)
    pictures[40:60] = with_square(pictures[40:60])
    pictures += np.linspace(0, 30, 100)[:, None, None]  # dawn
    frames = np.arange(1000, 1200, 2)
    origins, last = carried(frames, pixels(pictures), DifferenceFilter("earlier").distance, 30.0)
    assert origins.dtype == np.int64
    np.testing.assert_array_equal(origins, np.repeat([1000, 1080, 1120], [40, 20, 40]))
    assert last is not None
    assert last.frame == 1120


@pytest.mark.parametrize("delta", [-1.0, 5.0, 9.0, 1e9])
def test_carrying_is_as_one_frame_after_another(delta: float) -> None:
    rng = np.random.default_rng(4)
    pictures = pixels(background() + rng.normal(0, 1, (80, SIDE, SIDE)).cumsum(0))
    distance = DifferenceFilter("earlier", np.full(64, 1 / 64, np.float32)).distance
    expected, kept = [], 0
    for i in range(80):
        if distance(pictures[i : i + 1], pictures[kept : kept + 1])[0] > delta:
            kept = i
        expected.append(kept)
    frames = np.arange(80)
    at_once, _ = carried(frames, pictures, distance, delta)
    np.testing.assert_array_equal(at_once, expected)
    in_parts: list[int] = []
    last: Kept | None = None
    for start, end in ((0, 1), (1, 30), (30, 30), (30, 80)):
        part, last = carried(frames[start:end], pictures[start:end], distance, delta, last)
        in_parts += part.tolist()
    assert in_parts == expected


def test_nothing_to_carry() -> None:
    origins, last = carried(np.arange(0), np.zeros((0, SIDE, SIDE), np.uint8), global_mse, 1.0)
    assert (len(origins), last) == (0, None)


def _auc(scores: NDArray[np.float32], true: NDArray[np.bool_]) -> float:
    return float((scores[true][:, None] > scores[~true][None]).mean())
