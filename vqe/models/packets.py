"""What the sizes of a video's packets tell of what happens in it, before anything is decoded.

An encoder spends bytes on what has changed. How many go with what is asked for differs from camera to camera and from
encoder to encoder, and may be nothing at all where a constant rate is kept: so it is learnt, and measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

WINDOWS = (3, 9, 27, 81)  # frames over which sizes are averaged
BASE = 600  # frames to find the usual size in, ...
AROUND = 15  # of so many such stretches: light and weather change slowly
QUIET = 25  # per cent: the usual size is that of quiet frames
LEAST = 16.0  # bytes: what is smaller is as good as nothing
AT_ONCE = 50_000  # frames whose features are held
_PENALTY = 1e-2
_STEPS = 25

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Activity:
    """How busy each frame of a file and those around it are.

    sums  float64 [n + 1], of the first so many frames
    """

    sums: Floats

    @classmethod
    def of(cls, sizes: NDArray[np.int32], keyframes: NDArray[np.int64]) -> Self:
        """sizes      int32 [n], of the packets in the order in which frames are shown; at least one
        keyframes  int64 [k], the frames that are stored whole, which say nothing of motion
        """
        places = np.arange(len(sizes))
        moving = np.ones(len(sizes), np.bool_)
        moving[keyframes] = False
        logs = np.log(sizes + LEAST)
        if moving.any():
            logs = np.interp(places, places[moving], logs[moving])
        logs -= _usual(logs)
        return cls(np.concatenate([[0.0], np.cumsum(np.exp(logs, out=logs))]))

    def features(self, frames: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of these frames: float32 [m, f]."""
        columns = []
        for window in WINDOWS:
            low, high = np.maximum(0, frames - window // 2), np.minimum(len(self.sums) - 1, frames + window // 2 + 1)
            columns.append(np.log((self.sums[high] - self.sums[low]) / (high - low)).astype(np.float32))
        return np.stack([*columns, *(column**2 for column in columns), np.ones(len(frames), np.float32)], 1)

    def scores(self, weights: Floats, frames: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """What weights make of the features of these frames, or of all: float32 [m]. Of hours no more is held."""
        frames = np.arange(len(self.sums) - 1) if frames is None else frames
        own = weights.astype(np.float32)
        parts = (frames[start : start + AT_ONCE] for start in range(0, len(frames), AT_ONCE))
        return np.concatenate([np.empty(0, np.float32), *(self.features(part) @ own for part in parts)])


def _usual(logs: Floats) -> Floats:
    """What quiet frames of that time have: float64 [n]."""
    edges = np.linspace(0, len(logs), max(1, len(logs) // BASE) + 1).astype(np.int64)
    quiet = np.array([np.percentile(logs[a:b], QUIET) for a, b in pairwise(edges)])
    half = AROUND // 2
    steady = [np.median(quiet[max(0, i - half) : i + half + 1]) for i in range(len(quiet))]
    return np.asarray(np.interp(np.arange(len(logs)), (edges[:-1] + edges[1:]) / 2, steady), np.float64)


def fit(busy: NDArray[np.float32], true: NDArray[np.bool_]) -> Floats:
    """The weights of a logistic regression, float64 [f]: how likely a frame is true; both kinds weigh alike.

    busy: float32 [n, f], from `Activity`. By Newton's method, with a penalty on the squared weights.
    """
    found = busy.astype(np.float64)
    balance = np.where(true, 0.5 / max(1, true.sum()), 0.5 / max(1, (~true).sum()))
    penalty = np.full(found.shape[1], _PENALTY)
    penalty[-1] = 1e-6  # of the constant
    weights = np.zeros(found.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(found @ weights, -30, 30)))
        slope = found.T @ (balance * (chances - true)) + penalty * weights
        curvature = (found * (balance * chances * (1 - chances))[:, None]).T @ found + np.diag(penalty)
        weights = weights - np.linalg.solve(curvature, slope)
    return np.asarray(weights, np.float64)


def until_next_key(scores: NDArray[np.float32], keyframes: NDArray[np.int64]) -> tuple[Singles, Singles]:
    """The highest score from each frame to the end of its group of pictures, and of its whole group: float32 [n]."""
    rest, whole = np.empty_like(scores), np.empty_like(scores)
    for start, stop in _groups(keyframes, len(scores)):
        rest[start:stop] = np.maximum.accumulate(scores[start:stop][::-1])[::-1]
        whole[start:stop] = rest[start]
    return rest, whole


def _groups(keyframes: NDArray[np.int64], n: int) -> Iterator[tuple[int, int]]:
    return pairwise([*keyframes.tolist(), n])
