"""What is missed where only every so many frames are looked at: told by the frames beside each sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqe.learning.pool import STEP, Pool
from vqe.logical.plan import Task
from vqe.skims import Skims
from vqe.video import apart, groups, split

Singles = NDArray[np.float32]


def learn_skims(task: Task, pool: Pool, raw: Singles, scores: Singles, reach: int) -> Skims | None:
    """What the pool's frames tell of that, which has all that is asked for, or every so many; None where they cannot be
    decoded apart.

    raw, scores: float32 [n], of the small model, by single frames and as means over `reach` frames to either side
    """
    if not apart(task.video):
        return None
    frames = task.frames.array()
    parts = split(groups(task.video), frames, np.ones(len(frames), np.bool_))
    starts = np.array([frames[part.start] for part in parts], np.int64)
    own = np.searchsorted(starts, pool.frames, side="right")
    edges = np.concatenate([[0], np.flatnonzero(np.diff(own)) + 1])
    return Skims(STEP, _beside(pool, raw, reach), np.maximum.reduceat(scores, edges))


def _beside(pool: Pool, raw: Singles, reach: int) -> Singles:
    """Of each sample the higher of the means around its two neighbours in the pool, without its own score; 0 where it
    has none."""
    own, n = pool.sampled, len(pool)
    sums = np.concatenate([[0.0], np.cumsum(raw, dtype=np.float64)])
    found = np.zeros(len(own), np.float64)
    for side in (-1, 1):
        there = np.clip(own + side, 0, n - 1)
        near = np.abs(pool.frames[there] - pool.frames[own]) <= 2 * STEP
        low, high = np.maximum(there - reach, 0), np.minimum(there + reach + 1, n)
        inside = (low <= own) & (own < high)
        count = high - low - inside
        means = (sums[high] - sums[low] - np.where(inside, raw[own], 0)) / np.maximum(1, count)
        found = np.where(near & (there != own) & (count > 0), np.maximum(found, means), found)
    return found.astype(np.float32)
