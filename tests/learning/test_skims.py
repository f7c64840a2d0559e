"""What is missed where only every so many frames are looked at: as told by skimming where samples are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from by_hand import ARCHITECTURE, tensors
from numpy.typing import NDArray
from passage import FRAMES, GOP, SIZE, TRUE
from returned import returned
from squares import Squares

import vqe
from vqe import profile as profiles
from vqe.learning import skims
from vqe.learning.pool import STEP, Pool
from vqe.learning.skims import learn_skims, shown_beside
from vqe.library import Library
from vqe.logical.frames import FrameSet
from vqe.logical.node import walk
from vqe.logical.plan import Learn, Task, Thumbnails
from vqe.logical.window import Window
from vqe.models.specialised import SpecialisedModel
from vqe.optimizer import cascades
from vqe.physical.look import Scorer
from vqe.physical.operator import Run
from vqe.profile import Profile, Samples
from vqe.skims import Skims, around
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


@pytest.fixture(autouse=True)
def _however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is in every other part here."""
    monkeypatch.setattr(skims, "MOST_SHOWN", 1.0)


class Costs:
    """Keeps what things take."""

    def __init__(self) -> None:
        self.costs: dict[str, tuple[float, int]] = {}
        self.settings = SimpleNamespace(seed=0)

    def remember_cost(self, operator: str, _: str, seconds: float, frames: int) -> None:
        self.costs[operator] = seconds, frames


def learnt(
    video: Video,
    scores: Singles,
    frames: NDArray[np.int64] = SEEN,
    gain: float = 0.2,
    library: Any = None,
    true: NDArray[np.bool_] | None = None,
) -> Skims | None:
    """By the model made by hand; `true`: over windows."""
    library = library or Costs()
    run, pool = SimpleNamespace(library=library, check=lambda: None), pool_of(frames)
    model = SpecialisedModel(ARCHITECTURE, tensors(gain))
    with Reader(video, SIZE) as reader:
        return learn_skims(
            task_of(video), pool, reader, cast(Run, run), model, pool.true if true is None else true, scores, 0
        )


# --- what is told of each sample ------------------------------------------------------------------------------------


def test_the_higher_neighbour_counts() -> None:
    numbers = np.array([0, 4, 8, 12])
    scores = np.array([0.1, 0.5, 0.2, 0.9], np.float32)
    assert shown_beside(5, numbers, scores, 0) == pytest.approx(0.5)
    assert shown_beside(9, numbers, scores, 0) == pytest.approx(0.9)
    assert shown_beside(-3, numbers, scores, 0) == pytest.approx(0.1)
    assert shown_beside(15, numbers, scores, 0) == pytest.approx(0.9)
    assert shown_beside(3, numbers[:0], scores[:0], 0) == 0, "nobody knows what would have been seen"


@pytest.mark.parametrize("reach", [0, 4, 9])
def test_what_shows_in_one_frame_only_shows_nowhere_beside_it(reach: int) -> None:
    """However many frames a mean is over."""
    numbers = np.arange(0, 60, 4)
    scores = (numbers == 28).astype(np.float32)
    assert shown_beside(28, numbers, scores, reach) == 0
    assert shown_beside(29, numbers, scores, reach) > 0


def test_means_are_those_of_the_frames_beside() -> None:
    """Its own score does not raise them; as it may be among them, it may lower them."""
    numbers = np.arange(0, 60, 4)
    scores = np.random.default_rng(2).uniform(0.3, 0.7, 15).astype(np.float32)
    for own in (0.0, 1.0):
        scores[7] = own
        beside = [np.delete(scores[4:9], 3), np.delete(scores[6:11], 1)]  # around 24, and 32, without 28
        whole = [scores[4:9], scores[6:11]]
        expected = max(float(side.mean()) for side in (beside if own else whole))
        assert shown_beside(28, numbers, scores, 8) == pytest.approx(expected)


def test_what_is_true_over_a_window_counts_where_a_frame_by_itself_is_not(video: Video) -> None:
    """A blind model misses it as any other."""
    windows = TRUE[SEEN] | (SEEN % 100 == 30)
    blind = learnt(video, TRUE[SEEN].astype(np.float32), gain=-0.2, true=windows)
    assert blind is not None
    assert (blind.beside[windows] < 1).all() and (blind.beside[~windows] == 1).all()


def test_samples_fare_as_parts_are_skimmed(video: Video) -> None:
    """What stands in a picture for some frames is seen, by a model that sees it; by a blind one nothing is."""
    true, library = TRUE[SEEN], Costs()
    seeing, blind = learnt(video, true.astype(np.float32), library=library), learnt(video, true * 0.9, gain=-0.2)
    assert seeing is not None and blind is not None
    assert seeing.apart == STEP and (seeing.beside[~true] == 1).all()
    assert (seeing.beside[true] > 0.9).mean() > 0.9 and (blind.beside[true] < 0.1).mean() > 0.9
    seconds, frames = library.costs["skim"]
    assert seconds > 0 and frames > FRAMES / 2


def test_where_something_is_in_most_parts_nothing_is_learnt(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skims, "MOST_SHOWN", 0.25)
    assert learnt(video, TRUE[SEEN].astype(np.float32)) is None


