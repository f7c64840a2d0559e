"""Which frames need no decoding: a part of the budget is risked, and far less is used where little is known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.logical.budget import Budget
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node, label, walk
from vqe.logical.plan import Learnt, Proxy, Task
from vqe.logical.window import Window
from vqe.optimizer import cascades
from vqe.optimizer.audits import Lottery
from vqe.optimizer.cascades import best, candidates
from vqe.optimizer.gates import FEWEST, GENEROUS, PART, Between, Gate, gate_of
from vqe.optimizer.situation import Candidate, Costs, Situation, Term
from vqe.optimizer.thresholds import choose
from vqe.packets import Packets, as_arrays, from_arrays, idle
from vqe.profile import Profile, Samples
from vqe.video import Video, VideoFile

GROUP, STEP = 20, 3  # frames of the pool in a group of pictures, and frames of the video for each
SEEN = 0.5
BUDGET = Budget(0.05, 0.05, None, None)


def packets(groups: int = 200, visits: int = 20, seed: int = 1) -> Packets:
    """In some groups something comes at the fifth frame and goes before the fifteenth; their packets score 2 to 3, the
    others' 0 to 1. Nothing is ever seen in a key frame."""
    chance = np.random.default_rng(seed)
    k = groups * GROUP
    place, group = np.arange(k) % GROUP, np.arange(k) // GROUP
    busy = group % (groups // visits) == 3
    true = busy & (place >= 5) & (place < 15)
    level = chance.uniform(0, 1, groups) + np.where(busy[::GROUP], 2, 0)
    rest = np.where(place < 15, level[group], level[group] - np.where(busy, 2, 0)).astype(np.float32)
    empty = np.full(k, 0.01, np.float32)
    return Packets(
        frames=np.arange(k) * STEP,
        weights=np.array([1.0, *[0.0] * 8]),
        rest=rest,
        whole=level[group].astype(np.float32),
        before=empty,
        after=np.where(group == groups - 1, np.inf, empty).astype(np.float32),
        scores=np.where(true, 1 - chance.uniform(0, 0.1, k), chance.uniform(0, 0.1, k)).astype(np.float32),
        true=true,
        groups=group * GROUP * STEP,
        positions=np.arange(0, k, 4).astype(np.int32),
        fitted=rest,
    )


def profile_of(known: Packets) -> Profile:
    at = known.positions
    weights = np.full(len(at), len(known.true) * STEP / len(at))
    samples = Samples(known.scores[at], known.true[at], weights)
    return Profile(
        "contains('bus')",
        samples,
        np.sort(known.scores),
        len(at),
        int(known.true[at].sum()),
        (),
        "cnn",
        0,
        96,
        proxy=Proxy(Path("kept"), "cnn", ""),
        packets=known,
        path=Path("kept"),
        key="what is known",
    )


def gate(known: Packets, budget: Budget = BUDGET) -> Gate:
    found = gate_of(profile_of(known), known, SEEN, budget)
    assert isinstance(found, Gate), found
    return found


def decoded(known: Packets, busy: float) -> float:
    return 1 - float(known.idle(busy, SEEN).mean())


# --- what is idle ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rest", "whole", "before", "after", "expected"),
    [
        (0.9, 0.9, 0.4, 0.4, True),  # nothing happens, and nothing is there
        (1.0, 1.0, 0.4, 0.4, False),  # something comes, or goes
        (0.9, 1.0, 0.9, 0.4, True),  # what was there has gone
        (0.9, 0.9, 0.9, 0.4, False),  # it was there, and nobody has seen it go
        (0.9, 0.9, 0.4, 0.5, False),  # it is there at the end
        (0.9, 1.0, 0.4, 0.5, False),
        (0.9, 0.9, 0.4, math.inf, False),  # nobody knows what is there at the end
        (0.9, 1.0, 0.4, math.nan, False),
        (0.9, 0.9, 0.4, math.nan, False),
        (0.9, 0.9, math.nan, 0.4, False),  # nor what was there
        (0.9, 1.0, math.nan, 0.4, True),  # which does not matter
        (math.nan, 0.9, 0.4, 0.4, False),
    ],
)
def test_idle_frames(rest: float, whole: float, before: float, after: float, expected: bool) -> None:
    scores = [np.array([score], np.float32) for score in (rest, whole, before, after)]
    assert idle(*scores, busy=1.0, seen=0.5).tolist() == [expected]


