"""Difference detectors in plans: what is carried, from which frame, how far, and what is asked for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clips import make_clip
from numpy.typing import NDArray
from squares import Squares

import vqe
from vqe.library import Library
from vqe.logical import plan
from vqe.logical.node import Node
from vqe.logical.plan import Predicted, Task
from vqe.models.difference import DifferenceFilter
from vqe.models.specialised import Architecture, train
from vqe.optimizer.situation import Candidate
from vqe.physical.batch import OWN, UNDECIDED, Batch, Evidence
from vqe.physical.carry import GONE, Carry
from vqe.physical.difference import difference
from vqe.physical.operator import Run
from vqe.physical.resolve import resolve
from vqe.physical.specialise import _Scorer
from vqe.physical.votes import UNKNOWN
from vqe.relational.evaluate import Evaluator
from vqe.video import Thumbnails

LENGTHS = (300, 200)
DELTA = 40.0
_SCENE = np.random.default_rng(1).integers(40, 110, (96, 128)).astype(np.float32)


def there(n: int) -> bool:
    """A bus stands in the first file for two seconds, and in the second one from its start."""
    return 100 <= n < 150 or 300 <= n < 340


TRUE = np.array([there(n) for n in range(sum(LENGTHS))])


def picture(n: int) -> NDArray[np.uint8]:
    """The scene in drifting light, noisy."""
    found = _SCENE * (1 + 0.15 * np.sin(n / 100)) + 10 * np.sin(n / 70)
    found = found + np.random.default_rng(n).normal(0, 2, found.shape)
    if there(n):
        found[40:56, 50:66] = 230
    return np.stack([found.clip(0, 255).astype(np.uint8)] * 3, -1)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for file, frames in enumerate(LENGTHS):
        first = sum(LENGTHS[:file])
        path = folder / f"part{file}.mp4"
        make_clip(path, frames, (128, 96), 25, pictures=lambda n, f=first: picture(f + n), options={"crf": "18"})
    return folder


class Camera:
    """The clips as a video, every query on which is decided by the plan that `build` makes."""

    def __init__(self, db: vqe.Connection, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.db = db
        db.sql(f"CREATE VIDEO cam FROM '{clips}/*.mp4'")
        self.squares = Squares(db._engine.library.model(None))
        monkeypatch.setattr(Library, "reference", lambda *_: self.squares)
        monkeypatch.setattr(db._engine.knowledge, "choose", self._choose)
        self.build: Callable[[Node, Task, bool], Node] = earlier
        self.task: Task | None = None

    def _choose(self, task: Task, _budget: object, values: bool) -> Candidate:
        self.task = task
        return Candidate("difference", 0.0, "", lambda scan: self.build(scan, task, values))

    def rows(self, query: str) -> list[Any]:
        found = self.db.sql(query)
        assert found is not None
        return found.fetchall()


@pytest.fixture
def camera(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    with vqe.connect(tmp_path / "db", {"plan_space": "all"}) as db:
        yield Camera(db, clips, monkeypatch)


def earlier(scan: Node, task: Task, values: bool) -> plan.Resolve:
    small = plan.Thumbnails(scan, 96, task.video)
    return resolved(plan.Difference(small, "earlier", None, DELTA), task, values)


def against_background(scan: Node, task: Task, values: bool) -> plan.Resolve:
    small = plan.Thumbnails(scan, 96, task.video)
    weights = tuple(np.full(64, 1 / 64).tolist())
    return resolved(plan.Difference(small, "background", 8, DELTA, weights), task, values)


def resolved(below: Node, task: Task, values: bool) -> plan.Resolve:
    return plan.Resolve(
        below,
        task.predicate,
        task.info.name,
        window=task.window,
        values=values,
        task=task,
        predicted=Predicted(1.0, 1.0),
    )


# --- whole queries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [earlier, against_background])
def test_only_what_differs_is_asked(camera: Camera, build: Any) -> None:
    camera.build = build
    assert [n for (n,) in camera.rows("SELECT frame FROM cam WHERE contains('bus')")] == np.flatnonzero(TRUE).tolist()
    # Of each file its first frame and each change; or every frame that shows more than the background.
    assert camera.squares.asked == (5 if build is earlier else TRUE.sum())


def test_explain_analyze_counts_what_differs(camera: Camera) -> None:
    ((_, text),) = camera.rows("EXPLAIN ANALYZE SELECT frame FROM cam WHERE contains('bus')")
    (line,) = (line for line in text.splitlines() if "Difference" in line)
    assert line.endswith(" 1 % differ")


def test_explain_shows_what_was_chosen(camera: Camera) -> None:
    ((_, text),) = camera.rows("EXPLAIN SELECT frame FROM cam WHERE contains('bus')")
    assert "Difference from earlier ≤ 40" in text
    camera.build = against_background
    ((_, text),) = camera.rows("EXPLAIN SELECT frame FROM cam WHERE contains('bus')")
    assert "Difference from background in 8×8 blocks ≤ 40" in text


def test_values_are_the_frames_own(camera: Camera) -> None:
    rows = camera.rows("SELECT frame, objects('bus') FROM cam WHERE contains('bus')")
    assert rows == [(n, 1) for n in np.flatnonzero(TRUE)]
    assert camera.squares.asked <= TRUE.sum() + 4


@pytest.mark.parametrize("every", [None, 8])
def test_majorities_of_what_is_carried(camera: Camera, every: int | None) -> None:
    camera.build = lambda *given: replace(earlier(*given), every=every)
    rows = camera.rows("SELECT start_frame, end_frame FROM events(cam) WHERE contains('bus') STABLE '1s'")
    assert len(rows) == 2
    np.testing.assert_allclose(rows, [(100, 149), (300, 339)], atol=1)
    assert camera.squares.asked == 5


def test_what_was_carried_is_audited(camera: Camera) -> None:
    camera.build = lambda *given: replace(earlier(*given), audit=plan.Audit(0.2, 0.2, "audit"))
    found = camera.db.sql("SELECT frame FROM cam WHERE contains('bus')")
    assert found is not None and len(found.fetchall()) == TRUE.sum()
    (run,) = found.accuracy
    assert run.frames == len(TRUE)
    assert 60 <= run.calls <= 140
    assert run.rates["fnr"].low == 0 < run.rates["fnr"].high < 0.3


# --- the operator ---------------------------------------------------------------------------------------------------


def made(n: int = 120) -> NDArray[np.uint8]:
    """Thumbnails that change now and then."""
    rng = np.random.default_rng(3)
    scene = rng.uniform(40, 160, (24, 24))
    pictures = scene + rng.normal(0, 2, (n, 24, 24))
    for start in range(0, n, 17):
        pictures[start : start + 6, start % 18 : start % 18 + 5, 3:9] += 70
    return pictures.clip(0, 255).astype(np.uint8)


def carried_by_hand(pictures: NDArray[np.uint8], undecided: NDArray[np.bool_], starts: list[int]) -> list[int]:
    distance = DifferenceFilter("earlier").distance
    kept, origins = None, []
    for n in range(len(pictures)):
        kept = None if n in starts else kept
        if not undecided[n]:
            origins.append(OWN)
            continue
        if kept is None or distance(pictures[n : n + 1], pictures[kept : kept + 1])[0] > DELTA:
            kept = n
        origins.append(kept)
    return origins


@pytest.mark.parametrize("seed", range(6))
def test_carrying_goes_on_from_batch_to_batch_but_not_over_a_files_edge(seed: int) -> None:
    chance = random.Random(seed)
    pictures = made()
    starts = sorted({0, *chance.sample(range(120), seed)})
    undecided = np.random.default_rng(seed).random(120) < (0.6 if seed % 2 else 1.1)
    out = list(
        difference(plan.Difference(SCAN, "earlier", None, DELTA), cut(pictures, undecided, chance), *run(starts))
    )
    evidence = [b.evidence for b in out]
    found = np.concatenate([e.origins for e in evidence if e is not None and e.origins is not None])
    assert found.tolist() == carried_by_hand(pictures, undecided, starts)
    assert len(set(found[undecided].tolist())) < undecided.sum() / 2


SCAN = plan.Scan("x", plan.FrameSet.all(1))


def run(starts: list[int]) -> Any:
    """A run and a video of which nothing but costs and files' edges is asked."""
    library = SimpleNamespace(remember_cost=lambda *_: None)
    return SimpleNamespace(library=library), SimpleNamespace(first_frames=np.array(starts))


