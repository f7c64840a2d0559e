"""An answer that keeps its budget with the confidence asked for: the audit goes on until it shows so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vqe.accuracy import within
from vqe.physical.batch import Batch, Batches
from vqe.physical.chance import chances

if TYPE_CHECKING:
    from vqe.physical.resolve import Pass

GROWTH = 1.6  # of the audit, from one look at it to the next
BATCH = 1024


def assured(passing: Pass, found: Batches) -> Batches:
    """Hold all frames back, ask more and more of those decided without the model, then let the right ones leave.

    Looking again and again would spoil the confidence, so each look has its share of what may go wrong: a half of it
    the first, a quarter the second, and so on.
    """
    kept = _numbers(found)
    budget, tally = passing.node.budget, passing.tally
    audit = passing.node.audit
    assert budget is not None and budget.confidence is not None and audit is not None
    frames = np.concatenate([f for f, _ in tally.decided]) if tally.decided else np.empty(0, np.int64)
    returned = np.concatenate([r for _, r in tally.decided]) if tally.decided else np.empty(0, np.bool_)
    chance = chances(passing.node.task.video, frames, audit.lottery, passing.seed)
    levels = np.array([audit.dropped, audit.returned])
    risk = 1 - budget.confidence
    for _ in range(64):
        risk /= 2
        tally.confidence = 1 - risk
        accuracy = tally.accuracy(1 - risk)
        rates = {"fnr": accuracy.fnr, "fpr": accuracy.fpr, "fdr": accuracy.fdr}
        broken = [name for name, rate in budget.rates.items() if within(rates[name], rate) != "within"]
        if not broken or (levels >= 1).all():
            break
        before = levels
        floor = 50 / np.maximum(1, [(~returned).sum(), returned.sum()])
        grow = np.array(["fnr" in broken, "fpr" in broken or "fdr" in broken])
        levels = np.where(grow, np.minimum(1.0, np.maximum(levels * GROWTH, levels + floor)), levels)
        drawn = (chance >= before[returned.astype(int)]) & (chance < levels[returned.astype(int)])
        kept = _asked(passing, frames[drawn], returned[drawn], kept)
    passing.finish(audit)  # not with the levels reached: they follow from what was found, as none may
    for start in range(0, len(kept), BATCH):
        part = kept[start : start + BATCH]
        yield Batch(part, passing.reference.ask(part) if passing.node.values else None)


def _numbers(found: Batches) -> NDArray[np.int64]:
    parts = [batch.frames for batch in found]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _asked(
    passing: Pass, frames: NDArray[np.int64], returned: NDArray[np.bool_], kept: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Ask about these frames and count them: what is kept then."""
    for part in _pieces(len(frames)):
        own, was = frames[part], returned[part]
        known_before = passing.reference.known(own)
        before = passing.reference.calls
        answers, labels = passing.answers(own)
        passing.tally.checked += passing.reference.calls - before
        true = np.zeros(len(own), np.bool_)
        true[np.searchsorted(own, labels.frames)] = answers
        for counts, side in ((passing.tally.dropped, False), (passing.tally.returned, True)):
            mine = was == side
            counts.draw(true[mine], known_before[mine])
        kept = np.union1d(np.setdiff1d(kept, own[~true]), own[true])
    return kept


def _pieces(count: int) -> Iterator[slice]:
    yield from (slice(start, start + BATCH) for start in range(0, count, BATCH))
