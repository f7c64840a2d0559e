"""What is missed where only every so many frames are looked at: as told by the frames beside each sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from by_hand import ARCHITECTURE, tensors
from numpy.typing import NDArray
from passage import FRAMES, GOP, SIZE, TRUE
from returned import returned
from squares import Squares

import vqe
from vqe import profile as profiles
from vqe.learning.pool import STEP, Pool
from vqe.learning.skims import learn_skims
from vqe.library import Library
from vqe.logical.frames import FrameSet
from vqe.logical.node import walk
from vqe.logical.plan import Learn, Task, Thumbnails
from vqe.logical.window import Window
from vqe.models.specialised import SpecialisedModel
from vqe.optimizer import cascades
from vqe.physical.look import Scorer
from vqe.physical.specialise import smoothed
from vqe.profile import Profile, Samples
from vqe.skims import Skims
from vqe.video import Thumbnails as Reader
from vqe.video import Video, open_video

QUERY = "SELECT frame FROM cam WHERE contains('bus')"
SEEN = np.arange(0, FRAMES, STEP)
Singles = NDArray[np.float32]


@pytest.fixture(scope="module")
def video(passage_files: list[Path]) -> Video:
    return open_video("passage", passage_files, {}, None)


def task_of(video: Video) -> Task:
    nothing: Any = None
    return Task("cam", video, nothing, 0.25, nothing, None, Window(frames=0), None, FrameSet.all(video.frame_count))


def pool_of(frames: NDArray[np.int64]) -> Pool:
    n = len(frames)
    every, empty = np.ones(n, np.bool_), np.empty((n, 0, 0), np.uint8)
    soft = TRUE[frames].astype(np.float32)
    return Pool(frames, empty, empty[:0], np.zeros(n, np.int32), every, TRUE[frames], soft, np.ones(n), every, every)


def learnt(video: Video, raw: Singles, reach: int = 0, frames: NDArray[np.int64] = SEEN) -> Skims:
    found = learn_skims(task_of(video), pool_of(frames), raw, smoothed(raw, frames, reach * STEP), reach)
    assert found is not None
    return found


# --- what is told of each sample ------------------------------------------------------------------------------------


def test_the_higher_neighbour_counts(video: Video) -> None:
    raw = np.random.default_rng(1).uniform(0, 1, len(SEEN)).astype(np.float32)
    found = learnt(video, raw)
    assert found.apart == STEP
    assert found.beside[[5, 77]].tolist() == pytest.approx([max(raw[4], raw[6]), max(raw[76], raw[78])])
    assert found.beside[[0, -1]].tolist() == pytest.approx([raw[1], raw[-2]])


def test_what_shows_in_one_frame_only_shows_nowhere_beside_it(video: Video) -> None:
    """However many frames a mean is over."""
    raw = np.zeros(len(SEEN), np.float32)
    raw[50] = 1.0
    for reach in (0, 1, 2, 3):
        found = learnt(video, raw, reach)
        assert found.beside[50] == 0
        assert found.beside[49] == pytest.approx(1 / (2 * reach + 1) * (1 + 1 / (2 * reach)) if reach else 1.0)


def test_means_are_those_of_the_frames_beside(video: Video) -> None:
    raw = np.random.default_rng(2).uniform(0, 1, len(SEEN)).astype(np.float32)
    found = learnt(video, raw, reach=2)
    left = np.delete(raw[97:102], 3)  # around 99, without 100
    right = np.delete(raw[99:104], 1)
    assert found.beside[100] == pytest.approx(max(left.mean(), right.mean()))


def test_far_frames_say_nothing(video: Video) -> None:
    """Where a long video was seen in stretches."""
    frames = np.concatenate([SEEN[:20], SEEN[200:220]])
    raw = np.full(40, 0.5, np.float32)
    raw[20] = 0.9
    found = learnt(video, raw, frames=frames)
    assert found.beside[19] == pytest.approx(0.5) and found.beside[21] == pytest.approx(0.9)
    lone = learnt(video, raw[:3], frames=SEEN[[0, 100, 200]])
    assert lone.beside.tolist() == [0, 0, 0], "nobody knows what would have been seen"


def test_parts_are_as_high_as_what_is_highest_in_them(video: Video) -> None:
    raw = np.where(TRUE[SEEN], 0.9, 0.1).astype(np.float32)
    found = learnt(video, raw)
    assert len(found.peaks) == FRAMES / (2 * GOP), "two groups of pictures are a part"
    busy = [TRUE[SEEN][(first <= SEEN) & (first + 2 * GOP > SEEN)].any() for first in range(0, FRAMES, 2 * GOP)]
    assert (found.peaks > 0.5).tolist() == busy


def test_what_cannot_be_decoded_apart_is_not_skimmed(video: Video) -> None:
    hurt = replace(video, files=tuple(replace(f, index=replace(f.index, damaged=True)) for f in video.files))
    raw = np.zeros(len(SEEN), np.float32)
    assert learn_skims(task_of(hurt), pool_of(SEEN), raw, raw, 0) is None


def test_a_profile_keeps_them_until_it_is_revised(tmp_path: Path, video: Video) -> None:
    raw = np.random.default_rng(3).uniform(0, 1, len(SEEN)).astype(np.float32)
    known, samples = learnt(video, raw), Samples(raw, TRUE[SEEN], np.ones(len(SEEN)))
    path = tmp_path / "x.safetensors"
    profiles.save(path, Profile("x", samples, np.sort(raw), 9, 9, (), "cnn", 0, SIZE, skims=known), {}, "")
    kept = profiles.load(path)
    assert kept is not None and kept.skims is not None and kept.learnt is not None
    assert kept.skims.apart == STEP
    assert np.array_equal(kept.skims.beside, known.beside) and np.array_equal(kept.skims.peaks, known.peaks)
    profiles.revise(kept.learnt, kept.samples, kept.population)
    revised = profiles.load(path)
    assert revised is not None and revised.skims is None and revised.key != kept.key


# --- a plan by them -------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(
    passage_files: list[Path], video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[vqe.Connection, Squares]]:
    """A database with the passage, and what would have been learnt of it, had learning the model made by hand.

    Nothing is left undecided for safety: by this model all that is nothing looks nearly the same."""
    monkeypatch.setattr(cascades, "SLACK", 0.0)
    monkeypatch.setattr(cascades, "LEAST_SLACK", 0.0)
    with Reader(video, SIZE) as reader:
        _, small = reader.read(SEEN)
        scores = SpecialisedModel(ARCHITECTURE, tensors()).probabilities(small, reader.backgrounds(SEEN))
    with vqe.connect(tmp_path / "db", {"plan_space": "noscope", "audit": "5%"}) as db:
        db.sql(f"CREATE VIDEO cam FROM '{passage_files[0].parent}/*.mp4'")
        info = db._engine.library.model(None)
        squares = Squares(info)
        monkeypatch.setattr(Library, "reference", lambda *_: squares)
        monkeypatch.setattr(Library, "remember_cost", lambda *_: None)
        db._catalog.put_cost("reference", info.key, 1.0)  # dear enough to plan for learning
        (task,) = (node.task for node in nodes_of(db) if isinstance(node, Learn))
        kept = Profile(
            "contains('bus')",
            Samples(scores, TRUE[SEEN], np.full(len(SEEN), float(STEP))),
            np.sort(scores),
            len(SEEN),
            int(TRUE[SEEN].sum()),
            tuple(file.index.fingerprint for file in video.files),
            "by hand",
            0,
            SIZE,
            skims=learnt(video, scores),
        )
        profiles.save(profiles.path_of(db.folder, task), kept, tensors(), ARCHITECTURE.to_text())
        fingerprint = video.files[0].index.fingerprint
        for name, subject, seconds in (
            ("reference", info.key, 0.02),
            ("thumbnail", fingerprint, 0.01),
            ("skim", fingerprint, 0.001),
            ("specialise", "by hand", 0.001),
        ):
            db._catalog.put_cost(name, subject, seconds)
        yield db, squares


def nodes_of(db: vqe.Connection, query: str = QUERY) -> list[object]:
    relation = db.sql(query)
    assert relation is not None
    return list(walk(relation._source._prepared.plan))  # type: ignore[attr-defined]


def test_an_answer_by_skimming(opened: tuple[vqe.Connection, Squares]) -> None:
    db, squares = opened
    nodes = nodes_of(db)
    (small,) = (node for node in nodes if isinstance(node, Thumbnails))
    assert small.skim == STEP and 0.3 < small.left < 0.7
    found, (report,) = returned(db, QUERY, FRAMES)
    assert np.array_equal(found, TRUE)
    assert report.plan == "cascade: skimming, by hand"
    assert squares.asked < FRAMES / 10


def test_it_may_be_left_out(opened: tuple[vqe.Connection, Squares]) -> None:
    db, _ = opened
    db.sql("SET disabled_rules = 'skimming'")
    (small,) = (node for node in nodes_of(db) if isinstance(node, Thumbnails))
    assert small.skim is None and small.left == 1


def test_what_skimming_misses_is_found_by_the_audit(
    opened: tuple[vqe.Connection, Squares], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing shows in what is looked at: the frames that are checked fare no better."""
    real = Scorer.skim
    monkeypatch.setattr(
        Scorer,
        "skim",
        lambda self, apart: replace(
            real(self, apart), look=lambda f, _: np.zeros(len(f), np.float32), quiet=lambda *_: True
        ),
    )
    db, _ = opened
    db.sql("SET audit = '50%'")
    relation = db.sql(QUERY)
    assert relation is not None
    with pytest.warns(vqe.VqeWarning, match="all frames are looked at from now on"), relation.batches() as stream:
        assert sum(batch.num_rows for batch in stream) < TRUE.sum() / 2
    assert relation.accuracy[0].rates["fnr"].low > 0.01
    found, _ = returned(db, QUERY, FRAMES)
    assert np.array_equal(found, TRUE), "what was found wrong is not gone by any more"
    (profile,) = map(profiles.load, db.folder.glob("profiles/*/*"))
    assert profile is not None and profile.skims is None
