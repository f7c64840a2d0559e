"""A majority is settled when no answer to come could change it; a tie is false; what does not decode has no vote."""

from __future__ import annotations

import numpy as np
import pytest

from vqe.physical.resolve import _Windows
from vqe.physical.votes import LOST, UNKNOWN


def majority(answers: list[int]) -> tuple[bool, bool]:
    """Of one window over all of them: whether it is true, and settled."""
    n = len(answers)
    windows = _Windows(np.arange(n), n, np.ones(n, np.bool_))
    true, settled = windows.majority(np.array(answers, np.int8))
    return bool(true[0]), bool(settled[0])


@pytest.mark.parametrize(
    ("answers", "true", "settled"),
    [
        ([1, 1, 0], True, True),
        ([1, 0, 0], False, True),
        ([1, 0], False, True),
        ([1, UNKNOWN, 0], False, False),
        ([1, 1, UNKNOWN], True, True),
        ([0, 0, UNKNOWN, UNKNOWN], False, True),
        ([LOST], False, True),
        ([1, LOST, 0], False, True),
        ([1, LOST, LOST], True, True),
        ([1, LOST, UNKNOWN], False, False),
    ],
)
def test_majority(answers: list[int], true: bool, settled: bool) -> None:
    assert majority(answers) == (true, settled)


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("pairs", range(1, 31))
def test_ties_are_settled_and_false(pairs: int, lost: int) -> None:
    assert majority([1, 0] * pairs + [LOST] * lost) == (False, True)
