"""What is missed where only every so many frames are looked at: told by skimming where something is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vqe.learning.pool import STEP, Pool
from vqe.logical.plan import Task
from vqe.models.specialised import SpecialisedModel
from vqe.physical.operator import Run
from vqe.physical.specialise import smoothed
from vqe.skims import Skims, around
from vqe.video import Skim, Thumbnails, apart, groups, split

MOST_SHOWN = 0.25  # of the parts: where something is in more of them, looking at some frames first saves little
OTHERS = 8  # parts in which nothing is known to be, to see what skimming takes

Singles = NDArray[np.float32]


def learn_skims(
    task: Task,
    pool: Pool,
    reader: Thumbnails,
    run: Run,
    model: SpecialisedModel,
    scores: Singles,
    reach: int,
) -> Skims | None:
    """Skim the parts with true samples, and a few others, and keep what that takes; None where they cannot be decoded
    apart, or are many.

    scores  float32 [n], of the pool by the model: means over `reach` frames of the pool to either side
    Raises RunError, KeyboardInterrupt.
    """
    if not apart(task.video):
        return None
    frames = task.frames.array()
    parts = list(split(groups(task.video), frames, np.ones(len(frames), np.bool_)))
    starts = np.array([frames[part.start] for part in parts], np.int64)
    own = np.searchsorted(starts, pool.frames, side="right") - 1
    sampled = pool.sampled
    shown = np.unique(own[sampled[pool.true[sampled]]])
    if len(shown) > MOST_SHOWN * len(np.unique(own)):
        return None
    idle = np.setdiff1d(own, shown)
    chosen = np.union1d(shown, idle[:: max(1, len(idle) // OTHERS)])
    numbers, found = _skimmed(reader, model, [frames[parts[part]] for part in chosen], run.check)
    run.library.remember_cost("skim", task.video.files[0].index.fingerprint, reader.skimming, reader.skimmed)
    beside = np.ones(len(sampled), np.float32)
    for place in np.flatnonzero(pool.true[sampled]):
        part = frames[parts[own[sampled[place]]]]
        low, high = np.searchsorted(numbers, [part[0], part[-1] + 1])
        frame = int(pool.frames[sampled[place]])
        beside[place] = shown_beside(frame, numbers[low:high], found[low:high], reach * STEP)
    near = _near(pool, scores, around(STEP, reach * STEP))
    return Skims(STEP, beside, near, _ahead(near, own))


def _skimmed(
    reader: Thumbnails, model: SpecialisedModel, parts: list[NDArray[np.int64]], check: Callable[[], None]
) -> tuple[NDArray[np.int64], Singles]:
    """The frames that are looked at first, rising, and what they score one by one: float32 [k]."""
    seen: list[tuple[NDArray[np.int64], Singles]] = []

    def skim() -> Skim:
        own = SpecialisedModel(model.architecture, model.tensors(), lone=True)

        def look(frames: NDArray[np.int64], small: NDArray[np.uint8]) -> Singles:
            found = own.probabilities(small, reader.backgrounds(frames))
            seen.append((frames, found))
            return found

        return Skim(STEP, look, lambda frames, _: _none(frames), 0, _none)

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
    """The higher of the means around the two frames next to one, in which its own score has no part; 0 where there are
    none."""
    others = numbers != frame
    numbers, means = numbers[others], smoothed(scores[others], numbers[others], reach)
    after = int(np.searchsorted(numbers, frame))
    return max([0.0, *map(float, means[max(0, after - 1) : after + 1])])


def _near(pool: Pool, scores: Singles, most: int) -> Singles:
    """Of each frame of the pool the highest score of those that are so near."""
    near, n = scores.copy(), len(pool)
    for step in range(1, most // STEP + 1):
        close = np.flatnonzero(pool.frames[step:] - pool.frames[: n - step] <= most)
        near[close] = np.maximum(near[close], scores[close + step])
        near[close + step] = np.maximum(near[close + step], scores[close])
    return near


def _ahead(near: Singles, parts: NDArray[np.int64]) -> Singles:
    """The highest from each on to the end of its part."""
    edges = np.flatnonzero(np.diff(parts)) + 1
    return np.concatenate([np.maximum.accumulate(part[::-1])[::-1] for part in np.split(near, edges)])
