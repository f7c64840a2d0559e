"""From answers about some frames to the truth of all: carried between neighbours that agree, or by majority."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqe.edges import runs

UNKNOWN, LOST = -1, 2  # nobody has asked; the frame cannot be decoded, and counts nowhere


def estimates(places: NDArray[np.int64], answers: NDArray[np.int8]) -> NDArray[np.float64]:
    """For each frame the likely answer, from 0 to 1: its own, else between those of the nearest asked frames.

    places   int64 [n], rising: numbers or times
    answers  int8 [n]: 1, 0, UNKNOWN or LOST; where none is known all frames are false
    """
    asked = np.flatnonzero((answers == 0) | (answers == 1))
    if not len(asked):
        return np.zeros(len(places))
    return np.interp(places, places[asked], answers[asked].astype(np.float64))


def shares(values: NDArray[np.float64], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float64]:
    """Means of values[low:high]: float64 [n]."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means: NDArray[np.float64] = (sums[high] - sums[low]) / np.maximum(1, high - low)
    return means


def counts(mask: NDArray[np.bool_], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of mask[low:high] are marked: int64 [n]."""
    sums = np.concatenate([[0], np.cumsum(mask)])
    return np.asarray(sums[high] - sums[low], np.int64)


def unclear(share: NDArray[np.float64], stride: int, first: int, voting: bool) -> NDArray[np.bool_]:
    """Where more frames have to be asked, after every `stride`-th has been: bool [n].

    voting: a majority is sought. At first it is clear where all answers agree; as more frames are asked, the closer it
    may be: frames between two that were asked differ from them by fewer.
    Otherwise the frame's own answer is sought, which is clear where its neighbours agree.
    """
    if not voting:
        return (share > 0) & (share < 1)
    return np.abs(share - 0.5) < 0.5 * stride / first


def spread(mask: NDArray[np.bool_], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
    """All frames in the windows [low, high) of the frames marked: bool [n]."""
    marked = np.flatnonzero(mask)
    steps = np.zeros(len(mask) + 1, np.int64)
    np.add.at(steps, low[marked], 1)
    np.add.at(steps, high[marked], -1)
    covered: NDArray[np.bool_] = np.cumsum(steps)[:-1] > 0
    return covered


def on_grid(
    frames: NDArray[np.int64], needed: NDArray[np.bool_], asked: NDArray[np.bool_], stride: int, phase: int
) -> NDArray[np.bool_]:
    """Which needed frames to ask so that every `stride`-th is asked, and of each run of them at least one: bool [n]."""
    grid = needed & (frames % stride == phase % stride)
    if stride > 1:
        covered = np.concatenate([[0], np.cumsum(grid | (asked & needed))])
        for start, stop in runs(needed):
            if covered[stop] == covered[start]:
                grid[(start + stop) // 2] = True
    fresh: NDArray[np.bool_] = grid & ~asked
    return fresh
