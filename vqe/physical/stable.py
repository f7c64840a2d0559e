"""Stable: the majority of the answers around a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.models import ModelInfo
from vqe.physical.batch import Batch, Batches, grouped, joined
from vqe.physical.filter import truth
from vqe.physical.operator import Run
from vqe.physical.votes import counts


def stable(node: plan.Stable, source: Batches, run: Run, info: ModelInfo) -> Batches:
    """Frames leave as soon as their window is complete; what is held is little more than a window."""
    starts = np.array([start for start, _ in node.gap.segments(node.video)])
    for segment in grouped(source, starts):
        held: _Held | None = None
        for part in segment:
            answers = truth(node.predicate, part, run, node.video, info)
            held = _Held(node, part, answers) if held is None else held.add(part, answers)
            yield from held.decide(final=False)
        if held is not None:
            yield from held.decide(final=True)


@dataclass
class _Held:
    """Frames of one segment that windows still need; the first `decided` of them have left already."""

    node: plan.Stable
    batch: Batch
    answers: NDArray[np.bool_]
    decided: int = 0

    def add(self, batch: Batch, answers: NDArray[np.bool_]) -> _Held:
        self.batch = joined([self.batch, batch])
        self.answers = np.concatenate([self.answers, answers])
        return self

    def decide(self, *, final: bool) -> Batches:
        """The true ones among the frames whose window is complete (all, where nothing follows)."""
        places, reach = self.node.window.places(self.node.video, self.batch.frames)
        complete = len(places) if final else int(np.searchsorted(places, places[-1] - reach, side="left"))
        if complete <= self.decided:
            return
        asked = places[self.decided : complete]
        low = np.searchsorted(places, asked - reach, side="left")
        high = np.searchsorted(places, asked + reach, side="right")
        majority = 2 * counts(self.answers, low, high) > high - low
        positions = np.flatnonzero(majority) + self.decided
        if len(positions):
            yield self.batch.take(positions)
        self._forget(places, reach, complete)

    def _forget(self, places: NDArray[np.int64], reach: int, complete: int) -> None:
        """Drop what no window to come can reach."""
        if complete == len(places):
            keep = complete
        else:
            keep = int(np.searchsorted(places, places[complete] - reach, side="left"))
        rest = np.arange(keep, len(places))
        self.batch, self.answers, self.decided = self.batch.take(rest), self.answers[keep:], complete - keep
