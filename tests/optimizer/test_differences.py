"""Difference detectors among the candidates: chosen where they pay and err little, and where they stand then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.differences import Background, Differences, Earlier, as_arrays, from_arrays
from vqe.logical import plan
from vqe.logical.budget import Budget
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import label, walk
from vqe.logical.plan import Learnt, Proxy, Task
from vqe.logical.window import Window
from vqe.optimizer import cascades, thresholds
from vqe.optimizer.audits import Lottery
from vqe.optimizer.cascades import best, candidates
from vqe.optimizer.difference_detectors import detectors
from vqe.optimizer.differences import planned, with_differences
from vqe.optimizer.situation import Candidate, Costs, Situation
from vqe.profile import Profile, Samples

POOL, STEP = 2400, 3
FRAMES = POOL * STEP
RUN = 60  # frames of the pool that look alike
TRUE = np.arange(POOL) // RUN % 8 == 3
CLEAR = np.arange(POOL) // RUN % 2 == 0  # the small model is sure of every second run only
COSTS = Costs(0.03, 0.0005, 0.00004, 0.00005, 0.0003, 0.003, 0.0005)
PREDICATE = Predicate("contains('bus')", "x", "c", (), (ModelCall("contains", ("bus",), 0.4),))


def scores() -> NDArray[np.float32]:
    noise = np.random.default_rng(0).uniform(0, 0.1, POOL)
    clear = np.where(TRUE, 0.99 - noise / 10, noise / 10)
    return np.where(CLEAR, clear, 0.45 + noise).astype(np.float32)


POSITIONS = np.arange(0, POOL, 4).astype(np.int32)


def samples(model: bool) -> Samples:
    own = scores()[POSITIONS] if model else np.full(len(POSITIONS), 0.5, np.float32)
    return Samples(own, TRUE[POSITIONS], np.full(len(POSITIONS), FRAMES / len(POSITIONS)))


def earlier(wrong: int = 0) -> Earlier:
    """At the narrow distance half a run is carried, at the others all of it; `wrong`: so many true samples, there."""
    place = np.arange(POOL)
    origins = np.stack([place // 30 * 30, place // RUN * RUN, place // RUN * RUN]).astype(np.int32)
    true = np.stack([TRUE[POSITIONS]] * 3)
    true[1:, np.flatnonzero(TRUE[POSITIONS])[1 : 1 + wrong]] = False
    moved = origins[:, POSITIONS] != POSITIONS
    return Earlier(
        np.array([1, 2, 4], np.float32), origins, true, np.where(moved, FRAMES / len(POSITIONS), 0.0), (1.0,) * 64
    )


def backgrounds() -> tuple[Background, ...]:
    """True frames are at 100 and further, the others nearer, but for one in ten."""
    rng = np.random.default_rng(1)
    distances = np.where(TRUE, rng.uniform(100, 200, POOL), rng.uniform(5, 20, POOL))
    distances[rng.random(POOL) < 0.1] = 300
    return (Background(distances.astype(np.float32), None),)


def situation(
    *,
    model: bool = True,
    behind: bool = False,
    before: Earlier | None = None,
    budget: Budget | None = None,
    **more: Any,
) -> Situation:
    known = scores() if model else np.full(POOL, 0.5, np.float32)
    profile = Profile(
        "contains('bus')",
        samples(model),
        np.sort(known),
        600,
        75,
        (),
        "cnn" if model else "",
        0,
        96,
        "" if model else "no model",
        Proxy(Path("kept"), "cnn", "") if model else None,
        Differences(known, POSITIONS, STEP, backgrounds() if behind else (), before),
        path=Path("kept"),
        key="what is known",
    )
    info: Any = SimpleNamespace(name="yolo", key="yolo")
    file = SimpleNamespace(index=SimpleNamespace(keyframes=range(0, FRAMES, 100)))
    video: Any = SimpleNamespace(name="cam", frame_count=FRAMES, files=[file])
    task = Task("cam", video, info, 0.25, PREDICATE, None, Window(frames=0), None, FrameSet.all(FRAMES))
    found = Situation(
        task,
        budget or Budget(0.02, 0.02, None, None),
        COSTS,
        FRAMES,
        profile,
        "noscope",
        0.05,
        False,
        Lottery("", ()),
    )
    return replace(found, **more)


def chosen(given: Situation) -> Candidate:
    found = candidates(given)
    return best([*found, *with_differences(given, found)])


def chain(candidate: Candidate) -> list[str]:
    assert candidate.build is not None
    return [type(n).__name__ for n in walk(candidate.build(plan.Scan("cam", FrameSet.all(FRAMES))))]


def difference(candidate: Candidate) -> plan.Difference:
    assert candidate.build is not None
    nodes = walk(candidate.build(plan.Scan("cam", FrameSet.all(FRAMES))))
    return next(n for n in nodes if isinstance(n, plan.Difference))


def resolve(candidate: Candidate) -> plan.Resolve:
    assert candidate.build is not None
    found = candidate.build(plan.Scan("cam", FrameSet.all(FRAMES)))
    assert isinstance(found, plan.Resolve)
    return found


# --- where it pays --------------------------------------------------------------------------------------------------


def test_what_is_undecided_in_still_scenes_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for what is left undecided for safety, which is not in still scenes alone."""
    monkeypatch.setattr(thresholds, "RULE_OF_THREE", 0.0)
    monkeypatch.setattr(cascades, "LEAST_SLACK", 0.0)
    without, with_ = chosen(situation()), chosen(situation(before=earlier()))
    assert (without.kind, with_.kind) == ("cascade", "difference, cascade")
    assert chain(with_) == ["Resolve", "Difference", "Specialise", "Thumbnails", "Scan"]
    assert label(difference(with_)) == "Difference from earlier in 8×8 blocks ≤ 2"
    assert resolve(with_).predicted.asked < resolve(without).predicted.asked / 20
    # A run of 60 in the pool, of every third frame, lasts 178 frames at the least: 40 runs, half of them undecided.
    assert 0.9 < resolve(with_).predicted.asked / (FRAMES / 2 / 178) < 1.6
    assert resolve(with_).learnt == Learnt(Path("kept"), "what is known")


