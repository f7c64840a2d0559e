"""Filter: the frames for which a predicate is true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.logical.expr import Predicate
from vqe.models import ModelInfo
from vqe.physical.batch import Batch, Batches
from vqe.physical.calls import call_values
from vqe.physical.operator import Run
from vqe.video import Video


def filter(node: plan.Filter, source: Batches, run: Run, video: Video, info: ModelInfo) -> Batches:
    for batch in source:
        kept = batch.where(truth(node.predicate, batch, run, video, info))
        if len(kept):
            yield kept


def truth(predicate: Predicate, batch: Batch, run: Run, video: Video, info: ModelInfo) -> NDArray[np.bool_]:
    """Whether the predicate is true of each frame: bool [n]."""
    values = {}
    for call in predicate.calls:
        assert batch.labels is not None, "a predicate with calls stands above Detect"
        values[str(call)] = call_values(call, batch.labels, video, info.classes)
    return run.evaluator.truth(video, batch.frames, predicate, values)
