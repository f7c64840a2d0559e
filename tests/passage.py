"""A made-up passage: for long nothing moves; then a bright square crosses it, or stands there for a while.

Packets tell of it plainly, and so does a small model that is made by hand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from by_hand import ARCHITECTURE, tensors
from clips import Picture, make_clip

from vqe.logical.plan import Proxy
from vqe.profile import Profile, Samples, load, save

LENGTHS = (1000, 600)
FRAMES = sum(LENGTHS)
GOP = 50
EVERY = 200  # frames from one visit to the next
STANDS = range(460, 605)  # comes in a group of pictures of its own, and is there in three key frames
LAST = range(990, 1000)  # until the first file's end
SIZE = 96  # of thumbnails

# What makes a packet busy: the mean over three frames alone.
WEIGHTS = (1.0, *[0.0] * 8)
BUSY, SEEN = 0.5, 0.5

_SCENE = np.random.default_rng(1).integers(55, 85, (96, 128)).astype(np.float32)
_NOISE = np.random.default_rng(2).normal(0, 1, (16, 96, 128)).astype(np.float32)


def _steps(n: int) -> int | None:
    """How often the square has moved since it came into the first file; None where there is none."""
    if n in STANDS:
        return min(n - STANDS.start, 20) + max(0, n - STANDS.stop + 20)
    if n in LAST:
        return n - LAST.start
    since = n % EVERY - 60  # it comes and goes between two key frames
    return since if 0 <= since < 32 else None


def _second(n: int) -> int | None:
    return None if n in STANDS else _steps(n)


FILES = tuple(zip(LENGTHS, (_steps, _second), strict=True))
TRUE = np.array([steps(n) is not None for frames, steps in FILES for n in range(frames)])


def _picture(n: int, steps: int | None) -> Picture:
    found = _SCENE + _NOISE[n % len(_NOISE)]
    if steps is not None:
        found[40:56, 8 + 2 * steps : 24 + 2 * steps] = 230
    return np.repeat(found.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def make_passage(folder: Path) -> list[Path]:
    return [
        make_clip(
            folder / f"part{file}.mp4",
            frames,
            (128, 96),
            gop=GOP,
            pictures=lambda n, steps=steps: _picture(n, steps(n)),  # type: ignore[misc]
            options={"crf": "26"},
        )
        for file, (frames, steps) in enumerate(FILES)
    ]


def keep_model(path: Path) -> Proxy:
    """The small model in a profile that says nothing else."""
    samples = Samples(np.empty(0, np.float32), np.empty(0, np.bool_), np.empty(0))
    nothing = Profile("", samples, np.empty(0, np.float32), 0, 0, (), "by hand", 0, SIZE)
    save(path, nothing, tensors(), ARCHITECTURE.to_text())
    kept = load(path)
    assert kept is not None and kept.proxy is not None
    return kept.proxy
