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
    peaks   float32 [g]: the highest score in each of the parts that are decoded by themselves
    """

    apart: int
    beside: NDArray[np.float32]
    peaks: NDArray[np.float32]


def as_arrays(skims: Skims) -> dict[str, NDArray[Any]]:
    """All of it by names, for `from_arrays`."""
    return {
        f"{PREFIX}apart": np.array([skims.apart], np.int32),
        f"{PREFIX}beside": skims.beside,
        f"{PREFIX}peaks": skims.peaks,
    }


def from_arrays(arrays: Arrays) -> Skims | None:
    """What `as_arrays` has put among these; None where there is nothing of the kind. KeyError where part is missing."""
    if f"{PREFIX}apart" not in arrays:
        return None
    return Skims(int(arrays[f"{PREFIX}apart"][0]), arrays[f"{PREFIX}beside"], arrays[f"{PREFIX}peaks"])
