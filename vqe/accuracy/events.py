"""The error rates of an answer that lists events, stretches of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqe.accuracy.interval import Interval


@dataclass(frozen=True, slots=True)
class EventMatch:
    """How many events there are, are returned, are both, and are both with start and end right (`timed`)."""

    exact: int
    returned: int
    matched: int
    timed: int

    @property
    def fnr(self) -> float:
        """Exact events that no returned one matches, of all exact ones; 0 where there are none."""
        return (self.exact - self.matched) / self.exact if self.exact else 0.0

    @property
    def fdr(self) -> float:
        """Returned events that match no exact one, of all returned ones; 0 where there are none."""
        return (self.returned - self.matched) / self.returned if self.returned else 0.0


@dataclass(frozen=True, slots=True)
class EventAccuracy:
    """The rates of EventMatch, each with the confidence that was asked for."""

    fnr: Interval
    fdr: Interval


def match_events(exact: NDArray[np.float64], returned: NDArray[np.float64], gap: float) -> EventMatch:
    """Pair events one to one: again and again the two that overlap longest, of those left; the earlier at a tie.

    exact, returned: float [n, 2], start and end (the first moment after) of each event, in one unit.
    gap: by how much at most, in that unit, a start or an end may be off and still be right.
    Only events that overlap are paired, so one without a length never is.
    Raises ValueError for other shapes, an end before its start, numbers that are not finite and a negative gap.
    """
    truth, answer = _checked(exact), _checked(returned)
    if not gap >= 0:
        raise ValueError(f"a gap is not negative: {gap}")
    pairs = _pairs(truth, answer)
    off = np.abs(truth[pairs[:, 0]] - answer[pairs[:, 1]])
    return EventMatch(len(truth), len(answer), len(pairs), int(np.all(off <= gap, axis=1).sum()))


def events_of_frames(wrong: int, returned: int) -> EventAccuracy:
    """Bounds of the rates when no more than so many frames are `wrong`, and so many events were made of all of them.

    An event is made of frames no further apart than a gap, and dropped where it is too short: then events that are
    missed or false are together no more than wrong frames. Take exact and returned events as the nodes of a graph,
    joined where they overlap. An exact event that overlaps none has a frame that is missed, else its frames would have
    been returned and would make an event as long; a returned one that overlaps none has a false frame. In a component
    of e exact and r returned events, each of the e - 1 gaps between exact ones is bridged, by a false frame, and each
    of the r - 1 between returned ones, by a missed frame; at least one pair is matched, and e + r - 2 are not. No
    frame is counted twice. Of false events f and missed ones m then m / (m + returned - f) is largest at m = wrong.

    Raises ValueError for negative numbers.
    """
    if wrong < 0 or returned < 0:
        raise ValueError(f"numbers of frames and events are not negative: {wrong}, {returned}")
    if not wrong:
        return EventAccuracy(Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 0.0))
    missed = wrong / (wrong + returned) if wrong <= returned else 1.0
    return EventAccuracy(Interval(None, 0.0, missed), Interval(None, 0.0, min(1.0, wrong / max(1, returned))))


def _checked(events: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.asarray(events, np.float64)
    if found.size == 0:
        return np.empty((0, 2))
    if found.ndim != 2 or found.shape[1] != 2:
        raise ValueError(f"events are [n, 2], not {list(found.shape)}")
    if not np.all(np.isfinite(found)) or np.any(found[:, 1] < found[:, 0]):
        raise ValueError("events end after they start, at finite times")
    return found


def _pairs(truth: NDArray[np.float64], answer: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions in `truth` and `answer` of the paired events: int64 [k, 2]."""
    ends = np.minimum(truth[:, None, 1], answer[None, :, 1])
    overlap = ends - np.maximum(truth[:, None, 0], answer[None, :, 0])
    rows, columns = np.nonzero(overlap > 0)
    free_rows, free_columns = np.ones(len(truth), bool), np.ones(len(answer), bool)
    pairs = []
    for i in np.argsort(-overlap[rows, columns], kind="stable"):
        row, column = int(rows[i]), int(columns[i])
        if free_rows[row] and free_columns[column]:
            free_rows[row] = free_columns[column] = False
            pairs.append((row, column))
    return np.array(pairs, np.int64).reshape(-1, 2)
