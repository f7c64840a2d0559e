"""Replays: labels answer in place of the model, and what it would have taken is charged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import make_clip
from numbered import FRAMES, Numbered
from numpy.typing import NDArray

import vqe
from vqe.bench.clock import Charges, Clock, Spent
from vqe.bench.measure import Case
from vqe.bench.plain import Plain
from vqe.bench.question import Needs, Script
from vqe.bench.replay import TURNS, Charge, Replayed, measured, replayed
from vqe.bench.sample import sampled, spread
from vqe.catalog import Catalog
from vqe.errors import RunError
from vqe.labels import Labels, LabelStore
from vqe.library import Library
from vqe.logical.frames import FrameSet
from vqe.logical.plan import Detect, Frames, Scan
from vqe.models import Detected, ModelInfo
from vqe.physical.reference import Recorded, infer
from vqe.physical.reference import Spent as Asked
from vqe.settings import Settings
from vqe.video import Video, open_video

FRAME = "SELECT frame FROM CLIP WHERE contains('bus') STABLE '1s'"
INFO = ModelInfo("none", None, "ab", {0: "bus"}, False)
Runs = dict[tuple[str, str, int], dict[str, Any]]


@pytest.fixture
def run(bench: Callable, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], str]]:
    """What the command writes as JSON, and what it shows."""

    def run(*arguments: str) -> tuple[dict[str, Any], str]:
        done = bench(FRAME, "--json", str(tmp_path / "out.json"), *arguments)
        assert done.status == 0, done.err
        return json.loads((tmp_path / "out.json").read_text("utf-8")), done.out

    return run


def runs(found: dict[str, Any]) -> Runs:
    return {(r["plan"], r["turn"], r["seed"]): r for r in found["runs"]}


def told(found: dict[str, Any]) -> dict[Any, Any]:
    """What does not hang on time."""
    return {k: (r["errors"], r.get("calls"), r.get("how")) for k, r in runs(found).items()}


def exactly(folder: Path, clip: Path, where: str = "") -> None:
    """Ask about all frames, so that the folder has their labels."""
    with vqe.connect(folder) as db:
        db.sql(f"SELECT frame FROM '{clip}' WHERE contains('bus'){where} EXACT").fetchall()  # type: ignore[union-attr]


# --- the whole command ----------------------------------------------------------------------------------------------


def test_a_replay_tells_what_the_model_itself_told(run: Callable, asked: list[Numbered]) -> None:
    """It is as wrong as with the model, which seed 0 asks of the frames that mislead."""
    real, said = run("--spaces", "sampling", "--truth")
    assert real["replayed"] is None and "charged" not in said
    assert all(r["charged_seconds"] == 0 for r in real["runs"])
    again, said = run("--spaces", "sampling", "--replay")
    assert told(again) == told(real)
    assert runs(again)["sampling", "first", 0]["errors"]["fnr"] > 0.3
    assert again["truth"] == "from the labels of the database folder"
    charge = again["replayed"]
    assert charge["measured_calls"] == 24 and charge["call_seconds"] > 0 and charge["plain_call_seconds"] > 0
    assert "its answers are labels of the database folder" in said and "measured by 24 calls each" in said
    assert asked[-1].asked == 2 * (24 + 8)  # the model itself, to measure a call by


def test_charges_add_up_and_are_what_a_call_costs(
    run: Callable, asked: list[Numbered], clip: Path, tmp_path: Path
) -> None:
    exactly(tmp_path / "db", clip)
    found, said = run("--spaces", "exact,sampling", "--replay", "--call-seconds", "0.5")
    assert len(asked) == 1 and asked[0].asked == FRAMES  # the model is not even loaded
    assert found["replayed"] == {"call_seconds": 0.5, "plain_call_seconds": 0.5, "measured_calls": 0}
    assert "not loaded" in said and "500.0 ms in the plain way, 500.0 ms in vqe (as given)" in said
    for (plan, _, _), r in runs(found).items():
        calls = FRAMES if plan in ("plain", "exact") else r["calls"]
        assert r["charged_seconds"] == pytest.approx(0.5 * calls)
        assert 0 < r["seconds"] - r["charged_seconds"] < 30 and r["cpu_seconds"] < 30
        assert not r["sampled"]  # by what it really takes
    exact = runs(found)["exact", "next", 0]
    assert exact["predicted_seconds"] == pytest.approx(0.5 * FRAMES, rel=0.1)  # by what the first run has learnt
    sampling = next(p for p in found["plans"] if p["plan"] == "sampling")
    assert sampling["charged_seconds"] == pytest.approx(0.5 * sampling["calls"])
    assert sampling["times_plain"] == pytest.approx(FRAMES / sampling["calls"], rel=0.2)


def test_long_ones_are_scaled(
    run: Callable, asked: list[Numbered], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same way, what is charged with what is waited for."""
    monkeypatch.setattr("vqe.bench.sample.LONG", 0.0)
    monkeypatch.setattr("vqe.bench.sample.SHORTEST", 10)
    monkeypatch.setattr("vqe.bench.sample.SECONDS", 0.0)
    exactly(tmp_path / "db", clip)
    found, _ = run("--spaces", "exact", "--replay", "--call-seconds", "0.5")
    for r in found["runs"]:
        assert r["sampled"] and r["charged_seconds"] == pytest.approx(0.5 * FRAMES)
    assert asked[0].asked == FRAMES


