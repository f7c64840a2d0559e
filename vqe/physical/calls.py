"""The values of contains() and objects() from labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vqe.catalog import Region
from vqe.labels import Labels
from vqe.logical.expr import ModelCall
from vqe.relational.columns import sizes
from vqe.video import Video


def call_values(
    call: ModelCall, labels: Labels, video: Video, classes: Mapping[int, str]
) -> NDArray[np.bool_] | NDArray[np.int64]:
    """The call's value on each frame: bool [n] for contains, int64 [n] for objects."""
    counts = np.bincount(labels.owners()[counted(call, labels, video, classes)], minlength=len(labels)).astype(np.int64)
    return counts > 0 if call.function == "contains" else counts


def counted(call: ModelCall, labels: Labels, video: Video, classes: Mapping[int, str]) -> NDArray[np.bool_]:
    """Which boxes the call counts: bool [m]."""
    own = labels.scores >= np.float32(call.confidence)
    if call.classes:
        wanted = [i for i, name in classes.items() if name in call.classes]
        own &= np.isin(labels.classes, wanted)
    if call.min_area or call.region is not None:
        owners = labels.owners()
        width, height = (s[owners].astype(np.float64) for s in sizes(video, labels.frames))
        if call.min_area:
            own &= areas(labels, width, height) >= call.min_area
        if call.region is not None:
            x = (labels.boxes[:, 0] + labels.boxes[:, 2]).astype(np.float64) / 2 / width
            y = (labels.boxes[:, 1] + labels.boxes[:, 3]).astype(np.float64) / 2 / height
            own &= inside(call.region, x, y)
    return own


def areas(labels: Labels, width: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
    """What share of its picture each box covers: float64 [m]; `width` and `height` are the picture's, one a box."""
    boxes = labels.boxes.astype(np.float64)
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / (width * height)


def inside(region: Region, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points (fractions of the picture) lie in the region, its edges included: bool [m]."""
    if region.kind == "box":
        (x1, y1), (x2, y2) = region.points
        return (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    import cv2  # a dependency of ultralytics; only polygons need it

    # OpenCV's test is exact on its own float32 grid, so both sides are put on it: edges count as inside.
    outline = np.array(region.points, np.float32).reshape(-1, 1, 2)
    points = np.stack([x, y], axis=1).astype(np.float32)
    tests = [cv2.pointPolygonTest(outline, (float(a), float(b)), False) for a, b in points]
    return np.array(tests, np.float64).reshape(-1) >= 0