@pytest.mark.parametrize(
    ("rest", "before", "after", "covered", "expected"),
    [
        (3.0, 0.4, 0.4, True, True),  # whatever happens between these key frames is of no interest
        (3.0, 0.4, 0.4, False, False),
        (3.0, 0.5, 0.4, True, False),  # something was there, and is of interest until it has gone
        (3.0, 0.4, 0.5, True, False),
        (3.0, math.nan, 0.4, True, False),
        (0.9, 0.5, 0.4, True, True),  # nothing goes any more: packets tell as much as elsewhere
        (0.9, 0.4, math.inf, True, False),
    ],
)
def test_idle_frames_of_short_groups(rest: float, before: float, after: float, covered: bool, expected: bool) -> None:
    scores = [np.array([score], np.float32) for score in (rest, 3.0, before, after)]
    assert idle(*scores, busy=1.0, seen=0.5, covered=np.array([covered])).tolist() == [expected]


# --- the choice -----------------------------------------------------------------------------------------------------


def test_what_moves_is_decoded_and_what_does_not_is_not() -> None:
    known = packets()
    found = gate(known)
    assert found.fnr == 0
    lost = known.idle(found.busy, found.seen)
    assert not (lost & known.true).any()
    assert found.left == pytest.approx(1 - lost.mean())
    assert found.left < 0.25