def test_frames_are_as_high_as_what_is_near(video: Video) -> None:
    """And as what lies ahead of them in a group of pictures: that far is decoded on the way."""
    scores = np.random.default_rng(3).uniform(0, 1, len(SEEN)).astype(np.float32)
    found = learnt(video, scores)
    assert found is not None
    for place in (0, 1, 7, 300, len(SEEN) - 1):
        near = scores[np.abs(SEEN - SEEN[place]) <= around(STEP, 0)].max()
        assert found.near[place] == near
        later = range(place, int(np.searchsorted(SEEN // GOP, SEEN[place] // GOP, side="right")))
        assert found.ahead[place] == found.near[np.array(later)].max()


def test_nothing_is_near_beyond_a_gap(video: Video) -> None:
    """Where a long video was seen in stretches."""
    frames = np.concatenate([SEEN[:20], SEEN[200:220]])
    scores = np.where(np.arange(40) == 20, 0.9, 0.1).astype(np.float32)
    found = learnt(video, scores, frames)
    assert found is not None
    assert (found.near > 0.5).tolist() == [20 <= n <= 22 for n in range(40)]
    assert (found.ahead > 0.5).tolist() == [20 <= n <= 22 for n in range(40)]


def test_what_cannot_be_decoded_apart_is_not_skimmed(video: Video) -> None:
    hurt = replace(video, files=tuple(replace(f, index=replace(f.index, damaged=True)) for f in video.files))
    assert learnt(hurt, np.zeros(len(SEEN), np.float32)) is None


def test_a_profile_keeps_them_until_it_is_revised(tmp_path: Path) -> None:
    raw = np.random.default_rng(3).uniform(0, 1, len(SEEN)).astype(np.float32)
    known, samples = Skims(STEP, raw, raw[:9], raw[1:10]), Samples(raw, TRUE[SEEN], np.ones(len(SEEN)))
    path = tmp_path / "x.safetensors"
    profiles.save(path, Profile("x", samples, np.sort(raw), 9, 9, (), "cnn", 0, SIZE, skims=known), {}, "")
    kept = profiles.load(path)
    assert kept is not None and kept.skims is not None and kept.learnt is not None
    assert kept.skims.apart == STEP
    for name in ("beside", "near", "ahead"):
        assert np.array_equal(getattr(kept.skims, name), getattr(known, name))
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
            skims=learnt(video, scores, library=db._engine.library),
        )
        profiles.save(profiles.path_of(db.folder, task), kept, tensors(), ARCHITECTURE.to_text())
        for name, subject, seconds in (
            ("reference", info.key, 0.02),
            ("thumbnail", video.costed_as, 0.01),
            ("skim", video.costed_as, 0.001),
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
    assert small.skim == STEP and 0.1 < small.left < 0.7 and small.skimmed > 1
    found, (report,) = returned(db, QUERY, FRAMES)
    assert np.array_equal(found, TRUE)
    assert report.plan == "cascade: skimming, by hand"
    assert squares.asked < FRAMES / 10


def test_what_was_looked_at_stands_beside_what_was_foretold(opened: tuple[vqe.Connection, Squares]) -> None:
    db, _ = opened
    relation = db.sql(f"EXPLAIN ANALYZE {QUERY}")
    assert relation is not None
    (line,) = (line for row in relation.fetchall() for line in row[-1].splitlines() if "Thumbnails" in line)
    shares = [float(share) for share in re.findall(r"([\d.]+) % looked at one by one", line)]
    assert len(shares) == 2 and shares[0] == pytest.approx(shares[1], abs=5)


def test_another_day_is_taken_to_cost_what_this_one_does(
    opened: tuple[vqe.Connection, Squares], passage_files: list[Path]
) -> None:
    db, _ = opened
    db.sql(f"CREATE OR REPLACE VIDEO cam FROM '{passage_files[1]}'")
    (small,) = (node for node in nodes_of(db) if isinstance(node, Thumbnails))
    assert small.skim == STEP and not small.rough
    relation = db.sql(f"EXPLAIN {QUERY}")
    assert relation is not None
    (line,) = (line for row in relation.fetchall() for line in row[-1].splitlines() if "Thumbnails" in line)
    rows = int(re.findall(r"~(\d+) rows", line)[0])
    expected = rows * (small.skimmed * 0.001 + small.left * 0.01)
    (seconds,) = re.findall(r"~([\d.]+) (m?)s", line)
    assert float(seconds[0]) / (1000 if seconds[1] else 1) == pytest.approx(expected, rel=0.1)


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
        lambda self, *how: replace(
            real(self, *how),
            look=lambda f, _: np.zeros(len(f), np.float32),
            shows=lambda f, _: np.zeros(len(f), np.bool_),
        ),
    )
    db, _ = opened
    db.sql("SET audit = '100%'")
    relation = db.sql(QUERY)
    assert relation is not None
    with pytest.warns(vqe.VqeWarning, match="all frames are looked at from now on"), relation.batches() as stream:
        assert sum(batch.num_rows for batch in stream) < TRUE.sum() / 2
    assert relation.accuracy[0].rates["fnr"].low > 0.01
    found, _ = returned(db, QUERY, FRAMES)
    assert np.array_equal(found, TRUE), "what was found wrong is not gone by any more"
    (profile,) = map(profiles.load, db.folder.glob("profiles/*/*"))
    assert profile is not None and profile.skims is None
