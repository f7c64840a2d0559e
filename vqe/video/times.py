"""Time stamps: which the packets foretell, how those of frames are repaired, and seconds from them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# No codec shows a frame more places away from where it was stored.
MOST_REORDERED = 32


def rising(pts: NDArray[np.int64]) -> bool:
    return bool((pts[1:] > pts[:-1]).all())


def nearly_sorted(pts: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The stamps in order, or None where two are equal or reordering by a codec does not explain their disorder."""
    if rising(pts):
        return pts
    order = np.argsort(pts, kind="stable")
    ordered = pts[order]
    if not rising(ordered):
        return None
    order -= np.arange(len(pts))
    # A clock that jumps back, in a file so short that all frames lie close together, is no reordering either.
    back = (np.maximum.accumulate(pts) - pts).max()
    if np.abs(order, out=order).max() > MOST_REORDERED or back > MOST_REORDERED * np.median(np.diff(ordered)):
        return None
    return ordered


def to_seconds(pts: NDArray[np.int64], time_base: Fraction) -> NDArray[np.float64]:
    """Seconds from the first stamp, each the float64 nearest to the exact fraction."""
    ticks = (pts - pts[0]) * np.int64(time_base.numerator)
    seconds: NDArray[np.float64] = ticks / np.float64(time_base.denominator)
    return seconds


class Stamps(Enum):
    """Where the stamps of an index come from."""

    OWN = "own"  # every frame bears its stamp
    SORTED = "sorted"  # the frames bear these stamps, but not in the order in which they are shown
    MADE = "made"  # some frame has none, or one that is not above the one before


def repair(stamps: Sequence[int | None], time_base: Fraction, rate: float) -> tuple[NDArray[np.int64], Stamps]:
    """Strictly rising stamps for frames in shown order, and where they come from.

    Own stamps that rise are kept. Else, if every frame has one and they are merely out of order (MPEG-4 with packed
    B-frames), they are sorted: the frames stay in the decoder's order. Else each frame that has none comes one step
    after the one before it, one that does not rise comes one tick after, and a jump back of over a second (a camera's
    clock that was set, files glued together) moves all that follows. A step is the median distance of good stamps,
    or one frame at the file's rate where there are none.
    """
    if all(s is not None for s in stamps):
        own = np.array(stamps, dtype=np.int64)
        ordered = nearly_sorted(own)
        if ordered is not None:
            return ordered, Stamps.OWN if ordered is own else Stamps.SORTED
    return _walk(stamps, time_base, rate), Stamps.MADE


def _walk(stamps: Sequence[int | None], time_base: Fraction, rate: float) -> NDArray[np.int64]:
    steps = [b - a for a, b in pairwise(stamps) if a is not None and b is not None and b > a]
    step = int(np.median(steps)) if steps else max(1, round(1 / (rate * time_base)))
    second = round(1 / time_base)
    out = np.empty(len(stamps), dtype=np.int64)
    shift = 0
    last: int | None = None
    for n, stamp in enumerate(stamps):
        if last is None:
            now = stamp if stamp is not None else 0
        elif stamp is None:
            now = last + step
        else:
            now = stamp + shift
            if now <= last - second:
                shift += last + step - now
                now = last + step
            now = max(now, last + 1)
        out[n] = last = now
    return out


def table_pts(table: NDArray[Any]) -> NDArray[np.int64] | None:
    """The stamps of the frames that the packets foretell, in shown order, or None where they are unusable."""
    if bool(table["corrupt"].any()):
        return None
    shown: NDArray[np.int64] = table["pts"][~table["discard"]]
    if len(shown) == 0 or shown.min() == np.iinfo(np.int64).min:
        return None
    return nearly_sorted(shown)
