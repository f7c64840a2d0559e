"""What a run of Resolve counts, and what that says of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqe.accuracy import FrameAccuracy, Stratum, frame_accuracy
from vqe.physical.batch import OWN, UNDECIDED, Batch
from vqe.physical.seen import Seen

RISK = 0.05  # that an interval does not hold the rate of the answer that is given
FIRST = 0.8  # of that is for the first answer; of the rest as much for the second, given where the first is no good, …


@dataclass
class Counts:
    """Of the frames decided without the model in one way: how many, how many of them drawn by the audit, and known.

    brief  drawn ones that are true, yet seem too short to be of an event: no errors as far as can be told
    """

    size: int = 0
    sampled: int = 0
    sampled_true: int = 0
    known: int = 0
    known_true: int = 0
    brief: int = 0

    def add(
        self,
        drawn: NDArray[np.bool_],
        known: NDArray[np.bool_],
        true: NDArray[np.bool_],
        brief: NDArray[np.bool_] | None = None,
    ) -> None:
        """bool [n] each: of these n frames; `true` counts where known. What is drawn is known."""
        brief = np.zeros(len(known), np.bool_) if brief is None else brief
        true = true & ~brief
        self.size += len(known)
        self.sampled += int(drawn.sum())
        self.sampled_true += int((drawn & true).sum())
        self.known += int(known.sum())
        self.known_true += int((known & true).sum())
        self.brief += int((drawn & brief).sum())

    def draw(self, true: NDArray[np.bool_], known: NDArray[np.bool_]) -> None:
        """Frames counted before are drawn too: whether each is true, and whether it was known already: bool [n]."""
        self.sampled += len(true)
        self.sampled_true += int(true.sum())
        self.known += int((~known).sum())
        self.known_true += int((true & ~known).sum())

    def stratum(self, returned: bool) -> Stratum:
        return Stratum(returned, self.size, self.sampled, self.sampled_true, self.known, self.known_true)

    def at_worst(self, returned: bool) -> Stratum:
        """The same where what is brief is of events all the same."""
        true, known = self.sampled_true + self.brief, self.known_true + self.brief
        return Stratum(returned, self.size, self.sampled, true, self.known, known)


@dataclass
class Tally:
    """Counts of one run.

    dropped, returned  frames that were decided false, and true, without the model; `edges_…`: those of them that only
                an event's edge hangs on (vqe.edges), to which no budget applies: nobody was asked where exactly it lies
    idle        frames that were never decoded; `looked`: those that a small model looked at one by one
    verdicts    int64 [3]: frames that cheap evidence left undecided, called false, called true
    compared    frames that were compared with an earlier one; `carried`: those that take over its answer
    calls       of the reference model; `checked`: those of the audit alone
    confidence  with which an audit was content, where it went on until it was
    decided     where it is kept: (frame, returned) of what was decided without the model
    seen        scores of the small model; `complete`: of all frames, and the audit is over
    """

    asked_true: int = 0
    asked_false: int = 0
    dropped: Counts = field(default_factory=Counts)
    returned: Counts = field(default_factory=Counts)
    edges_dropped: Counts = field(default_factory=Counts)
    edges_returned: Counts = field(default_factory=Counts)
    verdicts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    idle: int = 0
    looked: int = 0
    compared: int = 0
    carried: int = 0
    calls: int = 0
    checked: int = 0
    confidence: float | None = None
    decided: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    complete: bool = False

    def see(self, batch: Batch) -> None:
        """Count what cheap evidence says of these frames."""
        if batch.evidence is None:
            return
        self.verdicts += np.bincount(batch.evidence.verdicts - UNDECIDED, minlength=3)
        self.looked = batch.evidence.source.looked
        if batch.evidence.scores is not None:
            self.idle += int(np.isnan(batch.evidence.scores).sum())
        if batch.evidence.origins is not None:
            compared = batch.evidence.origins != OWN
            self.compared += int(compared.sum())
            self.carried += int((compared & (batch.evidence.origins != batch.frames)).sum())

    @property
    def frames(self) -> int:
        edges = self.edges_dropped.size + self.edges_returned.size
        return self.asked_true + self.asked_false + self.dropped.size + self.returned.size + edges

    @property
    def shares(self) -> tuple[float, float]:
        """Of all frames, those that cheap evidence left undecided, and those that it called true."""
        undecided, _, true = self.verdicts / max(1, self.verdicts.sum())
        return float(undecided), float(true)

    def judged(self, before: int = 0) -> FrameAccuracy:
        """How good the answer is, edges of events aside. `before`: answers to the same query that were thrown away, for
        being no good."""
        return self.accuracy(self._confidence(before))

    def most_wrong(self, before: int = 0) -> int:
        """How many frames are wrong at the most, edges of events included, and what is brief."""
        kinds = ((self.dropped, False), (self.returned, True), (self.edges_dropped, False), (self.edges_returned, True))
        strata = [counts.at_worst(returned) for counts, returned in kinds]
        found = frame_accuracy(strata, self.asked_true, self.asked_false, self._confidence(before))
        return round(found.wrong.high * self.frames)

    def accuracy(self, confidence: float) -> FrameAccuracy:
        return frame_accuracy(self._strata, self.asked_true, self.asked_false, confidence)

    @property
    def _strata(self) -> list[Stratum]:
        return [self.dropped.stratum(False), self.returned.stratum(True)]

    def _confidence(self, before: int) -> float:
        return self.confidence or 1 - RISK * FIRST * (1 - FIRST) ** before
