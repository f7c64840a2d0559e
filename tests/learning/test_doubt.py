"""An audit that hangs on a single frame is no reason to ask about all of them: the next one looks more closely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import street
from by_hand import ARCHITECTURE
from squares import Squares

import vqe
from vqe.assessment import Assessment
from vqe.errors import RunError
from vqe.logical.node import walk
from vqe.logical.plan import Frames, Resolve
from vqe.physical.tally import Counts, Tally
from vqe.profile import Profile, load, load_model, save

Open = Callable[..., tuple[vqe.Connection, Squares]]


def profile_of(db: vqe.Connection) -> Profile:
    (path,) = (db.folder / "profiles").rglob("*.safetensors")
    profile = load(path)
    assert profile is not None
    return profile


def planned(db: vqe.Connection) -> tuple[Frames, Resolve]:
    relation = db.sql(street.QUERY)
    assert relation is not None
    plan = relation._source._prepared.plan  # type: ignore[attr-defined]
    (frames,) = (node for node in walk(plan) if isinstance(node, Frames))
    (resolve,) = (node for node in walk(plan) if isinstance(node, Resolve))
    return frames, resolve


def assessed(
    db: vqe.Connection, missed: int, sampled: int = 25, plan: tuple[Frames, Resolve] | None = None
) -> Assessment:
    """A run whose audit of 25 out of 35,000 dropped frames has met so many true ones."""
    dropped = Counts(size=35_000, sampled=sampled, sampled_true=missed, known=sampled, known_true=missed)
    returned = Counts(size=650, sampled=20, sampled_true=20, known=20, known_true=20)
    return Assessment(*(plan or planned(db)), Tally(dropped=dropped, returned=returned, complete=True), 0)


def test_a_single_frame_is_doubt_and_two_looks_are_evidence(opened: Open) -> None:
    db, _ = opened(audit="1%")
    before, (_, resolve) = profile_of(db), planned(db)
    first = assessed(db, missed=1)
    assert first.broken == ["fnr"]
    assert first.revised()
    assert "a single frame says so" in first.report(1, 1.0, revised=True).notes[0]
    doubted = profile_of(db)
    assert doubted.doubted
    assert doubted.key == before.key  # so the audit goes on from what it has drawn
    _, closer = planned(db)
    assert resolve.audit is not None and closer.audit is not None
    assert closer.audit.dropped > 4 * resolve.audit.dropped

    assert assessed(db, missed=1).revised()
    after = profile_of(db)
    assert not after.doubted
    assert after.key != before.key


def test_more_than_one_frame_is_evidence_at_once(opened: Open) -> None:
    db, _ = opened(audit="1%")
    before = profile_of(db)
    assert assessed(db, missed=2).revised()
    assert profile_of(db).key != before.key


def test_a_closer_look_that_finds_nothing_more_ends_the_doubt(opened: Open) -> None:
    db, _ = opened(audit="1%")
    before = profile_of(db)
    assert assessed(db, missed=1).revised()
    closer = assessed(db, missed=1, sampled=600)
    assert not closer.broken and not closer.revised()
    closer.settle()
    after = profile_of(db)
    assert not after.doubted and after.key == before.key


def test_what_was_learnt_meanwhile_is_left_alone(opened: Open) -> None:
    """Another process has learnt the same anew, while a query ran by what was known before."""
    db, _ = opened(audit="1%")
    before, plan = profile_of(db), planned(db)
    assert before.path is not None and before.proxy is not None
    samples = before.samples.where(before.samples.scores < 2)
    other = replace(before, samples=replace(samples, weights=2 * samples.weights))
    save(before.path, other, street.tensors(gain=0.3), ARCHITECTURE.to_text())
    assert not assessed(db, missed=2, plan=plan).revised()
    assessed(db, missed=0, plan=plan).settle()
    after = profile_of(db)
    assert not after.doubted and (after.samples.weights == other.samples.weights).all()
    with pytest.raises(RunError, match="something else has been learnt meanwhile"):
        load_model(before.proxy)


def test_doubt_is_about_the_whole_video(opened: Open) -> None:
    """A query about a few seconds of it has not looked closely."""
    db, _ = opened(audit="1%")
    assert assessed(db, missed=1).revised()
    street.frames_of(db, f"{street.QUERY} AND seconds < 5")
    assert profile_of(db).doubted


def test_a_dropped_video_takes_what_was_learnt_with_it(opened: Open) -> None:
    """Another camera may get its name."""
    db, _ = opened()
    assert list(db.folder.glob("profiles/*/*"))
    db.sql("DROP VIDEO street")
    assert not list(db.folder.glob("profiles/*/*"))
    db.sql("DROP VIDEO IF EXISTS street")
