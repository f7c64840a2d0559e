"""Which frames have to be looked at, and decoded at all, within a part of the error budget."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vqe.fleeting import covered, fleeting
from vqe.logical.budget import Budget
from vqe.logical.node import Node
from vqe.logical.plan import PacketFilter, Proxy, Task
from vqe.logical.window import Window
from vqe.packets import Packets
from vqe.profile import Profile, Samples
from vqe.skims import Skims
from vqe.video import Video

PART = 0.25  # of the budget for missed frames is the most that may be lost without being decoded
FEWEST = 4  # groups of pictures with a true frame; of fewer nobody can tell what they are like
GENEROUS = 3.0  # over the root of the number of such groups: by so much more are decoded than would have to be
LEVELS = 200  # scores of packets that are tried
CLOSER_LOOK = 0.5  # of the way from a threshold to 0 or 1: means there may be undecided with all their neighbours

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Between:
    """What MINIMUM tells of the k frames of Packets: between key frames no further apart there is no whole event.

    covered   bool [k]: those that lie between such key frames
    fleeting  bool [k]: of these, true ones that are of no event as long as that
    """

    minimum: Window
    covered: Bools
    fleeting: Bools

    @classmethod
    def of(cls, task: Task, packets: Packets) -> Self | None:
        """None where there is nothing to tell. `packets`: of frames of the task's video."""
        gap = _joining(task)
        if task.minimum is None or gap is None:
            return None
        inside = covered(task.video, packets.groups, task.minimum)
        passing = fleeting(task.video, packets.frames, packets.true, gap, task.minimum)
        return cls(task.minimum, inside, passing & inside) if inside.any() else None


@dataclass(frozen=True)
class Gate:
    """Frames that are decoded, and looked at.

    packets     what is known of them; None where all are decoded
    busy, seen  see `vqe.logical.plan.PacketFilter`
    left        the share that is decoded
    fnr         the share of the true frames that is lost
    between     what else is gone by
    skims       what is told by looking at some of them first; None where all are looked at
    """

    packets: Packets | None = None
    busy: float = -math.inf
    seen: float = math.inf
    left: float = 1.0
    fnr: float = 0.0
    between: Between | None = None
    skims: Skims | None = None

    def passed(self, profile: Profile) -> tuple[Samples, NDArray[np.float32]]:
        """The samples and the scores, rising, of frames that are decoded.

        Where only some are looked at first, a true sample scores no more than by what its neighbours show, as though it
        never was looked at itself; a false one may lie where all are.
        """
        samples = profile.samples
        if self.skims is not None:
            shown = np.minimum(samples.scores, self.skims.beside / CLOSER_LOOK)
            samples = replace(samples, scores=np.where(samples.true, shown, samples.scores))
        if self.packets is None:
            return samples, profile.population
        idle = self.idle()
        return samples.where(~idle[self.packets.positions]), np.sort(self.packets.scores[~idle])

    def read(self, low: float) -> tuple[float, float]:
        """Of the frames decoded two shares: those looked at one by one, since something near them may score `low`, or
        nearly that; and those that are skimmed, of which what lies on the way there counts twice."""
        if self.skims is None:
            return 1.0, 0.0
        near, ahead = (float((s >= CLOSER_LOOK * low).mean()) for s in (self.skims.near, self.skims.ahead))
        decoded = max(1e-9, self.left)
        near, ahead = min(1.0, near / decoded), min(1.0, ahead / decoded)
        return near, 1 + ahead - near

    def idle(self) -> Bools:
        """Which frames of the packets are not decoded: bool [k]."""
        assert self.packets is not None
        return self.packets.idle(self.busy, self.seen, None if self.between is None else self.between.covered)

    def filter(self, scan: Node, video: Video, size: int, proxy: Proxy) -> PacketFilter:
        assert self.packets is not None
        weights = tuple(self.packets.weights.tolist())
        minimum = None if self.between is None else self.between.minimum
        busy = None if self.busy == -math.inf else self._applied(self.packets)
        return PacketFilter(scan, busy, self.seen, self.left, weights, size, proxy, video, minimum)

    def decoded(self) -> float:
        """The share of the frames that is decoded. Where a key frame is not known, nothing can be said of it."""
        assert self.packets is not None
        told = ~(np.isnan(self.packets.before) | np.isnan(self.packets.after))
        return 1 - float(self.idle()[told].mean()) if told.any() else 1.0

    def decoded_as_applied(self) -> float:
        """The same by the weights that are applied."""
        assert self.packets is not None
        if self.busy == -math.inf:
            return self.decoded()
        return replace(self, packets=self.packets.as_fitted(), busy=self._applied(self.packets)).decoded()

    def _applied(self, packets: Packets) -> float:
        """`busy` by the weights that are applied. By these, too, no more than the share `fnr` of the true frames may be
        lost, which they were learnt from: a translation between two scales is not exact."""
        true, gone = packets.true, np.zeros(len(packets.true), np.bool_)
        if self.between is not None:  # which packets have no part in
            true = true & ~self.between.fleeting
            gone = self.between.covered & (packets.before < self.seen) & (packets.after < self.seen)
        at_risk = np.sort(packets.fitted[true & ~gone & (packets.after < self.seen)])
        allowed = max(0, int(self.fnr * true.sum()) - int((true & gone).sum()))
        return min([packets.applied(self.busy), *map(float, at_risk[allowed : allowed + 1])])


