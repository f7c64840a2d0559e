"""A plan that leaves most of a video undecoded, by what packets tell; and packets that tell what is not so."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from by_hand import ARCHITECTURE, tensors
from clips import make_clip
from passage import FRAMES, SIZE, STANDS, TRUE
from returned import Answer, returned, streamed_beyond_budget
from squares import Squares

import vqe
from vqe.assessment import Assessment
from vqe.learning.packets import learn_packets
from vqe.learning.pool import STEP, Pool
from vqe.library import Library
from vqe.logical.node import walk
from vqe.logical.plan import Frames, Learn, PacketFilter, Resolve, Task
from vqe.logical.window import Window
from vqe.models.specialised import SpecialisedModel
from vqe.packets import Packets
from vqe.physical.tally import Counts, Tally
from vqe.profile import Profile, Samples, load, path_of, save
from vqe.video import Thumbnails, open_video

QUERY = "SELECT frame FROM cam WHERE contains('bus')"
Open = Callable[..., tuple[vqe.Connection, Squares]]
Change = Callable[[Packets], Packets | None]


@pytest.fixture(scope="module")
def measured(passage_files: list[Path]) -> Profile:
    """What learning would come to, had it the model that is made by hand."""
    video = open_video("cam", passage_files, {}, None)
    frames = np.arange(0, FRAMES, STEP)
    n = len(frames)
    with Thumbnails(video, SIZE) as reader:
        _, small = reader.read(frames)
        scores = SpecialisedModel(ARCHITECTURE, tensors()).probabilities(small, reader.backgrounds(frames))
    every = np.ones(n, np.bool_)
    pool = Pool(frames, small, small[:0], np.zeros(n, np.int32), every, TRUE[frames], scores, np.ones(n), every, every)
    return Profile(
        predicate="contains('bus')",
        samples=Samples(scores, TRUE[frames], np.full(n, float(STEP))),
        population=np.sort(scores),
        labels=n,
        positives=int(TRUE[frames].sum()),
        files=tuple(file.index.fingerprint for file in video.files),
        model="by hand",
        smooth=0,
        size=SIZE,
        packets=learn_packets(SimpleNamespace(video=video), pool, scores, scores),  # type: ignore[arg-type]
    )


@pytest.fixture
def opened(
    passage_files: list[Path], measured: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Opens a database with the passage and a profile of it, whose packets may be changed. Costs are pinned, so that
    a look at a frame is dear and plans do not depend on the machine's load."""
    with ExitStack() as stack:

        def open_(change: Change = lambda p: p, **settings: str) -> tuple[vqe.Connection, Squares]:
            values = {"plan_space": "noscope", "audit": "5%"} | settings
            db = stack.enter_context(vqe.connect(tmp_path / "db", values))
            db.sql(f"CREATE VIDEO cam FROM '{passage_files[0].parent}/*.mp4'")
            info = db._engine.library.model(None)
            squares = Squares(info)
            monkeypatch.setattr(Library, "reference", lambda *_: squares)
            monkeypatch.setattr(Library, "remember_cost", lambda *_: None)
            db._catalog.put_cost("reference", info.key, 1.0)  # dear enough to plan for learning
            task = task_of(db)
            assert measured.packets is not None
            profile = replace(measured, packets=change(measured.packets))
            save(path_of(db.folder, task), profile, tensors(), ARCHITECTURE.to_text())
            costed = task.video.costed_as
            for name, subject, seconds in (
                ("reference", info.key, 0.01),
                ("thumbnail", costed, 0.0002),
                ("specialise", measured.model, 0.005),
                ("keyframe", costed, 0.005),
            ):
                db._catalog.put_cost(name, subject, seconds)
            return db, squares

        yield open_


def task_of(db: vqe.Connection) -> Task:
    (learn,) = (node for node in nodes_of(db) if isinstance(node, Learn))
    return learn.task


def nodes_of(db: vqe.Connection, query: str = QUERY) -> list[object]:
    relation = db.sql(query)
    assert relation is not None
    return list(walk(relation._source._prepared.plan))  # type: ignore[attr-defined]


def profile_of(db: vqe.Connection) -> Profile:
    (path,) = db.folder.glob("profiles/*/*")
    profile = load(path)
    assert profile is not None
    return profile


