"""Answers that frames take over from the frame that they do not differ from, which may have left long ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.physical.batch import OWN, Batch
from vqe.physical.votes import UNKNOWN

GONE = -1


@dataclass(frozen=True)
class Carry:
    """The origin that frames still name though it has been let go, with its answer.

    There is one at the most: origins rise, so that no frame names one before the last that was named. Nothing is held
    back, then, however long a scene stays as it is.
    """

    frame: int = GONE
    answer: int = UNKNOWN

    def places(self, batch: Batch) -> NDArray[np.int64]:
        """The position of each frame's origin, int64 [n]: its own where it takes nothing over, GONE for this one."""
        origins = _origins(batch)
        origins = np.where(origins == OWN, batch.frames, origins)
        return np.where(origins == self.frame, GONE, np.searchsorted(batch.frames, origins))

    def taken(self, batch: Batch, answers: NDArray[np.int8]) -> NDArray[np.int8]:
        """What each frame goes by, int8 [n]: its own answer where it has one, else its origin's."""
        places = self.places(batch)
        return np.where(answers != UNKNOWN, answers, np.where(places == GONE, self.answer, answers[places]))

    def after(self, batch: Batch, answers: NDArray[np.int8], start: int) -> Carry:
        """What is to be known once the frames before position `start` have been let go."""
        named = _origins(batch)[:start]
        named = named[(named != OWN) & (named != self.frame)]
        if not len(named):
            return self
        return Carry(int(named[-1]), int(answers[np.searchsorted(batch.frames, named[-1])]))


def _origins(batch: Batch) -> NDArray[np.int64]:
    origins = None if batch.evidence is None else batch.evidence.origins
    return np.full(len(batch), OWN) if origins is None else origins
