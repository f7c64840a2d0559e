"""How far an audit draws, where earlier audits of the same frames have drawn already.

Every frame has a number in a lottery (vqe.physical.chance), and is drawn when that lies below a level. The next query
over the same frames raises the level: it draws what has been drawn before, whose labels are free, and others with it
(permanent random numbers: Ohlsson, in Business Survey Methods, 1995). What is drawn stays a simple random sample of
the frames decided in one way, because nothing but the numbers themselves depends on them:

- a level follows from numbers of frames and from seconds, never from what was found (an audit that goes on until it is
  content has its own way to stay right, and hands on the level that was planned: vqe.physical.assured.);
- which frames are decided, and how, follows from scores and thresholds, and those from the profile, which draws in
  other lotteries. A profile that has learnt from an audit, is doubted for what one has found, or was made anew, has a
  lottery of its own: it begins at 0, and what was drawn in the old one is no more than known;
- what the store knows has no part in deciding. Known frames are put right afterwards, drawn or not, and stay in the
  population that the sample speaks of; what is sure of them narrows its bounds (vqe.accuracy.Stratum).

So the interval of each run holds by itself with its confidence. Who asks again until he likes the answer chooses among
intervals, and no interval allows for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vqe.logical.plan import Audit


@dataclass(frozen=True)
class Drawn:
    """Frames of one file, by `subject`, and the levels that earlier audits of them have reached: of those decided
    false, `dropped`, and of those decided true, `returned`."""

    subject: str
    frames: int
    dropped: float = 0.0
    returned: float = 0.0


@dataclass(frozen=True)
class Lottery:
    """A lottery among the frames of some files, by its name, and how far it has been drawn."""

    name: str
    files: tuple[Drawn, ...]

    @property
    def dropped(self) -> list[tuple[int, float]]:
        return [(file.frames, file.dropped) for file in self.files]

    @property
    def returned(self) -> list[tuple[int, float]]:
        return [(file.frames, file.returned) for file in self.files]

    def going_on(self, dropped: float, returned: float) -> Audit:
        """The audit that draws such shares of the frames for the first time."""
        subjects = tuple(file.subject for file in self.files)
        return Audit(raised(self.dropped, dropped), raised(self.returned, returned), self.name, subjects)

    def reaching(self, dropped: float, returned: float) -> Audit:
        """The audit that draws such shares of the frames, however many for the first time."""
        return self.going_on(max(0.0, dropped - raised(self.dropped, 0)), max(0.0, returned - raised(self.returned, 0)))

    def fresh(self, audit: Audit) -> tuple[float, float]:
        """What shares an audit draws for the first time."""
        return fresh(self.dropped, audit.dropped), fresh(self.returned, audit.returned)


def raised(files: Sequence[tuple[int, float]], share: float) -> float:
    """The level that draws as many frames more as `share` of all; (frames, level so far) of each file.

    One level for all, since a sample needs one chance for all: files that lag behind are brought up first.
    """
    frames, levels = np.array(sorted(files, key=lambda file: file[1]), np.float64).reshape(-1, 2).T
    if not frames.sum():
        return min(1.0, share)
    # With only the k lowest brought up, the level would be too high for any k but the right one.
    reached = (share * frames.sum() + np.cumsum(frames * levels)) / np.maximum(1.0, np.cumsum(frames))
    return min(1.0, float(reached.min()))


def fresh(files: Sequence[tuple[int, float]], level: float) -> float:
    """What share of all frames that level draws for the first time."""
    total = sum(frames for frames, _ in files)
    return sum(frames * max(0.0, level - before) for frames, before in files) / max(1, total)
