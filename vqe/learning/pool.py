"""The frames that learning looks at: which ones, their thumbnails, and what has been asked about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqe.labels import Labels
from vqe.library import Library
from vqe.logical.plan import Task
from vqe.optimizer.cascades import POOL
from vqe.physical.reference import Reference
from vqe.video import Thumbnails, groups

STEP = 3  # frames from one to the next in a stretch: neighbours show nearly the same
MOST = POOL // STEP  # frames in the pool; their thumbnails are held in memory: 110 MB
STRETCH = 100  # frames of the pool that follow each other, where the video is too long to be seen whole
BLOCKS = 24  # of time: half of them are held out from training, to set thresholds by
SPLITS = 50  # random halves of time that are tried
MEASURED = 1024  # thumbnails measured at once

# Whether the predicate is true of each frame, and how clearly, from 0 to 1.
Judge = Callable[[Labels], tuple[NDArray[np.bool_], NDArray[np.float32]]]
# A number or more for each of n thumbnails and the backgrounds behind them.
Measure = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]


@dataclass
class Pool:
    """n frames of a video, rising, with what is known of them.

    thumbnails  uint8 [n, size, size]
    scenes, scene  uint8 [k, size, size], the backgrounds that there are, and int32 [n], which one is behind a frame
    known    bool [n]: asked of the reference model
    true     bool [n]
    soft     float32 [n]: how clearly true
    chance   float64 [n]: with what probability random choice has taken the frame so far
    drawn    bool [n]: it was taken so
    """

    frames: NDArray[np.int64]
    thumbnails: NDArray[np.uint8]
    scenes: NDArray[np.uint8]
    scene: NDArray[np.int32]
    known: NDArray[np.bool_]
    true: NDArray[np.bool_]
    soft: NDArray[np.float32]
    chance: NDArray[np.float64]
    drawn: NDArray[np.bool_]
    held: NDArray[np.bool_]  # in a block that is held out
    labels: list[Labels] = field(default_factory=list)  # all that the reference model has said

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def sampled(self) -> NDArray[np.int64]:
        """Positions of what chance has drawn on held-out time, and the reference model was asked about."""
        return np.flatnonzero(self.drawn & self.held & self.known)

    def each(self, measure: Measure) -> NDArray[np.float32]:
        """What `measure` says of all thumbnails and their backgrounds, some at a time: they are much to copy."""
        parts = (slice(start, start + MEASURED) for start in range(0, len(self), MEASURED))
        return np.concatenate([measure(self.thumbnails[p], self.scenes[self.scene[p]]) for p in parts])

    def truth(self, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether the predicate holds of each frame, as far as is known, and else as a small model has it: bool [n]."""
        return np.where(self.known, self.true, scores >= 0.5)

    def learn_labels(self, labels: Labels, judge: Judge) -> None:
        """Enter what the reference model says; frames outside the pool are passed over."""
        self.labels.append(labels)
        true, soft = judge(labels)
        places = np.minimum(np.searchsorted(self.frames, labels.frames), len(self) - 1)
        here = self.frames[places] == labels.frames
        self.known[places[here]] = True
        self.true[places[here]] = true[here]
        self.soft[places[here]] = soft[here]

    def hold_out(self, seed: int) -> int:
        """Split time into blocks to train on and blocks held out, so that both have frames of either kind: how many
        there are at the least, of any kind in any half.

        Of some random halves the one that shares them out best: what recurs must not fall on one side only.
        """
        block = np.arange(len(self)) * BLOCKS // max(1, len(self))
        known = [np.bincount(block[self.known & (self.true == kind)], minlength=BLOCKS) for kind in (True, False)]
        chance = np.random.default_rng(seed)
        halves = [chance.permutation(BLOCKS)[: BLOCKS // 2] for _ in range(SPLITS)]

        def fewest(half: NDArray[np.int64]) -> int:
            return min(int(min(each[half].sum(), each.sum() - each[half].sum())) for each in known)

        best = max(halves, key=fewest)
        self.held = np.isin(block, best)
        return fewest(best)

    def draw(self, chance: NDArray[np.float64], luck: NDArray[np.float64]) -> NDArray[np.int64]:
        """Take frames at random, each with its own chance (Poisson sampling): their positions.

        luck: uniform and independent of everything, a number a frame.
        """
        taken = luck < chance
        self.chance = 1 - (1 - self.chance) * (1 - chance)
        self.drawn |= taken
        return np.flatnonzero(taken)


def chosen_frames(task: Task) -> NDArray[np.int64]:
    """Frames of the task for the pool: every STEP-th, of stretches all over where that is too many."""
    frames = task.frames.array()[::STEP]
    if len(frames) <= MOST:
        return frames
    count = MOST // STRETCH
    starts = _at_keys(task, frames, np.linspace(0, len(frames) - STRETCH, count).astype(np.int64))
    return np.unique(np.concatenate([frames[s : s + STRETCH] for s in starts]))


def _at_keys(task: Task, frames: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions moved back to a key frame, where that is no further than a stretch: what lies between is decoded."""
    keys = groups(task.video)
    before = keys[np.searchsorted(keys, frames[starts], side="right") - 1]
    moved = np.searchsorted(frames, before)
    return np.asarray(np.where(starts - moved <= STRETCH, moved, starts), np.int64)


def make_pool(
    task: Task,
    reader: Thumbnails,
    reference: Reference,
    judge: Judge,
    grid: int,
    check: Callable[[int, int], None],
) -> Pool:
    """Decode the pool, asking the reference model about `grid` frames of it on the way, spread evenly.

    check: told of progress (done, of); it may raise.
    """
    frames, size = chosen_frames(task), reader.size
    step = max(1, len(frames) // grid)
    on_grid = frames[step // 2 :: step]
    numbers = np.empty(len(frames), np.int64)
    small = np.empty((len(frames), size, size), np.uint8)
    scenes: dict[bytes, int] = {}
    scene = np.empty(len(frames), np.int32)
    closer = frames if len(frames) <= reader.room else on_grid
    labels, n = [], 0
    parts = reader.parts(frames, np.ones(len(frames), np.bool_))

    def look(own: NDArray[np.int64], _: NDArray[np.uint8]) -> tuple[None, NDArray[np.bool_]]:
        return None, np.isin(own, closer)

    for seen in reader.stream((frames[part] for part in parts), lambda: look):
        own = seen.frames
        check(n, len(frames))
        part = slice(n, n + len(own))
        assert seen.thumbnails is not None
        numbers[part], small[part] = own, seen.thumbnails
        scene[part] = [scenes.setdefault(b.tobytes(), len(scenes)) for b in reader.backgrounds(own)]
        n += len(own)
        wanted = own[np.isin(own, on_grid)]
        if len(wanted):
            labels.append(reference.ask(wanted, reader.pictures))
    blank = np.zeros(n, np.bool_)
    pool = Pool(
        numbers[:n],
        small[:n],
        np.frombuffer(b"".join(scenes), np.uint8).reshape(-1, size, size),
        scene[:n],
        blank,
        blank.copy(),
        np.zeros(n, np.float32),
        np.zeros(n),
        np.isin(numbers[:n], on_grid),
        blank.copy(),
    )
    pool.chance[:] = 1 / step
    for some in labels:
        pool.learn_labels(some, judge)
    return pool


def remember_costs(library: Library, reader: Thumbnails, pool: Pool) -> None:
    """What a look at every STEP-th frame takes, as the pool was read, and one at all of them; and what key frames do,
    until some are looked at."""
    first, frames, making = reader.video.costed_as, STEP * len(pool), reader.making / reader.busy
    library.remember_cost("skim", first, reader.seconds, frames)
    decoding = (reader.seconds - making) * max(1.0, frames / max(1, reader.decoded))
    library.remember_cost("thumbnail", first, decoding + STEP * making, frames)
    if library.catalog.cost("keyframe", first) is None:
        scenery = reader.scenery
        library.remember_cost("keyframe", first, scenery.key_seconds / reader.workers, scenery.keys_read)