OPEN = Gate()


def _joining(task: Task) -> Window | None:
    """Over what true frames become one event: a gap, or a window whose majority they are. None where one is in frames
    and the other in seconds, or there are no events."""
    gap, window = task.event_gap, task.window
    if gap is None or window is None:
        return gap
    if (gap.microseconds is None) != (window.microseconds is None):
        return None
    return max(gap, window, key=lambda each: each.microseconds or each.frames or 0)


def gate_of(
    profile: Profile, packets: Packets, seen: float, budget: Budget, between: Between | None = None
) -> Gate | str:
    """The gate that keeps the most frames from being decoded, a good deal more careful than what is known asks for; or
    why there is none. `seen`: the small model's score from which on something may be in a key frame."""
    known = _Known(packets, profile.samples, seen, between)
    gate = known.gate(PART * budget.fnr)
    return gate if between is None or isinstance(gate, Gate) else replace(known, between=None).gate(PART * budget.fnr)


@dataclass(frozen=True)
class _Known:
    """What a gate is chosen by."""

    packets: Packets
    samples: Samples
    seen: float
    between: Between | None

    def gate(self, allowed: float) -> Gate | str:
        """`allowed`: of the true frames the share that may be lost."""
        groups = len(np.unique(self.packets.groups[self.packets.true & self._counts]))
        if groups < FEWEST:
            return "too few groups of pictures are known to have true frames"
        levels = np.unique(np.quantile(self.packets.rest, np.linspace(0, 1, LEVELS)))
        if self.between is not None:
            levels = np.append(-math.inf, levels)  # by which packets tell nothing
        needed = [level for level in levels if self._lost(level) <= allowed]
        if not needed or (self.between is None and needed[-1] == levels[0]):  # below which nothing lies
            return "true frames are lost without being decoded"
        wanted = self._gate(needed[-1]).decoded() * (1 + GENEROUS / math.sqrt(groups))
        busy = max((level for level in needed if self._gate(level).decoded() >= wanted), default=levels[0])
        gate = replace(self._gate(float(busy)), fnr=self._lost(busy))
        return replace(gate, left=max(gate.decoded(), gate.decoded_as_applied()))

    @property
    def _counts(self) -> Bools:
        """Frames that are of an event, if they are true."""
        return np.ones(len(self.packets.true), np.bool_) if self.between is None else ~self.between.fleeting

    def _gate(self, busy: float) -> Gate:
        return Gate(self.packets, busy, self.seen, between=self.between)

    def _lost(self, busy: float) -> float:
        """The share of the true frames that is lost: by the samples, or by what the small model takes for true,
        whichever says more."""
        counts, true, weights = self._counts, self.samples.true, self.samples.weights
        lost, sampled = self._gate(busy).idle() & counts, counts[self.packets.positions]
        by_samples = float(weights[true & lost[self.packets.positions]].sum())
        found = self.packets.true & counts
        share = by_samples / max(1e-9, float(weights[true & sampled].sum()))
        return max(share, float((lost & found).sum()) / max(1, int(found.sum())))
