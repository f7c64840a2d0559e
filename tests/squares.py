"""A detector that is a rule about pixels: it finds a bright square, and counts how often it is asked."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqe.models import Detected, ModelInfo


class Squares:
    """Calls a bright square a bus. `seconds`: what a picture takes it."""

    batch = 1

    def __init__(self, info: ModelInfo, seconds: float = 0.0) -> None:
        self.info = info
        self.seconds = seconds
        self.asked = 0

    def detect(self, pictures: Sequence[NDArray[np.uint8]], *_: object) -> list[Detected]:
        self.asked += len(pictures)
        time.sleep(self.seconds * len(pictures))
        return [self._found(p) for p in pictures]

    def _found(self, picture: NDArray[np.uint8]) -> Detected:
        seen = (picture[:, :, 0] > 190).sum() > 60
        bus = next(i for i, name in self.info.classes.items() if name == "bus")
        boxes = np.array([[1, 1, 20, 20]], np.float32)[: int(seen)]
        return Detected(np.full(len(boxes), bus, np.int16), np.full(len(boxes), 0.9, np.float32), boxes)
