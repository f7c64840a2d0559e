"""A predicate learnt and answered by a small model, on a made-up camera whose detector is a rule about pixels."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from returned import returned
from squares import Squares

import vqe
from vqe.library import Library
from vqe.profile import load

FRAMES = 3000
QUERY = "SELECT frame FROM cam WHERE contains('bus')"
TRUE = np.array([n % 250 < 30 for n in range(FRAMES)])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A textured scene in slowly changing light; for 30 frames in 250 a bright square crosses it."""
    path = tmp_path_factory.mktemp("clip") / "cam.mp4"
    chance = np.random.default_rng(1)
    scene = chance.integers(40, 110, (96, 128)).astype(np.float32)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "18", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for n in range(FRAMES):
            picture = scene * (1 + 0.15 * np.sin(n / 400)) + chance.normal(0, 2, scene.shape)
            if TRUE[n]:
                x = 3 * (n % 250) + 4
                picture[40:56, x : x + 16] = 230
            grey = picture.clip(0, 255).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.stack([grey] * 3, -1), "rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path


@pytest.fixture
def camera(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[vqe.Connection, Squares]]:
    """The clip as a video whose detector is slow, as the catalogue says: 50 ms a frame. To compare frames costs as
    much, so that it takes a small model. Costs are pinned, so that plans do not depend on the machine's load."""
    with _camera(clip, tmp_path / "db", monkeypatch) as opened:
        yield opened


@pytest.fixture(scope="module")
def learnt_folder(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the camera after a query; not to be written to."""
    folder = tmp_path_factory.mktemp("learnt") / "db"
    with pytest.MonkeyPatch.context() as patch, _camera(clip, folder, patch) as (db, _):
        returned(db, QUERY, FRAMES)
    return folder


@pytest.fixture
def learnt_camera(
    clip: Path, learnt_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[vqe.Connection, Squares]]:
    """As `camera`, after a query."""
    with _camera(clip, Path(shutil.copytree(learnt_folder, tmp_path / "db")), monkeypatch) as opened:
        yield opened


@contextmanager
def _camera(clip: Path, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[tuple[vqe.Connection, Squares]]:
    with vqe.connect(folder, {"plan_space": "all"}) as db:
        db.sql(f"CREATE OR REPLACE VIDEO cam FROM '{clip}'")
        info = db._engine.library.model(None)
        db._catalog.put_cost("reference", info.key, 0.05)
        for against in ("background", "earlier"):
            db._catalog.put_cost("difference", against, 0.05)
        squares = Squares(info, 0.002)  # dear enough to be worth avoiding
        patch.setattr(Library, "reference", lambda *_: squares)
        patch.setattr(Library, "remember_cost", lambda *_: None)
        yield db, squares


def _rates(db: vqe.Connection, query: str) -> tuple[float, float]:
    found, _ = returned(db, query, FRAMES)
    return float((TRUE & ~found).sum() / TRUE.sum()), float((found & ~TRUE).sum() / (~TRUE).sum())


def _reasons(db: vqe.Connection) -> list[str]:
    profiles = [load(p) for p in db.folder.glob("profiles/*/*")]
    return [f"{p.reason}; {p.labels} labels, {p.positives} true, {p.samples}" for p in profiles if p is not None]


def test_learns_and_keeps_its_budget(camera: tuple[vqe.Connection, Squares], monkeypatch: pytest.MonkeyPatch) -> None:
    """How much the first run asks depends on what decoding is measured to take: it must not settle, come what may, or
    what packets tell would go with the samples that it is about."""
    db, squares = camera
    monkeypatch.setattr("vqe.assessment.MUCH", 1.0)
    before = db.sql(f"EXPLAIN {QUERY}")
    assert before is not None and "Learn contains('bus')" in before.fetchall()[0][1]
    fnr, fpr = _rates(db, QUERY)
    assert fnr <= 0.01 and fpr <= 0.01
    assert squares.asked < FRAMES / 2, _reasons(db)
    _check_packets(db)
    plan = db.sql(f"EXPLAIN {QUERY}").fetchall()[0][1]  # type: ignore[union-attr]
    assert "Specialise" in plan and "Resolve" in plan
    asked = squares.asked
    assert _rates(db, QUERY) == (fnr, fpr)
    assert squares.asked - asked < FRAMES / 10  # the model is kept, and labels are
    (run,) = db.sql(QUERY).accuracy  # type: ignore[union-attr]
    assert run.plan.startswith("cascade") and run.frames == FRAMES
    assert run.rates["fnr"].low <= fnr <= run.rates["fnr"].high


def _check_packets(db: vqe.Connection) -> None:
    """What packets tell is kept with the profile, of the same frames as its samples."""
    (profile,) = (load(path) for path in db.folder.glob("profiles/*/*"))
    assert profile is not None and profile.packets is not None
    known, samples = profile.packets, profile.samples
    assert np.array_equal(known.scores[known.positions], samples.scores)
    assert np.array_equal(known.true[known.positions], samples.true)
    assert np.array_equal(np.sort(known.scores), profile.population)
    assert np.array_equal(known.frames, np.arange(0, FRAMES, 3))


def test_a_conjunction_goes_by_what_was_learnt_of_a_term(learnt_camera: tuple[vqe.Connection, Squares]) -> None:
    db, squares = learnt_camera
    learnt, before = list(db.folder.glob("profiles/*/*")), squares.asked
    found, (report,) = returned(db, f"{QUERY} AND objects('bus') >= 1", FRAMES)
    assert (TRUE & ~found).sum() <= 0.01 * TRUE.sum() and not (found & ~TRUE).any()
    assert report.plan.startswith("cascade: ")
    assert list(db.folder.glob("profiles/*/*")) == learnt, "nothing else was learnt"
    assert squares.asked - before < FRAMES / 4
    found, (report,) = returned(db, f"{QUERY} AND objects('bus') >= 2", FRAMES)
    assert not found.any() and report.plan.startswith("cascade: ")


def test_exact_looks_at_every_frame(camera: tuple[vqe.Connection, Squares]) -> None:
    db, squares = camera
    squares.seconds = 0.0
    assert _rates(db, f"{QUERY} EXACT") == (0, 0)
    assert squares.asked == FRAMES


def test_a_majority_is_sampled(camera: tuple[vqe.Connection, Squares]) -> None:
    db, squares = camera
    db.sql("SET plan_space = 'sampling'")
    exact = "SELECT start_frame, end_frame FROM events(cam) WHERE contains('bus') STABLE '1s'"
    found = db.sql(exact)
    assert found is not None
    events = found.fetchall()
    assert len(events) == FRAMES // 250
    assert squares.asked < FRAMES / 2
    assert all(start % 250 <= 1 and end % 250 in range(28, 32) for start, end in events)


def test_values_are_the_models_own(learnt_camera: tuple[vqe.Connection, Squares]) -> None:
    db, _ = learnt_camera
    found = db.sql("SELECT frame, objects('bus') AS n FROM cam WHERE contains('bus')")
    assert found is not None
    rows = found.fetchall()
    assert rows and all(TRUE[frame] and n == 1 for frame, n in rows)
