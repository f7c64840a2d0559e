"""How often what is carried is wrong: found among made thumbnails whose answers are known, by few questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.learning.carrying import EACH, _Trial, measured, optimistic
from vqe.learning.pool import Pool
from vqe.learning.stills import LEVELS, Stills
from vqe.logical.budget import Budget
from vqe.optimizer.difference_detectors import carrying_errors, fits
from vqe.profile import Samples

N, SIDE = 900, 24
BUDGET = Budget(0.05, 0.05, None, None)


class Asked:
    """A pool of a noisy scene into which something comes every 30 frames for 15; `faint`: hardly to be seen."""

    def __init__(self, faint: bool = False, drawn: int = 3) -> None:
        rng = np.random.default_rng(0)
        truth = np.arange(N) % 30 >= 15
        pictures = rng.uniform(50, 150, (SIDE, SIDE)) + rng.normal(0, 2, (N, SIDE, SIDE))
        pictures[truth, 6:12, 6:12] += 5 if faint else 60
        thumbnails = pictures.clip(0, 255).astype(np.uint8)
        known = np.arange(N) % drawn == 0
        self.truth = truth
        self.pool = Pool(
            frames=np.concatenate([np.arange(450), np.arange(5000, 5450)]) * 3,
            thumbnails=thumbnails,
            scenes=thumbnails,
            scene=np.arange(N, dtype=np.int32),
            known=known,
            true=truth & known,
            soft=truth.astype(np.float32),
            chance=np.full(N, 1 / drawn),
            drawn=known.copy(),
            held=np.arange(N) // 90 % 2 == 0,
        )
        self.count = 0

    def __call__(self, positions: NDArray[np.int64]) -> None:
        assert not self.pool.known[positions].any(), "nothing is asked twice"
        self.count += len(positions)
        self.pool.known[positions] = True
        self.pool.true[positions] = self.truth[positions]

    def positions(self) -> NDArray[np.int32]:
        return np.flatnonzero(self.pool.drawn & self.pool.held).astype(np.int32)

    def samples(self) -> Samples:
        own = self.positions()
        return Samples(np.full(len(own), 0.5, np.float32), self.truth[own], np.full(len(own), 3.0 * N / len(own)))


class Video:
    """Two files; frames from 6,000 on are in the second."""

    def file_of(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        return (frames >= 6000).astype(np.int64)


def stills(asked: Asked, looked_at: NDArray[np.bool_] | None = None) -> Stills:
    video: Any = Video()
    found = Stills.of(asked.pool, video, np.ones(N, np.bool_) if looked_at is None else looked_at)
    assert found is not None
    return found


def luck(asked: Asked) -> NDArray[np.float64]:
    return np.random.default_rng(5).random(len(asked.positions()))


def test_distances_reach_from_noise_to_well_above_it() -> None:
    found = stills(Asked())
    assert len(found.deltas) == LEVELS
    assert (np.diff(found.deltas) > 0).all()
    kept = [len(np.unique(found.origins(float(d)))) for d in found.deltas]
    assert kept[0] > 0.5 * N
    assert kept[LEVELS // 2] == N / 15
    assert kept == sorted(kept, reverse=True)


def test_nothing_is_carried_where_time_or_a_file_breaks_off() -> None:
    found = stills(Asked())
    assert found.stretches == [(0, 450), (450, 900)]
    assert len(np.unique(found.origins(1e9))) == 2


def test_what_is_right_is_carried_far() -> None:
    asked = Asked()
    found = measured(stills(asked), asked.positions(), asked.samples(), BUDGET, asked, luck(asked), 150, 1.0)
    assert found is not None
    assert (np.diff(found.deltas) > 0).all()
    assert asked.count <= 150
    chosen = found.origins[-1]
    assert len(np.unique(chosen)) <= N / 15 + 5
    assert (asked.truth[chosen] == asked.truth).mean() > 0.98


def test_what_is_wrong_is_found_out() -> None:
    """What comes is fainter than noise: nothing but the narrowest distance may be left."""
    asked = Asked(faint=True)
    found = measured(stills(asked), asked.positions(), asked.samples(), BUDGET, asked, luck(asked), 150, 1.0)
    if found is not None:
        assert (asked.truth[found.origins[0]] != asked.truth).mean() < 0.05
    wide = _Trial(stills(asked), 1e9, asked.positions(), asked.samples())
    asked(wide.wanted(luck(asked), 40))
    assert (wide.true() != asked.samples().true).mean() > 0.4


@pytest.mark.parametrize("seed", range(4))
def test_errors_are_estimated_by_a_few_of_the_origins(seed: int) -> None:
    """At a distance at which about half of the answers are wrong, whatever is asked."""
    asked = Asked(faint=True, drawn=2)
    base, samples = stills(asked), asked.samples()
    trial = _Trial(base, float(base.deltas[3]), asked.positions(), samples)
    moved = trial.own != trial.positions
    wrong = asked.truth[trial.own] != asked.truth[trial.positions]
    asked(trial.wanted(np.random.default_rng(seed).random(len(moved)), EACH))
    found = carrying_errors(trial.known(), 0, samples, BUDGET)
    for rate, own in zip(found, (samples.true, ~samples.true), strict=True):
        carried = moved[own].mean() + (1 - moved[own].mean()) * 2 / 3
        assert rate == pytest.approx(carried * wrong[own & moved].mean(), abs=0.12)


def test_masses_stand_for_all_that_would_be_carried() -> None:
    asked = Asked(drawn=4)
    base, samples = stills(asked), asked.samples()
    trial = _Trial(base, float(base.deltas[LEVELS // 2]), asked.positions(), samples)
    assert trial.missing.any()
    asked(trial.wanted(luck(asked), 7))
    for own in (samples.true, ~samples.true):
        moved = (trial.own != trial.positions)[own].mean()
        assert trial.masses()[own].sum() == pytest.approx(samples.weights[own].sum() * (moved + (1 - moved) * 2 / 3))


def test_nothing_is_claimed_where_all_is_kept() -> None:
    """Where every frame is seen, many of those kept here would be carried, and nobody knows how well."""
    asked = Asked()
    trial = _Trial(stills(asked), -1.0, asked.positions(), asked.samples())
    assert np.isnan(trial.masses()).all()
    assert not fits(*carrying_errors(trial.known(), 0, asked.samples(), BUDGET), BUDGET, 1.0)


def test_both_truths_are_asked_about() -> None:
    asked = Asked(drawn=4)
    base = stills(asked)
    trial = _Trial(base, float(base.deltas[LEVELS // 2]), asked.positions(), asked.samples())
    wanted = trial.wanted(luck(asked), 8)
    assert 3 <= asked.truth[wanted].sum() <= 5


def test_optimism_asks_nothing() -> None:
    asked = Asked()
    hoped = optimistic(stills(asked), asked.samples())
    assert carrying_errors(hoped, 0, asked.samples(), BUDGET) == (0, 0)
    assert asked.count == 0


def test_too_few_are_true() -> None:
    asked = Asked()
    none = replace(asked.samples(), true=np.arange(len(asked.positions())) < 7)
    assert measured(stills(asked), asked.positions(), none, BUDGET, asked, luck(asked), 150, 1.0) is None
    assert asked.count == 0


def test_nothing_to_compare() -> None:
    asked = Asked()
    video: Any = Video()
    assert Stills.of(asked.pool, video, np.zeros(N, np.bool_)) is None
