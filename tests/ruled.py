"""A detector that is a rule about pictures, and counts how often it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vqe.models import Detected, ModelInfo

Picture = NDArray[np.uint8]


class Ruled:
    """Finds one bus where the rule holds. `seconds`: what a picture takes it; `asked`: how many it has seen."""

    batch = 1

    def __init__(self, rule: Callable[[Picture], bool], info: ModelInfo, seconds: float) -> None:
        self.rule = rule
        self.info = info
        self.seconds = seconds
        self.asked = 0

    def detect(self, pictures: Sequence[Picture], *_: object) -> list[Detected]:
        self.asked += len(pictures)
        time.sleep(self.seconds * len(pictures))
        return [self._found(picture) for picture in pictures]

    def _found(self, picture: Picture) -> Detected:
        bus = next(number for number, name in self.info.classes.items() if name == "bus")
        boxes = np.array([[1, 1, 20, 20]], np.float32)[: int(self.rule(picture))]
        return Detected(np.full(len(boxes), bus, np.int16), np.full(len(boxes), 0.9, np.float32), boxes)
