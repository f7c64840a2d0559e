"""Specialise: frames decided by a small model made for this camera and predicate."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.models.specialised import SpecialisedModel
from vqe.physical.batch import UNDECIDED, Batch, Batches, Evidence, grouped, joined
from vqe.physical.operator import Run
from vqe.physical.votes import shares
from vqe.profile import load_model
from vqe.video import Video


def specialise(node: plan.Specialise, source: Batches, run: Run, video: Video) -> Batches:
    """Verdicts by the scores' means over the frames around, which never reach beyond a file's edge."""
    model = load_model(node.proxy)
    scorer = _Scorer(model, node.model)
    for file in grouped(source, video.first_frames):
        held: _Held | None = None
        for part in file:
            scores = scorer.probabilities(part)
            held = _Held(part, scores) if held is None else held.add(part, scores)
            yield from held.decide(node, final=False)
        if held is not None:
            yield from held.decide(node, final=True)
    scorer.remember(run)


class _Scorer:
    """Scores of frames, and what they take. A frame that takes over another one's answer has its score."""

    def __init__(self, model: SpecialisedModel, name: str) -> None:
        self._model = model
        self._name = name
        self._frames = 0
        self._seconds = 0.0
        self._last = np.zeros(1, np.float32)  # the score of the frame before, so of an origin that lies further back

    def probabilities(self, batch: Batch) -> NDArray[np.float32]:
        """float32 [n], from 0 to 1."""
        evidence = batch.evidence
        assert evidence is not None
        if evidence.scores is not None:  # it has looked while others were decoded
            return evidence.scores
        own = _looked_at(batch.frames, evidence)
        scores = evidence.verdicts.astype(np.float32)
        scores[own] = self._scores(batch.frames[own], evidence.take(own))
        if evidence.origins is not None:
            inside = np.searchsorted(batch.frames, evidence.origins) + (evidence.origins >= batch.frames[0])
            scores = np.concatenate([self._last, scores])[inside]
        self._last = scores[-1:]
        return scores

    def _scores(self, frames: NDArray[np.int64], evidence: Evidence) -> NDArray[np.float32]:
        if not len(frames):
            return np.empty(0, np.float32)
        assert evidence.thumbnails is not None
        backgrounds = evidence.source.backgrounds(frames)
        start = time.perf_counter()
        found = self._model.probabilities(evidence.thumbnails, backgrounds)
        self._seconds += time.perf_counter() - start
        self._frames += len(found)
        return found

    def remember(self, run: Run) -> None:
        run.library.remember_cost("specialise", self._name, self._seconds, self._frames)


@dataclass
class _Held:
    """Frames of one file whose mean is not complete, and those before that it needs; `decided` of them have left."""

    batch: Batch
    probabilities: NDArray[np.float32]
    decided: int = 0

    def add(self, batch: Batch, probabilities: NDArray[np.float32]) -> _Held:
        self.batch = joined([self.batch, batch])
        self.probabilities = np.concatenate([self.probabilities, probabilities])
        return self

    def decide(self, node: plan.Specialise, *, final: bool) -> Batches:
        reach = (node.smooth or 0) // 2
        complete = len(self.batch) if final else len(self.batch) - reach
        if complete <= self.decided:
            return
        scores = smoothed(self.probabilities, self.batch.frames, reach)[self.decided : complete]
        ready = self.batch.take(np.arange(self.decided, complete))
        assert ready.evidence is not None
        verdicts = ready.evidence.verdicts.copy()
        verdicts[(verdicts == UNDECIDED) & (scores < node.low)] = 0
        verdicts[(verdicts == UNDECIDED) & (scores > node.high)] = 1
        yield replace(ready, evidence=replace(ready.evidence, verdicts=verdicts, scores=scores))
        forget = max(0, complete - reach)
        self.batch = self.batch.take(np.arange(forget, len(self.batch)))
        self.probabilities = self.probabilities[forget:]
        self.decided = complete - forget


def smoothed(scores: NDArray[np.float32], frames: NDArray[np.int64], reach: int) -> NDArray[np.float32]:
    """Means over the scores of the frames up to `reach` to either side, as far as there are any: float32 [n].

    What has no score (NaN) counts nowhere, and gets none.
    """
    own = ~np.isnan(scores)
    if not own.all():
        result = np.full(len(scores), np.nan, np.float32)
        result[own] = smoothed(scores[own], frames[own], reach)
        return result
    if reach == 0:
        return scores
    low = np.searchsorted(frames, frames - reach, side="left")
    high = np.searchsorted(frames, frames + reach, side="right")
    return shares(scores.astype(np.float64), low, high).astype(np.float32)


def _looked_at(frames: NDArray[np.int64], evidence: Evidence) -> NDArray[np.int64]:
    """Positions of the frames that are neither decided yet nor going to be by another one."""
    undecided = evidence.verdicts == UNDECIDED
    return np.flatnonzero(undecided if evidence.origins is None else undecided & (evidence.origins == frames))
