"""The built-in detector: TensorFlow's SSD-MobileNet-v2, run by OpenVINO. Needs no torch, so it loads at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.labels.files import explained, locked
from vqe.models.model import Detected, ModelInfo
from vqe.models.openvino_cache import compiled_models
from vqe.models.quiet import openvino
from vqe.models.settings import SSD_IOU, SSD_MOST_BOXES
from vqe.models.streams import Workers

_BOXES = "Postprocessor/Decode/transpose_1:0"  # float32 [1917, 4]: y1, x1, y2, x2 as fractions
_SCORES = "Postprocessor/convert_scores:0"  # float32 [1, 1917, 91]; class 0 is the background


class SsdModel:
    """The graph up to its decoded boxes; the suppression after them, slow loops there, is done here."""

    def __init__(self, info: ModelInfo, home: Path) -> None:
        assert info.path is not None
        self.info = info
        graph = _cut(info.path, info.key, home)
        # bfloat16 would move boxes by up to four pixels: their coordinates are fractions, with eight bits then.
        with compiled_models(home, full_precision=True, streams=True):
            self._compiled: Any = openvino().Core().compile_model(str(graph), "CPU")
        self.batch = self._compiled.count
        self._workers = Workers(self.batch)

    def detect(self, pictures: Sequence[NDArray[np.uint8]], confidence: float, masks: bool = False) -> list[Detected]:
        """See `ReferenceModel`."""
        assert not masks, "it has none"
        return self._workers.map(lambda picture: self._detect(picture, confidence), pictures)

    def _detect(self, picture: NDArray[np.uint8], confidence: float) -> Detected:
        rgb = np.ascontiguousarray(picture[None, :, :, ::-1])
        boxes, scores = self._compiled(rgb).values()
        anchors, classes = np.nonzero(scores[0, :, 1:] >= confidence)
        height, width = picture.shape[:2]
        pixels = boxes[anchors][:, [1, 0, 3, 2]].clip(0, 1) * np.array([width, height, width, height], np.float32)
        return suppress(Detected((classes + 1).astype(np.int16), scores[0, anchors, classes + 1], pixels))


def suppress(found: Detected) -> Detected:
    """Of the boxes of a class that overlap by more than SSD_IOU only the best, at most SSD_MOST_BOXES in all."""
    order = np.argsort(-found.scores, kind="stable")
    classes, boxes = found.classes[order], found.boxes[order]
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    areas = sides[:, 0] * sides[:, 1]
    alive = np.ones(len(order), np.bool_)
    kept: list[int] = []
    for i in range(len(order)):
        if alive[i] and len(kept) < SSD_MOST_BOXES:
            kept.append(i)
            corners = np.maximum(boxes[i, :2], boxes[:, :2]), np.minimum(boxes[i, 2:], boxes[:, 2:])
            shared = np.prod(np.maximum(corners[1] - corners[0], 0), axis=1)
            alive &= (shared <= SSD_IOU * (areas[i] + areas - shared)) | (classes != classes[i])
    return Detected(classes[kept], found.scores[order][kept], boxes[kept])


def _cut(graph: Path, key: str, home: Path) -> Path:
    """The graph without its post-processing, as OpenVINO keeps it: reading TensorFlow's file takes it some seconds."""
    folder = home / "ssd"
    target = folder / f"{key}.xml"
    with explained("keep the converted model", home), locked(folder / ".lock"):
        if not target.exists():
            _convert(graph, target)
    return target


def _convert(graph: Path, target: Path) -> None:
    frontend = openvino().frontend.FrontEndManager().load_by_framework("tf")
    read = frontend.load(str(graph))
    read.override_all_outputs([read.get_place_by_tensor_name(name) for name in (_BOXES, _SCORES)])
    model = frontend.convert(read)
    model.reshape([1, -1, -1, 3])
    partial = target.with_name(f".tmp-{target.name}")
    try:
        openvino().save_model(model, str(partial), compress_to_fp16=False)
        # The weights first: the description, which is looked for, is there only when all is.
        partial.with_suffix(".bin").replace(target.with_suffix(".bin"))
        partial.replace(target)
    except RuntimeError as error:  # OpenVINO's word for a full disk
        raise OSError(str(error)) from error
