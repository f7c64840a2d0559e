"""Difference: frames that look as the empty scene does, or as a frame before them, need no look of their own."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.models.difference import DifferenceFilter, Kept, carried
from vqe.physical.batch import OWN, UNDECIDED, Batch, Batches, Evidence, grouped
from vqe.physical.operator import Run
from vqe.video import Video


def difference(node: plan.Difference, source: Batches, run: Run, video: Video) -> Batches:
    """Of the frames that are still undecided, those near the background become false; or frames near the last kept one
    name it as their origin, whose answer they take over. Nothing is taken over from one file to the next."""
    detector = _Detector(node)
    for file in grouped(source, video.first_frames):
        detector.last = None
        for part in file:
            yield detector.passed(part)
    run.library.remember_cost("difference", node.against, detector.seconds, detector.frames)


class _Detector:
    """A difference detector at work in one file, and what it takes."""

    def __init__(self, node: plan.Difference) -> None:
        self.node = node
        weights = None if node.weights is None else np.array(node.weights, np.float32)
        self.filter = DifferenceFilter(node.against, weights)
        self.last: Kept | None = None
        self.frames = 0
        self.seconds = 0.0

    def passed(self, batch: Batch) -> Batch:
        evidence = batch.evidence
        assert evidence is not None and evidence.thumbnails is not None
        undecided = np.flatnonzero(evidence.verdicts == UNDECIDED)
        frames, pictures = batch.frames[undecided], evidence.thumbnails[undecided]
        behind = evidence.source.backgrounds(frames) if self.node.against == "background" else None
        start = time.perf_counter()
        if behind is not None:
            told = _empty(evidence, undecided, self.filter.distance(pictures, behind) <= self.node.delta)
        else:
            own, self.last = carried(frames, pictures, self.filter.distance, self.node.delta, self.last)
            told = _carried(evidence, undecided, own)
        self.seconds += time.perf_counter() - start
        self.frames += len(frames)
        return replace(batch, evidence=told)


def _empty(evidence: Evidence, undecided: NDArray[np.int64], near: NDArray[np.bool_]) -> Evidence:
    verdicts = evidence.verdicts.copy()
    verdicts[undecided[near]] = 0
    return replace(evidence, verdicts=verdicts)


def _carried(evidence: Evidence, undecided: NDArray[np.int64], own: NDArray[np.int64]) -> Evidence:
    origins = np.full(len(evidence.verdicts), OWN)
    origins[undecided] = own
    return replace(evidence, origins=origins)
