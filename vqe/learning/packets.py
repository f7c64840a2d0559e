"""Whether packets tell where nothing happens: learnt from what a small model has seen, judged at other times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.learning.pool import STEP, Pool
from vqe.logical.plan import Task
from vqe.models.packets import Activity, fit, until_next_key
from vqe.packets import Packets
from vqe.video import VideoFile

FOLDS = 6
BLOCKS = 24  # of time, dealt out to the folds
SPLITS = 50  # random ways to do so that are tried
FEWEST = 4  # true frames that weights are learnt from
NEAR = 2 * STEP  # frames from a key frame to one of the pool that stands for it

Singles = NDArray[np.float32]


def learn_packets(task: Task, pool: Pool, raw: Singles, scores: Singles) -> Packets | None:
    """What packets tell of the pool's frames; None where the files do not say which packet is whose, or where there is
    too little to learn from.

    raw, scores: float32 [n], of the small model, by single frames and as means
    """
    true = pool.truth(scores)
    if not all(file.has_sizes for file in task.video.files):
        return None
    folds = _folds(pool.frames, true, task.video.frame_count)
    fold = folds[_block(pool.frames, task.video.frame_count)]
    if _fewest(fold, true) < FEWEST or true.all():
        return None
    parts = [_Part(file, numbers, raw[rows]) for file, rows, numbers in task.video.by_file(pool.frames)]
    busy = np.concatenate([part.activity.features(part.numbers) for part in parts])
    weights = [fit(busy[fold != k], true[fold != k]) for k in range(FOLDS)]
    told = [part.told(weights, folds, task.video.frame_count) for part in parts]
    rest, whole, before, after, groups = (np.concatenate(column) for column in zip(*told, strict=True))
    own = fit(busy, true)
    fitted = np.concatenate([part.rest(part.activity.scores(own)) for part in parts])
    positions = pool.sampled.astype(np.int32)
    return Packets(pool.frames, own, rest, whole, before, after, scores, true, groups, positions, fitted)


def _block(frames: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    return np.asarray(frames * BLOCKS // total, np.int64)


def _folds(frames: NDArray[np.int64], true: NDArray[np.bool_], total: int) -> NDArray[np.int64]:
    """The fold of each block, int64 [BLOCKS]: of some random ways to deal them out the one by which no fold takes most
    true frames away from the others."""
    chance = np.random.default_rng(0)
    ways = [chance.permutation(BLOCKS) % FOLDS for _ in range(SPLITS)]
    block = _block(frames, total)
    return max(ways, key=lambda way: _fewest(way[block], true))


def _fewest(fold: NDArray[np.int64], true: NDArray[np.bool_]) -> int:
    """How many true frames there are to learn from at the least, where one fold is left out."""
    return min(int(true[fold != k].sum()) for k in range(FOLDS))


@dataclass
class _Part:
    """The pool's frames in one file, by their numbers there, with the small model's scores of single frames."""

    file: VideoFile
    numbers: NDArray[np.int64]
    raw: Singles

    def __post_init__(self) -> None:
        self.keys = self.file.index.keyframes
        self.activity = Activity.of(self.file.index.sizes, self.keys)

    def told(
        self, weights: list[NDArray[np.float64]], folds: NDArray[np.int64], total: int
    ) -> Iterator[NDArray[np.generic]]:
        """`rest`, `whole`, `before`, `after` and `groups` of Packets, each frame by weights learnt at other times."""
        fold = folds[_block(np.arange(self.file.frame_count) + self.file.first_frame, total)]
        scores = np.empty(self.file.frame_count, np.float32)
        for k, own in enumerate(weights):
            scores[fold == k] = self.activity.scores(own, np.flatnonzero(fold == k))
        group = np.searchsorted(self.keys, self.numbers, side="right") - 1
        shown = self._of_keys()
        for values in until_next_key(scores, self.keys):
            yield values[self.numbers]
        yield from (shown[group], shown[group + 1], self.keys[group] + self.file.first_frame)

    def rest(self, scores: Singles) -> Singles:
        """The highest score from each frame of the pool to the end of its group."""
        return until_next_key(scores, self.keys)[0][self.numbers]

    def _of_keys(self) -> Singles:
        """The score of the pool's frame beside each key frame, float32 [k + 1]: NaN where there is none near, and
        infinite in the last place, behind the file's end."""
        right = np.searchsorted(self.numbers, self.keys).clip(0, len(self.numbers) - 1)
        left = np.maximum(0, right - 1)
        to_left, to_right = (np.abs(self.numbers[side] - self.keys) for side in (left, right))
        nearest = np.where(to_left <= to_right, left, right)
        shown = np.where(np.minimum(to_left, to_right) <= NEAR, self.raw[nearest], np.nan)
        return np.append(shown, np.inf).astype(np.float32)
