"""The development footage: our answers beside ultralytics' own, and beside labels made on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from vqe.models import Detected, ReferenceModel, describe, load
from vqe.models.quiet import undisturbed, yolo_class

pytestmark = pytest.mark.shared
CLIPS = [("intersection", "intersection.mp4", 0), ("hallway", "hallway.mp4", 300)]
FRAMES = 30


@pytest.fixture(scope="module")
def model(shared: Path, home: Path) -> ReferenceModel:
    return load(describe(str(shared / "models" / "yolo11n_int8_openvino_model"), home), home)


def pictures(path: Path, first: int) -> list[NDArray[np.uint8]]:
    import cv2

    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_POS_FRAMES, first)
    return [np.asarray(capture.read()[1], np.uint8) for _ in range(FRAMES)]


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes [n, 4] and [m, 4]: [n, m]."""
    shared = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]), 0, None)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    both = np.prod(shared, axis=2)
    return np.asarray(both / (areas[0][:, None] + areas[1][None] - both), np.float32)


@pytest.mark.parametrize(("file", "first"), [clip[1:] for clip in CLIPS])
def test_our_answers_are_those_of_plain_ultralytics(
    model: ReferenceModel, shared: Path, home: Path, file: str, first: int
) -> None:
    import torch

    yolo, shown = yolo_class(home)(str(model.info.path), task="detect"), pictures(shared / "footage" / file, first)
    with undisturbed():
        yolo.predict(shown[0], verbose=False)  # which gives torch all cores
        torch.set_num_threads(1)  # where other tests are at work too, more of them wait a second for each other
        for picture in shown:
            wanted = yolo.predict(picture, conf=0.25, verbose=False)[0].boxes.data.numpy()
            (found,) = model.detect([picture], 0.25)
            np.testing.assert_array_equal(found.scores, wanted[:, 4])
            np.testing.assert_array_equal(found.classes, wanted[:, 5])
            np.testing.assert_array_equal(found.boxes, wanted[:, :4])


@pytest.mark.parametrize(("name", "file", "first"), CLIPS)
def test_our_answers_are_close_to_the_kept_labels(
    model: ReferenceModel, shared: Path, name: str, file: str, first: int
) -> None:
    """Not equal: a processor's own int8 and bfloat16 instructions move scores by some hundredths."""
    kept = pq.read_table(shared / "labels" / f"{name}.parquet").to_pydict()
    columns: dict[str, NDArray[Any]] = {key: np.array(values) for key, values in kept.items()}
    matched = wanted_count = found_count = 0
    for i, picture in enumerate(pictures(shared / "footage" / file, first)):
        rows = np.flatnonzero((columns["frame"] == first + i) & (columns["score"] > 0.4))
        wanted = np.stack([columns[side][rows] for side in ("x1", "y1", "x2", "y2")], axis=1).astype(np.float32)
        (found,) = model.detect([picture], 0.25)
        names = np.array([model.info.classes[number] for number in found.classes], dtype=object)
        same = (overlap(wanted, found.boxes) > 0.8) & (columns["class"][rows][:, None] == names[None])
        matched += int(same.any(axis=1).sum()) if len(found) else 0
        wanted_count += len(wanted)
        found_count += int((found.scores > 0.4).sum())
    assert wanted_count > 10
    assert matched >= 0.95 * wanted_count
    assert abs(found_count - wanted_count) <= 0.1 * wanted_count


def test_detections_are_sorted(model: ReferenceModel, bus: NDArray[np.uint8]) -> None:
    (found,) = model.detect([bus], 0.25)
    assert isinstance(found, Detected)
    assert (np.diff(found.scores) <= 0).all()
    assert {model.info.classes[number] for number in found.classes} >= {"bus", "person"}