def planned(db: vqe.Connection) -> tuple[Frames, Resolve]:
    nodes = nodes_of(db)
    (frames,) = (node for node in nodes if isinstance(node, Frames))
    (resolve,) = (node for node in nodes if isinstance(node, Resolve))
    return frames, resolve


def gated(db: vqe.Connection) -> bool:
    return any(isinstance(node, PacketFilter) for node in nodes_of(db))


def frames_of(db: vqe.Connection, query: str = QUERY) -> Answer:
    return returned(db, query, FRAMES)


def deaf(packets: Packets) -> Packets:
    """What was measured speaks for packets; but by these weights none of them is ever busy."""
    return replace(packets, weights=np.array([*[0.0] * (len(packets.weights) - 1), -1000.0]))


# --- packets that tell ----------------------------------------------------------------------------------------------


def test_frames_are_found_without_decoding_the_others(opened: Open) -> None:
    db, squares = opened()
    assert gated(db)
    found, (report,) = frames_of(db)
    assert np.array_equal(found, TRUE)
    assert report.plan == "cascade: packets, by hand"
    assert squares.asked < FRAMES / 10


def test_a_good_answer_leaves_what_is_known_as_it_was(opened: Open) -> None:
    db, _ = opened()
    before = profile_of(db)
    _, (report,) = frames_of(db)
    assert not report.notes and report.rates["fnr"].low == 0
    after = profile_of(db)
    assert after.key == before.key and after.packets is not None
    assert gated(db)


@pytest.mark.parametrize("change", [lambda p: p, lambda _: None], ids=["by packets", "all"])
def test_what_was_seen_of_frames_that_were_decoded_does_not_speak_for_the_others(opened: Open, change: Change) -> None:
    """So thresholds stay as they are; where all frames are decoded, they follow what was found between them."""
    db, _ = opened(change)
    before = profile_of(db)
    frames, resolve = planned(db)
    tally = Tally(asked_true=400, asked_false=200, dropped=Counts(size=1000), complete=True)
    tally.seen.add(np.full(600, 0.99, np.float32), np.arange(600) < 400, np.ones(600))
    assessment = Assessment(frames, resolve, tally, 0)
    assert not assessment.broken
    assessment.settle()
    assert (profile_of(db).key == before.key) == gated(db) == (before.packets is not None)


def test_a_recording_that_does_not_say_how_large_frames_are_is_decoded_whole(opened: Open, tmp_path: Path) -> None:
    db, _ = opened()
    empty = np.full((96, 128, 3), 70, np.uint8)
    path = make_clip(tmp_path / "tuesday.avi", 600, (128, 96), bframes=2, pictures=lambda n: empty + np.uint8(n % 3))
    db.sql(f"CREATE OR REPLACE VIDEO cam FROM '{path}'")
    assert len(db._engine.library.find("cam").video.files[0].index.sizes) == 0  # type: ignore[union-attr]
    _, (report,) = frames_of(db)
    assert (report.plan, report.frames) == ("cascade: by hand", 600)


def flat(packets: Packets) -> Packets:
    """As at a constant bit rate: packets tell nothing."""
    same = np.zeros(len(packets.rest), np.float32)
    return replace(packets, rest=same, whole=same, fitted=same)


@pytest.mark.parametrize("audit", ["5%", "50%"])
def test_what_is_too_short_to_be_an_event_is_not_looked_for(opened: Open, audit: str) -> None:
    """Nor do the true frames that the audit draws there speak against the answer."""
    db, _ = opened(flat, audit=audit)
    assert not gated(db)
    query = "SELECT start_frame, end_frame FROM events(cam) WHERE contains('bus') MINIMUM 50"
    before = profile_of(db)
    (filter,) = (node for node in nodes_of(db, query) if isinstance(node, PacketFilter))
    assert (filter.busy, filter.minimum) == (None, Window(frames=50))
    relation = db.sql(query)
    assert relation is not None and relation.fetchall() == [(STANDS.start, STANDS.stop - 1)]
    (report,) = relation.accuracy
    assert report.plan == "cascade: packets, by hand" and not report.notes
    assert profile_of(db).key == before.key
    assert not any(isinstance(node, PacketFilter) for node in nodes_of(db, query.replace("50", "49")))


