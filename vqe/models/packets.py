"""What the sizes of a video's packets tell of what happens in it, before anything is decoded.

An encoder spends bytes on what has changed. How many go with what is asked for differs from camera to camera and from
encoder to encoder, and may be nothing at all where a constant rate is kept: so it is learnt, and measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

WINDOWS = (3, 9, 27, 81)  # frames over which sizes are averaged
BASE = 600  # frames to find the usual size in, ...
AROUND = 15  # of so many such stretches: light and weather change slowly
QUIET = 25  # per cent: the usual size is that of quiet frames
LEAST = 16.0  # bytes: what is smaller is as good as nothing
_PENALTY = 1e-2
_STEPS = 25

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


def features(sizes: NDArray[np.int32], keyframes: NDArray[np.int64]) -> NDArray[np.float32]:
    """How busy each frame of a file and those around it are: float32 [n, f].

    sizes      int32 [n], of the packets in the order in which frames are shown; at least one
    keyframes  int64 [k], the frames that are stored whole, which say nothing of motion
    """
    n = len(sizes)
    places = np.arange(n)
    moving = np.ones(n, np.bool_)
    moving[keyframes] = False
    logs = np.log(sizes + LEAST)
    if moving.any():
        logs = np.interp(places, places[moving], logs[moving])
    busy = np.exp(logs - _usual(logs))
    sums = np.concatenate([[0.0], np.cumsum(busy)])
    columns = []
    for window in WINDOWS:
        low, high = np.maximum(0, places - window // 2), np.minimum(n, places + window // 2 + 1)
        columns.append(np.log((sums[high] - sums[low]) / (high - low)).astype(np.float32))
    return np.stack([*columns, *(column**2 for column in columns), np.ones(n, np.float32)], 1)


def _usual(logs: Floats) -> Floats:
    """What quiet frames of that time have: float64 [n]."""
    edges = np.linspace(0, len(logs), max(1, len(logs) // BASE) + 1).astype(np.int64)
    quiet = np.array([np.percentile(logs[a:b], QUIET) for a, b in pairwise(edges)])
    half = AROUND // 2
    steady = [np.median(quiet[max(0, i - half) : i + half + 1]) for i in range(len(quiet))]
    return np.asarray(np.interp(np.arange(len(logs)), (edges[:-1] + edges[1:]) / 2, steady), np.float64)


def fit(busy: NDArray[np.float32], true: NDArray[np.bool_]) -> Floats:
    """The weights of a logistic regression, float64 [f]: how likely a frame is true; both kinds weigh alike.

    busy: float32 [n, f], from `features`. By Newton's method, with a penalty on the squared weights.
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
