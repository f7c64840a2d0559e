"""Time spent, by the clock and by the processor."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of all threads on all cores together."""

    seconds: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.cpu + other.cpu)

    def __mul__(self, factor: float) -> Spent:
        return Spent(self.seconds * factor, self.cpu * factor)


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._seconds, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Spent:
        return Spent(time.perf_counter() - self._seconds, time.process_time() - self._cpu)
