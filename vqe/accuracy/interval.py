"""A rate that is known between two bounds, and what that says of a budget for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["within", "broken", "unknown"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate from 0 to 1. `estimate` is None where the sample says nothing of it; the bounds hold all the same."""

    estimate: float | None
    low: float
    high: float

    def __post_init__(self) -> None:
        middle = self.low if self.estimate is None else self.estimate
        if not 0 <= self.low <= middle <= self.high <= 1:
            raise ValueError(f"not 0 ≤ low ≤ estimate ≤ high ≤ 1: {self.low}, {self.estimate}, {self.high}")

    def __str__(self) -> str:
        """In per cent, the bounds rounded outwards."""
        low, high = _percent(self.low, math.floor), _percent(self.high, math.ceil)
        if self.estimate is not None:
            estimate = _percent(self.estimate, round)
            return f"{estimate} %" if self.low == self.high else f"{estimate} % ({low} to {high} %)"
        if self.low == 0:
            return "not known" if self.high == 1 else f"not known, at most {high} %"
        return f"not known, at least {low} %" if self.high == 1 else f"not known, {low} to {high} %"

    def complement(self) -> Interval:
        """The interval of 1 less the rate."""
        return Interval(None if self.estimate is None else 1 - self.estimate, 1 - self.high, 1 - self.low)


def within(interval: Interval, budget: float) -> Verdict:
    """Whether the rate keeps to the budget (0 to 1): `unknown` where the budget lies between the bounds."""
    if not 0 <= budget <= 1:
        raise ValueError(f"a budget is from 0 to 1, not {budget}")
    if interval.high <= budget:
        return "within"
    return "broken" if interval.low > budget else "unknown"


def _percent(rate: float, rounded: Callable[[float], int]) -> str:
    """To two digits of the distance to 0 or 100 %, whichever is nearer."""
    distance = 100 * min(rate, 1 - rate)
    places = min(max(1 - math.floor(math.log10(distance)), 0), 4) if distance > 1e-9 else 0
    scale = 10**places
    return f"{rounded(round(100 * rate * scale, 6)) / scale:g}"
