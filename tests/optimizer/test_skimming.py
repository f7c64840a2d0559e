"""Whether some frames are looked at first: what that may miss counts against the budget, and it has to save a tenth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vqe.foretold import foretold
from vqe.logical import plan
from vqe.logical.budget import Budget
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import label, walk
from vqe.logical.plan import Proxy, Task
from vqe.logical.window import Window
from vqe.optimizer.audits import Lottery
from vqe.optimizer.cascades import best, candidates
from vqe.optimizer.cost import Measured, estimate
from vqe.optimizer.gates import CLOSER_LOOK, OPEN
from vqe.optimizer.situation import Candidate, Costs, Situation
from vqe.optimizer.thresholds import choose
from vqe.profile import Profile, Samples
from vqe.skims import Skims
from vqe.video import Video, VideoFile

FRAMES, SAMPLES, APART = 30_000, 4000, 3
BUDGET = Budget(0.05, 0.05, None, None)
COSTS = Costs(0.03, 0.0015, 0.0001, 0.00005, 0.0003, 0.003, 0.0008)
PREDICATE = Predicate("contains('bus')", "x", "c", (), (ModelCall("contains", ("bus",), 0.4),))


def profile_of(fleeting: float = 0.0, hot: float = 0.1) -> Profile:
    """One sample in ten is true; of these the share `fleeting` shows in no frame beside it. The share `hot` of the
    frames is near to something, and as many lie before that in their part."""
    chance = np.random.default_rng(4)
    true = np.arange(SAMPLES) % 10 == 0
    scores = np.where(true, 1 - chance.uniform(0, 0.05, SAMPLES), chance.uniform(0, 1e-4, SAMPLES)).astype(np.float32)
    gone = true & (chance.uniform(0, 1, SAMPLES) < fleeting)
    beside = np.where(gone, 1e-5, scores).astype(np.float32)
    near, ahead = (np.where(np.arange(100) < share * 100, 0.99, 1e-5).astype(np.float32) for share in (hot, 2 * hot))
    samples = Samples(scores, true, np.full(SAMPLES, FRAMES / SAMPLES))
    return Profile(
        "contains('bus')",
        samples,
        np.sort(scores),
        SAMPLES,
        int(true.sum()),
        (),
        "cnn",
        0,
        96,
        proxy=Proxy(Path("kept"), "cnn", ""),
        skims=Skims(APART, beside, near, ahead),
        path=Path("kept"),
        key="what is known",
    )


def situation(profile: Profile, damaged: bool = False, **more: Any) -> Situation:
    index: Any = SimpleNamespace(
        pts=np.arange(FRAMES), keyframes=np.arange(0, FRAMES, 100), sizes=np.ones(FRAMES), fingerprint="monday"
    )
    index.damaged = damaged
    video = Video("cam", (VideoFile(Path("cam.mp4"), index, 0, 0.0, None),))
    info: Any = SimpleNamespace(name="yolo", key="yolo")
    task = Task("cam", video, info, 0.25, PREDICATE, None, Window(frames=0), None, FrameSet.all(FRAMES))
    found = Situation(task, BUDGET, COSTS, FRAMES, profile, "noscope", 0.05, False, Lottery("", ()))
    return replace(found, **more)


def by_kind(found: list[Candidate], kind: str) -> Candidate:
    (one,) = (c for c in found if c.kind == kind)
    return one


def seconds_of(node: Any) -> float:
    match node:
        case plan.Thumbnails(left=left, skimmed=skimmed):
            return skimmed * COSTS.skim + left * COSTS.thumbnail
        case plan.Specialise():
            return COSTS.specialised
    return COSTS.reference


MEASURED = Measured(lambda _: 0, seconds_of)


def thumbnails(candidate: Candidate) -> plan.Thumbnails:
    assert candidate.build is not None
    built = candidate.build(plan.Scan("cam", FrameSet.all(10)))
    (node,) = (n for n in walk(built) if isinstance(n, plan.Thumbnails))
    return node


def test_it_is_chosen_where_most_frames_are_far_from_anything() -> None:
    found = candidates(situation(profile_of()))
    chosen = best(found)
    assert chosen.kind == "skimming" and "every 3 looked at first" in chosen.description
    node = thumbnails(chosen)
    assert (node.skim, node.left, node.skimmed) == (APART, pytest.approx(0.1), pytest.approx(1.1))
    assert label(node) == "Thumbnails 96×96 every 3 first"
    assert foretold(node, MEASURED).endswith("10.0 % looked at one by one")
    whole = by_kind(found, "cascade")
    assert thumbnails(whole).skim is None and thumbnails(whole).left == 1


@pytest.mark.parametrize(
    "given",
    [
        situation(profile_of(hot=0.9)),
        situation(profile_of(), costs=replace(COSTS, skim=COSTS.thumbnail)),
    ],
    ids=["something is near to most frames", "it takes as long as looking at all"],
)
def test_it_has_to_save_a_tenth(given: Situation) -> None:
    found = candidates(given)
    assert by_kind(found, "skimming").note.startswith("would save less than a tenth: cnn")
    assert best(found).kind == "cascade"


@pytest.mark.parametrize(
    "given",
    [
        situation(profile_of(), without=frozenset({"skimming"})),
        situation(profile_of(), budget=replace(BUDGET, confidence=0.9)),
        situation(replace(profile_of(), skims=None)),
        situation(profile_of(), damaged=True),
    ],
    ids=["left out", "with a confidence", "nothing is known of it", "a later recording cannot be decoded apart"],
)
def test_it_is_out_of_the_question(given: Situation) -> None:
    assert all(c.kind != "skimming" for c in candidates(given))


def test_what_it_would_miss_counts_against_the_budget() -> None:
    """One true frame in five shows in none beside it: a threshold below these leaves everything to be looked at."""
    found = candidates(situation(profile_of(fleeting=0.2)))
    assert by_kind(found, "skimming").note
    few = candidates(situation(profile_of(fleeting=0.01)))
    assert not by_kind(few, "skimming").note, "so many may be missed"


def test_a_sample_scores_as_those_beside_it_show() -> None:
    profile = profile_of(fleeting=0.2)
    gate = replace(OPEN, skims=profile.skims)
    samples, population = gate.passed(profile)
    assert profile.skims is not None
    beside = profile.skims.beside
    true, scores = profile.samples.true, profile.samples.scores
    assert np.array_equal(samples.scores[true], np.minimum(scores, beside / CLOSER_LOOK)[true])
    assert np.array_equal(population, profile.population), "what is undecided is looked at as it ever was"
    thresholds = choose(samples, BUDGET)
    assert thresholds is not None
    missed = profile.samples.true & (beside < CLOSER_LOOK * thresholds.low)
    assert missed.sum() / profile.samples.true.sum() <= BUDGET.fnr


def test_false_frames_may_lie_where_all_are_looked_at() -> None:
    """However little shows beside them."""
    profile = profile_of()
    assert profile.skims is not None
    flicker = ~profile.samples.true & (np.arange(SAMPLES) % 10 == 1)
    scores = np.where(flicker, 0.97, profile.samples.scores).astype(np.float32)
    profile = replace(profile, samples=replace(profile.samples, scores=scores), population=np.sort(scores))
    by_gate = [choose(replace(OPEN, skims=skims).passed(profile)[0], BUDGET) for skims in (None, profile.skims)]
    assert by_gate[0] is not None and by_gate[1] is not None
    assert by_gate[0].high == by_gate[1].high > 0.95 and by_gate[0].false == by_gate[1].false


def test_what_no_threshold_would_find_is_out_of_reach() -> None:
    profile = profile_of(fleeting=0.2)
    assert profile.skims is not None
    dark = replace(profile.skims, beside=np.where(profile.skims.beside < 0.5, 0, profile.skims.beside))
    hidden = replace(profile, skims=replace(dark, near=np.where(dark.near < 0.5, 0, dark.near)))
    assert by_kind(candidates(situation(hidden)), "skimming").note.startswith("the budget is out of reach")


@pytest.mark.parametrize(
    ("low", "left", "shares"),
    [
        (0.5, 1.0, (0.1, 1.1)),
        (2.1e-5, 1.0, (0.1, 1.1)),
        (1.9e-5, 1.0, (1.0, 1.0)),
        (0.5, 0.5, (0.2, 1.2)),
        (0.5, 0.15, (2 / 3, 4 / 3)),
    ],
)
def test_frames_are_read_where_something_comes_close_to_the_threshold(
    low: float, left: float, shares: tuple[float, float]
) -> None:
    """Packets leave those that are near to it."""
    gate = replace(OPEN, skims=profile_of().skims, left=left)
    assert gate.read(low) == pytest.approx(shares)
    assert OPEN.read(low) == (1, 0)


def test_the_price_of_a_plan_is_that_of_its_nodes() -> None:
    given = situation(profile_of(), audit=0.0)
    chosen = best(candidates(given))
    assert chosen.build is not None
    scan = plan.Scan("cam", FrameSet.all(FRAMES))

    assert estimate(chosen.build(scan), MEASURED).seconds == pytest.approx(chosen.seconds)