def test_a_slow_small_model_is_spared_too() -> None:
    found = chosen(situation(before=earlier(), costs=replace(COSTS, specialised=0.004)))
    assert chain(found) == ["Resolve", "Specialise", "Difference", "Thumbnails", "Scan"]
    empty = chosen(situation(behind=True, costs=replace(COSTS, specialised=0.004)))
    assert (chain(empty), difference(empty).against) == (chain(found), "background")


def test_alone() -> None:
    """No model is needed: of 2400 frames of the pool 40 differ from the one before."""
    found = chosen(situation(model=False, before=earlier()))
    assert (found.kind, chain(found)) == ("difference", ["Resolve", "Difference", "Thumbnails", "Scan"])
    assert resolve(found).learnt == Learnt(Path("kept"), "what is known")
    found = chosen(situation(model=False, behind=True))
    assert found.kind == "difference"
    assert 75 < difference(found).delta < 100, "nearer than any true frame, with a margin"
    assert 0.75 < 1 - difference(found).left < 0.8


def test_costs_decide() -> None:
    assert chosen(situation(before=earlier(), costs=replace(COSTS, earlier=0.1))).kind == "cascade"
    assert chosen(situation(model=False, before=earlier(), costs=replace(COSTS, reference=0.0005))).kind == "exact"
    little = situation(model=False, before=earlier(), unknown=150)
    assert "less than a tenth" in with_differences(little, candidates(little))[0].note


# --- within the budget ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "delta"), [(0, 2), (1, 1)])
def test_only_as_far_as_what_is_carried_is_right(wrong: int, delta: float) -> None:
    """One in 75 true samples is wrong at the wider distances: too much."""
    found = chosen(situation(before=earlier(wrong), budget=Budget(0.01, 0.01, None, None)))
    assert difference(found).delta == delta


def test_a_wider_budget_has_room_for_it() -> None:
    found = chosen(situation(before=earlier(1), budget=Budget(0.1, 0.1, None, None)))
    assert found.kind == "difference, cascade"
    predicted = resolve(found).predicted
    assert difference(found).delta == 2
    assert predicted.fnr is not None and 1 / 75 <= predicted.fnr <= 0.09


def test_the_model_has_the_rest_of_the_budget() -> None:
    """One choice: what the detector may lose the small model may not."""
    given = situation(before=earlier(1), budget=Budget(0.1, 0.1, None, None))
    profile = given.profile
    assert profile is not None and profile.differences is not None
    (right, wrong, _) = detectors(profile.differences, profile.samples, given.budget, (0.0, 0.25, 0.5))
    assert right.fnr < 1 / 75 <= wrong.fnr
    assert (right.part, wrong.part) == (0.25, 0.25)
    (right,) = detectors(profile.differences, profile.samples, given.budget, (0.0, 0.1))
    assert right.delta == 1


def test_false_discoveries_are_of_what_is_true() -> None:
    """A false frame in 8 is true: as an FPR an error weighs a seventh of what it does as an FDR."""
    carried = earlier()
    false = np.flatnonzero(~TRUE[POSITIONS])
    carried.true[:, false[1:4]] = True
    assert chosen(situation(before=carried, budget=Budget(0.05, 0.03, None, None))).kind == "difference, cascade"
    assert chosen(situation(before=carried, budget=Budget(0.05, None, 0.03, None))).kind == "cascade"
    asked = situation(before=carried, budget=Budget(0.05, None, 0.03, None), values=True)
    assert chosen(asked).kind == "difference, cascade", "what is returned is asked about anyway"