def test_events_of_a_shorter_recording_by_the_same_camera(opened: Open, tmp_path: Path) -> None:
    """Frames that were learnt from have no counterpart there."""
    db, _ = opened()
    query = "SELECT event FROM events(cam) WHERE contains('bus') MINIMUM 50"
    assert any(isinstance(node, PacketFilter) and node.minimum for node in nodes_of(db, query))
    empty = np.full((96, 128, 3), 70, np.uint8)
    path = make_clip(tmp_path / "tuesday.mp4", 600, (128, 96), gop=50, pictures=lambda n: empty + np.uint8(n % 3))
    db.sql(f"CREATE OR REPLACE VIDEO cam FROM '{path}'")
    assert not any(isinstance(node, PacketFilter) and node.minimum for node in nodes_of(db, query))
    found = db.sql(query)
    assert found is not None and found.fetchall() == []


# --- packets that do not --------------------------------------------------------------------------------------------


@pytest.fixture
def quiet() -> Iterator[None]:
    """Broken budgets are told as warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vqe.VqeWarning)
        yield


def test_frames_lost_by_packets_are_found_and_packets_forgotten(opened: Open) -> None:
    db, _ = opened(deaf, audit="50%")
    assert gated(db)
    before = profile_of(db)
    with pytest.warns(vqe.VqeWarning, match=r"FNR is .* above its budget.*all frames are decoded from now on"):
        found, reports = frames_of(db)
    assert np.array_equal(found, TRUE), "the query was run again"
    assert all(report.plan == "cascade: by hand" for report in reports)  # none, where so much was asked as is worth it
    assert any("above its budget" in note for run in db._catalog.runs() for note in run.notes)
    after = profile_of(db)
    assert after.packets is None and not gated(db)
    assert np.array_equal(after.samples.scores, before.samples.scores), "the small model is not to blame"
    with warnings.catch_warnings():
        warnings.simplefilter("error", vqe.VqeWarning)
        again, _ = frames_of(db)
    assert np.array_equal(again, TRUE)


def test_a_stream_is_as_bad_as_it_is_and_that_is_said(opened: Open) -> None:
    db, _ = opened(deaf, audit="50%")
    found, (report,) = streamed_beyond_budget(db, QUERY, FRAMES)
    missed = (TRUE & ~found).sum() / TRUE.sum()
    assert missed > 0.3
    assert report.plan == "cascade: packets, by hand" and "is above its budget" in report.verdict()
    assert report.rates["fnr"].low <= missed <= report.rates["fnr"].high
    assert not gated(db)


@pytest.mark.usefixtures("quiet")
def test_confidence_finds_what_packets_have_lost(opened: Open) -> None:
    db, _ = opened(deaf, audit="50%")
    query = f"{QUERY} FNR WITHIN 10% FPR WITHIN 10% AT CONFIDENCE 95%"
    assert any(isinstance(node, PacketFilter) for node in nodes_of(db, query))
    found, reports = frames_of(db, query)
    assert (TRUE & ~found).sum() <= 0.1 * TRUE.sum()
    assert all(report.verdict() == "within budget" for report in reports)


def test_a_single_lost_frame_is_doubt_and_a_second_look_is_evidence(opened: Open) -> None:
    db, _ = opened(audit="1%")

    def assessed() -> Assessment:
        """A run whose audit of 25 out of 35,000 dropped frames has met a true one."""
        dropped = Counts(size=35_000, sampled=25, sampled_true=1, known=25, known_true=1)
        returned = Counts(size=650, sampled=20, sampled_true=20, known=20, known_true=20)
        return Assessment(*planned(db), Tally(dropped=dropped, returned=returned, complete=True), 0)

    before, first = profile_of(db), assessed()
    assert first.broken == ["fnr"] and first.revised()
    doubted = profile_of(db)
    assert doubted.doubted and doubted.packets is not None and doubted.key == before.key
    assert "a single frame says so" in first.report(1, 1.0, revised=True).notes[0]
    second = assessed()
    assert second.revised()
    after = profile_of(db)
    assert not after.doubted and after.packets is None
    assert "all frames are decoded from now on" in second.report(1, 1.0, revised=True).notes[0]
