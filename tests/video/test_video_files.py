"""Many files as one video: which files, in what order, at what times."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip, read_number
from vqe.errors import NotSupportedError, QueryError, VqeWarning
from vqe.video import find_files, open_video, read_frames
from vqe.video.names import start_in_name


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_patterns(tmp_path: Path) -> None:
    touch(tmp_path, "cam10.mp4", "cam2.mp4", "cam1.mp4", "sub/deep/cam3.mp4", "other.txt")
    assert [p.name for p in find_files(["*.mp4"], tmp_path)] == ["cam1.mp4", "cam2.mp4", "cam10.mp4"]
    assert [p.name for p in find_files(["**/cam3.mp4"], tmp_path)] == ["cam3.mp4"]
    assert find_files(["cam1.mp4", "cam1.mp4", "cam[1].mp4"], tmp_path) == [tmp_path / "cam1.mp4"]
    assert find_files([str(tmp_path / "cam2.mp4")], Path("/")) == [tmp_path / "cam2.mp4"]
    assert all(p.is_absolute() for p in find_files(["*.mp4"], tmp_path))


def test_a_name_with_the_characters_of_patterns(tmp_path: Path) -> None:
    touch(tmp_path, "gate [1].mp4")
    assert find_files(["gate [1].mp4"], tmp_path) == [tmp_path / "gate [1].mp4"]


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "cam.mp4")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_files(["~/cam.mp4"], Path("/")) == [tmp_path / "cam.mp4"]


def test_nothing_matches(tmp_path: Path) -> None:
    touch(tmp_path, "intersection.mp4", "sub/a.mp4")
    with pytest.raises(QueryError, match=r"no file matches 'intersectoin.mp4'") as caught:
        find_files(["intersectoin.mp4"], tmp_path)
    assert caught.value.hint == "did you mean 'intersection.mp4'?"
    with pytest.raises(QueryError, match=r"no file matches '\*.avi'"):
        find_files(["*.avi"], tmp_path)
    with pytest.raises(QueryError, match="is a folder") as caught:
        find_files(["sub"], tmp_path)
    assert caught.value.hint == "name its files: 'sub/*.mp4'"
    with pytest.raises(QueryError, match="no file matches"):
        find_files(["nowhere/x.mp4"], tmp_path)


@pytest.mark.parametrize("url", ["http://camera/stream.mp4", "rtsp://10.0.0.1/live", "HTTPS://x/y.mkv"])
def test_urls(url: str, tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="is a URL"):
        find_files([url], tmp_path)


@pytest.mark.parametrize(
    ("name", "pattern", "start"),
    [
        ("1-2-2024 8h05.mp4", "%d-%m-%Y %Hh%M", datetime(2024, 2, 1, 8, 5)),
        ("201707211410.mp4", "%Y%m%d%H%M", datetime(2017, 7, 21, 14, 10)),
        ("cam12_20170721_141055-a.mp4", "%Y%m%d_%H%M%S", datetime(2017, 7, 21, 14, 10, 55)),
        ("cam12-201707211410.mp4", "%Y%m%d%H%M", datetime(2017, 7, 21, 14, 10)),
        ("gate 3 July 2021.mkv", "%d %B %Y", datetime(2021, 7, 3)),
        ("2021-07-03T08.00.00.250.ts", "%Y-%m-%dT%H.%M.%S.%f", datetime(2021, 7, 3, 8, 0, 0, 250000)),
    ],
)
def test_starts_in_names(name: str, pattern: str, start: datetime) -> None:
    assert start_in_name(Path(name), pattern) == start


def test_a_name_without_a_start() -> None:
    with pytest.raises(QueryError, match=r"'gate.mp4' does not match the pattern '%Y%m%d'"):
        start_in_name(Path("x/gate.mp4"), "%Y%m%d")
    with pytest.raises(QueryError, match="not match"):
        start_in_name(Path("20171399.mp4"), "%Y%m%d")
    with pytest.raises(QueryError, match="'%Q'"):
        start_in_name(Path("gate.mp4"), "%Q")
    with pytest.raises(QueryError, match="names no part of a time"):
        start_in_name(Path("gate.mp4"), "gate")


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three clips of 1 s (25 frames), the third a minute after the others and of another size."""
    folder = tmp_path_factory.mktemp("hour")
    return [
        make_clip(folder / "20240101_080001.mp4", frames=25),
        make_clip(folder / "20240101_080000.mp4", frames=25),
        make_clip(folder / "20240101_080100.mp4", frames=25, size=(320, 240)),
    ]


NAMED = {"start": "filename", "pattern": "%Y%m%d_%H%M%S"}


