"""Time spent, by the clock and by the processor, and time that counts as spent."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of all threads on all cores together.

    charged: so many of `seconds` have only been charged (see `Charges`); the processor has done nothing for them
    """

    seconds: float = 0.0
    cpu: float = 0.0
    charged: float = 0.0

    @property
    def waited(self) -> float:
        """Seconds that really went by."""
        return self.seconds - self.charged

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.cpu + other.cpu, self.charged + other.charged)

    def __mul__(self, factor: float) -> Spent:
        return Spent(self.seconds * factor, self.cpu * factor, self.charged * factor)


class Charges:
    """Seconds that count as spent though nobody waits for them: what a model that is replayed would have taken."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        self.seconds += seconds


class Clock:
    """Runs from when it is made. What is charged meanwhile counts as if it had been waited for."""

    def __init__(self, charges: Charges | None = None) -> None:
        self._charges = charges or Charges()
        self._seconds, self._cpu, self._charged = self._now()

    def read(self) -> Spent:
        seconds, cpu, charged = self._now()
        charged -= self._charged
        return Spent(seconds - self._seconds + charged, cpu - self._cpu, charged)

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), self._charges.seconds
