"""Difference detectors: whether a thumbnail shows what another one shows (Kang et al., VLDB 2017, section 4)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BLOCKS = 8
_CHUNK = 8  # thumbnails at once: what is worked on stays in the processor's cache then
_GAINS = 0.5, 2.0  # no light changes more between a picture and its background; a fit outside is led by something else
_LONGEST_LOOK = 32  # frames compared with the kept one at once
_PENALTY = 1e-2  # of the squared weights, whose features are about one
_STEPS = 200

Distance = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """How far thumbnails are from others, and from which.

    against  'background': of the same moment; 'earlier': the frame whose answer might be taken over
    weights  float32 [b·b], what each block counts, as `fit_weights` finds them; None: all pixels count alike
    """

    against: Literal["background", "earlier"]
    weights: NDArray[np.float32] | None = None

    def distance(self, thumbnails: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
        """In grey levels squared, float32 [n], of thumbnails uint8 [n, S, S]; other: as many, or [1, S, S] for all."""
        if self.weights is None:
            return global_mse(thumbnails, other)
        blocks = math.isqrt(len(self.weights))
        if blocks * blocks != len(self.weights):
            raise ValueError(f"{len(self.weights)} weights are of no square of blocks")
        return blocked_mse(thumbnails, other, blocks) @ self.weights


@dataclass(frozen=True, slots=True)
class Kept:
    """The last frame whose own answer counts: its number and its thumbnail, uint8 [S, S]."""

    frame: int
    thumbnail: NDArray[np.uint8]


def global_mse(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean squared difference, float32 [n]; see `blocked_mse`."""
    return blocked_mse(a, b, 1)[:, 0]


def blocked_mse(a: NDArray[np.uint8], b: NDArray[np.uint8], blocks: int = BLOCKS) -> NDArray[np.float32]:
    """The mean squared difference in each of blocks × blocks parts, float32 [n, blocks·blocks], row by row.

    a, b  uint8 [n, S, S], S a multiple of blocks; b may be [1, S, S] for all
    Of b, brightened and made richer in contrast as fits a best (least squares over the whole picture): a change of the
    light is no difference. Raises ValueError on other shapes.
    """
    if a.ndim != 3 or b.shape not in (a.shape, (1, *a.shape[1:])):
        raise ValueError(f"thumbnails are [n, S, S], not {list(a.shape)} and {list(b.shape)}")
    n, height, width = a.shape
    if height % blocks or width % blocks:
        raise ValueError(f"thumbnails of {width}×{height} do not divide into {blocks}×{blocks} blocks")
    columns = np.kron(np.eye(blocks, dtype=np.float32), np.ones((width // blocks, 1), np.float32))
    result = np.empty((n, blocks, blocks), np.float32)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        squares = _residuals(a[part], b if len(b) == 1 else b[part])
        squares *= squares
        across = (squares.reshape(-1, width) @ columns).reshape(-1, blocks, height // blocks, blocks)
        result[part] = across.sum(2)
    return result.reshape(n, blocks * blocks) / np.float32(height * width / blocks**2)


def _residuals(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What is left of a without gain × b + offset: float32 [n, S·S]."""
    left = a.reshape(len(a), -1).astype(np.float32)
    other = b.reshape(len(b), -1).astype(np.float32)
    # Sums of centred values: of raw ones, float32 would lose what a small difference consists of.
    left -= left.mean(1, keepdims=True)
    other -= other.mean(1, keepdims=True)
    spread = np.einsum("ij,ij->i", other, other)
    shared = np.einsum("ij,ij->i", left, other) if len(b) == len(a) else left @ other[0]
    gains = np.divide(shared, spread, out=np.ones_like(shared), where=spread > 0).clip(*_GAINS)
    left -= gains[:, None] * other
    return left


def fit_weights(blocked: NDArray[np.float32], changed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What each block should count, float32 [b], none less than nothing, all together one.

    blocked  float32 [n, b], from `blocked_mse`
    changed  bool [n], whether the answers differ
    A logistic regression (section 4), here with weights that only grow the distance and a penalty on their squares, by
    projected gradients with momentum. Uniform where nothing can be learnt. Raises ValueError on other shapes.
    """
    if blocked.ndim != 2 or changed.shape != blocked.shape[:1]:
        raise ValueError(f"distances are [n, b] with n answers, not {list(blocked.shape)} and {list(changed.shape)}")
    uniform = np.full(blocked.shape[1], 1 / blocked.shape[1], np.float32)
    if changed.all() or not changed.any():
        return uniform
    scale = float(np.percentile(blocked, 99)) or 1.0
    # Cut off: a few frames full of motion would else decide alone.
    features = np.column_stack([np.minimum(blocked / scale, 1), np.ones(len(blocked))]).astype(np.float64)
    weights = _regress(features, changed)[:-1]
    total = weights.sum()
    return (weights / total).astype(np.float32) if total > 1e-9 else uniform


def _regress(features: NDArray[np.float64], changed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The weights of the features, the last of which is constant and alone may weigh less than nothing."""
    balance = np.where(changed, 0.5 / changed.sum(), 0.5 / (~changed).sum())
    curvature = (features * balance[:, None]).T @ features
    step = 1 / (0.25 * float(np.linalg.eigvalsh(curvature)[-1]) + _PENALTY)
    weights = ahead = np.zeros(features.shape[1])
    for i in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(features @ ahead, -30, 30)))
        slope = features.T @ (balance * (chances - changed))
        slope[:-1] += _PENALTY * ahead[:-1]
        moved = ahead - step * slope
        moved[:-1] = np.maximum(moved[:-1], 0)
        ahead = moved + i / (i + 3) * (moved - weights)
        weights = moved
    return weights


def carried(
    frames: NDArray[np.int64],
    thumbnails: NDArray[np.uint8],
    distance: Distance,
    delta: float,
    last: Kept | None = None,
) -> tuple[NDArray[np.int64], Kept | None]:
    """Which earlier frame's answer each frame takes over, int64 [n]: the last that differed from its forerunner.

    frames      int64 [n], rising: what the frames are called
    thumbnails  uint8 [n, S, S], of these
    distance    as `DifferenceFilter.distance`; more than delta from the last kept frame makes a frame the next one kept
    last        what the call for the frames before returned; None: the first frame is kept
    Also returns what the call for the frames after needs: None only where there was none and there are no frames.
    """
    n = len(thumbnails)
    origins = np.empty(n, np.int64)
    i, look = 0, 1
    while i < n:
        if last is None:
            last = Kept(int(frames[i]), thumbnails[i].copy())
            origins[i] = last.frame
            i += 1
            continue
        ahead = thumbnails[i : i + look]
        far = np.flatnonzero(distance(ahead, last.thumbnail[None]) > delta)
        same = int(far[0]) if len(far) else len(ahead)
        origins[i : i + same] = last.frame
        i += same
        look = min(2 * look, _LONGEST_LOOK)
        if len(far):
            last, look = Kept(int(frames[i]), thumbnails[i].copy()), max(1, same)
            origins[i] = last.frame
            i += 1
    return origins, last