def test_files_by_their_starts(hour: list[Path]) -> None:
    video = open_video("cam", hour, NAMED, None)
    assert [f.path.name[-6:-4] for f in video.files] == ["00", "01", "00"]
    assert [f.first_frame for f in video.files] == [0, 25, 50]
    assert [f.offset for f in video.files] == [0, 1, 60]
    assert video.dated and video.start == datetime(2024, 1, 1, 8)
    assert video.frame_count == 75 and video.end_seconds == pytest.approx(61)
    frames = np.array([0, 24, 25, 49, 50, 74])
    assert video.file_of(frames).tolist() == [0, 0, 1, 1, 2, 2]
    assert video.seconds(frames) == pytest.approx([0, 0.96, 1, 1.96, 60, 60.96])
    assert video.microseconds(frames).tolist() == [0, 960_000, 1_000_000, 1_960_000, 60_000_000, 60_960_000]
    assert video.frame_end_seconds(frames) == pytest.approx([0.04, 1, 1.04, 2, 60.04, 61])
    assert video.segments(1) == [(0, 50), (50, 75)]
    assert video.segments(58) == [(0, 75)]


def test_files_end_to_end(hour: list[Path]) -> None:
    video = open_video("cam", hour, {}, None)
    assert not video.dated and video.start is None
    assert [f.path.name for f in video.files] == sorted(p.name for p in hour)
    assert video.seconds(np.array([0, 25, 50])) == pytest.approx([0, 1, 2])
    assert video.segments(100) == [(0, 25), (25, 50), (50, 75)]
    dated = open_video("cam", hour, {"start": "2024-05-01 10:00:00"}, None)
    assert [f.start for f in dated.files] == [datetime(2024, 5, 1, 10) + timedelta(seconds=n) for n in range(3)]
    assert dated.segments(0) == [(0, 75)]


def test_pictures_of_many_files(hour: list[Path]) -> None:
    video = open_video("cam", hour, NAMED, None)
    wanted = np.array([3, 24, 25, 60])
    got = list(read_frames(video, wanted))
    assert [n for n, _ in got] == wanted.tolist()
    assert [read_number(p) for _, p in got] == [3, 24, 0, 10]
    assert [p.shape for _, p in got] == [(120, 160, 3)] * 3 + [(240, 320, 3)]


def test_files_that_overlap(tmp_path: Path) -> None:
    first = make_clip(tmp_path / "20240101_080000.mp4", frames=75)
    second = make_clip(tmp_path / "20240101_080001.mp4", frames=25)
    with pytest.raises(QueryError, match=r"'20240101_080000.mp4' and '20240101_080001.mp4' overlap in time"):
        open_video("cam", [first, second], NAMED, None)


def test_files_cut_at_whole_seconds_may_overlap_by_less(tmp_path: Path) -> None:
    first = make_clip(tmp_path / "20240101_080000.mp4", frames=27)
    second = make_clip(tmp_path / "20240101_080001.mp4", frames=25)
    video = open_video("cam", [first, second], NAMED, None)
    seconds = video.seconds(np.arange(video.frame_count))
    assert (np.diff(seconds) > 0).all() and seconds[27] == pytest.approx(1.08)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": "filename"}, "needs a pattern"),
        ({"pattern": "%Y"}, "needs start = 'filename'"),
        ({"start": "yesterday"}, "'yesterday' is not a time"),
        ({"start": "2024-01-01T00:00:00Z"}, "has a time zone"),
        ({"start": "filename", "pattern": "%Y-%m"}, "does not match the pattern"),
    ],
)
def test_wrong_options(hour: list[Path], options: dict[str, object], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        open_video("cam", hour, options, None)


def test_notes_are_warned_once(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mkv")
    data = whole.read_bytes()
    part = tmp_path / "part.mkv"
    part.write_bytes(data[: len(data) * 2 // 3])
    with pytest.warns(VqeWarning, match="part.mkv: the file is cut short") as told:
        open_video("cam", [whole, part], {}, None)
    assert len(told) == 1


def test_wrong_frame_numbers(hour: list[Path]) -> None:
    video = open_video("cam", hour, {}, None)
    with pytest.raises(ValueError, match="rise"):
        read_frames(video, np.array([3, 3]))
    for wrong in (-1, 75):
        with pytest.raises(IndexError, match="frames 0 to 74"):
            video.seconds(np.array([wrong]))
    assert list(read_frames(video, np.array([], dtype=np.int64))) == []
    assert video.seconds(np.array([], dtype=np.int64)).tolist() == []


def test_closing_the_generator_closes_the_file(hour: list[Path]) -> None:
    from vqe.video import demux

    closed: list[bool] = []
    real = demux.Opened.close
    video = open_video("cam", hour, {}, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demux.Opened, "close", lambda self: (closed.append(True), real(self))[1])
        pictures = read_frames(video, np.arange(20))
        next(pictures)
        pictures.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_formats(hour: list[Path]) -> None:
    video = open_video("cam", hour, {}, None)
    ((_, bgr),) = read_frames(video, np.array([5]))
    ((_, rgb),) = read_frames(video, np.array([5]), "rgb24")
    assert np.abs(bgr[..., ::-1].astype(int) - rgb).max() <= 1
    assert bgr[..., 2].max() > bgr[..., 0].max()  # the clip's bright blocks are reddish
