"""A detector that reads a frame's number off its picture and answers by a rule: how wrong a plan is can be foretold."""

from __future__ import annotations

import signal
import sys

import numpy as np
from clips import read_number
from ruled import Ruled

from vqe.library import Library
from vqe.models import ModelInfo

FRAMES = 400
# With STABLE '1s' 100 to 199 are all but true; who asks of every twelfth frame from 0 on sees none of them.
TRUE = np.array([n in range(240, 320) or (n in range(100, 200) and n % 12 != 0) for n in range(FRAMES)])


class Numbered(Ruled):
    """Finds a bus in the frames of these numbers."""

    def __init__(self, info: ModelInfo, seconds: float = 0.0) -> None:
        super().__init__(lambda picture: bool(TRUE[read_number(picture)]), info, seconds)


def main() -> None:
    """The command line over this detector, 1 ms a picture."""
    from vqe.cli.main import main as plain

    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background have it ignored
    Library.reference = lambda _, info: Numbered(info, 0.001)  # type: ignore[method-assign]
    plain()


if __name__ == "__main__":
    sys.argv[0] = "vqe"
    main()
