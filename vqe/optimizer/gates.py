"""Which frames have to be decoded at all, by what packets and key frames tell, within a part of the error budget."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.logical.budget import Budget
from vqe.logical.node import Node
from vqe.logical.plan import PacketFilter, Proxy
from vqe.packets import Packets
from vqe.profile import Profile, Samples
from vqe.video import Video

PART = 0.25  # of the budget for missed frames is the most that may be lost without being decoded
FEWEST = 4  # groups of pictures with a true frame; of fewer nobody can tell what they are like
GENEROUS = 3.0  # over the root of the number of such groups: by so much more are decoded than would have to be
LEVELS = 200  # scores of packets that are tried


@dataclass(frozen=True)
class Gate:
    """Frames that are decoded.

    packets     what is known of them; None where all are decoded
    busy, seen  see `vqe.logical.plan.PacketFilter`
    left        the share that is decoded
    fnr         the share of the true frames that is lost
    """

    packets: Packets | None = None
    busy: float = -math.inf
    seen: float = math.inf
    left: float = 1.0
    fnr: float = 0.0

    def passed(self, profile: Profile) -> tuple[Samples, NDArray[np.float32]]:
        """The samples and the scores, rising, of frames that are decoded."""
        if self.packets is None:
            return profile.samples, profile.population
        idle = self.packets.idle(self.busy, self.seen)
        return profile.samples.where(~idle[self.packets.positions]), np.sort(self.packets.scores[~idle])

    def filter(self, scan: Node, video: Video, size: int, proxy: Proxy) -> PacketFilter:
        assert self.packets is not None
        weights = tuple(self.packets.weights.tolist())
        return PacketFilter(scan, self._applied(self.packets), self.seen, self.left, weights, size, proxy, video)

    def _applied(self, packets: Packets) -> float:
        """`busy` by the weights that are applied. By these, too, no more than the share `fnr` of the true frames may be
        lost, which they were learnt from: a translation between two scales is not exact."""
        at_risk = np.sort(packets.fitted[packets.true & (packets.after < self.seen)])
        allowed = int(self.fnr * packets.true.sum())
        return min([packets.applied(self.busy), *map(float, at_risk[allowed : allowed + 1])])


OPEN = Gate()


def gate_of(profile: Profile, packets: Packets, seen: float, budget: Budget) -> Gate | str:
    """The gate that keeps the most frames from being decoded, a good deal more careful than what is known asks for; or
    why there is none. `seen`: the small model's score from which on something may be in a key frame."""
    groups = len(np.unique(packets.groups[packets.true]))
    if groups < FEWEST:
        return "too few groups of pictures are known to have true frames"
    # Where a key frame is not known, nothing can be said of how much is decoded.
    told = ~(np.isnan(packets.before) | np.isnan(packets.after))
    levels = np.unique(np.quantile(packets.rest, np.linspace(0, 1, LEVELS)))
    needed = [level for level in levels if _lost(packets, profile.samples, level, seen) <= PART * budget.fnr]
    if needed[-1] == levels[0]:  # below which nothing lies
        return "true frames are lost without being decoded"
    least = _left(packets, told, needed[-1], seen)
    wanted = least * (1 + GENEROUS / math.sqrt(groups))
    busy = max((level for level in needed if _left(packets, told, level, seen) >= wanted), default=levels[0])
    left = _left(packets, told, busy, seen)
    return Gate(packets, float(busy), seen, left, _lost(packets, profile.samples, busy, seen))


def _left(packets: Packets, told: NDArray[np.bool_], busy: float, seen: float) -> float:
    """The share of the frames that is decoded."""
    return 1 - float(packets.idle(busy, seen)[told].mean()) if told.any() else 1.0


def _lost(packets: Packets, samples: Samples, busy: float, seen: float) -> float:
    """The share of the true frames that is lost: by the samples, or by what the small model takes for true, whichever
    says more."""
    idle = packets.idle(busy, seen)
    lost = idle[packets.positions]
    known = float(samples.weights[samples.true].sum())
    by_samples = float(samples.weights[samples.true & lost].sum()) / max(1e-9, known)
    return max(by_samples, float((idle & packets.true).sum()) / max(1, int(packets.true.sum())))