def cut(pictures: NDArray[np.uint8], undecided: NDArray[np.bool_], chance: random.Random) -> Iterator[Batch]:
    n = 0
    while n < len(pictures):
        part = slice(n, n + chance.randrange(1, 30))
        frames = np.arange(len(pictures))[part]
        verdicts = np.where(undecided[part], UNDECIDED, 1).astype(np.int8)
        yield Batch(frames, evidence=Evidence(pictures[part], verdicts, None))  # type: ignore[arg-type]
        n = part.stop


def test_an_origin_long_gone_holds_nothing_back(camera: Camera) -> None:
    """And it is asked once."""
    camera.rows("EXPLAIN SELECT frame FROM cam WHERE contains('bus')")
    assert camera.task is not None
    started = Run(camera.db._engine.library, Evaluator())
    taken = 0

    def still(reader: Thumbnails) -> Iterator[Batch]:
        nonlocal taken
        for n in range(100, 150, 2):
            taken += 2
            evidence = Evidence(None, np.full(2, UNDECIDED, np.int8), reader, origins=np.array([100, 100]))
            yield Batch(np.arange(n, n + 2), evidence=evidence)

    with Thumbnails(camera.task.video, 96) as reader:
        reader.at_once = 10
        out = resolve(resolved(SCAN, camera.task, False), still(reader), started, 50)
        assert next(out).frames.tolist() == list(range(100, 111))
        assert taken == 12
        assert sum(len(b) for b in out) == 39
    assert camera.squares.asked == 1


