"""What a plan answered, and how wrong that was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.accuracy import match_events
from vqe.bench.question import Needs
from vqe.logical.plan import Events
from vqe.physical.batch import Batch
from vqe.physical.events import events
from vqe.physical.operator import Operator

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Errors:
    """Shares from 0 to 1. `fpr` is of frames alone; `timed`, of events alone: of those matched, how many are right in
    start and end within GAP (1 where none is matched)."""

    fnr: float
    fpr: float | None
    fdr: float
    precision: float
    timed: float | None = None


class Recording:
    """Keeps the numbers of the frames that arrive at a relation, whichever of its columns are read.

    frames  int64 [n], rising, each once; None before a scan has come to its end
    """

    def __init__(self, relation: Operator) -> None:
        self.frames: Numbers | None = None
        (below,) = relation.inputs
        self._run = below.run
        below.run = self._recorded

    def _recorded(self) -> Iterator[Batch]:
        seen = [np.empty(0, np.int64)]
        source: Any = self._run()
        with closing(source):
            for batch in source:
                seen.append(batch.frames)
                yield batch
        self.frames = np.unique(np.concatenate(seen))


def errors(truth: Numbers, returned: Numbers, needs: Needs) -> Errors:
    """Of the frames returned, or of the events that they make, beside the true ones."""
    if isinstance(needs.relation, Events):
        return event_errors(needs.relation, truth, returned)
    return frame_errors(truth, returned, len(needs.judged))


def frame_errors(truth: Numbers, returned: Numbers, judged: int) -> Errors:
    """`judged`: how many frames there are in all. A share of nothing is 0, and the precision of no frame 1."""
    missed = len(np.setdiff1d(truth, returned))
    false = len(np.setdiff1d(returned, truth))
    fdr = _share(false, len(returned))
    return Errors(_share(missed, len(truth)), _share(false, judged - len(truth)), fdr, 1 - fdr)


def event_errors(node: Events, truth: Numbers, returned: Numbers) -> Errors:
    """The rates of events, matched one to one by largest overlap (vqe.accuracy.match_events)."""
    gap = node.gap.frames if node.gap.microseconds is None else node.gap.microseconds / 1e6
    found = match_events(stretches(node, truth), stretches(node, returned), gap or 0.0)
    timed = _share(found.timed, found.matched) if found.matched else 1.0
    return Errors(found.fnr, None, found.fdr, 1 - found.fdr, timed)


def stretches(node: Events, frames: Numbers) -> NDArray[np.float64]:
    """The events that these frames make, as start and end [n, 2]: in seconds, or in frames where GAP is in frames."""
    columns = ("start_frame", "end_frame") if node.gap.microseconds is None else ("start_seconds", "end_seconds")
    whole = replace(node, columns=columns)
    found = [np.empty((0, 2))]
    for rows in events(whole, iter([Batch(frames)] if len(frames) else [])):
        found.append(np.stack([rows[c].to_numpy() for c in columns], axis=1).astype(np.float64))
    # The last frame is part of an event of frames, as the moment after it ends one in seconds.
    return np.concatenate(found) + (np.array([0, 1]) if columns[0] == "start_frame" else 0)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
