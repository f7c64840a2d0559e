"""Frames far from each other are decoded on all cores: the same pictures, in the same order."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import make_clip, make_files, read_number

from vqe.errors import RunError, VqeWarning
from vqe.video import Video, open_video, read, read_frames, readers
from vqe.video.frames import FrameReader

LOST = (400, 500, 700)
CLIPS: dict[str, list[dict[str, Any]]] = {
    "short groups": [{}],
    "long groups": [{"gop": 120}],
    "B-frames": [{"bframes": 2, "gop": 30}],
    "B-frames in TS": [{"bframes": 2, "gop": 30, "suffix": ".ts"}],
    "HEVC, groups that lean on others": [{"codec": "hevc", "bframes": 2, "gop": 30, "frames": 150}],
    "two files": [{"gop": 30}, {"gop": 60, "frames": 100, "bframes": 2}],
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Video]:
    folders = {name: tmp_path_factory.mktemp("clips") for name in CLIPS}
    return {name: open_video("clip", make_files(folders[name], CLIPS[name], 300), {}, None) for name in CLIPS}


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Three cores, whatever the machine has; and what each call that used them was given to do."""
    parts: list[int] = []
    real = read.in_order

    def counted(tasks: Any, *given: Any) -> Any:
        parts.append(len(tasks))
        return real(tasks, *given)

    monkeypatch.setattr(read, "cores", lambda: 3)
    monkeypatch.setattr(read, "in_order", counted)
    return parts


@pytest.mark.parametrize("name", CLIPS)
def test_scattered_frames_are_those_of_reading_in_order(
    videos: dict[str, Video], name: str, apart: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    video, chance = videos[name], np.random.default_rng(3)
    for count in (3, 8, 25):
        frames = np.sort(chance.choice(video.frame_count, count, replace=False))
        monkeypatch.setattr(read, "cores", lambda: 1)
        exact = list(read_frames(video, frames))
        assert not apart
        monkeypatch.setattr(read, "cores", lambda: 3)
        found = list(read_frames(video, frames))
        assert apart or count > 8, "of few frames in each group"
        apart.clear()
        assert [n for n, _ in found] == [n for n, _ in exact] == frames.tolist()
        assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, exact, strict=True))


def test_pictures_are_of_the_frames_asked_for(videos: dict[str, Video], apart: list[int]) -> None:
    frames = np.arange(5, 300, 11)
    assert [read_number(p) for _, p in read_frames(videos["B-frames"], frames)] == frames.tolist()
    assert apart


def test_another_format(videos: dict[str, Video], apart: list[int]) -> None:
    (_, blue), *_ = read_frames(videos["short groups"], np.array([3, 200]))
    (_, red), *_ = read_frames(videos["short groups"], np.array([3, 200]), "rgb24")
    assert len(apart) == 2
    assert np.array_equal(blue, red[..., ::-1]) and not np.array_equal(blue, red)


def test_frames_that_follow_each_other_are_read_in_order(videos: dict[str, Video], apart: list[int]) -> None:
    assert len(list(read_frames(videos["short groups"], np.arange(0, 300, 3)))) == 100
    assert len(list(read_frames(videos["short groups"], np.array([17])))) == 1
    assert not apart


def test_reading_can_end_early(videos: dict[str, Video]) -> None:
    frames = read_frames(videos["short groups"], np.arange(0, 300, 20))
    assert next(frames)[0] == 0
    frames.close()  # type: ignore[attr-defined]


def test_a_file_that_has_gone_is_told(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", 60, (64, 64))
    video = open_video("clip", [path], {}, None)
    path.unlink()
    with pytest.raises(RunError, match="there is no file"):
        list(read_frames(video, np.arange(0, 60, 20)))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Of 1,100 frames three cannot be decoded, which the index does not know."""
    path = make_clip(tmp_path_factory.mktemp("broken") / "long.mkv", 1100, (64, 64), codec="mjpeg")
    data = bytearray(path.read_bytes())
    starts = [found.start() for found in re.finditer(rb"\xff\xd8\xff", data)]  # of Motion JPEG's pictures
    for n in LOST:
        data[starts[n] : starts[n] + 300] = bytes(300)
    path.write_bytes(data)
    return open_video("long", [path], {}, None)


def test_frames_that_cannot_be_decoded_are_left_out(broken: Video, apart: list[int]) -> None:
    with pytest.warns(VqeWarning, match="could not be decoded"):
        found = [n for n, _ in read_frames(broken, np.arange(300, 900, 10))]
    assert found == [n for n in range(300, 900, 10) if n not in LOST]
    assert apart


def test_lost_frames_are_told_once_a_file(broken: Video) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        list(read_frames(broken, np.arange(300, 900, 10)))
    assert [str(t.message) for t in told] == ["long.mkv: 3 frames could not be decoded, and left out"]


def test_each_group_is_decoded_once(videos: dict[str, Video], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its frames are asked for: that is what `read_frames` promises."""
    decoded: list[object] = []
    real = FrameReader._show

    def counted(self: Any) -> Any:
        decoded.append(real(self))
        return decoded[-1]

    monkeypatch.setattr(FrameReader, "_show", counted)
    list(read_frames(videos["long groups"], np.arange(0, 300, 5)))
    assert len(decoded) <= 300


def test_a_file_is_opened_once_a_core(videos: dict[str, Video], monkeypatch: pytest.MonkeyPatch) -> None:
    """To open an MP4 of ten hours takes some tenths of a second."""
    opened: list[object] = []
    real = readers.opened

    def counted(*given: Any) -> Any:
        opened.append(given)
        return real(*given)

    monkeypatch.setattr(readers, "opened", counted)
    list(read_frames(videos["short groups"], np.arange(0, 300, 20)))
    assert len(opened) <= 3
