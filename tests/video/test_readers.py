"""Readers that many share: as few as there may be, each where it is of most use, and nobody waits for ever."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import make_clip, make_files
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.video import Readers, Thumbnails, Video, open_video, readers, thumbnails
from vqe.video.frames import FrameReader
from vqe.video.video import VideoFile

CLIPS: dict[str, dict[str, Any]] = {
    "short groups": {},
    "B-frames in TS": {"bframes": 2, "gop": 30, "suffix": ".ts"},
    "HEVC, groups that lean on others": {"codec": "hevc", "bframes": 2, "gop": 30},
    "packed B-frames in AVI": {"bframes": 2, "codec": "mpeg4", "suffix": ".avi"},
    "one key frame": {"gop": 9999},
}


@pytest.fixture(scope="module", params=CLIPS)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VideoFile:
    paths = make_files(tmp_path_factory.mktemp("clips"), [CLIPS[request.param]], 120)
    return open_video("clip", paths, {}, None).files[0]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Video:
    paths = make_files(tmp_path_factory.mktemp("two"), [{}, {"gop": 30}], 120)
    return open_video("clip", paths, {}, None)


@pytest.fixture
def open_now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were open after each time that one was opened or closed."""
    counts, lock, real = [0], threading.Lock(), readers.opened

    def count(by: int) -> None:
        with lock:
            counts.append(counts[-1] + by)

    @contextmanager
    def counted(*given: Any) -> Iterator[Any]:
        with real(*given) as source:
            count(1)
            try:
                yield source
            finally:
                count(-1)

    monkeypatch.setattr(readers, "opened", counted)
    return counts


def shown(shared: Readers, file: VideoFile, frames: NDArray[np.int64]) -> list[tuple[int, int | None]]:
    """The numbers of these frames, and the stamps that they bear."""
    with shared.reader(file, int(frames[0])) as reader:
        return [(number, frame.pts) for number, frame in reader.frames(frames)]


def test_a_reader_goes_wherever_it_is_wanted(file: VideoFile) -> None:
    shared = Readers(1, lone=True)
    whole = shown(Readers(1, lone=True), file, np.arange(120))
    chance = np.random.default_rng(2)
    for _ in range(12):
        start = int(chance.integers(0, 110))
        frames = np.arange(start, int(chance.integers(start + 1, 121)), int(chance.integers(1, 4)))
        assert shown(shared, file, frames) == [whole[n] for n in frames]
    shared.close()


@pytest.mark.parametrize(
    ("name", "fewer"), [("B-frames in TS", True), ("HEVC, groups that lean on others", True), ("short groups", False)]
)
def test_what_nobody_wants_is_not_decoded_where_nobody_leans_on_it(name: str, fewer: bool, tmp_path: Path) -> None:
    (file,) = open_video("clip", make_files(tmp_path, [CLIPS[name]], 120), {}, None).files
    with Readers(1, lone=True).reader(file, 0) as reader:
        assert [n for n, _ in reader.frames(np.arange(2, 120, 4))] == list(range(2, 120, 4))
        assert (reader.shown < 110) == fewer
        assert reader.lost == 0


def test_frames_that_are_wanted_without_need_may_be_left_out(tmp_path: Path) -> None:
    (file,) = open_video("clip", make_files(tmp_path, [CLIPS["B-frames in TS"]], 120), {}, None).files
    needed = np.arange(5, 120, 10)
    shared = Readers(1, lone=True)
    with shared.reader(file, 0) as reader:
        found = [n for n, _ in reader.frames(np.arange(120), needed)]
        assert reader.lost == 0
    assert set(needed) < set(found) and len(found) < 110
    missing = sorted(set(range(120)) - set(found))
    assert [n for n, _ in shown(shared, file, np.array(missing))] == missing, "they are there for whoever needs them"


