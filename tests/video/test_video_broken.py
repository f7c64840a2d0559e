"""Files that are not whole: each a clear error, or the good part and a warning."""

from __future__ import annotations

import os
import random
import warnings
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import make_clip, read_number
from vqe.errors import RunError, VqeWarning
from vqe.video import Thumbnails, Video, index_file, open_video, read_frames


def error_of(path: Path) -> str:
    with pytest.raises(RunError) as caught:
        index_file(path, None)
    return str(caught.value)


def cut(path: Path, target: Path, part: float = 0.6) -> Path:
    data = path.read_bytes()
    target.write_bytes(data[: int(len(data) * part)])
    return target


def noise(n: int) -> np.ndarray:
    """Pictures that cost many bytes, so that damage hits some."""
    return np.random.default_rng(n).integers(0, 256, (120, 160, 3), np.uint8)


def count_shown(path: Path) -> int:
    """How many frames PyAV shows, going on behind each error."""
    shown = 0
    with av.open(str(path)) as container:
        packets = container.demux(video=0)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return shown
            except av.FFmpegError:
                return shown
            try:
                shown += len(packet.decode())
            except av.FFmpegError:
                continue


def test_a_missing_file(tmp_path: Path) -> None:
    assert "there is no file" in error_of(tmp_path / "gone.mp4")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in error_of(tmp_path)


def test_a_text(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("not a video\n" * 100)
    assert "is not a video that can be read" in error_of(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "is empty" in error_of(path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=2)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read all

        def refused(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refused)
    assert "no permission to read" in error_of(path)


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000)
        for n in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, n * 1024
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert "has no video in it" in error_of(path)


def test_no_frame(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "none.mkv", frames=1)
    data = path.read_bytes()
    # All of the only picture is lost.
    start = data.find(b"\x1f\x43\xb6\x75")
    path.write_bytes(data[:start] + bytes(len(data) - start))
    message = error_of(path)
    assert "shows no frame" in message or "not a video" in message


def test_an_mp4_cut_before_its_index(tmp_path: Path) -> None:
    path = cut(make_clip(tmp_path / "whole.mp4", pictures=noise), tmp_path / "cut.mp4")
    message = error_of(path)
    assert "cut short before its index was written" in message and "hint:" in message


@pytest.mark.filterwarnings("ignore:cut.ts. damaged")
@pytest.mark.parametrize("name", ["cut.mkv", "cut.avi", "cut.mp4", "cut.ts"])
def test_the_good_part_of_a_cut_file(tmp_path: Path, name: str) -> None:
    codec = "mjpeg" if name == "cut.avi" else "h264"
    container = {"movflags": "faststart"} if name == "cut.mp4" else {}
    whole = make_clip(tmp_path / f"whole{Path(name).suffix}", codec=codec, pictures=noise, container=container)
    path = cut(whole, tmp_path / name)
    with pytest.warns(VqeWarning, match="cut short"):
        video = open_video("cut", [path], {}, None)
    assert 10 < video.frame_count == count_shown(path) < 50
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(1 for _ in read_frames(video, np.arange(video.frame_count))) == video.frame_count


@pytest.mark.parametrize("name", ["bad.mp4", "bad.mkv", "bad.ts", "bad.avi"])
def test_damage_in_the_middle(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name == "bad.avi" else "h264"
    path = make_clip(tmp_path / name, frames=100, codec=codec, pictures=noise, container={})
    data = bytearray(path.read_bytes())
    dice = random.Random(5)
    for _ in range(6):
        at = dice.randrange(len(data) // 4, len(data) // 2)
        data[at : at + 400] = dice.randbytes(400)
    path.write_bytes(data)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        video = open_video("bad", [path], {}, None)
    assert video.frame_count == count_shown(path)
    assert 50 < video.frame_count <= 100
    if video.files[0].index.damaged:
        assert "damaged" in str(told[0].message)
    assert len(list(read_frames(video, np.arange(video.frame_count)))) == video.frame_count


def test_frames_lost_in_a_file_that_was_not_decoded(tmp_path: Path) -> None:
    """Damage that the checks of a long file do not meet shows when the frames are read."""
    path = make_clip(tmp_path / "long.mkv", frames=1100, size=(64, 64), codec="mjpeg")
    data = bytearray(path.read_bytes())
    at = int(len(data) * 0.3)
    start = data.index(b"\xff\xd8\xff", at)  # where a picture begins
    data[start : start + 300] = bytes(300)
    path.write_bytes(data)
    video = open_video("long", [path], {}, None)
    assert video.frame_count == 1100
    with pytest.warns(VqeWarning, match="could not be decoded"):
        got = [(n, read_number(p)) for n, p in read_frames(video, np.arange(200, 500))]
    assert len(got) < 300 and all(n == number for n, number in got)

    def look(_: NDArray[np.int64], small: NDArray[np.uint8]) -> tuple[None, NDArray[np.bool_]]:
        return None, np.zeros(len(small), np.bool_)

    for of in (
        lambda reader: [reader.read(np.arange(1100))],
        lambda reader: reader.stream([np.arange(1100)], lambda: look),
    ):
        message = rf"^long.mkv: {300 - len(got)} frames? could not be decoded"
        with Thumbnails(video, 24) as reader:
            list(of(reader))
        with pytest.warns(VqeWarning, match=message) as told:
            reader.tell_lost()
        assert len(told) == 1


def test_a_file_that_went_away(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=5)
    video: Video = open_video("clip", [path], {}, None)
    path.unlink()
    with pytest.raises(RunError, match="there is no file"):
        list(read_frames(video, np.arange(3)))
