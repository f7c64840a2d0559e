"""Track: which boxes are the same object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vqe.logical import plan
from vqe.physical.batch import Batches, grouped, joined


def track(node: plan.Track, source: Batches) -> Batches:
    """Objects are followed within a file; numbers go on from file to file, so that none is given twice."""
    from vqe.models.tracking import track as follow

    given = 0
    for parts in grouped(source, node.video.first_frames):
        whole = joined(list(parts))
        assert whole.labels is not None
        file = node.video.files[int(node.video.file_of(whole.frames[:1])[0])]
        tracks = follow(whole.labels, file.index.rate)
        yield replace(whole, tracks=np.where(tracks > 0, tracks + given, tracks))
        given += int(tracks.max(initial=0))
