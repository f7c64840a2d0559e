"""Parts of a video that can be decoded by themselves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from clips import make_clip
from numpy.typing import NDArray

from vqe.video import Video, open_video
from vqe.video.stretches import ENOUGH, LONGEST, groups, independent, split


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """50 and 45 frames, a key frame in 10."""
    folder = tmp_path_factory.mktemp("clips")
    paths = [make_clip(folder / f"part{n}.mp4", 50 - 5 * n, size=(64, 64)) for n in range(2)]
    return open_video("parts", paths, {}, None)


def test_groups_begin_with_key_frames_and_files(video: Video) -> None:
    assert groups(video).tolist() == list(range(0, 100, 10))


def test_a_file_can_be_cut_unless_it_is_damaged_or_hardly_has_key_frames(video: Video) -> None:
    file = video.files[0]
    assert independent(file)
    assert not independent(dataclasses.replace(file, index=dataclasses.replace(file.index, damaged=True)))
    for frames, apart in ((LONGEST, True), (LONGEST + 1, False)):
        lone = dataclasses.replace(file.index, pts=np.arange(frames), keyframes=np.zeros(1, np.int64))
        assert independent(dataclasses.replace(file, index=lone)) == apart
    late = dataclasses.replace(file.index, pts=np.arange(LONGEST + 20), keyframes=np.array([0, 10, LONGEST + 15]))
    assert not independent(dataclasses.replace(file, index=late))


def parts_of(starts: NDArray[np.int64], frames: NDArray[np.int64], wanted: NDArray[np.bool_]) -> list[slice]:
    """The parts, which are checked to be what they have to be."""
    parts = list(split(starts, frames, wanted))
    assert [p.start for p in parts] == [0, *(p.stop for p in parts[:-1])]
    assert parts[-1].stop == len(frames)
    group = np.searchsorted(starts, frames, side="right")
    for part in parts:
        assert part.start == 0 or group[part.start] > group[part.start - 1], "cut within a group"
    for part in parts[:-1]:
        last = group[part] == group[part.stop - 1]
        assert wanted[part].sum() >= ENOUGH, "too little to decode"
        assert wanted[part][~last].sum() < ENOUGH, "more groups than need be"
    return parts


@pytest.mark.parametrize("seed", range(6))
def test_parts_are_whole_groups_with_enough_to_decode(seed: int) -> None:
    chance = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.sort(chance.choice(np.arange(1, 3000), 5 * 4**seed // 4, replace=False))])
    frames = np.sort(chance.choice(3000, 1500, replace=False))
    parts_of(starts, frames, chance.random(1500) < 0.2 * seed)


def test_groups_of_one_size_are_joined() -> None:
    frames = np.arange(300)
    every = np.ones(300, np.bool_)
    assert parts_of(np.arange(0, 300, 100), frames, every) == [slice(0, 100), slice(100, 200), slice(200, 300)]
    assert len(parts_of(np.arange(0, 300, 10), frames, every)) == -(-300 // 70)


def test_what_is_not_wanted_is_passed_along() -> None:
    frames, wanted = np.arange(5000), np.zeros(5000, np.bool_)
    wanted[2000:2100] = True
    assert parts_of(np.arange(0, 5000, 50), frames, wanted) == [slice(0, 2100), slice(2100, 5000)]
    assert parts_of(np.arange(0, 5000, 50), frames, wanted & False) == [slice(0, 5000)]
