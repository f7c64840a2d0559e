"""Undecided frames beside an event move its edge only: nobody is asked about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from clips import make_clip

from vqe.edges import at_edges
from vqe.logical.window import Window
from vqe.video import Video, open_video


def clip(folder: Path, frames: int = 40) -> Video:
    make_clip(folder / "clip.mp4", frames, rate=10)
    return open_video("clip", [folder / "clip.mp4"], {}, None)


def settled(video: Video, marks: str, gap: Window, minimum: Window | None = None) -> str:
    """Frames as they are known: '#' true, '?' undecided, '.' false. What is settled comes back as '!'."""
    kinds = np.array(list(marks))
    near = at_edges(video, np.arange(len(marks)), kinds == "?", kinds == "#", gap, minimum)
    return "".join(np.where(near, "!", kinds))


def test_runs_beside_true_frames_are_settled(tmp_path: Path) -> None:
    video, gap = clip(tmp_path), Window(frames=4)
    assert settled(video, "..???###??..??..", gap) == "..!!!###!!..??.."


def test_a_run_between_two_events_is_settled_as_long_as_the_gap(tmp_path: Path) -> None:
    video, gap = clip(tmp_path), Window(frames=4)
    assert settled(video, "##????##?????##", gap) == "##!!!!##?????##"


def test_gaps_by_the_clock(tmp_path: Path) -> None:
    video = clip(tmp_path)  # ten frames a second
    assert settled(video, "##???...##????..", Window(microseconds=300_000)) == "##!!!...##????.."


def test_what_may_be_too_short_to_count_is_asked(tmp_path: Path) -> None:
    video, gap, minimum = clip(tmp_path), Window(frames=4), Window(frames=3)
    assert settled(video, ".?##?..?####?.", gap, minimum) == ".?##?..!####!."


def test_nothing_is_settled_without_a_gap(tmp_path: Path) -> None:
    assert settled(clip(tmp_path), "..??##??", Window(frames=0)) == "..??##??"