def test_whoever_goes_on_early_finds_what_was_left_out(tmp_path: Path) -> None:
    (file,) = open_video("clip", make_files(tmp_path, [CLIPS["B-frames in TS"]], 120), {}, None).files
    shared = Readers(1, lone=True)
    for stop in range(3, 60, 5):
        with shared.reader(file, 0) as reader:
            source = reader.frames(np.arange(0, 110, 10))
            for _ in range(stop // 10 + 1):
                next(source)
            source.close()
        frames = np.arange(10 * (stop // 10) + 1, 10 * (stop // 10) + 9)
        assert [n for n, _ in shown(shared, file, frames)] == frames.tolist()


def test_no_more_are_open_than_there_may_be(two: Video, open_now: list[int]) -> None:
    shared, meeting = Readers(3, lone=True), threading.Barrier(3, timeout=20)

    def work(_: int) -> None:
        for turn in range(6):
            file = two.files[turn % 2]
            with shared.reader(file, 10) as reader:
                if turn < 3:
                    meeting.wait()  # all go from one file to the other together
                assert next(reader.frames(np.array([10])))[0] == 10

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert max(open_now) == 3
    shared.close()
    assert open_now[-1] == 0


def test_the_one_that_stands_closest_goes_on(two: Video, open_now: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    shared, back = Readers(2, lone=True), []
    real = FrameReader.go_back
    monkeypatch.setattr(FrameReader, "go_back", lambda self: (back.append(self), real(self)))
    with shared.reader(two.files[0], 0) as far, shared.reader(two.files[0], 0) as near:
        list(far.frames(np.array([100])))
        list(near.frames(np.array([5])))
    with shared.reader(two.files[0], 6) as chosen:
        assert chosen is near
    with shared.reader(two.files[0], 101) as chosen:
        assert chosen is far
    assert not back
    with shared.reader(two.files[0], 3):
        assert len(back) == 1
    assert max(open_now) == 2
    shared.close()


def test_behind_a_lost_frame_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_clip(tmp_path / "long.mkv", 1100, (64, 64), codec="mjpeg")
    data = bytearray(path.read_bytes())
    start = [found.start() for found in re.finditer(rb"\xff\xd8\xff", data)][400]
    data[start : start + 300] = bytes(300)
    path.write_bytes(data)
    (file,) = open_video("long", [path], {}, None).files
    monkeypatch.setattr(FrameReader, "go_back", lambda _: pytest.fail("it went back"))
    shared = Readers(1, lone=True)
    found = [n for start in range(390, 410) for n, _ in shown(shared, file, np.array([start]))]
    assert found == [n for n in range(390, 410) if n != 400]
    shared.close()


def test_a_file_that_has_gone_takes_no_room(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", 20, (64, 64))
    (file,) = open_video("clip", [path], {}, None).files
    path.unlink()
    shared = Readers(1, lone=True)
    for _ in range(3):
        with pytest.raises(RunError, match="there is no file"), shared.reader(file, 0):
            pass
    assert shared._open == 0


def test_one_core_does_not_wait_for_itself(two: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that nobody takes to the end, while a stream wants to go on."""
    monkeypatch.setattr(thumbnails, "cores", lambda: 1)
    frames = np.arange(two.frame_count)
    taken, real = threading.Event(), Readers.reader

    @contextmanager
    def late(self: Readers, file: VideoFile, first: int) -> Iterator[FrameReader]:
        """The stream's thread comes second."""
        if first and threading.current_thread().name.startswith("vqe-video"):
            taken.wait(10)
        with real(self, file, first) as reader:
            yield reader

    monkeypatch.setattr(Readers, "reader", late)

    def look(f: NDArray[np.int64], _: NDArray[np.uint8]) -> tuple[None, NDArray[np.bool_]]:
        return None, f < 0

    def work() -> None:
        with Thumbnails(two, 24) as reader:
            stream = reader.stream((frames[part] for part in reader.parts(frames, frames >= 0)), lambda: look)
            next(stream)
            pictures = reader.pictures(frames[5:8])
            next(pictures)
            taken.set()
            stream.close()  # type: ignore[attr-defined]

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(20)
    assert not worker.is_alive()
