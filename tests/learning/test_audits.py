"""What audits say of an answer, over several queries, on a made-up street."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from squares import Squares
from street import FRAMES, QUERY, TRUE, frames_of, rates

import vqe
from vqe.video import Video

Open = Callable[..., tuple[vqe.Connection, Squares]]


def test_every_query_draws_other_frames_and_narrows_the_intervals(opened: Open) -> None:
    db, buses = opened()
    asked, widths = [0], []
    for _ in range(4):
        found, (report,) = frames_of(db)
        asked.append(buses.asked)
        for name, rate in rates(found, TRUE).items():
            assert report.rates[name].low <= rate <= report.rates[name].high
        widths.append(report.rates["fnr"].high - report.rates["fnr"].low)
        assert (report.verdict() == "within budget") == (max(report.rates[r].high for r in ("fnr", "fpr")) <= 0.01)
    assert all(np.diff(asked) > 10)
    assert all(np.diff(widths) < 0)
    assert widths[-1] < 0.4 * widths[0]


def test_drawn_labels_serve_another_budget(opened: Open) -> None:
    db, buses = opened()
    frames_of(db)
    before = buses.asked
    _, (report,) = frames_of(db, f"{QUERY} FNR WITHIN 5% FPR WITHIN 5%")
    _, (other,) = frames_of(opened(folder="other")[0], f"{QUERY} FNR WITHIN 5% FPR WITHIN 5%")
    assert buses.asked - before < 60
    assert report.rates["fnr"].high < other.rates["fnr"].high


def test_what_the_audit_draws_is_at_hand(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who draws is known beforehand: nothing is decoded once more to be asked about."""
    again: list[int] = []

    def read(_: Video, frames: NDArray[np.int64], **__: Any) -> Iterator[Any]:
        again.extend(frames.tolist())
        return iter(())

    monkeypatch.setattr("vqe.video.thumbnails.read_frames", read)
    db, buses = opened(audit="20%")
    _, (report,) = frames_of(db)
    assert buses.asked > 10 and report.rates["fnr"].high < 1
    assert not again


def test_lost_labels_let_the_audit_start_anew(opened: Open) -> None:
    db, buses = opened()
    for _ in range(3):
        frames_of(db)
    first = buses.asked
    shutil.rmtree(db.folder / "labels")
    frames_of(db)
    assert buses.asked - first < 0.6 * first


def test_what_is_inferred_from_samples_is_audited_too(opened: Open) -> None:
    query = f"{QUERY} STABLE '1s' FNR WITHIN 5% FPR WITHIN 5%"
    exact, _ = frames_of(opened(folder="exact")[0], f"{QUERY} STABLE '1s' EXACT")
    db, buses = opened()
    db.sql("SET plan_space = 'sampling'")
    asked, highest = [0], []
    for _ in range(3):
        found, (report,) = frames_of(db, query)
        assert report.plan.startswith("every 12th frame")
        asked.append(buses.asked)
        for name, rate in rates(found, exact).items():
            assert report.rates[name].low <= rate <= report.rates[name].high
        highest.append(report.rates["fnr"].high)
    assert all(np.diff(asked) > 10)
    assert all(np.diff(highest) < 0)
    assert highest[-1] < 0.9


def test_without_an_audit_nothing_is_known(opened: Open) -> None:
    db, _ = opened(audit="0")
    found, (report,) = frames_of(db)
    assert rates(found, TRUE)["fnr"] == 0
    assert str(report.rates["fnr"]).startswith("not known, at most 99.")
    assert report.verdict() == "FNR may be above its budget of 1 %, FPR may be above its budget of 1 %"


def test_confidence_is_kept_for_the_next_query(opened: Open) -> None:
    """The first pays for all that is asked, the second goes on from there."""
    db, buses = opened()
    query = f"{QUERY} FNR WITHIN 5% FPR WITHIN 5% AT CONFIDENCE 90%"
    found, (report,) = frames_of(db, query)
    assert report.verdict() == "within budget"
    assert max(rates(found, TRUE).values()) <= 0.05
    assert 200 < buses.asked < FRAMES
    before = buses.asked
    _, (again,) = frames_of(db, query)
    assert again.verdict() == "within budget"
    assert buses.asked - before < 0.1 * before


def test_what_was_foretold_stands_beside_what_was_measured(opened: Open) -> None:
    db, _ = opened()
    relation = db.sql(QUERY)
    assert relation is not None
    plan = relation.explain("analyze").splitlines()
    (resolve,) = (line for line in plan if "Resolve" in line)
    (specialise,) = (line for line in plan if "Specialise" in line)
    foretold, measured = resolve.split(" → ")
    assert "calls to decide" in foretold and "to check, FNR ~0 %, FPR ~0 %" in foretold
    assert "calls to decide" in measured and "to check, FNR 0 % (0 to " in measured
    assert specialise.count(" undecided, ") == 2
    (report,) = relation.accuracy
    _, _, counts = measured.partition(" rows, ")
    decide, check = (int(part.split()[0]) for part in counts.split(", ")[1:3])
    assert decide + check == report.calls


def test_of_events_is_known_what_their_frames_leave_open(opened: Open) -> None:
    db, buses = opened()
    relation = db.sql("SELECT start_frame, end_frame FROM events(street) WHERE contains('bus')")
    assert relation is not None
    assert [(a, b) for a, b in relation.fetchall()] == [(n, n + 39) for n in range(0, FRAMES, 250)]
    (report,) = relation.accuracy
    assert set(report.rates) == {"fnr", "fdr"} and str(report.rates["fnr"]).startswith("not known")
    assert report.verdict() == "FNR may be above its budget of 5 %, FDR may be above its budget of 5 %"
    assert buses.asked < FRAMES / 4


def test_with_confidence_values_are_the_models_own(opened: Open) -> None:
    db, buses = opened()
    query = "SELECT frame, objects('bus') AS n FROM street WHERE contains('bus') FNR WITHIN 5% FPR WITHIN 5%"
    relation = db.sql(f"{query} AT CONFIDENCE 90%")
    assert relation is not None
    rows = relation.fetchall()
    assert {n for _, n in rows} == {1} and len(rows) > 0.9 * TRUE.sum()
    assert db.sql("SELECT labels FROM videos()").fetchall() == [(buses.asked,)]  # type: ignore[union-attr]
