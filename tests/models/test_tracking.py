"""Tracks over boxes whose movement is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.labels.labels import Labels
from vqe.models.tracking import track

pytest.importorskip("lap", reason="ByteTrack needs the package lap")


def labels(frames: list[int], boxes: list[list[tuple[float, float]]], score: float = 0.9) -> Labels:
    """Boxes of 40×40 pixels at these corners, a list a frame."""
    corners = np.array([corner for frame in boxes for corner in frame], np.float32).reshape(-1, 2)
    count = len(corners)
    return Labels(
        np.array(frames, np.int64),
        np.cumsum([0, *map(len, boxes)]).astype(np.int64),
        np.zeros(count, np.int16),
        np.full(count, score, np.float32),
        np.concatenate([corners, corners + 40], axis=1),
    )


def test_two_objects_that_pass_each_other() -> None:
    places = [[(5.0 * t, 0.0), (200 - 5.0 * t, 100.0)] for t in range(30)]
    ids = track(labels(list(range(30)), places), 10.0).reshape(30, 2)
    assert ids.dtype == np.int64
    np.testing.assert_array_equal(ids, [[1, 2]] * 30)


def test_ids_follow_the_object_and_not_the_order_of_boxes() -> None:
    places = [[(5.0 * t, 0.0), (5.0 * t, 100.0)][:: 1 if t % 2 else -1] for t in range(20)]
    ids = track(labels(list(range(20)), places), 10.0).reshape(20, 2)
    np.testing.assert_array_equal(ids, [[1, 2], [2, 1]] * 10)


@pytest.mark.parametrize(("gap", "same"), [(5, True), (15, False)])
def test_an_object_out_of_sight_for_a_second_is_another(gap: int, same: bool) -> None:
    seen = [*range(10), *range(10 + gap, 20 + gap)]
    with_empty = labels(list(range(20 + gap)), [[(50.0, 50.0)] if t in seen else [] for t in range(20 + gap)])
    left_out = labels(seen, [[(50.0, 50.0)]] * 20)
    for given in (with_empty, left_out):
        ids = track(given, 10.0)
        assert ids[0] == 1
        assert bool(ids[-1] == 1) == same


def test_a_box_that_flashes_up_once_has_no_track() -> None:
    places: list[list[tuple[float, float]]] = [[(50.0, 50.0)] for _ in range(10)]
    places[5].append((300.0, 300.0))
    ids = track(labels(list(range(10)), places), 10.0)
    assert ids[6] == -1
    assert sorted(set(ids)) == [-1, 1]


def test_no_boxes_and_no_frames() -> None:
    assert len(track(Labels.empty(), 10.0)) == 0
    assert len(track(labels([0, 1, 5], [[], [], []]), 10.0)) == 0


def test_without_lap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("ultralytics.trackers")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lap", None)
    with pytest.raises(RunError, match="tracking needs the package 'lap'") as caught:
        track(labels([0], [[(0.0, 0.0)]]), 10.0)
    assert caught.value.hint == "pip install lap"


@pytest.mark.shared
def test_people_in_the_hallway(shared: Path) -> None:
    table = pq.read_table(
        shared / "labels" / "hallway.parquet", filters=[("frame", "<", 400), ("class", "=", "person")]
    )
    frame: NDArray[np.int64] = table["frame"].to_numpy()
    order = np.argsort(frame, kind="stable")
    boxes = np.stack([table[side].to_numpy() for side in ("x1", "y1", "x2", "y2")], axis=1).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(frame, minlength=400))])
    scores = table["score"].to_numpy().astype(np.float32)
    given = Labels(np.arange(400), offsets, np.zeros(len(frame), np.int16), scores[order], boxes[order])
    ids = track(given, 10.0)
    assert (ids >= 1).mean() > 0.8  # most boxes belong to somebody
    assert 2 <= ids.max() <= 15  # a few people come by, not one a frame
    first = [int(np.flatnonzero(ids == number)[0]) for number in range(1, ids.max() + 1)]
    assert first == sorted(first)
    np.testing.assert_array_equal(ids, track(given, 10.0))
