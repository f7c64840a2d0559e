"""Where an event begins and ends has to be right within its gap, so less is asked for events than for frames."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import street
from squares import Squares
from street import FRAMES, TRUE, WHITE, make_street

import vqe
from vqe.accuracy import match_events

Open = Callable[..., tuple[vqe.Connection, Squares]]
EVENTS = "SELECT start_frame, end_frame FROM events(street WHERE contains('bus')) FNR WITHIN 1% FDR WITHIN 1%"


def test_events_are_the_same_though_less_is_asked(opened: Open) -> None:
    db, buses = opened(model=street.tensors(), audit="0", folder="frames")
    street.frames_of(db)
    frames_asked = buses.asked
    db, buses = opened(model=street.tensors(), audit="0", folder="events")
    relation = db.sql(EVENTS)
    assert relation is not None
    table = relation.arrow()
    found = np.stack([table["start_frame"].to_numpy(), table["end_frame"].to_numpy() + 1], axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], TRUE.astype(np.int8), [0]]))).reshape(-1, 2)
    match = match_events(edges.astype(np.float64), found.astype(np.float64), 25)
    assert match.timed == match.matched == match.returned == match.exact == FRAMES // 250
    assert buses.asked < frames_asked


def test_an_audit_does_not_hold_edges_against_the_budget(opened: Open, tmp_path: Path) -> None:
    """Of frames that only move an edge nobody is asked, so many may be wrong, and no event is."""
    dim = [n for n in range(FRAMES) if n % 250 < 10 or 30 <= n % 250 < 40]
    path = make_street(tmp_path / "dim.mp4", 2, lambda n: (175, 175, 175) if n in dim else WHITE)
    db, buses = opened(path)
    relation = db.sql(EVENTS)
    assert relation is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error", vqe.VqeWarning)
        found = np.array(relation.fetchall())
    exact = np.arange(0, FRAMES, 250)[:, None] + [10, 29]
    assert (found != exact).any() and (np.abs(found - exact) <= 25).all()
    assert buses.asked > 40
