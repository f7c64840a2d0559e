"""Outlines of a segmentation model: those that ultralytics itself gives, in the order of the boxes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.models import Detected, ReferenceModel, describe, load
from vqe.models.openvino_cache import compiled_models
from vqe.models.quiet import undisturbed, yolo_class
from vqe.models.settings import MOST_BOXES

CONFIDENCE = 0.3


@pytest.fixture(scope="module")
def home(segmentation: SimpleNamespace) -> Path:
    return Path(segmentation.cache) / "models"


@pytest.fixture(scope="module")
def model(segmentation: SimpleNamespace, home: Path) -> ReferenceModel:
    return load(describe(str(segmentation.weights), home), home)


@pytest.fixture(scope="module")
def pictures(bus: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Of several shapes, so that each is padded otherwise."""
    return [bus, np.ascontiguousarray(bus[300:600]), np.ascontiguousarray(bus[300:780, :640])]


def predicted(path: Path, home: Path, picture: NDArray[np.uint8]) -> Any:
    """What ultralytics says, by falling score."""
    with undisturbed(), compiled_models(home, full_precision=True):
        model = yolo_class(home)(str(path), task="segment")
        result = model.predict(picture, conf=CONFIDENCE, max_det=MOST_BOXES, verbose=False, device="cpu")[0]
    return result[np.argsort(-result.boxes.conf.cpu().numpy(), kind="stable")]


def outlines(found: Detected) -> list[NDArray[np.float32]]:
    assert found.masks is not None
    return np.split(found.masks.points, found.masks.offsets[1:-1])


def test_outlines_are_those_of_ultralytics(
    model: ReferenceModel, home: Path, pictures: list[NDArray[np.uint8]]
) -> None:
    (exported,) = (home / "exported").glob("outlines-*_openvino_model")
    for picture, found in zip(pictures, model.detect(pictures, CONFIDENCE, True), strict=True):
        wanted = predicted(exported, home, picture)
        assert 0 < len(wanted) < MOST_BOXES
        assert len(found) == len(wanted) == len(outlines(found))
        np.testing.assert_array_equal(found.boxes, wanted.boxes.xyxy.numpy())
        for own, other in zip(outlines(found), wanted.masks.xy, strict=True):
            assert own.dtype == np.float32
            np.testing.assert_array_equal(own, other)


def test_the_export_outlines_what_torch_outlines(
    model: ReferenceModel, segmentation: SimpleNamespace, home: Path, bus: NDArray[np.uint8]
) -> None:
    (found,) = model.detect([bus], CONFIDENCE, True)
    wanted = predicted(segmentation.weights, home, bus)
    assert len(found) == len(wanted)
    shared = [
        max(overlap(own, other, bus.shape[:2]) for other in wanted.masks.xy[max(0, i - 1) : i + 2])
        for i, own in enumerate(outlines(found))  # neighbours of almost the same score may change places
    ]
    assert min(shared) > 0.9


def overlap(a: NDArray[np.float32], b: NDArray[np.float32], shape: tuple[int, ...]) -> float:
    """Intersection over union of two polygons."""
    filled = [cv2.fillPoly(np.zeros(shape, np.uint8), [np.round(p).astype(np.int32)], 1) > 0 for p in (a, b)]
    return float((filled[0] & filled[1]).sum() / (filled[0] | filled[1]).sum())


def test_boxes_are_the_same_without(model: ReferenceModel, bus: NDArray[np.uint8]) -> None:
    (plain,), (found,) = model.detect([bus], CONFIDENCE), model.detect([bus], CONFIDENCE, True)
    assert plain.masks is None
    for name in ("classes", "scores", "boxes"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(found, name))


def test_a_picture_without_objects(model: ReferenceModel, bus: NDArray[np.uint8]) -> None:
    (found,) = model.detect([bus], 0.999, True)
    assert len(found) == 0
    assert found.masks is not None
    assert found.masks.offsets.tolist() == [0]
