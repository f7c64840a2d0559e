"""Frames that turn out not to decode are in no answer, whatever their neighbours say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from squares import Squares
from street import FRAMES, frames_of

import vqe
from vqe.logical.plan import Predicted, Resolve, Task
from vqe.optimizer.situation import Candidate
from vqe.video import Video, read_frames

Open = Callable[..., tuple[vqe.Connection, Squares]]
LOST = set(range(260, 270))  # while a bus is there


def test_what_cannot_be_decoded_is_not_returned(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that is never asked about may be returned: that it does not decode is not known."""
    asked: set[int] = set()

    def read(video: Video, frames: NDArray[np.int64], *_: Any, **more: Any) -> Iterator[tuple[int, Any]]:
        asked.update(frames.tolist())
        return (found for found in read_frames(video, frames, **more) if found[0] not in LOST)

    def choose(task: Task, _: object, values: bool) -> Candidate:
        """Every so many frames; only what is asked is decoded."""
        shape: Any = {"every": 4, "window": task.window, "values": values, "task": task}
        foretold = Predicted(1.0, 1.0)
        return Candidate(
            "sampling", 0.0, "", lambda s: Resolve(s, task.predicate, task.info.name, predicted=foretold, **shape)
        )

    monkeypatch.setattr("vqe.physical.reference.read_frames", read)
    monkeypatch.setattr("vqe.physical.detect.read_frames", read)
    query = "SELECT frame FROM street WHERE contains('bus') STABLE '1s'"
    db, _ = opened()
    exact, _ = frames_of(db, f"{query} EXACT")
    assert not exact[list(LOST)].any() and exact[250:260].any() and exact[270:289].any()
    db, _ = opened(folder="sampled")
    asked.clear()
    monkeypatch.setattr(db._engine.knowledge, "choose", choose)
    found, reports = frames_of(db, query)
    assert reports and LOST & asked and len(asked) < 0.5 * FRAMES
    assert not found[list(LOST & asked)].any()
    different = found != exact
    different[list(LOST - asked)] = False
    assert different.sum() <= 5
