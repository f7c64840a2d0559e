"""Thumbnails: frames with small pictures of them."""

from __future__ import annotations

import time

import numpy as np

from vqe.logical import plan
from vqe.physical.batch import UNDECIDED, Batch, Batches, Evidence
from vqe.physical.operator import Run
from vqe.video import Thumbnails


def thumbnails(node: plan.Thumbnails, source: Batches, run: Run) -> Batches:
    """Frames that cannot be decoded are left out, with a warning."""
    frames, seconds = 0, 0.0
    with Thumbnails(node.video, node.size, node.window) as reader:
        for batch in source:
            for start in range(0, len(batch), reader.at_once):
                run.check()
                began = time.perf_counter()
                numbers, small = reader.read(batch.frames[start : start + reader.at_once])
                seconds += time.perf_counter() - began
                frames += len(numbers)
                if len(numbers):
                    undecided = np.full(len(numbers), UNDECIDED, np.int8)
                    yield Batch(numbers, evidence=Evidence(small, undecided, reader))
    run.library.remember_cost("thumbnail", node.video.files[0].index.fingerprint, seconds, frames)
