"""The parts of the benchmark by themselves: what is refused, error rates, samples, medians, the plain loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from clips import make_clip, read_number

from vqe.bench.answer import Errors, Recording, event_errors, frame_errors
from vqe.bench.clock import Spent
from vqe.bench.measure import Measured
from vqe.bench.plain import Plain, decord_fault
from vqe.bench.result import Result, Run
from vqe.bench.sample import sampled
from vqe.bench.summary import summaries
from vqe.logical.frames import FrameSet
from vqe.logical.plan import Events, Scan
from vqe.logical.window import Window
from vqe.models import ModelInfo
from vqe.physical.batch import Batch
from vqe.physical.operator import Operator
from vqe.video import Video, open_video

SHARED = Path(__file__).parents[3] / "shared"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "there is no SELECT to measure"),
        ("SHOW VIDEOS", "there is no SELECT to measure"),
        ("COPY (SELECT frame FROM CLIP WHERE contains('bus')) TO 'x.csv'", "there is no SELECT to measure"),
        ("SELECT 1", "the query names no video"),
        ("SET fnr = 0.1; SELECT frame FROM CLIP WHERE contains('bus')", "hint: give settings with --set"),
        ("SELECT 1; SELECT frame FROM CLIP WHERE contains('bus')", "only CREATE VIDEO and CREATE REGION may stand"),
        (
            "SELECT a.frame FROM CLIP a JOIN CLIP b USING (frame) WHERE contains(a, 'bus')",
            "reads 2 relations of videos",
        ),
        ("SELECT class FROM detections(CLIP)", "detections(…) cannot be measured"),
        ("SELECT frame FROM CLIP WHERE seconds > 1", "asks nothing of the reference model"),
        ("SELECT frame FROM CLIP WHERE contains('bus') LIMIT 3", "leave LIMIT out"),
        ("SELECT frame FROM CLIP WHERE contains('bus') AND frame < 0", "needs no frame"),
        ("SELECT frame FROM CLIP WHERE contains('buss')", "did you mean 'bus'?"),
        ("SELECT frame FROM 'nowhere.mp4' WHERE contains('bus')", "no file matches 'nowhere.mp4'"),
    ],
)
def test_what_cannot_be_measured(bench: Callable, query: str, said: str) -> None:
    done = bench(query)
    assert (done.status, done.out, said in done.err) == (2, "", True), done.err


def test_statement_that_reads_a_part(bench: Callable) -> None:
    """DuckDB stops reading by itself here, which planning cannot know."""
    done = bench("SELECT * FROM (SELECT frame FROM CLIP WHERE contains('bus')) LIMIT 3", "--spaces", "exact")
    assert (done.status, done.out, "reads only a part of what WHERE selects" in done.err) == (2, "", True)


# --- errors ---------------------------------------------------------------------------------------------------------


def test_errors_of_frames() -> None:
    """20 true frames of 100; of these 5 are missed, and of the 80 others 4 are returned."""
    found = frame_errors(np.arange(20), np.array([*range(5, 20), 50, 51, 52, 53]), 100)
    assert (found.fnr, found.fpr, found.fdr) == (5 / 20, 4 / 80, 4 / 19)
    assert found.precision == pytest.approx(15 / 19)


def test_errors_where_there_is_nothing() -> None:
    some, none = np.arange(10), np.arange(0)
    assert frame_errors(none, none, 10) == Errors(0, 0, 0, 1)
    assert frame_errors(some, none, 10) == Errors(1, 0, 0, 1)
    assert frame_errors(none, some, 10) == Errors(0, 1, 1, 0)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """200 numbered frames at 10 a second, a key frame every 50."""
    clip = make_clip(tmp_path_factory.mktemp("clip") / "cam.mp4", 200, (96, 64), rate=10, gop=50)
    return open_video("cam", [clip], {}, None)


INFO = ModelInfo("none", None, "", {}, False)


@pytest.mark.parametrize("gap", [Window(microseconds=500_000), Window(frames=5)], ids=str)
def test_errors_of_events(video: Video, gap: Window) -> None:
    """Three true events; the second is missed, the third begins a second late, and one is made up."""
    node = Events(Scan("cam", FrameSet.all(200)), "events", ("event",), gap, None, video=video, info=INFO)
    true = np.concatenate([np.arange(10, 30), np.arange(60, 70), np.arange(100, 140)])
    returned = np.concatenate([np.arange(10, 31), np.arange(110, 140), np.arange(180, 185)])
    found = event_errors(node, true, returned)
    assert (found.fnr, found.fpr, found.fdr, found.timed) == (1 / 3, None, 1 / 3, 1 / 2)
    assert found.precision == pytest.approx(2 / 3)
    assert event_errors(node, true, np.arange(0)) == Errors(1, None, 0, 1, 1)


def test_recording() -> None:
    """Of a scan that stops early nothing is known; one that starts anew counts once."""
    below = Operator(Scan("cam", FrameSet.all(4)), (), lambda: iter(_batches()))
    above = Operator(below.node, (below,), lambda: below.batches())
    recording = Recording(above)
    scan = above.batches()
    next(scan)
    scan.close()
    assert recording.frames is None
    for _ in range(2):
        assert sum(map(len, above.batches())) == 3
    assert recording.frames is not None and recording.frames.tolist() == [0, 2, 3]


def _batches() -> Iterator[Batch]:
    yield Batch(np.array([0, 2]))
    yield Batch(np.array([3]))


# --- samples --------------------------------------------------------------------------------------------------------


def test_samples_are_spread_and_move(video: Video) -> None:
    needed = FrameSet.ranges([(20, 200)], 200)
    first, second = (sampled(video, needed, 20 * 180 / 80, number) for number in (0, 1))  # 10 frames in each of 8
    for found in (first, second):
        assert all(len(part) == 10 for part in found.stretches)
        starts = [int(part[0]) for part in found.stretches]
        assert starts[0] >= 20 and starts[-1] > 150 and starts == sorted(set(starts))
        assert len(found.frames) == 80
        near = [s for s in starts if s % 50 < 10 and s > 50]
        assert all(s % 50 == 0 for s in near)  # moved to where decoding begins
    assert first.stretches[1][0] != second.stretches[1][0]


def test_samples_of_few_and_of_scattered_frames(video: Video) -> None:
    assert len(sampled(video, FrameSet.ranges([(7, 8)], 200), 1000, 0).frames) == 1
    scattered = FrameSet.numbers(np.arange(0, 200, 2), 200)
    found = sampled(video, scattered, 1000, 0)
    assert all(len(part) == 4 and (np.diff(part) == 2).all() for part in found.stretches)


# --- the plain loop -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["decord", "PyAV"])
def test_plain_loop_sees_the_needed_frames(video: Video, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if reader == "PyAV":
        monkeypatch.setattr("vqe.bench.plain.decord_fault", lambda _: "it is not to be used")
    else:
        pytest.importorskip("decord")
    seen: list[int] = []
    plain = Plain(video, lambda picture: seen.append(read_number(picture)))  # whose colours have to be in BGR order
    assert plain.decoder.startswith(reader)
    plain.whole(FrameSet.ranges([(3, 6), (120, 123)], 200))
    assert seen == [3, 4, 5, 120, 121, 122]
    seen.clear()
    sample = sampled(video, FrameSet.all(200), 1000, 0)
    plain.scaled(sample, FrameSet.all(200))
    assert seen == sample.frames.array().tolist()


def test_decord_is_not_let_fill_the_memory(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqe.bench.plain.MOST_HELD", 1_000_000)
    assert decord_fault(video) == "decord, which decodes as far ahead as it can, might fill the memory with cam.mp4"


def test_what_decord_cannot_read(tmp_path: Path) -> None:
    pytest.importorskip("decord")
    clip = make_clip(tmp_path / "cam.mkv", 10, codec="av1")
    seen: list[int] = []
    plain = Plain(open_video("cam", [clip], {}, None), lambda picture: seen.append(read_number(picture)))
    assert plain.decoder.startswith("PyAV, since decord cannot read cam.mkv")
    plain.whole(FrameSet.all(10))
    assert seen == list(range(10))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the development footage")
def test_plain_yolo_answers_as_ours_does(tmp_path: Path) -> None:
    from vqe.models import describe, load
    from vqe.models.plain import PlainYolo, plain_detector
    from vqe.video import read_frames

    model = load(describe(str(SHARED / "models" / "yolo11n_int8_openvino_model"), tmp_path), tmp_path)
    plain = plain_detector(model, 0.25, tmp_path)
    assert isinstance(plain, PlainYolo)
    clip = open_video("intersection", [SHARED / "footage" / "intersection.mp4"], {}, None)
    for _, picture in read_frames(clip, np.array([0, 150])):
        (ours,) = model.detect([picture], 0.25)
        theirs = np.asarray(plain(picture))
        assert len(ours) and np.array_equal(np.sort(ours.scores), np.sort(theirs[:, 4]))


# --- medians --------------------------------------------------------------------------------------------------------


def test_medians_and_ratios_by_round() -> None:
    """In the middle round the machine is three times as slow."""
    runs: list[Run] = []
    for number, (plain, own, fnr) in enumerate([(10, 2, 0.0), (30, 6, 0.04), (12, 3, 0.01)]):
        spent = Spent(own, 2 * own)
        measured = Measured(spent, False, True, 1.0, 50 + number, None, 3.0, 1.0, {}, f"plan {min(number, 1)}")
        runs.append(Run(number, "plain", "", Spent(plain, plain), False))
        runs.append(Run(number, "all", "first", spent, False, 0, measured, Errors(fnr, 0, 0, 1)))
    plain, own = summaries(Result({}, 600, 60.0, {}, "known", "", tuple(runs)))
    assert (plain.seconds, plain.times_plain, plain.times_exact, plain.calls) == (12, 1, None, 600)
    assert (own.seconds, own.cpu_seconds, own.times_plain, own.rounds) == (3, 6, 5, 3)
    assert (own.frames_per_second, own.times_real_time) == (200, 20)
    assert (own.calls, own.how) == (51, "plan 1")
    assert (own.predicted_seconds, own.predicted_at_first) == (1, 3)
    assert own.predicted_by_measured == 0.5  # of the 1, 5 and 2 seconds after learning
    assert own.errors == Errors(0.01, 0, 0, 1) and own.fnr_worst == 0.04
