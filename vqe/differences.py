"""What has been learnt of how the frames of a camera differ: kept with a profile, read by planning with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Background:
    """Distances of the frames from their background, float32 [k]. `weights`: of the blocks; none: of whole pictures."""

    distances: NDArray[np.float32]
    weights: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What would be carried from earlier frames, at each of some distances.

    deltas   float32 [d]
    origins  int32 [d, k]: the position of the frame whose answer each takes over
    true     bool [d, m]: whether what each sample of the profile takes over is true, as far as is known; at a wider
             distance than the one that is used
    masses   float64 [d, m]: how many frames of the video the sample stands for there as one that takes over an answer;
             0 where it does not, or nobody asked. NaN where too little is known.
    """

    deltas: NDArray[np.float32]
    origins: NDArray[np.int32]
    true: NDArray[np.bool_]
    masses: NDArray[np.float64]
    weights: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Differences:
    """How the frames that were learnt from differ from the background and from each other.

    scores     float32 [k] of the frames, in order, by the small model; all one half without one
    positions  int32 [m]: which of them the samples of the profile are
    step       frames of the video from one of them to the next
    true       bool [k]: whether the predicate holds of them, as far as is known or as the small model has it; None
               where that was not kept
    """

    scores: NDArray[np.float32]
    positions: NDArray[np.int32]
    step: int
    backgrounds: tuple[Background, ...] = ()
    earlier: Earlier | None = None
    true: NDArray[np.bool_] | None = None


def as_arrays(differences: Differences) -> dict[str, NDArray[Any]]:
    """All of it by names, for `from_arrays`."""
    found: dict[str, NDArray[Any]] = {
        "scores": differences.scores,
        "positions": differences.positions,
        "step": np.array([differences.step]),
    }
    if differences.true is not None:
        found["true"] = differences.true.astype(np.uint8)
    for number, background in enumerate(differences.backgrounds):
        found[f"background{number}.distances"] = background.distances
        found[f"background{number}.weights"] = _weights(background.weights)
    if (earlier := differences.earlier) is not None:
        found |= {
            "earlier.deltas": earlier.deltas,
            "earlier.origins": earlier.origins,
            "earlier.true": earlier.true.astype(np.uint8),
            "earlier.masses": earlier.masses,
            "earlier.weights": _weights(earlier.weights),
        }
    return {f"difference.{name}": array for name, array in found.items()}


def from_arrays(arrays: Arrays) -> Differences | None:
    """What `as_arrays` has put among these; None where there is nothing of the kind. KeyError where part is missing."""
    found = {
        name.removeprefix("difference."): array for name, array in arrays.items() if name.startswith("difference.")
    }
    if not found:
        return None
    numbers = range(sum(name.endswith(".distances") for name in found))
    backgrounds = (
        Background(found[f"background{n}.distances"], _tuple(found[f"background{n}.weights"])) for n in numbers
    )
    earlier = None
    if "earlier.deltas" in found:
        earlier = Earlier(
            found["earlier.deltas"],
            found["earlier.origins"],
            found["earlier.true"].astype(np.bool_),
            found["earlier.masses"],
            _tuple(found["earlier.weights"]),
        )
    true = found["true"].astype(np.bool_) if "true" in found else None
    return Differences(found["scores"], found["positions"], int(found["step"][0]), tuple(backgrounds), earlier, true)


def _weights(weights: tuple[float, ...] | None) -> NDArray[np.float32]:
    return np.array(weights or (), np.float32)


def _tuple(weights: NDArray[np.float32]) -> tuple[float, ...] | None:
    return tuple(weights.tolist()) or None
