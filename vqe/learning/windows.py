"""The truth of held-out frames where it is a majority over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.logical.plan import Task
from vqe.physical.votes import counts

VOTES = 9  # frames of a window that are asked to know its majority
SURE = 0.02  # so near to 0 or 1, a mean over the window is believed


@dataclass(frozen=True)
class Windows:
    """Windows [low, high) of the pool's frames around each of them; `reach` 0 where every frame is by itself.

    reach: pool frames to either side, about.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    reach: int

    def needed(
        self, positions: NDArray[np.int64], scores: NDArray[np.float32], true: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Which frames to ask to know the majority around those at `positions`, which have been asked: where the model
        is not sure of it, or where it is and the frame's own answer, a flicker perhaps, is another one."""
        own = scores[positions]
        unsure = positions[(own > SURE) & (own < 1 - SURE) | ((own >= 0.5) != true[positions])]
        chosen = [np.linspace(self.low[p], self.high[p] - 1, VOTES).round() for p in unsure]
        return np.unique(np.concatenate(chosen).astype(np.int64)) if chosen else np.empty(0, np.int64)

    def truth(
        self, positions: NDArray[np.int64], known: NDArray[np.bool_], true: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """The majority of what is known in each window: bool [n]."""
        low, high = self.low[positions], self.high[positions]
        return 2 * counts(known & true, low, high) > counts(known, low, high)


def windows_of(task: Task, frames: NDArray[np.int64]) -> Windows:
    """The windows of a task over the pool's frames, cut where its segments end."""
    video, window = task.video, task.window
    place = np.arange(len(frames))
    if window is None:
        return Windows(place, place + 1, 0)
    places, reach = window.places(video, frames)
    segments = task.gap.segments(video)
    starts = np.array([s for s, _ in segments])
    own = np.searchsorted(starts, frames, side="right") - 1
    first = np.searchsorted(frames, starts)[own]
    stop = np.searchsorted(frames, np.array([e for _, e in segments]))[own]
    low = np.maximum(np.searchsorted(places, places - reach, side="left"), first)
    high = np.minimum(np.searchsorted(places, places + reach, side="right"), stop)
    usual = int(np.median(high - low)) // 2
    return Windows(low, high, max(1, usual))
