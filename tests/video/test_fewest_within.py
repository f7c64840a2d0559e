"""How many frames a window has where a recording has the fewest: samples of it must not miss what lasts as long."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vqe.video import FileIndex, Video, VideoFile, fewest_within

SECOND = 1.0


def video(*files: list[float]) -> Video:
    """Of files whose frames show at these times."""
    made, first = [], 0
    for number, times in enumerate(files):
        seconds = np.array(times)
        duration = seconds[-1] + (seconds[1] - seconds[0] if len(times) > 1 else 0.04)
        pts = np.rint(seconds * 1000).astype(np.int64)
        index = FileIndex(
            f"{number} {len(times)} {duration}",
            seconds,
            pts,
            Fraction(1, 1000),
            np.zeros(1, np.int64),
            np.empty(0, np.int32),
            8,
            8,
            0,
            len(times) / duration,
            "h264",
            duration,
            0.04,
        )
        made.append(VideoFile(Path(f"{number}.mp4"), index, first, 0.0, None))
        first += len(times)
    return Video("cam", tuple(made))


def steady(frames: int, rate: float, start: float = 0.0) -> list[float]:
    return [start + n / rate for n in range(frames)]


@pytest.mark.parametrize("rate", [10, 25, 30, 60])
def test_steady(rate: int) -> None:
    assert fewest_within(video(steady(100 * rate, rate)), SECOND) == rate
    assert fewest_within(video(steady(100 * rate, rate)), 2 * SECOND) == 2 * rate


def test_the_file_with_the_fewest_counts() -> None:
    assert fewest_within(video(steady(1000, 25), steady(100, 2)), SECOND) == 2


def test_the_time_with_the_fewest_counts() -> None:
    """Half of the time, which is one frame in thirteen."""
    assert fewest_within(video([*steady(1250, 25), *steady(100, 2, 50.0)]), SECOND) == 2


def test_a_pause_is_no_such_time() -> None:
    assert fewest_within(video([*steady(1250, 25), *steady(1250, 25, 60.0)]), SECOND) >= 24


def test_short_files() -> None:
    assert fewest_within(video(steady(10, 25)), SECOND) in (24, 25, 26)
    assert fewest_within(video([0.0]), SECOND) == 25