def test_too_little_is_known() -> None:
    unknown = earlier()
    unknown.masses[:] = np.nan
    assert chosen(situation(before=unknown)).kind == "cascade"
    few = situation(model=False, behind=True)
    none = replace(few.profile, samples=replace(samples(False), true=np.zeros(len(POSITIONS), np.bool_)))  # type: ignore[type-var]
    assert chosen(replace(few, profile=none)).kind == "exact"


def test_values_cost_what_is_carried() -> None:
    plain, values = chosen(situation(before=earlier())), chosen(situation(before=earlier(), values=True))
    assert values.seconds > plain.seconds + 0.05 * FRAMES * COSTS.reference


def test_nothing_over_windows_with_confidence() -> None:
    given = situation(before=earlier(), budget=Budget(0.02, 0.02, None, 0.9))
    task = replace(given.task, window=Window(frames=9))
    assert with_differences(replace(given, task=task), candidates(given)) == []


def test_nothing_where_such_plans_are_not_allowed() -> None:
    given = situation(before=earlier(), space="sampling")
    assert with_differences(given, candidates(given)) == []


def test_parts_may_be_left_out() -> None:
    given = situation(behind=True, before=earlier())

    def kinds(*without: str) -> set[tuple[bool, bool]]:
        """Of all plans but the plain one, whether they hold a small model, and a detector."""
        made = replace(given, without=frozenset(without))
        found = [*candidates(made), *with_differences(made, candidates(made)), *planned(made)]
        return {("Specialise" in chain(c), "Difference" in chain(c)) for c in found if c.build is not None}

    assert kinds() >= {(True, False), (False, True)}
    assert kinds("small_model") == {(False, True)}
    assert kinds("difference") == {(True, False)}
    assert kinds("small_model", "difference") == set()
    fresh = replace(given, profile=None, without=frozenset({"small_model"}))
    (found,) = with_differences(fresh, candidates(fresh))
    assert found.kind == "learn" and [c.kind for c in candidates(fresh)] == ["exact"]


def test_what_no_sample_is_of_may_look_like_the_empty_scene_too() -> None:
    """A passage that is known of, or that the small model sees, at a time that no sample is from."""
    (background,) = backgrounds()
    passage = np.setdiff1d(np.arange(100, 140), POSITIONS)
    distances, true = background.distances.copy(), TRUE.copy()
    distances[passage], true[passage] = 30, True
    known = Differences(scores(), POSITIONS, STEP, (Background(distances, None),))
    budget = Budget(0.02, 0.02, None, None)
    (misled,) = detectors(known, samples(True), budget, (0.5,))
    (careful,) = detectors(replace(known, true=true), samples(True), budget, (0.5,))
    assert misled.near[passage].all()
    assert not careful.near[passage].any()
    assert careful.near.mean() > 0.5


# --- before anything has been learnt --------------------------------------------------------------------------------


@pytest.mark.parametrize(("frames", "pays"), [(300, False), (800, False), (3000, True)])
def test_a_detector_is_learnt_where_little_is_lost_in_vain(frames: int, pays: bool) -> None:
    """Of 800 frames, too, it is promised to pay; but a seventh of the plain plan's 24 s would be at risk."""
    given = situation(profile=None, unknown=frames, without=frozenset({"small_model"}))
    given = replace(given, task=replace(given.task, frames=FrameSet.all(frames)))
    (found,) = with_differences(given, candidates(given))
    assert (found.kind, not found.note) == ("learn", pays)


def test_a_model_is_thought_of_again_when_there_is_much_more_to_see() -> None:
    given = situation(model=False, before=earlier(3))
    assert given.profile is not None
    for untrained, again in ((0, False), (FRAMES, False), (FRAMES // 3, True)):
        found = with_differences(replace(given, profile=replace(given.profile, untrained=untrained)), candidates(given))
        assert any(c.kind == "learn" for c in found) == again


# --- kept -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, earlier()])
def test_kept_as_arrays(before: Earlier | None) -> None:
    known = Differences(scores(), POSITIONS, STEP, (*backgrounds(), Background(scores(), (0.5, 0.5))), before, TRUE)
    read = from_arrays({"profile.scores": scores(), **as_arrays(known)})
    assert read is not None
    assert [b.weights for b in read.backgrounds] == [None, (0.5, 0.5)]
    np.testing.assert_array_equal(read.backgrounds[1].distances, known.backgrounds[1].distances)
    assert (read.earlier is None) == (before is None)
    np.testing.assert_array_equal(read.true, TRUE)
    assert from_arrays(as_arrays(replace(known, true=None))).true is None  # type: ignore[union-attr]
    for name in ("deltas", "origins", "true", "masses"):
        np.testing.assert_array_equal(getattr(read.earlier, name, 0), getattr(before, name, 0))
    assert from_arrays({"profile.scores": scores()}) is None
