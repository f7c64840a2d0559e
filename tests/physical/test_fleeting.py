"""What is shorter than MINIMUM: between key frames no further apart it may come and go unseen."""

from __future__ import annotations

import numpy as np
import pytest
from clips import make_clip

from vqe.fleeting import covered, fleeting
from vqe.logical.window import Window
from vqe.video import Video, groups, open_video

GAP, MINIMUM = Window(frames=3), Window(frames=8)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Two files at ten frames a second, with a key frame every ten and every fifteen frames."""
    folder = tmp_path_factory.mktemp("fleeting")
    paths = [make_clip(folder / f"{gop}.mp4", 60, rate=10, gop=gop) for gop in (10, 15)]
    return open_video("clips", paths, {}, None)


def told(video: Video, marks: str, gap: Window = GAP, minimum: Window | None = MINIMUM, step: int = 1) -> str:
    """'#' true frames, '.' false ones, '|' where frames were left out. Those that are fleeting come back as '-'."""
    kinds = np.array(list(marks))
    kept = kinds != "|"
    frames = np.flatnonzero(kept) * step
    kinds[np.flatnonzero(kept)[fleeting(video, frames, kinds[kept] == "#", gap, minimum)]] = "-"
    return "".join(kinds)


# --- groups of pictures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [
        (None, "...... ...."),
        (Window(frames=9), "...... ...."),
        (Window(frames=10), "#####. ...."),
        (Window(microseconds=990_000), "...... ...."),
        (Window(microseconds=1_000_000), "#####. ...."),
        (Window(frames=15), "#####. ###."),
        (Window(microseconds=9_000_000), "#####. ###."),
    ],
)
def test_groups_no_longer_than_the_minimum_but_each_files_last(
    video: Video, minimum: Window | None, expected: str
) -> None:
    found = covered(video, groups(video), minimum)
    assert "".join(np.where(found, "#", ".")) == expected.replace(" ", "")


# --- runs that are too short ----------------------------------------------------------------------------------------


def test_runs_that_are_too_short_whatever_lies_around_them(video: Video) -> None:
    assert told(video, "......###........########......") == "......---........########......"


def test_with_what_may_be_true_on_either_side(video: Video) -> None:
    """Frames between those looked at may belong to a run of six in all that makes it eight."""
    assert told(video, "......######......") == "......------......"
    assert told(video, "......#######.....") == "......#######....."


def test_runs_that_a_gap_may_join_are_one(video: Video) -> None:
    assert told(video, ".....##....##......") == ".....##....##......"
    assert told(video, ".....##.....##......") == ".....--.....--......"


def test_what_lies_where_nobody_has_looked_may_last(video: Video) -> None:
    assert told(video, "..##......|....##......|.....##......") == "..##......|....##......|.....--......"
    assert told(video, "......##..|......##....|......##.....") == "......##..|......##....|......--....."


def test_frames_that_lie_apart_are_taken_as_they_lie(video: Video) -> None:
    assert told(video, "....##....", step=3) == "....##....", (
        "from twelve to fifteen; nine to eighteen, as far as is known"
    )
    assert told(video, "....#.....", step=3) == "....-....."
    assert told(video, "....##....", step=3, minimum=Window(microseconds=1_000_000)) == "....--...."


def test_without_a_minimum_nothing_is(video: Video) -> None:
    assert told(video, "....##....", minimum=None) == "....##...."
    assert told(video, "..........") == ".........."
