"""What packets tell is learnt from what a small model has seen, and judged at other times; it may be nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import make_clip
from numpy.typing import NDArray
from passage import EVERY, FRAMES, GOP, LENGTHS, SIZE, STANDS, TRUE

from vqe import profile as profiles
from vqe.errors import RunError
from vqe.learning.packets import FEWEST, FOLDS, NEAR, _block, _folds, learn_packets
from vqe.learning.pool import STEP, Pool
from vqe.logical.budget import Budget
from vqe.logical.frames import FrameSet
from vqe.logical.plan import Task
from vqe.logical.window import Window
from vqe.optimizer.gates import Gate, gate_of
from vqe.packets import Packets
from vqe.profile import Profile, Samples
from vqe.video import Video, open_video

BUDGET = Budget(0.05, 0.05, None, None)
STARTS = (0, LENGTHS[0])


@pytest.fixture(scope="module")
def video(passage_files: list[Path]) -> Video:
    return open_video("passage", passage_files, {}, None)


def with_sizes(video: Video, change: Callable[[NDArray[np.int32]], NDArray[np.int32]]) -> Video:
    """The same, whose packets have other sizes."""
    files = [replace(file, index=replace(file.index, sizes=change(file.index.sizes))) for file in video.files]
    return replace(video, files=tuple(files))


def task_of(video: Video) -> Task:
    nothing: Any = None
    return Task("cam", video, nothing, 0.25, nothing, None, Window(frames=0), None, FrameSet.all(video.frame_count))


def pool_of(frames: NDArray[np.int64], true: NDArray[np.bool_] = TRUE) -> Pool:
    """Every fourth of these was drawn, held out and asked about."""
    n = len(frames)
    asked = np.arange(n) % 4 == 0
    return Pool(
        frames,
        np.empty((n, 0, 0), np.uint8),
        np.empty((0, 0, 0), np.uint8),
        np.zeros(n, np.int32),
        asked,
        true[frames] & asked,
        true[frames].astype(np.float32),
        np.full(n, 0.25),
        asked,
        np.ones(n, np.bool_),
    )


def scores_of(frames: NDArray[np.int64], true: NDArray[np.bool_] = TRUE) -> NDArray[np.float32]:
    """A small model that is nearly always right, and never quite sure."""
    noise = np.random.default_rng(7).uniform(0, 0.1, len(true))
    return np.where(true, 1 - noise, noise).astype(np.float32)[frames]


SEEN = np.arange(0, FRAMES, STEP)


def learnt(video: Video, frames: NDArray[np.int64] = SEEN, true: NDArray[np.bool_] = TRUE) -> Packets | None:
    scores = scores_of(frames, true)
    return learn_packets(task_of(video), pool_of(frames, true), scores, scores)


@pytest.fixture(scope="module")
def known(video: Video) -> Packets:
    found = learnt(video)
    assert found is not None
    return found


def profile_of(known: Packets) -> Profile:
    at = known.positions
    samples = Samples(known.scores[at], known.true[at], np.full(len(at), FRAMES / len(at)))
    counts = len(at), int(known.true[at].sum())
    return Profile("x", samples, np.sort(known.scores), *counts, (), "cnn", 0, SIZE, packets=known)


# --- what they tell -------------------------------------------------------------------------------------------------


def test_packets_tell_where_nothing_happens(known: Packets) -> None:
    found = gate_of(profile_of(known), known, 0.5, BUDGET)
    assert isinstance(found, Gate)
    idle = known.idle(found.busy, found.seen)
    assert found.fnr == 0 and not idle[TRUE[SEEN]].any()
    assert found.left < 0.75 and idle.mean() > 0.25
    assert idle[np.isin(SEEN, range(350, 400))].all(), "nothing moves there"


def test_what_stands_is_in_key_frames(known: Packets) -> None:
    """However quiet packets are."""
    inside = (SEEN >= 500) & (SEEN < 550)
    assert STANDS.start < 500 and STANDS.stop > 600
    assert known.whole[inside].max() < known.rest[TRUE[SEEN] & (SEEN < 400)].min()
    assert not known.idle(np.inf, 0.5)[inside].any()


def test_the_end_of_a_file_is_decoded(known: Packets) -> None:
    last = np.zeros(FRAMES, np.bool_)
    for start, length in zip(STARTS, LENGTHS, strict=True):
        last[start + length - GOP : start + length] = True
    assert np.array_equal(np.isinf(known.after), last[SEEN])
    assert not known.idle(np.inf, 0.5)[last[SEEN]].any()


def test_what_is_known_of_each_frame(known: Packets, video: Video) -> None:
    assert np.array_equal(known.frames, SEEN)
    assert np.array_equal(known.true, TRUE[SEEN])
    assert np.array_equal(known.scores, scores_of(SEEN))
    assert np.array_equal(known.positions, np.arange(0, len(SEEN), 4))
    keys = np.concatenate([file.index.keyframes + file.first_frame for file in video.files])
    assert np.array_equal(known.groups, keys[np.searchsorted(keys, SEEN, side="right") - 1])
    assert (known.rest <= known.whole).all()
    other = (SEEN[:, None] < LENGTHS[0]) != (known.groups[None] < LENGTHS[0])  # in another file
    nearest = SEEN[(np.abs(SEEN[:, None] - known.groups[None]) + FRAMES * other).argmin(0)]
    assert (np.abs(nearest - known.groups) < STEP).all()
    assert np.array_equal(known.before, scores_of(nearest))


def test_key_frames_are_known_where_something_near_was_looked_at(video: Video) -> None:
    frames = np.concatenate([np.arange(110, 340, STEP), np.arange(355, 500, STEP), np.arange(1100, 1400, STEP)])
    found = learnt(video, frames)
    assert found is not None
    unknown = np.isnan(found.before) | np.isnan(found.after)
    near = frames[np.abs(frames[:, None] - np.arange(0, FRAMES, GOP)[None]).argmin(0)]
    told = np.abs(near - np.arange(0, FRAMES, GOP)) <= NEAR
    assert np.array_equal(np.isnan(found.before), ~told[frames // GOP])
    assert 0 < unknown.sum() < 0.3 * len(frames)
    assert not found.idle(np.inf, 0.5)[np.isnan(found.after)].any()


def test_each_time_is_judged_by_what_was_learnt_at_others(video: Video, known: Packets) -> None:
    """Another truth changes the weights for all times but its own."""
    block = _block(np.arange(FRAMES), FRAMES)
    folds = _folds(SEEN, TRUE[SEEN], FRAMES)
    fold = folds[block]

    def changed(k: int) -> NDArray[np.bool_]:
        return TRUE ^ ((fold == k) & (np.arange(FRAMES) % EVERY >= 100))

    k = next(k for k in range(FOLDS) if np.array_equal(_folds(SEEN, changed(k)[SEEN], FRAMES), folds))
    found = learnt(video, true=changed(k))
    assert found is not None
    whole = [np.unique(fold[start : start + GOP]) for start in known.groups]
    own = np.array([len(w) == 1 and w[0] == k for w in whole])
    rest = np.array([k not in w for w in whole])
    assert own.sum() > 30 and rest.sum() > 50
    assert np.array_equal(found.rest[own], known.rest[own])
    assert not np.isclose(found.rest[rest], known.rest[rest], atol=1e-3).any()
    assert not np.allclose(found.weights, known.weights, atol=1e-3)


def test_what_was_asked_counts_more_than_what_the_model_says(video: Video) -> None:
    pool, scores = pool_of(SEEN, ~TRUE), scores_of(SEEN)
    found = learn_packets(task_of(video), pool, scores, scores)
    assert found is not None
    assert np.array_equal(found.true, np.where(pool.known, ~TRUE[SEEN], TRUE[SEEN]))


# --- where there is nothing to tell ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_sizes_that_say_nothing_leave_nothing_out(video: Video, seed: int) -> None:
    chance = np.random.default_rng(seed)
    known = learnt(with_sizes(video, lambda s: chance.integers(500, 1500, len(s), np.int32)))
    assert known is not None
    found = gate_of(profile_of(known), known, 0.5, BUDGET)
    assert isinstance(found, str) or (found.left > 0.85 and found.fnr <= 0.0125)


def test_a_constant_rate_says_nothing(video: Video) -> None:
    known = learnt(with_sizes(video, lambda s: np.full(len(s), 800, np.int32)))
    assert known is not None
    found = gate_of(profile_of(known), known, 0.5, BUDGET)
    assert isinstance(found, str) or found.left == 1


def test_nothing_is_learnt_where_a_file_has_no_sizes(video: Video) -> None:
    first, second = video.files
    bare = replace(second, index=replace(second.index, sizes=np.empty(0, np.int32)))
    assert learnt(replace(video, files=(first, bare))) is None


def test_nothing_is_learnt_from_an_avi_whose_packets_bear_other_stamps(tmp_path: Path) -> None:
    bare = open_video("avi", [make_clip(tmp_path / "clip.avi", 60, (64, 64), bframes=2)], {}, None)
    true = np.arange(60) % 20 < 8
    assert learnt(bare, np.arange(60), true) is None


def test_nothing_is_learnt_from_a_few_true_frames_or_without_false_ones(video: Video) -> None:
    few = np.zeros(FRAMES, np.bool_)
    few[: STEP * (FEWEST - 1)] = True  # as many frames of the pool as are too few
    assert learnt(video, true=few) is None
    assert learnt(video, true=few & False) is None
    assert learnt(video, true=~few | True) is None


# --- kept with a profile --------------------------------------------------------------------------------------------


def test_a_profile_keeps_what_packets_tell_until_it_is_revised(tmp_path: Path, known: Packets) -> None:
    path, profile = tmp_path / "x.safetensors", profile_of(known)
    profiles.save(path, profile, {}, "")
    kept = profiles.load(path)
    assert kept is not None and kept.packets is not None
    for name in Packets.__dataclass_fields__:
        assert np.array_equal(getattr(kept.packets, name), getattr(known, name), equal_nan=name != "true"), name
    assert kept.learnt is not None
    profiles.note(kept.learnt, doubted=True)
    doubted = profiles.load(path)
    assert doubted is not None and doubted.packets is not None and doubted.key == kept.key
    profiles.revise(kept.learnt, kept.samples, kept.population)
    revised = profiles.load(path)
    assert revised is not None and revised.packets is None
    assert revised.key != kept.key, "another plan comes of it, so audits begin anew"
    assert np.array_equal(revised.samples.scores, kept.samples.scores)
    with pytest.raises(RunError, match="something else has been learnt meanwhile"):
        profiles.note(kept.learnt, doubted=True)


def test_other_packets_are_other_knowledge(tmp_path: Path, known: Packets) -> None:
    keys = []
    for n, packets in enumerate((known, replace(known, rest=known.rest + 1), None)):
        (tmp_path / str(n)).mkdir()
        path = tmp_path / str(n) / "x.safetensors"
        profiles.save(path, replace(profile_of(known), packets=packets), {}, "")
        kept = profiles.load(path)
        assert kept is not None
        keys.append(kept.key)
    assert len(set(keys)) == 3
