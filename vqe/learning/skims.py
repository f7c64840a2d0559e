"""What is missed where only every so many frames are looked at: told by skimming where something is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vqe.learning.pool import STEP, Pool
from vqe.logical.plan import Task
from vqe.models.specialised import SpecialisedModel
from vqe.physical.chance import chances
from vqe.physical.operator import Run
from vqe.physical.specialise import smoothed
from vqe.skims import Skims, around
from vqe.video import Skim, Thumbnails, apart, groups, split

MOST_SHOWN = 0.25  # of the parts: where something is in more of them, looking at some frames first saves little
CHECKED = 0.003  # of the frames have to be exact besides, about as many as an audit draws
OTHERS = 8  # parts in which nothing is known to be, to see what skimming takes; where they are few, one in ten

Singles = NDArray[np.float32]


def learn_skims(
    task: Task,
    pool: Pool,
    reader: Thumbnails,
    run: Run,
    model: SpecialisedModel,
    true: NDArray[np.bool_],
    scores: Singles,
    reach: int,
) -> Skims | None:
    """Skim the parts with true samples, and a few others, and keep what that takes; None where they cannot be decoded
    apart, or are many.

    true    bool [m], of the pool's samples, over windows where the query has such
    scores  float32 [n], of the pool by the model: means over `reach` frames of the pool to either side
    Raises RunError, KeyboardInterrupt.
    """
    if not apart(task.video):
        return None
    frames, keys = task.frames.array(), groups(task.video)
    parts = list(split(keys, frames, np.ones(len(frames), np.bool_)))
    starts = np.array([frames[part.start] for part in parts], np.int64)
    own = np.searchsorted(starts, pool.frames, side="right") - 1
    sampled = pool.sampled
    shown = np.unique(own[sampled[true]])
    if len(shown) > MOST_SHOWN * len(np.unique(own)):
        return None
    idle = np.setdiff1d(own, shown)
    chosen = np.union1d(shown, idle[:: max(10, len(idle) // OTHERS)])
    drawn = chances(task.video, frames, "skims", run.library.settings.seed) < CHECKED
    numbers, found = _skimmed(reader, model, [frames[parts[part]] for part in chosen], frames[drawn], run.check)
    run.library.remember_cost("skim", task.video.costed_as, reader.skimming, reader.skimmed)
    beside = np.ones(len(sampled), np.float32)
    for place in np.flatnonzero(true):
        part = frames[parts[own[sampled[place]]]]
        low, high = np.searchsorted(numbers, [part[0], part[-1] + 1])
        frame = int(pool.frames[sampled[place]])
        beside[place] = shown_beside(frame, numbers[low:high], found[low:high], reach * STEP)
    near = _near(pool, scores, around(STEP, reach * STEP))
    return Skims(STEP, beside, near, _ahead(near, np.searchsorted(keys, pool.frames, side="right")))


def _skimmed(
    reader: Thumbnails,
    model: SpecialisedModel,
    parts: list[NDArray[np.int64]],
    drawn: NDArray[np.int64],
    check: Callable[[], None],
) -> tuple[NDArray[np.int64], Singles]:
    """The frames that are looked at first, rising, and what they score one by one: float32 [k]."""
    seen: list[tuple[NDArray[np.int64], Singles]] = []

    def skim() -> Skim:
        own = SpecialisedModel(model.architecture, model.tensors(), lone=True)

        def look(frames: NDArray[np.int64], small: NDArray[np.uint8]) -> Singles:
            found = own.probabilities(small, reader.backgrounds(frames))
            seen.append((frames, found))
            return found

        return Skim(STEP, reader.video.frame_count, look, lambda f, _: _none(f), 0, lambda f: np.isin(f, drawn))

    def look(frames: NDArray[np.int64], _: NDArray[np.uint8]) -> tuple[None, NDArray[np.bool_]]:
        return None, _none(frames)

    for _ in reader.stream(parts, lambda: look, skim):
        check()
    if not seen:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    numbers = np.concatenate([frames for frames, _ in seen])
    order = np.argsort(numbers)
    return numbers[order], np.concatenate([scores for _, scores in seen])[order]


def _none(frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.zeros(len(frames), np.bool_)


def shown_beside(frame: int, numbers: NDArray[np.int64], scores: Singles, reach: int) -> float:
    """The higher of the means around the two frames next to one; 0 where there are none. Its own score must not raise
    them: others as true are not looked at."""
    others = numbers != frame
    means = smoothed(scores[others], numbers[others], reach)
    means = np.minimum(means, smoothed(scores, numbers, reach)[others])
    after = int(np.searchsorted(numbers[others], frame))
    return max([0.0, *map(float, means[max(0, after - 1) : after + 1])])


def _near(pool: Pool, scores: Singles, most: int) -> Singles:
    """Of each frame of the pool the highest score of those that are so near."""
    near, n = scores.copy(), len(pool)
    for step in range(1, most // STEP + 1):
        close = np.flatnonzero(pool.frames[step:] - pool.frames[: n - step] <= most)
        near[close] = np.maximum(near[close], scores[close + step])
        near[close + step] = np.maximum(near[close + step], scores[close])
    return near


def _ahead(near: Singles, group: NDArray[np.int64]) -> Singles:
    """The highest from each on to the end of its group of pictures."""
    edges = np.flatnonzero(np.diff(group)) + 1
    return np.concatenate([np.maximum.accumulate(part[::-1])[::-1] for part in np.split(near, edges)])
