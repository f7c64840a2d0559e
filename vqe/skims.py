"""What is missed where some frames are looked at only: kept with a profile, read by planning with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
PREFIX = "skim."


@dataclass(frozen=True, slots=True)
class Skims:
    """What the small model says where not every frame is looked at.

    apart   frames from one that is looked at to the next
    beside  float32 [m], of the profile's samples: of true ones the higher score of the two frames beside that are
            looked at, in which the sample's own has no part; 1 of false ones
    near    float32 [n], of n frames that stand for all: the highest score of those `around`
    ahead   float32 [n]: the same, or that of a later one in its group of pictures, if that is higher
    """

    apart: int
    beside: NDArray[np.float32]
    near: NDArray[np.float32]
    ahead: NDArray[np.float32]


def around(apart: int, reach: int) -> int:
    """How many frames to either side of one that shows something are looked at, too: beyond the next one that was
    looked at, and what the means over `reach` frames to either side go by."""
    return 2 * apart + reach


def as_arrays(skims: Skims) -> dict[str, NDArray[Any]]:
    """All of it by names, for `from_arrays`."""
    return {
        f"{PREFIX}apart": np.array([skims.apart], np.int32),
        f"{PREFIX}beside": skims.beside,
        f"{PREFIX}near": skims.near,
        f"{PREFIX}ahead": skims.ahead,
    }


def from_arrays(arrays: Arrays) -> Skims | None:
    """What `as_arrays` has put among these; None where there is nothing of the kind. KeyError where part is missing."""
    if f"{PREFIX}apart" not in arrays:
        return None
    beside, near, ahead = (arrays[f"{PREFIX}{name}"] for name in ("beside", "near", "ahead"))
    return Skims(int(arrays[f"{PREFIX}apart"][0]), beside, near, ahead)
