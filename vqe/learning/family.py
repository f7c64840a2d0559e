"""The members of the family of small models that may leave less undecided than the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vqe.labels import Labels, concatenate
from vqe.learning.pool import Pool
from vqe.logical.plan import Task
from vqe.models.specialised import FAMILY, WHOLE, Architecture, Crop
from vqe.physical.calls import counted
from vqe.relational.columns import sizes

MARGIN = 0.08  # of the picture, around all that was found: something may come a little further
SMALL = 0.6  # of the picture: where that is not less, there is nothing to be gained by looking at it alone


def others(task: Task, pool: Pool) -> Iterator[Architecture]:
    """All but the first, from the cheapest to the dearest; those that see only where things were found come first.

    Thumbnails are as they are stored, boxes upright: of a turned recording no part is taken.
    """
    turned = any(file.index.rotation for file in task.video.files)
    part = WHOLE if turned else part_seen(task, pool)
    if part != WHOLE:
        yield from (replace(member, crop=part) for member in FAMILY[1:])
    yield from FAMILY[1:]


def part_seen(task: Task, pool: Pool) -> Crop:
    """Where what the predicate counts was found, with a margin: outside held-out time, which is to tell whether that
    is enough. All of the picture where it is most of it, or nothing was found."""
    if not pool.labels:
        return WHOLE
    known = concatenate(pool.labels)
    boxes = _boxes(task, known.take(np.flatnonzero(np.isin(known.frames, pool.frames[~pool.held]))))
    if not len(boxes):
        return WHOLE
    x1, y1 = (boxes[:, :2].min(0) - MARGIN).clip(0, 1).tolist()
    x2, y2 = (boxes[:, 2:].max(0) + MARGIN).clip(0, 1).tolist()
    return (x1, y1, x2, y2) if (x2 - x1) * (y2 - y1) < SMALL else WHOLE


def _boxes(task: Task, labels: Labels) -> NDArray[np.float64]:
    """The boxes that any call of the predicate counts, as fractions of the picture: float64 [k, 4]."""
    own = np.zeros(len(labels.scores), np.bool_)
    for call in task.predicate.calls:
        own |= counted(call, labels, task.video, task.info.classes)
    width, height = (side[labels.owners()].astype(np.float64) for side in sizes(task.video, labels.frames))
    return np.asarray((labels.boxes / np.stack([width, height, width, height], 1))[own], np.float64)
