"""Models of ultralytics' own making that were never trained: no download, and yet some boxes in every picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vqe.models.quiet import yolo_class


def make_weights(path: Path, kind: str, home: Path) -> Path:
    """Write weights of a `kind` (a .yaml of ultralytics) that find tens of objects in a picture, and return the path.

    Their classes are named '0' to '79'; a segmentation model gives outlines too. `home`: for ultralytics' settings.
    """
    import torch

    yolo = yolo_class(home)
    torch.manual_seed(7)
    model = yolo(kind)
    norms = [module for module in model.model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    picture = torch.from_numpy(_bus()[:640, :640].transpose(2, 0, 1)[None].copy()).float() / 255
    # Without statistics of some picture, all that random weights compute fades to nothing.
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        model.model.train()(picture)
    for norm in norms:
        norm.momentum = 0.03
    for branch in model.model.eval().model[-1].cv3:
        branch[-1].weight.data.mul_(0.3)
        branch[-1].bias.data.fill_(-5)
    for branch in getattr(model.model.model[-1], "cv4", ()):  # outlines, without it of a thousand corners
        branch[-1].bias.data.fill_(4)
    model.save(str(path))
    return path


def _bus() -> NDArray[np.uint8]:
    from ultralytics.utils import ASSETS

    picture = cv2.imread(str(ASSETS / "bus.jpg"))
    assert picture is not None
    return np.asarray(picture, np.uint8)
