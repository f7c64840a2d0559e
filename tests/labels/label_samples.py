"""Labels to keep, and short ways to a store of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqe.labels import FileLabels, Labels, LabelStore


def make(frames: NDArray[np.int64], seed: int = 0, most: int = 6, floor: float = 0.25) -> Labels:
    """Random labels: 0 to `most` boxes a frame."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, most + 1, len(frames))
    total = int(counts.sum())
    return Labels(
        np.asarray(frames, np.int64),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        random.integers(0, 91, total).astype(np.int16),
        random.uniform(floor, 1, total).astype(np.float32),
        random.uniform(0, 1920, (total, 4)).astype(np.float32),
    )


def same(a: Labels, b: Labels) -> None:
    for name in ("frames", "offsets", "classes", "scores", "boxes"):
        left, right = getattr(a, name), getattr(b, name)
        assert left.dtype == right.dtype, name
        np.testing.assert_array_equal(left, right, err_msg=name)


def opened(store: LabelStore, floor: float = 0.25) -> FileLabels:
    return store.open("print", "key", floor)


def parts(store: LabelStore) -> list[Path]:
    return sorted((store.folder / "key" / "print").glob("*.parquet"))
