"""A detector that reads a frame's number off its picture and answers by a rule: how wrong a plan is can be foretold."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence

import numpy as np
from clips import read_number
from numpy.typing import NDArray

from vqe.library import Library
from vqe.models import Detected, ModelInfo

FRAMES = 400
# With STABLE '1s' 100 to 199 are all but true; who asks of every twelfth frame from 0 on sees none of them.
TRUE = np.array([n in range(240, 320) or (n in range(100, 200) and n % 12 != 0) for n in range(FRAMES)])


class Numbered:
    """`seconds`: what a picture takes; `asked`: how many it has seen."""

    batch = 1

    def __init__(self, info: ModelInfo, seconds: float = 0.0) -> None:
        self.info = info
        self.seconds = seconds
        self.asked = 0

    def detect(self, pictures: Sequence[NDArray[np.uint8]], *_: object) -> list[Detected]:
        self.asked += len(pictures)
        time.sleep(self.seconds * len(pictures))
        return [self._found(picture) for picture in pictures]

    def _found(self, picture: NDArray[np.uint8]) -> Detected:
        bus = next(number for number, name in self.info.classes.items() if name == "bus")
        count = int(TRUE[read_number(picture)])
        return Detected(
            np.full(count, bus, np.int16),
            np.full(count, 0.9, np.float32),
            np.array([[1, 1, 20, 20]], np.float32)[:count],
        )


def main() -> None:
    """The command line over this detector, 1 ms a picture."""
    from vqe.cli.main import main as plain

    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background have it ignored
    Library.reference = lambda _, info: Numbered(info, 0.001)  # type: ignore[method-assign]
    plain()


if __name__ == "__main__":
    sys.argv[0] = "vqe"
    main()
