"""Frames that are false by their packets: never decoded, and counted, checked and voted on like all others."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import passage
import pytest
from by_hand import ARCHITECTURE, tensors
from numpy.typing import NDArray
from passage import BUSY, FRAMES, GOP, LAST, LENGTHS, SEEN, SIZE, STANDS, TRUE, WEIGHTS
from squares import Squares

import vqe
from vqe.library import Library
from vqe.logical import plan
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node
from vqe.logical.plan import Predicted, Proxy, Task
from vqe.logical.window import Window
from vqe.models.packets import Activity
from vqe.models.specialised import SpecialisedModel
from vqe.optimizer.situation import Candidate
from vqe.physical import resolve as resolving
from vqe.physical.batch import Batch
from vqe.physical.operator import Run
from vqe.physical.packet_filter import packet_filter
from vqe.physical.specialise import smoothed
from vqe.physical.tally import Tally
from vqe.relational.evaluate import Evaluator
from vqe.video import Readers, Scenery, Thumbnails, Video, open_video

Bools = NDArray[np.bool_]
QUERY = "SELECT frame FROM cam WHERE contains('bus')"
FINAL = np.array([n for n in range(FRAMES) if n % LENGTHS[0] >= LENGTHS[n // LENGTHS[0]] - GOP])  # of each file's end


@dataclass
class Camera:
    """The passage as a video, every query on which is decided by a plan with these choices; and what its runs did."""

    db: vqe.Connection
    squares: Squares
    proxy: Proxy
    busy: float | None = BUSY  # None: without a PacketFilter
    seen: float = SEEN
    smooth: int | None = None
    every: int | None = None
    audit: plan.Audit | None = None
    minimum: Window | None = None
    tallies: list[Tally] = field(default_factory=list)
    worked: dict[str, int] = field(default_factory=dict)  # frames, by what was done with them
    task: Task | None = None

    def choose(self, task: Task, _budget: object, values: bool) -> Candidate:
        self.task = task
        return Candidate("packets", 0.0, "", lambda scan: self.built(scan, task, values))

    def built(self, scan: Node, task: Task, values: bool) -> Node:
        below = scan if self.busy is None else self.filter(scan, task.video)
        window = task.frames_in(task.window)
        small = plan.Thumbnails(below, SIZE, task.video, window=window, proxy=self.proxy, closer=(0.3, 1.0))
        decided = plan.Specialise(small, "by hand", 0.3, 1.0, self.smooth, self.proxy)
        return plan.Resolve(
            decided,
            task.predicate,
            task.info.name,
            every=self.every,
            window=task.window,
            audit=self.audit,
            values=values,
            task=task,
            predicted=Predicted(1.0, 1.0),
        )

    def filter(self, below: Node, video: Video) -> plan.PacketFilter:
        assert self.busy is not None
        return plan.PacketFilter(below, self.busy, self.seen, 0.3, WEIGHTS, SIZE, self.proxy, video, self.minimum)

    def rows(self, query: str = QUERY) -> list[Any]:
        found = self.db.sql(query)
        assert found is not None
        return found.fetchall()

    def frames(self, query: str = QUERY) -> list[int]:
        return [frame for (frame, *_) in self.rows(query)]

    def count(self, operator: str, _subject: str, _seconds: float, frames: int) -> None:
        self.worked[operator] = self.worked.get(operator, 0) + frames

    def labelled(self) -> NDArray[np.int64]:
        """Frames that the detector was asked about."""
        assert self.task is not None
        found = []
        for file in self.task.video.files:
            store = self.db._engine.library.store.open(file.index.fingerprint, self.task.info.key, self.task.confidence)
            found.append(np.flatnonzero(store.known(np.arange(file.frame_count))) + file.first_frame)
        return np.concatenate(found)


@pytest.fixture
def camera(passage_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    with vqe.connect(tmp_path / "db", {"plan_space": "all"}) as db:
        db.sql(f"CREATE VIDEO cam FROM '{passage_files[0].parent}/*.mp4'")
        proxy = passage.keep_model(tmp_path / "by_hand.safetensors")
        made = Camera(db, Squares(db._engine.library.model(None)), proxy)
        monkeypatch.setattr(Library, "reference", lambda *_: made.squares)
        monkeypatch.setattr(Library, "remember_cost", lambda _, *given: made.count(*given))
        monkeypatch.setattr(db._engine.knowledge, "choose", made.choose)

        def tally() -> Tally:
            made.tallies.append(Tally())
            return made.tallies[-1]

        monkeypatch.setattr(resolving, "Tally", tally)
        yield made


@pytest.fixture(scope="module")
def video(passage_files: list[Path]) -> Video:
    return open_video("passage", passage_files, {}, None)


@pytest.fixture(scope="module")
def idle(video: Video) -> Bools:
    """By the rule as it is written, a group of pictures at a time."""
    found = np.zeros(FRAMES, np.bool_)
    keys = np.arange(0, FRAMES, GOP)
    with Thumbnails(video, SIZE) as reader:
        _, small = reader.read(keys)
        scores = SpecialisedModel(ARCHITECTURE, tensors()).probabilities(small, reader.backgrounds(keys))
    shown = {int(n): bool(score >= SEEN) for n, score in zip(keys, scores, strict=True)}
    for file in video.files:
        activity = Activity.of(file.index.sizes, file.index.keyframes)
        busy = activity.features(np.arange(file.frame_count))[:, 0] >= BUSY
        for start in range(0, file.frame_count - GOP, GOP):  # not of the last group
            first, group = file.first_frame + start, busy[start : start + GOP]
            if not shown[first + GOP]:
                for n in range(GOP):
                    found[first + n] = not group[n:].any() and (bool(group.any()) or not shown[first])
    return found


def test_the_passage_has_all_kinds_of_frames(idle: Bools) -> None:
    assert 0.4 < idle.mean() < 0.7
    assert not (idle & TRUE).any()
    inside = idle.reshape(-1, GOP).mean(1)
    assert {0.0, 1.0} < set(inside.tolist()), "some are idle in part"


# --- the operator ---------------------------------------------------------------------------------------------------


def cut(frames: NDArray[np.int64], chance: random.Random) -> Iterator[Batch]:
    while len(frames):
        n = chance.randrange(200, 900)
        yield Batch(frames[:n])
        frames = frames[n:]


def marks(camera: Camera, video: Video, frames: NDArray[np.int64], seed: int = 0) -> Bools:
    node = camera.filter(plan.Scan("cam", FrameSet.all(FRAMES)), video)
    run = Run(camera.db._engine.library, Evaluator())
    parts = list(packet_filter(node, cut(frames, random.Random(seed)), run, Readers.of(video), Scenery(video)))
    assert np.array_equal(np.concatenate([p.frames for p in parts]), frames)
    return np.concatenate([p.idle for p in parts if p.idle is not None])


@pytest.mark.parametrize("seed", range(2))
def test_frames_are_idle_by_the_rule_however_batches_are_cut(
    camera: Camera, video: Video, idle: Bools, seed: int
) -> None:
    frames = np.arange(FRAMES)
    if seed:
        frames = np.sort(np.random.default_rng(seed).choice(frames, 400 * seed, replace=False))
    assert np.array_equal(marks(camera, video, frames, seed), idle[frames])


def test_what_stands_is_seen_in_key_frames_and_the_end_is_decoded(camera: Camera, video: Video) -> None:
    """Even where all packets are taken for quiet."""
    camera.busy = np.inf
    found = marks(camera, video, np.arange(FRAMES))
    assert found.mean() > 0.6
    assert not found[550:600].any() and 550 in STANDS and 600 in STANDS
    assert not found[FINAL].any() and LAST.start in FINAL


def test_only_key_frames_that_matter_are_decoded(camera: Camera, video: Video, idle: Bools) -> None:
    marks(camera, video, np.arange(FRAMES))
    assert 0 < camera.worked["keyframe"] <= FRAMES // GOP
    few = np.arange(1300, 1340)
    assert idle[few].all()
    camera.worked.clear()
    assert marks(camera, video, few, 7).all()
    assert camera.worked["keyframe"] == 2
    camera.worked.clear()
    camera.busy = -np.inf
    assert not marks(camera, video, np.arange(FRAMES)).any()
    assert "keyframe" not in camera.worked


def test_between_key_frames_within_the_minimum_packets_do_not_matter(camera: Camera, video: Video) -> None:
    """What comes and goes there is too short."""
    camera.busy, camera.minimum = -np.inf, Window(frames=GOP - 1)
    assert not marks(camera, video, np.arange(FRAMES)).any()
    camera.minimum = Window(frames=GOP)
    found = marks(camera, video, np.arange(FRAMES))
    opened = sorted({n // GOP for n in range(FRAMES) if not found[n]})
    assert found.reshape(-1, GOP).mean(1).tolist() == [float(group not in opened) for group in range(FRAMES // GOP)]
    keys = [n // GOP for n in STANDS if n % GOP == 0]
    assert opened == [*sorted({*keys, *(k - 1 for k in keys)}), *sorted({n // GOP for n in FINAL})]


# --- whole queries --------------------------------------------------------------------------------------------------


def test_the_answer_is_that_without_packets_and_most_frames_are_not_decoded(camera: Camera, idle: Bools) -> None:
    assert camera.frames() == np.flatnonzero(TRUE).tolist()
    (tally,) = camera.tallies
    assert tally.idle == idle.sum()
    assert camera.worked["specialise"] == camera.worked["thumbnail"] == FRAMES - idle.sum()
    assert tally.frames == tally.verdicts.sum() == FRAMES
    assert camera.squares.asked == TRUE.sum() == tally.verdicts[0]
    assert len(tally.seen.population()) == FRAMES - idle.sum() and not np.isnan(tally.seen.population()).any()


def test_where_nothing_is_idle_nothing_changes(camera: Camera) -> None:
    query, camera.busy = f"{QUERY} AND frame < 700", -np.inf
    rows, asked = camera.rows(query), camera.squares.asked
    camera.busy = None
    assert camera.rows(query) == rows == [(n,) for n in np.flatnonzero(TRUE[:700])]
    first, second = camera.tallies
    assert first.idle == second.idle == 0
    assert np.array_equal(first.verdicts, second.verdicts)
    assert np.array_equal(first.seen.population(), second.seen.population())
    assert camera.squares.asked == asked, "the same frames were asked about"


def test_values_of_a_part_of_the_video(camera: Camera, idle: Bools) -> None:
    part = slice(320, 1121)
    condition = f"frame BETWEEN {part.start} AND {part.stop - 1}"
    rows = camera.rows(f"SELECT frame, objects('bus') FROM cam WHERE contains('bus') AND {condition}")
    assert rows == [(n + part.start, 1) for n in np.flatnonzero(TRUE[part])]
    (tally,) = camera.tallies
    assert (tally.idle, tally.frames) == (idle[part].sum(), 801)


def test_majorities_over_idle_frames(camera: Camera) -> None:
    query = "SELECT start_frame, end_frame FROM events(cam) WHERE contains('bus') STABLE '1s'"
    plain = camera.rows(query)
    camera.smooth, camera.every = 9, 4
    sampled = camera.rows(query)
    assert min(tally.idle for tally in camera.tallies) > FRAMES / 3
    exact = camera.rows(f"{query} EXACT")
    assert plain == exact and len(exact) == 8
    np.testing.assert_allclose(sampled, exact, atol=2)


def test_explain_analyze_says_what_was_decoded(camera: Camera, idle: Bools) -> None:
    ((_, text),) = camera.rows(f"EXPLAIN ANALYZE {QUERY}")
    (line,) = (line for line in text.splitlines() if "PacketFilter" in line)
    foretold, measured = line.split(" → ")
    assert "PacketFilter packets < 0.5 key frames < 0.5" in foretold and "30 % decoded" in foretold.replace(".0", "")
    assert float(measured.split(" % decoded")[0].split()[-1]) == pytest.approx(100 * (1 - idle.mean()), abs=0.1)


def test_whoever_goes_early_leaves_nothing_at_work(camera: Camera) -> None:
    found = camera.db.sql(QUERY)
    assert found is not None
    with found.batches() as stream:
        assert next(iter(stream))["frame"][0].as_py() == np.flatnonzero(TRUE)[0]
    end = time.monotonic() + 10
    while any(thread.name.startswith("vqe-video") for thread in threading.enumerate()):
        assert time.monotonic() < end, "threads are still at work"
        time.sleep(0.01)


# --- the audit ------------------------------------------------------------------------------------------------------


def test_the_audit_draws_among_idle_frames_as_among_others(camera: Camera, idle: Bools) -> None:
    camera.audit = plan.Audit(0.3, 0.3, "audit")
    assert camera.frames() == np.flatnonzero(TRUE).tolist()
    (tally,) = camera.tallies
    asked = np.zeros(FRAMES, np.bool_)
    asked[camera.labelled()] = True
    for kind in (idle, ~idle & ~TRUE):
        assert asked[kind].mean() == pytest.approx(0.3, abs=0.08)
    assert tally.dropped.size == (~TRUE).sum()
    assert tally.dropped.sampled == asked[~TRUE].sum() and tally.dropped.sampled_true == 0


def test_the_audit_finds_what_packets_have_lost(camera: Camera) -> None:
    """All packets are called quiet, so what comes and goes between two key frames is lost."""
    camera.busy, camera.audit = np.inf, plan.Audit(0.3, 0.3, "audit")
    found = camera.frames()
    (tally,) = camera.tallies
    lost = TRUE.sum() - len(found)
    assert set(found) <= set(np.flatnonzero(TRUE).tolist())
    assert lost > 0.2 * TRUE.sum() and tally.dropped.sampled_true > 10
    rates = tally.judged()
    assert rates.fnr.low <= lost / TRUE.sum() <= rates.fnr.high
    assert rates.fnr.low > 0.1


def test_what_is_too_short_is_no_error(camera: Camera) -> None:
    """Nobody has looked at the visits between two key frames: the audit draws of their frames, too, but they would make
    no event."""
    query = "SELECT start_frame, end_frame FROM events(cam) WHERE contains('bus') MINIMUM 50"
    camera.busy, camera.minimum, camera.audit = -np.inf, Window(frames=GOP), plan.Audit(0.3, 0.3, "audit")
    assert camera.rows(query) == camera.rows(f"{query} EXACT") == [(STANDS.start, STANDS.stop - 1)]
    (tally,) = camera.tallies
    assert tally.idle > 0.6 * FRAMES
    assert tally.dropped.sampled > 0.2 * FRAMES and tally.dropped.sampled_true == 0
    assert tally.dropped.brief > 20 and tally.most_wrong() > tally.dropped.brief, "nothing is claimed of them"
    camera.rows(query)
    again = camera.tallies[-1].dropped
    assert again.known_true == again.sampled_true == 0 and again.brief == tally.dropped.brief, "now all are known"
    assert again.known < again.size, "but whether those that were not drawn are too short, nobody has asked"


def test_what_key_frames_show_to_the_detector_is_an_error(camera: Camera) -> None:
    """The small model sees nothing at all; what is drawn is enough, here, to make the event all the same."""
    camera.busy, camera.seen, camera.minimum = -np.inf, 2.0, Window(frames=GOP)
    camera.audit = plan.Audit(0.3, 0.3, "audit")
    assert camera.rows("SELECT event FROM events(cam) WHERE contains('bus') MINIMUM 50") == [(1,)]
    (tally,) = camera.tallies
    assert 0.2 * len(STANDS) < tally.dropped.sampled_true < 0.4 * len(STANDS)


# --- means ----------------------------------------------------------------------------------------------------------


def test_frames_that_were_never_decoded_have_no_part_in_means() -> None:
    frames = np.array([0, 1, 2, 3, 4, 9])
    scores = np.array([0.2, np.nan, 0.4, 0.8, np.nan, np.nan], np.float32)
    found = smoothed(scores, frames, 1)
    np.testing.assert_allclose(found, [0.2, np.nan, 0.6, 0.6, np.nan, np.nan], rtol=1e-6)
    assert found.dtype == np.float32
    assert np.isnan(smoothed(np.full(3, np.nan, np.float32), np.arange(3), 5)).all()
