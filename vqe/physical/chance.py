"""Random choices that are the same for everybody: a number from 0 to 1 for each frame of a video."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from vqe.logical.plan import Audit
from vqe.video import Video


def audit_levels(audit: Audit | None, returned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """With what probability the audit draws each frame: float64 [n]. `returned`: the others are dropped, bool [n]."""
    return np.where(returned, audit.returned, audit.dropped) if audit is not None else np.zeros(len(returned))


def audit_draws(
    audit: Audit | None, video: Video, frames: NDArray[np.int64], returned: NDArray[np.bool_], seed: int
) -> NDArray[np.bool_]:
    """Which frames the audit draws: bool [n]."""
    lottery = audit.lottery if audit is not None else ""
    return chances(video, frames, lottery, seed) < audit_levels(audit, returned)


def chances(video: Video, frames: NDArray[np.int64], purpose: str, seed: int) -> NDArray[np.float64]:
    """Uniform and independent over frames, purposes and seeds: float64 [n] in [0, 1).

    A frame keeps its number when files are added to the video. The mixing function is splitmix64 (Steele, Lea and
    Flood, OOPSLA 2014).
    """
    out = np.empty(len(frames), np.float64)
    for file, rows, numbers in video.by_file(frames):
        text = f"{purpose}/{seed}/{file.index.fingerprint}"
        start = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
        with np.errstate(over="ignore"):
            x = np.uint64(start) + (numbers + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            x ^= x >> np.uint64(31)
        out[rows] = (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return out
