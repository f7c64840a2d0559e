"""Models that ultralytics runs: a .pt file, an OpenVINO folder, a TensorRT engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError, VqeError
from vqe.labels.labels import Masks
from vqe.models.export import Runnable
from vqe.models.metadata import Description
from vqe.models.model import Detected, ModelInfo
from vqe.models.openvino_cache import compiled_models
from vqe.models.quiet import import_torchvision, undisturbed, yolo_class
from vqe.models.settings import IOU, MOST_BOXES
from vqe.models.streams import Streams, Workers


def read_weights(path: Path, home: Path) -> Description:
    """Class names and task of a .pt file, which torch has to load for them."""
    try:
        model = yolo_class(home)(str(path))
        return Description({int(number): str(name) for number, name in model.names.items()}, str(model.task))
    except VqeError:
        raise
    except Exception as error:  # unpickling raises anything
        raise RunError(f"cannot read the model {path}: {str(error).partition(chr(10))[0]}") from error


class YoloModel:
    """Detection as by `YOLO(path).predict(picture, conf=confidence)`, less what that does anew on every call."""

    def __init__(self, info: ModelInfo, what: Runnable, home: Path) -> None:
        """Loads and warms up."""
        import torch

        import_torchvision()  # ultralytics picks its suppression by whether this is done
        yolo = yolo_class(home)
        with undisturbed(), compiled_models(home, full_precision=what.full_precision, streams=True):
            model = yolo(str(what.path), task="segment" if info.masks else "detect")
            # The first call builds ultralytics' predictor: the only part of predict() that later calls repeat in vain.
            model.predict(
                np.zeros((360, 640, 3), np.uint8),
                conf=0.25,
                iou=IOU,
                max_det=MOST_BOXES,
                device=what.device,
                verbose=False,
            )
        self.info = info
        self._predictor: Any = model.predictor
        backend = getattr(self._predictor.model, "backend", None)
        compiled = getattr(backend, "ov_compiled_model", None)
        self._workers = Workers(compiled.count if isinstance(compiled, Streams) else 1)
        self._together = 8 if what.device == "cuda" else 1
        self.batch = self._together * self._workers.count
        self._torch: Any = torch
        # OpenVINO uses all cores by itself; torch's threads, spinning after each small step, would be in its way.
        self._threads = 1 if what.device is None else torch.get_num_threads()

    def detect(self, pictures: Sequence[NDArray[np.uint8]], confidence: float, masks: bool = False) -> list[Detected]:
        """See `ReferenceModel`."""
        step = self._together if len({picture.shape for picture in pictures}) == 1 else 1
        parts = [list(pictures[start : start + step]) for start in range(0, len(pictures), step)]
        self._predictor.args.conf = confidence
        self._predictor.batch = ([""] * step, list(pictures[:step]), [""] * step)  # names of files, one a picture
        threads = self._torch.get_num_threads()
        self._torch.set_num_threads(self._threads)
        try:
            found = self._workers.map(lambda part: self._detect(part, masks), parts)
        finally:
            self._torch.set_num_threads(threads)
        return [detected for part in found for detected in part]

    def _detect(self, pictures: list[NDArray[np.uint8]], masks: bool) -> list[Detected]:
        """By any of the workers: what all of them use is set before they begin."""
        predictor = self._predictor
        with self._torch.inference_mode():
            tensor = predictor.preprocess(pictures)
            results = predictor.postprocess(predictor.inference(tensor), tensor, pictures)
        return [_detected(result, masks) for result in results]


def _detected(result: Any, masks: bool) -> Detected:
    """From ultralytics' rows x1, y1, x2, y2, score, class, and its polygons, which are traced when they are read."""
    rows = result.boxes.data.cpu().numpy()
    order = np.argsort(-rows[:, 4], kind="stable")
    rows = rows[order]
    outlines = Masks.of(result.masks.xy if result.masks is not None else []).take(order) if masks else None
    return Detected(rows[:, 5].astype(np.int16), rows[:, 4].copy(), rows[:, :4].copy(), outlines)
