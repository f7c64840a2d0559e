"""The reference model in the plain way, for comparing times: what a program without vqe calls on each picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.models.export import runnable
from vqe.models.model import ModelInfo, ReferenceModel
from vqe.models.openvino_cache import compiled_models
from vqe.models.quiet import undisturbed, yolo_class
from vqe.models.yolo import YoloModel

Detector = Callable[[NDArray[np.uint8]], object]


def plain_detector(model: ReferenceModel, confidence: float, home: Path) -> Detector:
    """What looks at one picture (uint8 [height, width, 3], BGR) at a time, answer and all.

    For a model of ultralytics that is its own `predict`; others have no way but ours.
    """
    if isinstance(model, YoloModel):
        return PlainYolo(model.info, confidence, home)
    return lambda picture: model.detect([picture], confidence)


class PlainYolo:
    """`YOLO(file).predict(picture, conf=confidence)`, as ultralytics documents it.

    The file is the one that vqe runs too (on a CPU, of a .pt its export): the export alone is no merit of vqe's.
    """

    def __init__(self, info: ModelInfo, confidence: float, home: Path) -> None:
        """Loads and warms up."""
        import torch

        what = runnable(info, home)
        self._torch: Any = torch
        self._options = {"conf": confidence, "device": what.device, "verbose": False}
        with undisturbed(), compiled_models(home, full_precision=what.full_precision):
            self._model: Any = yolo_class(home)(str(what.path), task="segment" if info.masks else "detect")
            self._predict(np.zeros((360, 640, 3), np.uint8))
            self._threads = torch.get_num_threads()  # as ultralytics sets them in a program of its own

    def __call__(self, picture: NDArray[np.uint8]) -> object:
        threads = self._torch.get_num_threads()
        self._torch.set_num_threads(self._threads)
        try:
            return self._predict(picture)
        finally:
            self._torch.set_num_threads(threads)

    def _predict(self, picture: NDArray[np.uint8]) -> object:
        return self._model.predict(picture, **self._options)[0].boxes.data.cpu()