@pytest.mark.parametrize("fnr", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_no_more_than_a_part_of_the_budget_is_risked(seed: int, fnr: float) -> None:
    """Here packets tell little: some true frames score as others do."""
    known, chance = packets(), np.random.default_rng(seed)
    noisy = (known.rest + np.repeat(chance.normal(0, 1, 200), GROUP)).astype(np.float32)
    known = replace(known, rest=noisy, whole=np.repeat(noisy.reshape(-1, GROUP).max(1), GROUP))
    profile, budget = profile_of(known), replace(BUDGET, fnr=fnr)
    found = gate(known, budget)
    lost = known.idle(found.busy, SEEN)
    at = known.positions
    by_samples = profile.samples.weights[profile.samples.true & lost[at]].sum()
    by_samples /= profile.samples.weights[profile.samples.true].sum()
    assert found.fnr == pytest.approx(max(by_samples, (lost & known.true).sum() / known.true.sum()))
    assert found.fnr <= PART * fnr


def test_what_samples_show_counts_as_much_as_what_the_model_says() -> None:
    """Frames that the model does not see are known by having been asked about."""
    known = packets()
    quiet = np.arange(len(known.true)) // GROUP % 10 == 7
    profile = profile_of(known)
    unseen = replace(profile, samples=replace(profile.samples, true=profile.samples.true | quiet[known.positions]))
    found = gate_of(unseen, known, SEEN, BUDGET)
    assert isinstance(found, Gate)
    assert found.left > 2 * gate(known).left
    assert not known.idle(found.busy, SEEN)[quiet].mean() > PART * BUDGET.fnr * 2.1


def test_what_the_model_says_counts_as_much_as_what_samples_show() -> None:
    """No sample is of the frames that are lost."""
    known = packets()
    place = np.arange(len(known.true))
    quiet = (place // GROUP % 10 == 7) & (place % 4 > 0)
    found = gate(replace(known, true=known.true | quiet))
    assert found.left > 2 * gate(known).left


@pytest.mark.parametrize("visits", [4, 16, 100, 400])
def test_more_is_decoded_than_would_have_to_be_and_the_more_so_the_less_is_known(visits: int) -> None:
    known = packets(4 * visits, visits)
    found = gate(known)
    lossless = known.rest[known.true].min()
    assert found.busy < lossless
    wanted = (1 + GENEROUS / math.sqrt(visits)) * decoded(known, lossless)
    assert wanted <= found.left <= 1.25 * wanted


def test_key_frames_that_nobody_has_seen_say_nothing_of_what_is_decoded() -> None:
    """They are not idle, but at the time of the query they may well be."""
    known = packets()
    unseen = np.arange(len(known.true)) // GROUP % 4 < 2
    half = replace(known, before=np.where(unseen, np.nan, known.before), after=np.where(unseen, np.nan, known.after))
    assert abs(gate(half).left - gate(known).left) < 0.1
    assert not half.idle(gate(half).busy, SEEN)[unseen].any()


# --- none at all ----------------------------------------------------------------------------------------------------


def test_too_few_visits_to_know_what_they_are_like() -> None:
    known = packets(200, FEWEST)
    assert isinstance(gate_of(profile_of(known), known, SEEN, BUDGET), Gate)
    known = packets(200, FEWEST - 1)
    assert gate_of(profile_of(known), known, SEEN, BUDGET) == "too few groups of pictures are known to have true frames"


def test_where_true_frames_are_the_quietest_all_are_decoded() -> None:
    """Something that stands still where no key frame shows it to the small model."""
    known = packets()
    still = replace(known, rest=-known.rest, whole=-known.rest)
    found = gate_of(profile_of(still), still, SEEN, BUDGET)
    assert isinstance(found, str) or found.left == 1


def test_the_reason_is_given_where_true_frames_would_be_lost() -> None:
    known = packets()
    still = replace(known, rest=-known.rest, whole=-known.rest)
    assert gate_of(profile_of(still), still, SEEN, BUDGET) == "true frames are lost without being decoded"


# --- in plans -------------------------------------------------------------------------------------------------------

COSTS = Costs(0.03, 0.0005, 0.00004, 0.00005, 0.0003, 0.003, 0.0005)
PREDICATE = Predicate("contains('bus')", "x", "c", (), (ModelCall("contains", ("bus",), 0.4),))


def situation(known: Packets | None, sizes: bool = True, **more: Any) -> Situation:
    frames = len(packets().true) * STEP
    index: Any = SimpleNamespace(
        pts=np.arange(frames),
        keyframes=np.arange(0, frames, GROUP * STEP),
        sizes=np.ones(frames if sizes else 0, np.int32),
        fingerprint="monday",
    )
    video = Video("cam", (VideoFile(Path("cam.mp4"), index, 0, 0.0, None),))
    info: Any = SimpleNamespace(name="yolo", key="yolo")
    task = Task("cam", video, info, 0.25, PREDICATE, None, Window(frames=0), None, FrameSet.all(frames))
    profile = replace(profile_of(known or packets()), packets=known)
    found = Situation(task, BUDGET, COSTS, frames, profile, "noscope", 0.05, False, Lottery("", ()))
    return replace(found, **more)


def by_kind(found: list[Candidate], kind: str) -> Candidate:
    (one,) = (c for c in found if c.kind == kind)
    return one


def chain(candidate: Candidate) -> list[Node]:
    assert candidate.build is not None
    return list(walk(candidate.build(plan.Scan("cam", FrameSet.all(10)))))


def test_a_gate_stands_below_thumbnails_where_it_pays() -> None:
    given = situation(packets())
    found = candidates(given)
    chosen = best(found)
    assert chosen.kind == "packets"
    assert chosen.seconds < by_kind(found, "cascade").seconds
    nodes = chain(chosen)
    assert [type(n).__name__ for n in nodes] == ["Resolve", "Specialise", "Thumbnails", "PacketFilter", "Scan"]
    (filter,) = (n for n in nodes if isinstance(n, plan.PacketFilter))
    known = gate(packets())
    assert (filter.left, filter.weights, filter.size) == (known.left, tuple(packets().weights), 96)
    assert label(filter).startswith("PacketFilter packets < ") and "key frames < " in label(filter)
    assert filter.busy == packets().applied(known.busy)
    assert f"{known.left:.0%} of the frames decoded" in chosen.description


def test_nothing_known_is_lost_by_the_weights_that_are_applied() -> None:
    """On their scale one frame in ten that was seen to be true lies lower than where it was judged; all are in view
    when no key frame is, so that nothing else would save them."""
    known = packets()
    low = known.true & (np.arange(len(known.true)) % 10 == 0)
    shaken = replace(known, fitted=np.where(low, known.fitted.min() - 1, known.fitted).astype(np.float32))
    (filter,) = (
        n for n in chain(by_kind(candidates(situation(shaken)), "packets")) if isinstance(n, plan.PacketFilter)
    )
    assert low.sum() > 3 and (known.after[low] < filter.seen).any()
    assert filter.busy <= shaken.fitted.min() < shaken.applied(gate(shaken).busy)


def test_what_is_decoded_is_foretold_by_the_weights_that_are_applied() -> None:
    """At a constant bit rate they may tell next to nothing of other times than those they were learnt from."""
    known = packets()
    low = known.true & (np.arange(len(known.true)) % 10 == 0)
    shaken = replace(known, fitted=np.where(low, known.fitted.min() - 1, known.fitted).astype(np.float32))
    found = gate(shaken)
    assert found.busy == gate(known).busy and gate(known).left < 0.25
    (filter,) = (
        n for n in chain(by_kind(candidates(situation(shaken)), "packets")) if isinstance(n, plan.PacketFilter)
    )
    assert filter.busy is not None
    _, group = np.unique(shaken.groups, return_inverse=True)
    whole = np.array([shaken.fitted[group == g].max() for g in range(group.max() + 1)])[group]
    gone = idle(shaken.fitted, whole, shaken.before, shaken.after, filter.busy, SEEN)
    assert found.left == pytest.approx(1 - gone.mean()) and found.left > 0.9
    assert best(candidates(situation(shaken))).kind == "cascade"


def test_a_gate_that_saves_next_to_nothing_is_not_worth_its_errors() -> None:
    """Where pictures cost next to nothing beside calls."""
    found = candidates(situation(packets(), costs=replace(COSTS, thumbnail=1e-6, specialised=1e-6, keyframe=1e-4)))
    assert by_kind(found, "packets").note.startswith("would save less than a tenth: cnn")
    assert best(found).kind == "cascade"


def test_key_frames_have_their_price() -> None:
    given = situation(packets(), costs=replace(COSTS, keyframe=1.0))
    found = candidates(given)
    assert best(found).kind == "cascade" and by_kind(found, "packets").seconds > 200


def test_what_the_gate_may_lose_the_small_model_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """One visit in a hundred is as quiet as nothing at all; and the small model is unsure of many frames."""
    monkeypatch.setattr(cascades, "SLACK", 0.0)
    monkeypatch.setattr(cascades, "LEAST_SLACK", 0.0)
    budget, known = replace(BUDGET, fnr=0.2), packets(400, 100)
    first = known.groups == known.groups[known.true][0]
    chance = np.random.default_rng(5).uniform(0, 0.9, len(known.true)).astype(np.float32)
    known = replace(
        known,
        rest=np.where(first, 0, known.rest),
        whole=np.where(first, 0, known.whole),
        scores=np.where(known.true, 1 - chance, known.scores),
    )
    (resolve, specialise, *_) = chain(by_kind(candidates(situation(known, budget=budget)), "packets"))
    assert isinstance(resolve, plan.Resolve) and isinstance(specialise, plan.Specialise)
    profile = profile_of(known)
    before = choose(profile.samples, budget)
    assert before is not None
    found = gate_of(profile, known, before.low, budget)
    assert isinstance(found, Gate) and 0 < found.fnr <= PART * 0.2
    samples, _ = found.passed(profile)
    left, whole = (choose(samples, replace(budget, fnr=fnr)) for fnr in (0.2 - found.fnr, 0.2))
    assert left is not None and whole is not None and left.low < whole.low
    assert specialise.low == left.low
    assert resolve.predicted.fnr == pytest.approx(left.fnr + found.fnr)


def test_why_there_is_none_is_said() -> None:
    few = packets(200, FEWEST - 1)
    found = candidates(situation(replace(few, positions=np.arange(len(few.true), dtype=np.int32))))
    assert "too few groups" in by_kind(found, "packets").note
    assert best(found).kind == "cascade"
    assert [c.kind for c in candidates(situation(None))] == ["exact", "cascade"]


def test_a_conjunction_may_go_by_one_of_its_terms() -> None:
    """Of whose frames none may be missed, since nobody knows which of them are true by the others as well."""
    known = packets()
    term = Term(PREDICATE, profile_of(known), Lottery("term", ()))
    given = replace(situation(None), profile=None, terms=(term,))
    found = [c for c in candidates(given) if c.kind == "term"]
    assert len(found) == 2 and all(c.description.startswith("contains('bus') by cnn") for c in found)
    cheapest = min(found, key=lambda c: c.seconds)
    (resolve, specialise, *_) = chain(cheapest)
    assert isinstance(resolve, plan.Resolve) and isinstance(specialise, plan.Specialise)
    assert (resolve.budget, resolve.values) == (BUDGET, False)
    assert resolve.learnt == Learnt(Path("kept"), "what is known", term=True)
    assert resolve.audit is not None and resolve.audit.lottery == "term" and resolve.audit.returned == 0
    assert specialise.proxy == term.profile.proxy and specialise.high == 1
    assert specialise.low < known.scores[known.positions][known.true[known.positions]].min()
    for budget in (replace(BUDGET, fnr=0.0), replace(BUDGET, confidence=0.95)):
        assert not [c for c in candidates(replace(given, budget=budget)) if c.kind == "term"]
    assert not [c for c in candidates(replace(given, without=frozenset(["small_model"]))) if c.kind == "term"]


# --- between key frames ---------------------------------------------------------------------------------------------


def steady(unseen: int = 0) -> tuple[Packets, Between]:
    """Packets tell nothing, as at a constant bit rate. Visits come and go between two key frames; and twenty things
    that stay for longer are seen in the key frame between two groups of pictures, but for so many."""
    known = packets()
    place, group = np.arange(len(known.true)) % GROUP, np.arange(len(known.true)) // GROUP
    stays = ((group % 10 == 6) & (place >= 8)) | ((group % 10 == 7) & (place < 12))
    seen = group // 10 >= unseen
    flat = np.zeros(len(known.true), np.float32)
    visits = known.true.copy()
    there = np.float32(0.9)
    known = replace(
        known,
        rest=flat,
        whole=flat,
        fitted=flat,
        before=np.where(seen & (group % 10 == 7), there, known.before),
        after=np.where(seen & (group % 10 == 6), there, known.after),
        scores=np.where(stays, 1 - np.abs(known.scores - known.true), known.scores),
        true=known.true | stays,
    )
    inside = np.isfinite(known.after)
    return known, Between(Window(frames=GROUP * STEP), inside, visits & inside)


def test_events_that_last_are_seen_in_key_frames() -> None:
    known, between = steady()
    assert gate_of(profile_of(known), known, SEEN, BUDGET) == "true frames are lost without being decoded"
    found = gate_of(profile_of(known), known, SEEN, BUDGET, between)
    assert isinstance(found, Gate)
    assert (found.busy, found.fnr) == (-math.inf, 0)
    assert found.left == pytest.approx((2 * 20 + 1) / 200), "their own groups of pictures, and the last of all"
    assert between.fleeting.sum() > 100
    samples, population = found.passed(profile_of(known))
    assert len(population) == round(found.left * len(known.true))
    assert samples.true.sum() == (known.true & ~between.fleeting)[known.positions].sum() == 20 * 6


def test_what_is_not_seen_there_is_lost() -> None:
    """One event in twenty is more than a quarter of the budget; then it is not gone by."""
    known, between = steady(unseen=1)
    profile = profile_of(known)
    assert gate_of(profile, known, SEEN, BUDGET, between) == gate_of(profile, known, SEEN, BUDGET)
    found = gate_of(profile, known, SEEN, replace(BUDGET, fnr=0.21), between)
    assert isinstance(found, Gate) and found.fnr == pytest.approx(0.05, abs=0.01)


def test_few_events_tell_too_little() -> None:
    known, between = steady(unseen=20 - FEWEST // 2 + 1)
    gone = ~between.fleeting & (known.before < SEEN) & (known.after < SEEN)
    few = replace(known, true=known.true & ~gone)
    assert not isinstance(gate_of(profile_of(few), few, SEEN, BUDGET, between), Gate)


def test_packets_and_key_frames_together() -> None:
    """Where some key frames are further apart, packets decide there as they do without a minimum."""
    known = packets()
    half = np.arange(len(known.true)) < len(known.true) // 2
    between = Between(Window(frames=GROUP * STEP), half, np.zeros(len(known.true), np.bool_))
    alone = gate(known)
    found = gate_of(profile_of(known), known, SEEN, BUDGET, between)
    assert found == alone, "visits count as events here: what lies between key frames is not left alone"
    between = replace(between, fleeting=known.true & half)
    found = gate_of(profile_of(known), known, SEEN, BUDGET, between)
    assert isinstance(found, Gate) and -math.inf < found.busy and found.left < alone.left
    applied = found._applied(known)
    assert applied is not None and applied <= known.fitted[known.true & ~half].min()


def test_a_minimum_is_gone_by_where_events_have_one() -> None:
    known, between = steady()
    known = replace(known, positions=np.arange(len(known.true), dtype=np.int32))
    given = situation(known)
    assert by_kind(candidates(given), "packets").note == "true frames are lost without being decoded"
    for minimum, gone_by in ((GROUP * STEP, True), (GROUP * STEP - 1, False)):
        task = replace(given.task, minimum=Window(frames=minimum), event_gap=Window(frames=0))
        assert (Between.of(task, known) is not None) == gone_by
        found = best(candidates(replace(given, task=task)))
        assert found.kind == ("packets" if gone_by else "cascade")
        filters = [node for node in chain(found) if isinstance(node, plan.PacketFilter)]
        assert [(node.minimum, node.busy) for node in filters] == [(task.minimum, None)] * gone_by
        assert all("between them < 60 frames" in label(node) for node in filters)
    task = replace(task, minimum=between.minimum)
    for files, kind in ((("monday",), "packets"), (("tuesday",), "cascade")):
        own = replace(given, task=task, profile=replace(profile_of(known), files=files))
        assert best(candidates(own)).kind == kind, "frames have other numbers in another recording"
    made = Between.of(task, known)
    assert made is not None and np.array_equal(made.covered, between.covered)
    assert np.array_equal(made.fleeting, between.fleeting)
    bridged = Between.of(replace(task, window=Window(frames=1000)), known)
    assert bridged is not None and not bridged.fleeting.any(), "a majority over time joins what lies so near"
    assert Between.of(replace(task, window=Window(microseconds=1_000_000)), known) is None


def test_packets_may_be_left_out() -> None:
    given = situation(packets(), without=frozenset({"packet_filter"}))
    assert [c.kind for c in candidates(given)] == ["exact", "cascade"]


def test_samples_of_frames_that_are_decoded_set_the_thresholds() -> None:
    known = packets()
    found = gate(known)
    samples, population = found.passed(profile_of(known))
    left = ~known.idle(found.busy, SEEN)
    assert np.array_equal(population, np.sort(known.scores[left]))
    assert np.array_equal(samples.true, known.true[known.positions][left[known.positions]])
    assert len(samples.true) < len(known.positions) / 2
    everything, all_scores = Gate().passed(profile_of(known))
    assert len(everything.true) == len(known.positions) and len(all_scores) == len(known.true)


def test_nothing_may_be_known_to_be_decoded() -> None:
    """The key frames around everything that moves were not looked at."""
    known = packets()
    busy = np.repeat(known.true.reshape(-1, GROUP).any(1), GROUP)
    hidden = replace(known, after=np.where(busy | np.isinf(known.after), np.nan, known.after))
    assert by_kind(candidates(situation(hidden)), "packets").seconds > 0


def test_files_that_do_not_say_how_large_frames_are_have_no_gate() -> None:
    """As when another camera takes the place of the one that was learnt from."""
    assert best(candidates(situation(packets(), sizes=False))).kind == "cascade"


# --- kept -----------------------------------------------------------------------------------------------------------


def test_kept_as_arrays() -> None:
    known = packets()
    arrays = as_arrays(known)
    assert all(name.startswith("packets.") for name in arrays)
    read = from_arrays({"profile.scores": known.scores, **arrays})
    assert read is not None
    for name in Packets.__dataclass_fields__:
        a, b = getattr(known, name), getattr(read, name)
        assert a.dtype == b.dtype and np.array_equal(a, b)
    assert from_arrays({"profile.scores": known.scores}) is None
    with pytest.raises(KeyError):
        from_arrays({name: array for name, array in arrays.items() if not name.endswith("rest")})


def test_a_key_frame_nobody_has_seen_stays_unknown() -> None:
    before: NDArray[np.float32] = np.where(np.arange(4000) % 2, np.nan, 0.1).astype(np.float32)
    read = from_arrays(as_arrays(replace(packets(), before=before)))
    assert read is not None and np.array_equal(read.before, before, equal_nan=True)
