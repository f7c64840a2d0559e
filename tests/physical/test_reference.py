"""What the reference model says of frames is kept, and found again before it is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from clips import make_clip
from squares import Squares

import vqe
from vqe.library import Library
from vqe.physical.reference import KEEP_FRAMES, Reference

FRAMES = 150


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Reference, Squares]]:
    clip = make_clip(tmp_path / "clip.mp4", FRAMES)
    with vqe.connect(tmp_path / "db") as db:
        library = db._engine.library
        squares = Squares(library.model(None))
        monkeypatch.setattr(Library, "reference", lambda *_: squares)
        with Reference(library, library.open_path(str(clip)).video, squares.info, 0.25) as reference:
            yield reference, squares


def test_what_was_just_said_is_known_and_not_asked_again(asked: tuple[Reference, Squares]) -> None:
    reference, squares = asked
    numbers = np.arange(0, FRAMES, 3)
    assert len(numbers) < KEEP_FRAMES  # so that they wait to be written
    reference.ask(numbers)
    assert reference.known(np.arange(FRAMES)).tolist() == [n % 3 == 0 for n in range(FRAMES)]
    labels = reference.ask(np.arange(0, FRAMES, 2))
    assert labels.frames.tolist() == list(range(0, FRAMES, 2))
    reference.ask(np.arange(FRAMES))
    assert squares.asked == reference.calls == FRAMES


def test_frames_in_any_order_are_kept(asked: tuple[Reference, Squares]) -> None:
    """Those before what was asked first, and those asked in between."""
    reference, squares = asked
    for numbers in ([100, 120], [10, 20], [20, 100, 110], [0, 149]):
        reference.ask(np.array(numbers))
    assert squares.asked == 7
    assert np.flatnonzero(reference.known(np.arange(FRAMES))).tolist() == [0, 10, 20, 100, 110, 120, 149]
