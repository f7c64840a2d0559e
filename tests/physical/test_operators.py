"""Operators one by one: batches may be cut anywhere, and the result must not tell."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pinned
import pytest

import vqe
from vqe.catalog import Region
from vqe.labels import Labels
from vqe.logical import plan
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.window import Window
from vqe.models import ModelInfo
from vqe.physical.batch import Batch, joined
from vqe.physical.calls import call_values, inside
from vqe.physical.events import dropped, events, joined_runs, runs_of
from vqe.physical.scan import ROWS, limit, restrict, scan
from vqe.physical.stable import stable
from vqe.video import Video, VideoFile
from vqe.video.index import FileIndex


class Clock:
    """A video that is nothing but times: files of some lengths, each beginning so long after the last has ended."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.firsts: list[int] = []
        self.times: list[int] = []  # microseconds
        self.ends: list[int] = []
        self.pauses: list[int] = []
        files: list[VideoFile] = []
        now = 0
        for _ in range(chance.randrange(1, 5)):
            self.pauses.append(chance.choice([0, 400_000, 3_000_000]) if files else 0)
            begin = now = now + self.pauses[-1]
            steps = [chance.choice([40_000, 100_000, 100_000, 700_000]) for _ in range(chance.randrange(1, 40))]
            self.firsts.append(len(self.times))
            for step in steps:
                self.times.append(now)
                now += step
                self.ends.append(now)
            files.append(_file(self.firsts[-1], begin, steps))
        self.video = Video("clock", tuple(files))

    def segments(self, gap: int) -> list[range]:
        """Frames of files that follow each other within so many microseconds."""
        found: list[range] = []
        for first, stop, pause in zip(self.firsts, [*self.firsts[1:], len(self.times)], self.pauses, strict=True):
            found.append(range(found.pop().start if found and pause <= gap else first, stop))
        return found


def _file(first: int, begin: int, steps: list[int]) -> VideoFile:
    offsets = np.cumsum([0, *steps])
    index = FileIndex(
        fingerprint=str(first),
        seconds=offsets[:-1] / 1e6,
        pts=offsets[:-1],
        time_base=Fraction(1, 1_000_000),
        keyframes=np.array([0]),
        sizes=np.empty(0, np.int32),
        width=64,
        height=48,
        rotation=0,
        rate=10.0,
        codec="h264",
        duration=offsets[-1] / 1e6,
        frame_duration=0.1,
    )
    return VideoFile(Path(f"f{first}"), index, first, begin / 1e6, pinned.MORNING + timedelta(microseconds=begin))


def cut(frames: list[int], chance: random.Random) -> Iterator[Batch]:
    """The frames in batches of any length."""
    while frames:
        n = chance.randrange(1, 12)
        yield Batch(np.array(frames[:n], np.int64))
        frames = frames[n:]


def run_of(truth: list[bool]) -> Any:
    """Answers of the predicate by frame number."""
    evaluator = SimpleNamespace(truth=lambda _video, frames, *_: np.array(truth)[frames])
    return SimpleNamespace(evaluator=evaluator, check=lambda: None)


SCAN = plan.Scan("x", FrameSet.all(1))
INFO = ModelInfo("m", None, "00", {}, False)


# --- Stable ---------------------------------------------------------------------------------------------------------


