"""What a reference model is to the rest of vqe. Importing this loads no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vqe.labels.labels import Masks


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What planning knows of a model without loading it.

    name     as the user says it, short for display: 'yolo11n', 'ssd_mobilenet_v2_coco'
    path     the file or folder that it is loaded from
    key      hex: weights and the settings that change the answer, but not the confidence floor
    classes  id → name
    masks    whether it is a segmentation model
    """

    name: str
    path: Path | None
    key: str
    classes: Mapping[int, str]
    masks: bool


@dataclass(frozen=True, slots=True)
class Detected:
    """The boxes of one picture, by falling score.

    classes  int16 [n]
    scores   float32 [n]
    boxes    float32 [n, 4]  x1, y1, x2, y2 in pixels of the picture given
    masks    the outlines of the n boxes, where they were asked for
    """

    classes: NDArray[np.int16]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    masks: Masks | None = None

    def __len__(self) -> int:
        return len(self.scores)


class ReferenceModel(Protocol):
    """A loaded model. `batch` is how many pictures it likes at once; any number may be given. One thread at a time."""

    info: ModelInfo
    batch: int

    def detect(self, pictures: Sequence[NDArray[np.uint8]], confidence: float, masks: bool = False) -> list[Detected]:
        """The boxes in each picture (uint8 [height, width, 3], BGR, of any size) that score `confidence` or more.

        masks: their outlines too; only of a model that has them. The boxes are the same either way.
        """
        ...
