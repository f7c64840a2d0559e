"""What was measured: the runs, and what they were of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vqe.bench.answer import Errors
from vqe.bench.clock import Spent
from vqe.bench.measure import Measured

PLAIN, EXACT = "plain", "exact"
FIRST, NEXT = "first", "next"


def titled(plan: str, turn: str) -> str:
    """What a reader sees: all first."""
    return f"{plan} {turn}".rstrip()


@dataclass(frozen=True)
class Run:
    """One run of the plain way, or of a plan space.

    turn      first (in an empty folder), next (what was learnt is kept, labels are not); '' of the plain way
    sampled   its time was taken on a sample, and scaled
    errors    None where the truth, or the answer, is not known
    """

    round: int
    plan: str
    turn: str
    spent: Spent
    sampled: bool
    seed: int | None = None
    measured: Measured | None = None
    errors: Errors | None = None

    def __str__(self) -> str:
        """all first 12.3 s"""
        scaled = ", scaled from a sample" if self.sampled else ""
        return f"{titled(self.plan, self.turn)} {self.spent.seconds:,.1f} s{scaled}"


@dataclass(frozen=True)
class Result:
    """All of it.

    facts        of the query, its video and the machine, for JSON and the head of the table
    frames       that the query needs; `duration`: how many seconds they show
    rates        the two that are budgeted, by name, and what is allowed of each
    truth        where it comes from; None where it is not known
    hint         how it would be
    """

    facts: Mapping[str, Any]
    frames: int
    duration: float
    rates: Mapping[str, float]
    truth: str | None
    hint: str
    runs: tuple[Run, ...] = ()
    interrupted: bool = False