def test_the_small_model_looks_at_what_differs() -> None:
    """Scores of carried frames are their origin's, however the batches are cut."""
    pictures = made()
    background = np.median(pictures, 0).astype(np.uint8)[None]
    small = Architecture(size=24, widths=(8,), hidden=8)
    targets = (np.arange(120) % 17 < 6).astype(np.float32)
    model = train(small, pictures, background, targets, seed=1)
    every = model.probabilities(pictures, background)
    undecided = np.ones(120, np.bool_)
    origins = np.array(carried_by_hand(pictures, undecided, [0]))
    chance = random.Random(1)
    looked = 0

    class Counting:
        def probabilities(self, small: NDArray[np.uint8], behind: NDArray[np.uint8]) -> NDArray[np.float32]:
            nonlocal looked
            looked += len(small)
            return model.probabilities(small, behind)

    scorer = _Scorer(Counting(), "cnn")  # type: ignore[arg-type]
    behind = SimpleNamespace(backgrounds=lambda frames: np.repeat(background, len(frames), 0))
    parts = difference(plan.Difference(SCAN, "earlier", None, DELTA), cut(pictures, undecided, chance), *run([0]))
    found = []
    for batch in parts:
        assert batch.evidence is not None
        found.append(scorer.probabilities(replace(batch, evidence=replace(batch.evidence, source=behind))))
    np.testing.assert_allclose(np.concatenate(found), every[origins], atol=1e-4)
    assert looked == len(set(origins.tolist())) < 60


def test_what_is_let_go_is_remembered() -> None:
    reader: Any = None
    evidence = Evidence(None, np.full(4, UNDECIDED, np.int8), reader, origins=np.array([5, 5, OWN, 8]))
    batch = Batch(np.array([5, 6, 7, 8]), evidence=evidence)
    answers = np.array([1, UNKNOWN, 0, UNKNOWN], np.int8)
    assert Carry().places(batch).tolist() == [0, 0, 2, 3]
    assert Carry().taken(batch, answers).tolist() == [1, 1, 0, UNKNOWN]
    assert Carry().after(batch, answers, 0) == Carry()
    gone = Carry().after(batch, answers, 3)
    assert gone == Carry(5, 1)
    rest = batch.take(np.arange(1, 4))
    assert gone.places(rest).tolist() == [GONE, 1, 2]
    assert gone.taken(rest, np.full(3, UNKNOWN, np.int8)).tolist() == [1, UNKNOWN, UNKNOWN]
    assert gone.after(rest, answers[1:], 2) == gone
    assert gone.after(rest, answers[1:], 3) == Carry(8, UNKNOWN)
    plain = Batch(np.array([5, 6]))
    assert Carry().taken(plain, np.array([1, 0], np.int8)).tolist() == [1, 0]
