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
from vqe.skims import Skims
from vqe.video import Skim, Thumbnails, apart, groups, split

MOST_SHOWN = 0.25  # of the parts: where something is in more of them, looking at some frames first saves little
OTHERS = 12  # parts in which nothing is known to be, to see what skimming takes
WHOLE = 0.9  # of the frames of the pool that a part may have: of it, the highest score is known

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
    return Skims(STEP, beside, _peaks(pool, own, [part.stop - part.start for part in parts], scores))


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

        return Skim(STEP, look, lambda *_: True, lambda frames: np.zeros(len(frames), np.bool_))

    def look(frames: NDArray[np.int64], _: NDArray[np.uint8]) -> tuple[None, NDArray[np.bool_]]:
        return None, np.zeros(len(frames), np.bool_)

    for _ in reader.stream(parts, lambda: look, skim):
        check()
    if not seen:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    numbers = np.concatenate([frames for frames, _ in seen])
    order = np.argsort(numbers)
    return numbers[order], np.concatenate([scores for _, scores in seen])[order]


def shown_beside(frame: int, numbers: NDArray[np.int64], scores: Singles, reach: int) -> float:
    """The higher of the means around the two frames next to one, in which its own score has no part; 0 where there are
    none."""
    others = numbers != frame
    numbers, means = numbers[others], smoothed(scores[others], numbers[others], reach)
    after = int(np.searchsorted(numbers, frame))
    return max([0.0, *map(float, means[max(0, after - 1) : after + 1])])


def _peaks(pool: Pool, own: NDArray[np.int64], sizes: list[int], scores: Singles) -> Singles:
    """Of the parts that the pool has all of, or of all if there are none, the highest score."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(own)) + 1])
    peaks: Singles = np.maximum.reduceat(scores, edges)
    held = np.diff(edges, append=len(pool)) * STEP
    whole = held >= WHOLE * np.array(sizes)[own[edges]]
    return peaks[whole] if whole.any() else peaks
