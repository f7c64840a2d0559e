"""A still scene with short visits: a difference detector alone answers, nothing is trained, and the budget is kept."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clips import make_clip
from numpy.typing import NDArray
from returned import returned
from squares import Squares

import vqe
from vqe.learning.difference import Comparison
from vqe.library import Library
from vqe.profile import Profile, load, save

LESSON = importlib.import_module("vqe.learning.learn")
FRAMES = 1200
QUERY = "SELECT frame FROM cam WHERE contains('bus') FNR WITHIN 2% FPR WITHIN 2%"
TRUE = np.array([n % 120 in range(50, 80) for n in range(FRAMES)])
_SCENE = np.random.default_rng(1).integers(40, 110, (96, 128)).astype(np.float32)


def picture(n: int) -> NDArray[np.uint8]:
    """In drifting light, noisy; a bus comes, waits and goes, each time at another place, and something else moves."""
    found = _SCENE * (1 + 0.1 * np.sin(n / 90)) + np.random.default_rng(n).normal(0, 2, _SCENE.shape)
    if n % 120 in range(90, 100):
        x = 10 * (n % 120 - 90)
        found[10:20, x : x + 10] = 150
    if TRUE[n]:
        x = 5 + n // 120 * 10
        found[40:56, x : x + 16] = 230
    return np.stack([found.clip(0, 255).astype(np.uint8)] * 3, -1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "cam.mp4"
    return make_clip(path, FRAMES, (128, 96), 25, gop=50, pictures=picture, options={"crf": "18"})


@pytest.fixture
def camera(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[vqe.Connection, Squares]]:
    """The clip as a video whose detector is slow, as the catalogue says: 50 ms a frame. Costs are pinned, so that plans
    do not depend on the machine's load."""
    with vqe.connect(tmp_path / "db", {"plan_space": "noscope"}) as db:
        db.sql(f"CREATE VIDEO cam FROM '{clip}'")
        info = db._engine.library.model(None)
        db._catalog.put_cost("reference", info.key, 0.05)
        squares = Squares(info)
        monkeypatch.setattr(Library, "reference", lambda *_: squares)
        monkeypatch.setattr(Library, "remember_cost", lambda *_: None)
        yield db, squares


def rates(db: vqe.Connection, query: str = QUERY) -> tuple[float, float]:
    found, _ = returned(db, query, FRAMES)
    return float((TRUE & ~found).sum() / TRUE.sum()), float((found & ~TRUE).sum() / (~TRUE).sum())


def kept(db: vqe.Connection) -> Profile:
    (profile,) = (load(path) for path in db.folder.glob("profiles/*/*"))
    assert profile is not None
    return profile


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("a model would be trained")


def test_a_detector_alone(camera: tuple[vqe.Connection, Squares], monkeypatch: pytest.MonkeyPatch) -> None:
    db, squares = camera
    monkeypatch.setattr(LESSON, "train", refuse)
    fnr, fpr = rates(db)
    assert fnr <= 0.02 and fpr <= 0.02
    assert squares.asked < FRAMES / 2
    profile = kept(db)
    assert (profile.model, profile.untrained) == ("", FRAMES)
    assert profile.differences is not None and profile.differences.earlier is not None
    learnt = squares.asked
    ((_, text),) = db.sql(f"EXPLAIN VERBOSE {QUERY}").fetchall()  # type: ignore[union-attr]
    assert "Difference from" in text and "Specialise" not in text
    assert rates(db) == (fnr, fpr)
    assert squares.asked - learnt < FRAMES / 10, "what was learnt is kept"
    assert rates(db, QUERY.replace("2%", "10%"))[0] <= 0.1
    (run,) = db.sql(QUERY).accuracy  # type: ignore[union-attr]
    assert run.plan.startswith("cascade: difference from")
    assert run.rates["fnr"].low <= fnr <= run.rates["fnr"].high


def test_what_it_knows_of_the_pool(camera: tuple[vqe.Connection, Squares]) -> None:
    """Frames that are carried look alike and are answered alike, at the distances that a plan may use."""
    db, _ = camera
    rates(db)
    differences = kept(db).differences
    assert differences is not None and differences.earlier is not None
    frames = np.arange(FRAMES)[:: differences.step]
    origins = differences.earlier.origins[-1]
    assert (TRUE[frames[origins]] == TRUE[frames]).mean() > 0.99
    assert (origins != np.arange(len(frames))).mean() > 0.3


def test_a_model_is_trained_where_that_pays(
    camera: tuple[vqe.Connection, Squares], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same scene, but the detector of differences is said to cost as much as the reference model."""
    db, _ = camera
    monkeypatch.setattr(LESSON, "train", refuse)
    db._catalog.put_cost("difference", "earlier", 0.05)
    db._catalog.put_cost("difference", "background", 0.05)
    with pytest.raises(AssertionError, match="trained"):
        rates(db)


def test_a_model_is_trained_where_it_takes_no_longer(
    camera: tuple[vqe.Connection, Squares], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training is over once, and the model serves other recordings too."""
    db, _ = camera
    monkeypatch.setattr(LESSON, "train", refuse)
    monkeypatch.setattr(Comparison, "_seconds", lambda *_: 10.0)
    monkeypatch.setattr(Comparison, "_training", lambda *_: 9.5)
    with pytest.raises(AssertionError, match="trained"):
        rates(db)
    monkeypatch.setattr(Comparison, "_training", lambda *_: 10.5)
    rates(db)
    assert kept(db).model == ""


def test_a_detector_that_breaks_the_budget_goes(camera: tuple[vqe.Connection, Squares]) -> None:
    """What is known of distances is made wrong: all frames take over the first one's answer, and the audit sees it."""
    db, squares = camera
    rates(db)
    (path,) = db.folder.glob("profiles/*/*")
    profile = kept(db)
    assert profile.differences is not None and profile.differences.earlier is not None
    d = profile.differences.earlier
    wide = np.array([1e6, 1e7], np.float32)
    d = replace(d, deltas=wide, origins=d.origins[:2] * 0, true=d.true[:2], masses=d.masses[:2])
    save(path, replace(profile, differences=replace(profile.differences, earlier=d)), {}, "")
    for labels in db.folder.glob("labels/*"):
        shutil.rmtree(labels)
    db.sql("SET audit = '100%'")
    db._catalog.put_cost("reference", squares.info.key, 0.001)  # in that time it asks about many frames
    with pytest.warns(vqe.VqeWarning, match="frames are no longer compared"):
        assert rates(db) == (0, 0)
    assert kept(db).differences is None
