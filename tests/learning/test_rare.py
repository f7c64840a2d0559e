"""Something rare is looked for on more and more of the pool, and with what chance is said as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.learning.learn import _Lesson


@dataclass
class Frames:
    drawn: NDArray[np.bool_]
    chance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.drawn)


class Lesson(_Lesson):
    """A pool in which nothing is found, so that all of the search is made; `asked`: how often each frame is."""

    def __init__(self, frames: int, step: int) -> None:
        grid = np.arange(frames) % step == step // 2
        self.asked: NDArray[np.int64] = grid.astype(np.int64)
        self.pool: Any = Frames(grid.copy(), np.full(frames, 1 / step))

    def _ask(self, positions: NDArray[np.int64]) -> None:
        self.asked[positions] += 1

    def _look_around(self) -> None: ...

    def _enough(self) -> bool:
        return False


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 13, 40])
def test_what_is_drawn_is_as_much_as_is_claimed(step: int) -> None:
    frames = 1200
    lesson = Lesson(frames, step)
    lesson._look_longer(frames // step)
    assert (lesson.asked > 0).tolist() == lesson.pool.drawn.tolist()
    assert lesson.asked.max() == 1  # no grid is one that there was
    assert lesson.pool.chance.mean() == pytest.approx(lesson.pool.drawn.mean(), rel=0.02)
    assert lesson.pool.drawn.mean() == pytest.approx(min(1.0, 4 / step), rel=0.02)