def test_frames_without_labels(bench: Callable, asked: list[Numbered], clip: Path, tmp_path: Path) -> None:
    exactly(tmp_path / "db", clip, " AND seconds < 12")
    done = bench(FRAME, "--replay")
    assert (done.status, done.out) == (2, "")
    assert "100 of the 400 frames that the query needs have no labels to replay" in done.err
    assert "hint: run the query with EXACT at its end once, or give --truth" in done.err
    assert asked[-1].asked == 300
    done = bench(FRAME, "--replay", "--truth", "--spaces", "sampling", "--call-seconds", "0.1")
    assert done.status == 0 and "truth: by asking about every frame" in done.out
    assert asked[-1].asked == 9 + 100  # the model itself is asked of what is missing, and of nothing in the rounds


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--call-seconds", "1"], "--call-seconds is what a call counts for that is not made\nhint: give --replay too"),
        (["--replay", "--call-seconds", "0"], "--call-seconds cannot be 0\nhint: give a number above 0"),
        (["--replay", "--call-seconds", "nan"], "--call-seconds cannot be nan"),
        (["--replay", "--call-seconds", "soon"], "'soon' is not a valid float"),
    ],
)
def test_bad_arguments(bench: Callable, asked: list[Numbered], arguments: list[str], said: str) -> None:
    done = bench(FRAME, *arguments)
    assert (done.status, done.out, said in done.err) == (2, "", True), done.err
    assert not asked


# --- its parts ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Two files of 20 frames, a key frame every ten."""
    folder = tmp_path_factory.mktemp("clips")
    clips = [make_clip(folder / f"cam{n}.mp4", frames, (96, 64)) for n, frames in enumerate((20, 21))]
    return open_video("cam", clips, {}, None)


def needs(video: Video, frames: FrameSet) -> Needs:
    """Of a query over these frames."""
    detect = Detect(Scan("cam", frames), INFO.name, 0.25, video=video, info=INFO)
    return Needs(Frames(detect, "cam", video=video, info=INFO), detect, frames, frames)


def labels(frames: NDArray[np.int64]) -> Labels:
    """Of each frame as many boxes as its number modulo 3, scores 0.9 and 0.3."""
    counts = frames % 3
    offsets = np.concatenate([[0], np.cumsum(counts)])
    n = int(offsets[-1])
    scores = np.concatenate([np.empty(0), *(np.array([0.9, 0.3])[:c] for c in counts)]).astype(np.float32)
    owner = np.repeat(frames, counts).astype(np.float32)
    return Labels(frames, offsets, np.zeros(n, np.int16), scores, np.repeat(owner[:, None], 4, axis=1))


