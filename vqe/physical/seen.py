"""What a pass over a video shows of a small model's scores: better than held-out samples, should those prove wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqe.profile import Samples

MOST = 36_000  # scores, or samples, that are kept of all


@dataclass
class Seen:
    """Scores with the truth, where chance or the score itself has had the reference model asked.

    A frame that was asked about because it was undecided counts for itself, one that the audit has drawn for as many
    as it had chances against (Horvitz and Thompson, JASA 1952): together, a sample of all frames of the pass.
    """

    scores: list[NDArray[np.float32]] = field(default_factory=list)
    true: list[NDArray[np.bool_]] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)
    every: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, scores: NDArray[np.float32], true: NDArray[np.bool_], weights: NDArray[np.float64]) -> None:
        """n frames that follow each other; `weights` is 0 where the frame was not asked, and `true` then nothing.

        Frames that were never decoded have no score (NaN), and are passed over."""
        looked_at = ~np.isnan(scores)
        scores, true, weights = scores[looked_at], true[looked_at], weights[looked_at]
        asked = weights > 0
        self.scores.append(scores[asked])
        self.true.append(true[asked])
        self.weights.append(weights[asked])
        self.every.append(scores)

    def samples(self) -> Samples:
        return Samples(
            np.concatenate([np.empty(0, np.float32), *self.scores]),
            np.concatenate([np.empty(0, np.bool_), *self.true]),
            np.concatenate([np.empty(0), *self.weights]),
        )

    def population(self) -> NDArray[np.float32]:
        """Scores drawn evenly from all, rising: float32 [k]."""
        scores = np.sort(np.concatenate([np.empty(0, np.float32), *self.every]))
        return scores[:: max(1, len(scores) // MOST)]
