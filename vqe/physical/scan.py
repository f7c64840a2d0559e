"""Scan, Restrict, Limit: frames by their numbers."""

from __future__ import annotations

import numpy as np

from vqe.logical import plan
from vqe.physical.batch import Batch, Batches
from vqe.physical.operator import Run

ROWS = 8192  # frames in a batch that costs nothing to make


def scan(node: plan.Scan, run: Run) -> Batches:
    frames = node.frames.array()
    for start in range(0, len(frames), ROWS):
        run.check()
        yield Batch(frames[start : start + ROWS])


def restrict(node: plan.Restrict, source: Batches) -> Batches:
    wanted = node.frames.mask()
    for batch in source:
        kept = batch.where(wanted[batch.frames])
        if len(kept):
            yield kept


def limit(node: plan.Limit, source: Batches) -> Batches:
    missing = node.count
    while missing > 0:
        batch = next(source, None)
        if batch is None:
            return
        if len(batch) > missing:
            batch = batch.take(np.arange(missing))
        missing -= len(batch)
        yield batch
