"""What has been learnt of a camera's packets: kept with a profile, read by planning with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
PREFIX = "packets."


@dataclass(frozen=True, slots=True)
class Packets:
    """Of k frames that were decoded, in order, what their packets and the key frames around them would have told.

    frames     int64 [k], their numbers
    weights    float64 [f], of the features of `vqe.models.packets`
    rest       float32 [k]: the highest score of packets from the frame to the end of its group of pictures, by weights
               that were learnt at other times
    whole      float32 [k]: and of the whole group
    before     float32 [k]: the small model's score of the key frame that the group begins with
    after      float32 [k]: and of the next one; infinite where there is none
    scores     float32 [k], of the frame itself
    true       bool [k]: whether the predicate holds, as far as is known or as the small model has it
    groups     int64 [k]: the first frame of the group
    fitted     float32 [k]: as `rest`, by the weights above, which were learnt from these very frames: only their order
               tells something, and is what scores on the two scales are translated by; and how many are decoded
    positions  int32 [m]: which of the frames the samples of the profile are
    """

    frames: NDArray[np.int64]
    weights: NDArray[np.float64]
    rest: NDArray[np.float32]
    whole: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    scores: NDArray[np.float32]
    true: NDArray[np.bool_]
    groups: NDArray[np.int64]
    positions: NDArray[np.int32]
    fitted: NDArray[np.float32]

    def applied(self, busy: float) -> float:
        """The score by the weights above that as many frames lie below as below `busy`."""
        return float(np.quantile(self.fitted, float((self.rest < busy).mean())))

    def as_fitted(self) -> Packets:
        """The same with scores by the weights above."""
        _, group = np.unique(self.groups, return_inverse=True)
        highest = np.full(int(group.max(initial=-1)) + 1, -np.inf, np.float32)
        np.maximum.at(highest, group, self.fitted)
        return replace(self, rest=self.fitted, whole=highest[group])

    def idle(self, busy: float, seen: float, covered: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Which frames would be false without being decoded: bool [k]; see `idle`."""
        return idle(self.rest, self.whole, self.before, self.after, busy, seen, covered)


def idle(
    rest: NDArray[Any],
    whole: NDArray[Any],
    before: NDArray[Any],
    after: NDArray[Any],
    busy: float,
    seen: float,
    covered: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Frames after which no packet of the group scores `busy` or more, so that they look as the next key frame does,
    in which nothing is `seen`; where the whole group is so, nothing in the one before either: bool [n] of such arrays.

    What comes into view or goes out of it takes packets, and what stays is in a key frame. Of `covered` groups, bool
    [n], it is enough that nothing is seen in the key frames: what comes and goes between them is of no interest.
    """
    quiet = (rest < busy) & ((whole >= busy) | (before < seen))
    if covered is not None:
        quiet |= covered & (before < seen)
    return np.asarray(quiet & (after < seen), np.bool_)


def as_arrays(packets: Packets) -> dict[str, NDArray[Any]]:
    """All of it by names, for `from_arrays`."""
    found = {f"{PREFIX}{f.name}": getattr(packets, f.name) for f in fields(packets)}
    return found | {f"{PREFIX}true": packets.true.astype(np.uint8)}


def from_arrays(arrays: Arrays) -> Packets | None:
    """What `as_arrays` has put among these; None where there is nothing of the kind. KeyError where part is missing."""
    if f"{PREFIX}weights" not in arrays:
        return None
    found: dict[str, Any] = {f.name: arrays[f"{PREFIX}{f.name}"] for f in fields(Packets)}
    return Packets(**{**found, "true": found["true"].astype(np.bool_)})