def majority(clock: Clock, frames: list[int], truth: list[bool], window: Window, gap: int) -> list[int]:
    found = []
    for segment in clock.segments(gap):
        own = [n for n in frames if n in segment]
        for n in own:
            if window.microseconds is None:
                around = [m for m in own if abs(m - n) <= (window.frames or 0) // 2]
            else:
                reach = window.microseconds / 2 + 1
                around = [m for m in own if abs(clock.times[m] - clock.times[n]) <= reach]
            if 2 * sum(truth[m] for m in around) > len(around):
                found.append(n)
    return found


WINDOWS = [
    Window(1_000_000),
    Window(200_000),
    Window(60_000_000),
    Window(frames=3),
    Window(frames=8),
    Window(frames=999),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_stable(window: Window, seed: int) -> None:
    chance = random.Random(seed)
    clock = Clock(seed)
    every = list(range(len(clock.times)))
    truth = [chance.random() < 0.5 for _ in every]
    gap = chance.choice([0, 500_000, 5_000_000])
    frames = every if seed % 2 else sorted(chance.sample(every, len(every) // 2 + 1))
    node = plan.Stable(SCAN, Predicate("p", "p", "c"), window, Window(gap), clock.video)
    out = [int(n) for b in stable(node, cut(frames, chance), run_of(truth), INFO) for n in b.frames]
    assert out == majority(clock, frames, truth, window, gap)


def test_stable_passes_frames_on_early() -> None:
    """It holds a window, not the video: a LIMIT above must be able to stop it."""
    video = Video("long", (_file(0, 0, [100_000] * 10_000),))
    taken = 0

    def source() -> Iterator[Batch]:
        nonlocal taken
        for n in range(0, 10_000, 10):
            taken += 10
            yield Batch(np.arange(n, n + 10))

    node = plan.Stable(SCAN, Predicate("p", "p", "c"), Window(1_000_000), Window(0), video)
    out = stable(node, source(), run_of([True] * 10_000), INFO)
    assert len(next(out)) > 0
    assert taken <= 30


# --- Events ---------------------------------------------------------------------------------------------------------


def numbers(*frames: int) -> Any:
    return np.array(frames, np.int64)


@pytest.mark.parametrize(
    ("frames", "first", "last"),
    [
        ([5], [5], [5]),
        ([0, 1, 2], [0], [2]),
        ([0, 2, 4], [0, 2, 4], [0, 2, 4]),
        ([0, 1, 5, 6, 7, 9], [0, 5, 9], [1, 7, 9]),
    ],
)
def test_runs(frames: list[int], first: list[int], last: list[int]) -> None:
    runs = runs_of(numbers(*frames))
    assert (runs.first.tolist(), runs.last.tolist()) == (first, last)


@pytest.mark.parametrize(("gap", "count"), [(0, 3), (1, 2), (2, 2), (3, 1), (99, 1)])
def test_joined_by_frames(gap: int, count: int) -> None:
    runs = joined_runs(runs_of(numbers(0, 1, 3, 7)), Window(frames=gap), None)  # type: ignore[arg-type]
    assert len(runs.first) == count


@pytest.mark.parametrize(("minimum", "left"), [(0, 3), (1, 3), (2, 2), (3, 1), (4, 0)])
def test_dropped_by_frames(minimum: int, left: int) -> None:
    runs = dropped(runs_of(numbers(0, 1, 3, 7, 8, 9)), Window(frames=minimum), None)  # type: ignore[arg-type]
    assert len(runs.first) == left


@pytest.mark.parametrize("seed", range(16))
def test_events(seed: int) -> None:
    chance = random.Random(seed)
    clock = Clock(seed)
    frames = [n for n in range(len(clock.times)) if chance.random() < 0.6]
    gap = chance.choice([0, 100_000, 1_000_000])
    minimum = chance.choice([None, Window(300_000), Window(frames=2)])
    columns = ("event", "start_frame", "end_frame")
    node = plan.Events(SCAN, "e", columns, Window(gap), minimum, video=clock.video, info=INFO)
    rows = [tuple(r.values()) for b in events(node, cut(frames, chance)) for r in b.to_pylist()]
    assert rows == [(n, a, b) for n, (a, b) in enumerate(naive_events(clock, frames, gap, minimum), 1)]


def naive_events(clock: Clock, frames: list[int], gap: int, minimum: Window | None) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for segment in clock.segments(gap):
        runs: list[list[int]] = []
        for n in (n for n in frames if n in segment):
            if runs and (n == runs[-1][1] + 1 or clock.times[n] - clock.ends[runs[-1][1]] <= gap):
                runs[-1][1] = n
            else:
                runs.append([n, n])
        found += [(a, b) for a, b in runs if long_enough(clock, a, b, minimum)]
    return found


def long_enough(clock: Clock, first: int, last: int, minimum: Window | None) -> bool:
    if minimum is None:
        return True
    if minimum.frames is not None:
        return last - first + 1 >= minimum.frames
    return clock.ends[last] - clock.times[first] >= (minimum.microseconds or 0)


# --- Scan, Restrict, Limit, batches ---------------------------------------------------------------------------------


def taken(batches: Iterator[Batch]) -> list[int]:
    return [int(n) for b in batches for n in b.frames]


def test_scan() -> None:
    frames = FrameSet.ranges([(3, 5), (100, 100 + 2 * ROWS)], 10**6)
    batches = list(scan(plan.Scan("x", frames), run_of([])))
    assert taken(iter(batches)) == frames.array().tolist()
    assert max(map(len, batches)) <= ROWS


def test_scan_stops_when_cancelled() -> None:
    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(scan(plan.Scan("x", FrameSet.all(5)), SimpleNamespace(check=check)))  # type: ignore[arg-type]


def test_restrict() -> None:
    node = plan.Restrict(plan.Scan("x", FrameSet.all(50)), FrameSet.ranges([(3, 6), (20, 22)], 50))
    batches = list(restrict(node, cut(list(range(50)), random.Random(1))))
    assert taken(iter(batches)) == [3, 4, 5, 20, 21]
    assert all(len(b) for b in batches)


@pytest.mark.parametrize("count", [0, 1, 11, 12, 13, 50, 99])
def test_limit_takes_no_more_than_it_needs(count: int) -> None:
    read = 0

    def source() -> Iterator[Batch]:
        nonlocal read
        for n in range(0, 48, 12):
            read += 12
            yield Batch(np.arange(n, n + 12))

    assert taken(limit(plan.Limit(plan.Scan("x", FrameSet.all(48)), count), source())) == list(range(min(count, 48)))
    assert read == min(48, -(-count // 12) * 12)


def labels(seed: int = 0, frames: int = 20) -> Labels:
    chance = random.Random(seed)
    return pinned.as_labels([[pinned.car(p, 0.5) for p in range(chance.randrange(4))] for _ in range(frames)])


@pytest.mark.parametrize("seed", range(5))
def test_take_keeps_boxes_with_their_frames(seed: int) -> None:
    found = labels(seed)
    tracks = np.arange(len(found.scores))
    batch = Batch(found.frames, found, tracks)
    positions = np.array(sorted(random.Random(seed).sample(range(20), 7)))
    part = batch.take(positions)
    assert part.labels is not None
    assert part.tracks is not None
    assert part.frames.tolist() == part.labels.frames.tolist() == found.frames[positions].tolist()
    expected = [t for p in positions for t in tracks[found.offsets[p] : found.offsets[p + 1]]]
    assert part.tracks.tolist() == expected


def test_joined_is_the_whole() -> None:
    found = labels()
    batch = Batch(found.frames, found, np.arange(len(found.scores)))
    pieces = [batch.take(np.arange(a, b)) for a, b in ((0, 3), (3, 4), (4, 20))]
    whole = joined(pieces)
    assert whole.labels is not None
    assert whole.tracks is not None
    assert whole.labels.offsets.tolist() == found.offsets.tolist()
    assert whole.tracks.tolist() == list(range(len(found.scores)))


# --- calls ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "within"),
    [
        (0.25, 0.5, True),
        (0.5, 1.0, True),
        (0.375, 0.75, True),
        (0.2499, 0.75, False),
        (0.375, 0.4999, False),
        (0.5001, 0.75, False),
    ],
)
def test_box_with_edges(x: float, y: float, within: bool) -> None:
    assert inside(Region("", "box", ((0.25, 0.5), (0.5, 1.0))), np.array([x]), np.array([y])).tolist() == [within]


@pytest.mark.parametrize(
    ("x", "y", "within"),
    [
        (0, 0, True),
        (1, 0, True),
        (0.5, 0, True),
        (0.5, 0.5, True),
        (0.25, 0.25, True),
        (0.75, 0.75, False),
        (0.1, 0.85, True),
        (0.9, 0.9, False),
    ],
)
def test_polygon_with_edges(x: float, y: float, within: bool) -> None:
    assert inside(Region("", "polygon", ((0, 0), (1, 0), (0, 1))), np.array([x]), np.array([y])).tolist() == [within]


def test_no_boxes(db: vqe.Connection) -> None:
    """A polygon, an area and a count over frames without any box."""
    source = db._engine.library.find("cam1")
    assert source is not None
    empty = pinned.as_labels([[], []])
    for call in (
        ModelCall("objects", ("car",), 0.4, 0.1, Region("", "polygon", ((0, 0), (1, 0), (0, 1)))),
        ModelCall("contains", ("car",), 0.4),
    ):
        assert call_values(call, empty, source.video, {3: "car"}).tolist() == [0, 0]


# --- Detect ---------------------------------------------------------------------------------------------------------


class Reader:
    """A model that finds a bus in each picture, and keeps count."""

    batch = 4

    def __init__(self, info: Any) -> None:
        self.info = info
        self.seen = 0

    def detect(self, pictures: Any, _confidence: float, _masks: bool = False) -> list[Any]:
        from vqe.models import Detected

        self.seen += len(pictures)
        box = np.array([[1, 1, 9, 9]], np.float32)
        return [Detected(np.array([6], np.int16), np.array([0.9], np.float32), box) for _ in pictures]


@pytest.fixture
def model(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> Reader:  # noqa: ARG001  (this takes the guard's place)
    from vqe.library import Library

    made = Reader(None)
    monkeypatch.setattr(Library, "reference", lambda _library, _info: made)
    return made


def test_only_frames_without_labels_are_asked(model: Reader, own: vqe.Connection) -> None:
    """fresh has labels of its first twenty frames, ten of them without a bus."""
    query = "SELECT count(*) FROM fresh WHERE contains('bus')"
    assert own.sql(query).fetchall() == [(50,)]  # type: ignore[union-attr]
    assert model.seen == 40
    assert own.sql(query).fetchall() == [(50,)]  # type: ignore[union-attr]
    assert model.seen == 40, "labels are kept"


def test_a_range_asks_its_frames_only(model: Reader, own: vqe.Connection) -> None:
    assert own.sql("SELECT count(*) FROM fresh WHERE contains('bus') AND frame BETWEEN 15 AND 29").fetchall() == [(15,)]  # type: ignore[union-attr]
    assert model.seen == 10


def test_a_limit_stops_the_model(model: Reader, own: vqe.Connection) -> None:
    assert own.sql("SELECT frame FROM fresh WHERE contains('bus') LIMIT 12").fetchall() == [(n,) for n in range(10, 22)]  # type: ignore[union-attr]
    assert 2 <= model.seen <= 16


def test_a_lower_confidence_asks_again(model: Reader, own: vqe.Connection) -> None:
    """Pinned labels hold boxes from 0.05 up: below that the model has to say more."""
    own.sql("SELECT count(*) FROM fresh WHERE contains('bus', confidence => 0.1) AND frame < 20").fetchall()  # type: ignore[union-attr]
    assert model.seen == 0
    own.sql("SELECT count(*) FROM fresh WHERE contains('bus', confidence => 0.01) AND frame < 20").fetchall()  # type: ignore[union-attr]
    assert model.seen == 20


def test_no_frames_no_model(model: Reader, own: vqe.Connection) -> None:
    for query in (
        "SELECT frame FROM fresh WHERE contains('bus') AND frame < 0",
        "SELECT frame FROM fresh WHERE contains('bus') LIMIT 0",
        "SELECT frame, seconds FROM fresh WHERE frame > 30",
        "EXPLAIN SELECT frame FROM fresh WHERE contains('bus')",
        "DESCRIBE SELECT objects('car') FROM fresh",
    ):
        own.sql(query).fetchall()  # type: ignore[union-attr]
    assert model.seen == 0
