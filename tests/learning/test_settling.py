"""What a run has asked between the thresholds sets the thresholds of the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from squares import Squares
from street import TRUE, frames_of, rates

import vqe
from vqe.logical.node import walk
from vqe.logical.plan import Specialise
from vqe.profile import Profile, Samples, load, revise

# Whatever is returned is asked about, for its count: most of the true frames, and far more than were known.
QUERY = "SELECT frame, objects('bus') AS n FROM street WHERE contains('bus')"
Open = Callable[..., tuple[vqe.Connection, Squares]]


def profile_of(db: vqe.Connection) -> tuple[Path, Profile]:
    (path,) = (db.folder / "profiles").rglob("*.safetensors")
    profile = load(path)
    assert profile is not None
    return path, profile


def thresholds(db: vqe.Connection) -> tuple[float, float]:
    relation = db.sql(QUERY)
    assert relation is not None
    plan = relation._source._prepared.plan  # type: ignore[attr-defined]
    (model,) = (node for node in walk(plan) if isinstance(node, Specialise))
    return model.low, model.high


def few(db: vqe.Connection, every: int) -> Samples:
    """Keep no more than one sample in so many of the profile's."""
    _, profile = profile_of(db)
    assert profile.learnt is not None
    kept = profile.samples.where(np.arange(len(profile.samples.scores)) % every == 0)
    kept = replace(kept, weights=kept.weights * every)
    revise(profile.learnt, kept, profile.population)
    return kept


def test_thresholds_follow_what_a_run_has_asked(opened: Open) -> None:
    db, buses = opened(audit="1%")
    before = few(db, 12)
    low, high = thresholds(db)
    found, _ = frames_of(db, QUERY)
    first = buses.asked
    _, profile = profile_of(db)
    after = profile.samples
    between = (after.scores >= low) & (after.scores <= high)
    old = (before.scores >= low) & (before.scores <= high)
    assert between.sum() >= 2 * old.sum() > 0
    assert np.isclose(after.weights.sum(), after.weights[between].sum() + before.weights[~old].sum())
    assert np.array_equal(after.scores[~between], before.scores[~old])  # beyond them nothing more is known
    assert rates(found, TRUE)["fnr"] <= 0.01

    shutil.rmtree(db.folder / "labels")
    settled = thresholds(db)
    assert settled[0] >= low
    found, _ = frames_of(db, QUERY)
    assert buses.asked - first <= first + 5  # the audit draws anew
    assert rates(found, TRUE)["fnr"] <= 0.01


def test_it_is_settled_once(opened: Open) -> None:
    """Another key of the profile would have the audits begin from the start."""
    db, _ = opened(audit="1%")
    few(db, 5)
    _, before = profile_of(db)
    frames_of(db, QUERY)
    _, settled = profile_of(db)
    assert settled.key != before.key
    shutil.rmtree(db.folder / "labels")
    frames_of(db, QUERY)
    assert profile_of(db)[1].key == settled.key


def test_where_the_model_has_found_most_nothing_is_settled(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever share of the frames was asked: of the true ones these are a few."""
    monkeypatch.setattr("vqe.assessment.MUCH", 0.0)
    db, buses = opened(audit="1%")
    few(db, 12)
    _, before = profile_of(db)
    frames_of(db)
    assert buses.asked > 50 and profile_of(db)[1].key == before.key


@pytest.mark.parametrize("enough", [0.5, 0.0])
def test_a_part_of_the_video_settles_nothing(opened: Open, monkeypatch: pytest.MonkeyPatch, enough: float) -> None:
    """But where it were said to speak for the rest."""
    monkeypatch.setattr("vqe.assessment.ENOUGH", enough)
    db, _ = opened(audit="1%")
    few(db, 5)
    _, before = profile_of(db)
    relation = db.sql(f"{QUERY} AND frame < 600")
    assert relation is not None
    relation.arrow()
    assert (profile_of(db)[1].key == before.key) == (enough > 0)
