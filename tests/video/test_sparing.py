"""Frames are left out of decoding only where nobody needs them, nor anything exact that refers to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import make_clip
from numpy.typing import NDArray

from vqe.video import Readers, open_video
from vqe.video.sparing import FAR
from vqe.video.video import VideoFile

FRAMES, GOP, APART = 240, 60, 3
# Frames that others refer to lie between others, and what follows refers to them, too.
PYRAMID = {"preset": "medium", "x264-params": "b-pyramid=normal:b-adapt=0:ref=4:weightp=0"}
CLIPS: dict[str, dict[str, Any]] = {
    "no B-frames": {},
    "B-frames": {"bframes": 3, "options": PYRAMID},
    "many B-frames": {"bframes": 8, "options": PYRAMID},
    "groups that lean on others": {
        "bframes": 3,
        "options": {**PYRAMID, "x264-params": f"{PYRAMID['x264-params']}:open-gop=1"},
    },
    "HEVC": {"bframes": 3, "codec": "hevc"},
}
Numbers = NDArray[np.int64]
Planes = dict[int, bytes]

_CHANCE = np.random.default_rng(5)
_TEXTURE = _CHANCE.integers(0, 255, (96, 480), np.uint8)
_NOISE = _CHANCE.integers(0, 12, (7, 96, 128), np.uint8)


def _picture(n: int) -> NDArray[np.uint8]:
    """A texture that moves to and fro before noise: there is something to refer to in every frame."""
    place = 60 + round(50 * np.sin(n / 7))
    found = np.full((96, 128), 60, np.uint8) + _NOISE[n % 7]
    found[20:70, 30:90] = _TEXTURE[20:70, place + n : place + n + 60]
    return np.repeat(found[..., None], 3, axis=2)


@pytest.fixture(scope="module", params=CLIPS)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VideoFile:
    path = tmp_path_factory.mktemp("sparing") / "clip.mp4"
    make_clip(path, FRAMES, (128, 96), gop=GOP, pictures=_picture, **CLIPS[request.param])
    return open_video("clip", [path], {}, None).files[0]


@pytest.fixture(scope="module")
def whole(file: VideoFile) -> Planes:
    return read(Readers(1, lone=True), file, np.arange(FRAMES))


def read(readers: Readers, file: VideoFile, wanted: Numbers, *needs: Numbers) -> Planes:
    with readers.reader(file, int(wanted[0])) as reader:
        found = {number: bytes(frame.planes[0]) for number, frame in reader.frames(wanted, *needs)}
        assert reader.lost == 0
    return found


def near(frames: Numbers) -> Numbers:
    return frames[::APART]


def test_something_is_shown_near_each_frame(file: VideoFile) -> None:
    frames = np.arange(FRAMES)
    found = sorted(read(Readers(1, lone=True), file, frames, frames[:0], near(frames)))
    assert found[0] == 0 and found[-1] == FRAMES - 1
    assert np.diff(found).max() <= FAR


def test_what_is_needed_is_exact_whatever_else_is_left_out(file: VideoFile, whole: Planes) -> None:
    chance, readers = np.random.default_rng(1), Readers(1, lone=True)
    for _ in range(20):
        first = int(chance.integers(0, FRAMES - 2))
        frames = np.arange(first, int(chance.integers(first + 1, FRAMES + 1)))
        needed = frames[chance.random(len(frames)) < chance.choice([0.01, 0.05])]
        found = read(readers, file, frames, needed, near(frames))
        assert all(found[n] == whole[n] for n in needed.tolist())


def test_whoever_comes_after_finds_all_as_it_should_be(file: VideoFile, whole: Planes) -> None:
    """Wherever the one before has stopped."""
    chance, readers = np.random.default_rng(2), Readers(1, lone=True)
    for _ in range(20):
        first = int(chance.integers(0, FRAMES - 2))
        stop = int(chance.integers(first + 1, FRAMES))
        frames = np.arange(first, stop)
        with readers.reader(file, first) as reader:
            source = reader.frames(frames, frames[:0], near(frames))
            for _, _ in zip(range(int(chance.integers(1, 60))), source, strict=False):
                pass
            source.close()
        after = np.arange(stop, min(FRAMES, stop + 10))
        assert read(readers, file, after) == {n: whole[n] for n in after.tolist()}


@pytest.mark.parametrize(("name", "rough"), [("B-frames", True), ("no B-frames", False), ("HEVC", False)])
def test_much_is_left_out_where_frames_lie_between_others(name: str, rough: bool, tmp_path: Path) -> None:
    """Of three B-frames in a row one is referred to: it is left out where nothing need be exact."""
    path = make_clip(tmp_path / "clip.mp4", FRAMES, (128, 96), gop=GOP, pictures=_picture, **CLIPS[name])
    (file,) = open_video("clip", [path], {}, None).files
    frames, shown = np.arange(FRAMES), []
    for needs in ((), (frames[::APART],), (frames[:0], near(frames))):
        with Readers(1, lone=True).reader(file, 0) as reader:
            list(reader.frames(frames, *needs))
            shown.append(reader.shown)
    assert shown[0] == FRAMES
    assert (shown[2] < 0.3 * FRAMES) == rough
