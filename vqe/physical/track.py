"""Track: which boxes are the same object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vqe.logical import plan
from vqe.physical.batch import Batch, Batches, joined


def track(node: plan.Track, source: Batches) -> Batches:
    """Objects are followed within a file; numbers go on from file to file, so that none is given twice."""
    from vqe.models.tracking import track as follow

    given = 0
    held: list[Batch] = []
    for batch in (*_by_file(node, source), None):
        if held and (batch is None or _file(node, batch) != _file(node, held[0])):
            whole = joined(held)
            assert whole.labels is not None
            tracks = follow(whole.labels, node.video.files[_file(node, whole)].index.rate)
            yield replace(whole, tracks=np.where(tracks > 0, tracks + given, tracks))
            given += int(tracks.max(initial=0))
            held = []
        if batch is not None:
            held.append(batch)


def _file(node: plan.Track, batch: Batch) -> int:
    return int(node.video.file_of(batch.frames[:1])[0])


def _by_file(node: plan.Track, source: Batches) -> Batches:
    for batch in source:
        numbers = node.video.file_of(batch.frames)
        for number in np.unique(numbers):
            yield batch.where(numbers == number)
