"""What the reference model takes is measured before a choice rests on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import street
from squares import Squares

import vqe
from vqe.learning.measure import FRAMES
from vqe.library import Library

SECONDS = 0.02


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[vqe.Connection]:
    path = street.make_street(tmp_path / "monday.mp4", 1, street.white)
    with ExitStack() as stack:
        db = stack.enter_context(vqe.connect(tmp_path / "db", {"plan_space": "sampling"}))
        db.sql(f"CREATE VIDEO street FROM '{path}'")
        squares = Squares(db._engine.library.model(None), SECONDS)
        monkeypatch.setattr(Library, "reference", lambda *_: squares)
        yield db


def prepared(db: vqe.Connection, query: str = street.QUERY) -> object:
    relation = db.sql(query)
    assert relation is not None
    return relation._source._prepared  # type: ignore[attr-defined]


def test_a_guess_is_measured_once(db: vqe.Connection) -> None:
    first = prepared(db)
    assert len(first.guessed) == 1  # type: ignore[attr-defined]
    db._engine.measure(first)  # type: ignore[arg-type]
    info = db._engine.library.model(None)
    seconds = db._catalog.cost("reference", info.key)
    assert seconds is not None and seconds >= SECONDS
    assert db._engine.library.reference(info).asked == FRAMES  # type: ignore[attr-defined]
    assert not first.guessed  # type: ignore[attr-defined]
    assert not prepared(db).guessed  # type: ignore[attr-defined]


def test_a_few_frames_are_not_worth_it(db: vqe.Connection) -> None:
    assert not prepared(db, f"{street.QUERY} AND frame < 300").guessed  # type: ignore[attr-defined]