def test_what_was_said_of_each_frame_is_said_again() -> None:
    charges = Charges()
    model = Replayed(INFO, Charge(9.0, 0.25, batch=4), labels(np.arange(10, 20)), charges)
    assert isinstance(model, Recorded) and model.batch == 4
    clock, spent = Clock(charges), Asked()
    picture = np.zeros((4, 4, 3), np.uint8)
    found, seconds = infer(model, [(n, picture) for n in (11, 12, 17)], 0.25, False, spent)
    assert found.frames.tolist() == [11, 12, 17]
    assert found.boxes[:, 0].tolist() == [11, 11, 17, 17] and found.offsets.tolist() == [0, 2, 2, 4]
    assert seconds == 0.75 and (spent.frames, spent.model) == (3, 0.75)
    assert charges.seconds == 0.75
    read = clock.read()
    assert read.charged == 0.75 and 0.75 < read.seconds < 5 and read.waited == pytest.approx(read.seconds - 0.75)
    found, _ = infer(model, [(17, picture)], 0.5, False, spent)
    assert found.scores.tolist() == [np.float32(0.9)]  # another floor
    for unknown in (9, 20):
        with pytest.raises(RunError, match=f"frame {unknown} has no label"):
            infer(model, [(12, picture), (unknown, picture)], 0.25, False, spent)


def test_labels_of_several_files(video: Video, tmp_path: Path) -> None:
    """Numbers are those of the video, as the model is asked with; the first of the second file is 20."""
    store = LabelStore(tmp_path / "labels")
    for file in video.files:
        own = np.arange(file.frame_count)
        store.open(file.index.fingerprint, INFO.key, 0.25).append(labels(own), 0.0)
    frames = FrameSet.numbers(np.array([3, 5, 22]), 41)
    catalog = Catalog(tmp_path)
    library = Library(tmp_path, catalog, Settings(catalog, {}))
    case = Case(Script("", (), None), needs(video, frames), {}, library)  # type: ignore[arg-type]
    found, plain = replayed(case, tmp_path / "labels", Charge(2.0, 1.0))
    model = found.models.reference(INFO)
    assert isinstance(model, Replayed)
    said, _ = model.replay(np.array([5, 22]), 0.25)
    assert [len(each) for each in said] == [2, 2] and said[1].boxes[0, 0] == 2  # its number in the file
    with pytest.raises(RunError):
        model.replay(np.array([4]), 0.25)  # not needed
    assert case.charges.seconds == 2.0
    spent = plain.whole(frames)
    assert spent.charged == 6.0 and 0 < spent.waited < 30
    assert plain.foretell(frames).charged == 6.0  # by the second and third


def test_a_call_is_measured_both_ways(video: Video) -> None:
    """20 ms in the plain way, 5 ms in batches of three."""
    sizes: list[int] = []

    class Slow:
        info, batch = INFO, 3

        def detect(self, pictures: list[Any], *_: object) -> list[Detected]:
            sizes.append(len(pictures))
            time.sleep(0.005 * len(pictures))
            return []

    charge = measured(needs(video, FrameSet.all(41)), Slow(), lambda _: time.sleep(0.02))  # type: ignore[arg-type]
    assert sizes == [9] * (1 + TURNS) and charge.calls == 9 * TURNS and charge.batch == 3
    assert 0.02 <= charge.plain < 0.04 and 0.005 <= charge.own < 0.015


def test_pictures_to_measure_by_are_quick_to_get_at(video: Video) -> None:
    assert spread(video, FrameSet.all(41), 8).tolist() == [0, 10, 20, 30]  # and 40 begins no eighth
    assert spread(video, FrameSet.ranges([(13, 14)], 41), 8).tolist() == [13]


def test_scaled_charges(video: Video) -> None:
    charges = Charges()
    plain = Plain(video, lambda _: charges.add(1.0), charges)
    spent = plain.scaled(sampled(video, FrameSet.all(41), 1e6, 0), FrameSet.all(41))
    assert spent.charged == pytest.approx(41) and spent.waited >= 0
    assert (Spent(3, 1, 2) + Spent(1, 1, 1)) * 2 == Spent(8, 4, 6)
