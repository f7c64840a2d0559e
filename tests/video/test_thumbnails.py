"""Thumbnails made on all cores are those made in order, and what may need a closer look stays at hand."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import make_clip, make_files
from numpy.typing import NDArray

import vqe
from vqe.video import Look, Scenery, Seen, Thumbnails, Video, open_video, read_frames, thumbnails
from vqe.video.scenery import FEWEST_KEYS
from vqe.video.stretches import LONGEST, independent

SIDE = 24
CLIPS: dict[str, list[dict[str, Any]]] = {
    "short groups": [{}],
    "long groups": [{"gop": 120, "frames": 260}],
    "B-frames": [{"bframes": 2, "gop": 30}],
    "B-frames in MKV": [{"bframes": 2, "gop": 30, "suffix": ".mkv"}],
    "HEVC, groups that lean on others": [{"codec": "hevc", "bframes": 2, "gop": 30}],
    "two files": [{"gop": 30}, {"gop": 50, "frames": 100, "bframes": 2}],
    "one key frame": [{"gop": 9999}],
    "no second key frame for long": [{"gop": 9999, "frames": LONGEST + 30, "size": (64, 64)}],
    "damaged": [{"codec": "mjpeg", "suffix": ".mkv"}],
}
Numbers = NDArray[np.int64]


def hurt(path: Path) -> None:
    """Two pictures cannot be decoded any more."""
    data = bytearray(path.read_bytes())
    starts = [found.start() for found in re.finditer(rb"\xff\xd8\xff", data)]  # of Motion JPEG's pictures
    for n in (30, 90):
        data[starts[n] : starts[n] + 300] = bytes(300)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Video]:
    made = {}
    for name, files in CLIPS.items():
        paths = make_files(tmp_path_factory.mktemp("clips"), files, 160)
        if name == "damaged":
            hurt(*paths)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damage
            made[name] = open_video("clip", paths, {}, None)
    return made


@pytest.fixture(autouse=True)
def _several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads, whatever the machine has."""
    monkeypatch.setattr(thumbnails, "cores", lambda: 3)


def look(frames: Numbers, small: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Each has a score by its number and picture; every seventh may need a closer look."""
    return scores_of(frames, small), frames % 7 == 3


def scores_of(frames: Numbers, small: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (frames + small.mean((1, 2)) / 256).astype(np.float32)


def streamed(
    reader: Thumbnails, frames: Numbers, wanted: NDArray[np.bool_] | None = None, how: Look = look
) -> Iterator[Seen]:
    wanted = np.ones(len(frames), np.bool_) if wanted is None else wanted
    return reader.stream((frames[p][wanted[p]] for p in reader.parts(frames, wanted)), lambda: how)


def together(seen: list[Seen]) -> tuple[Numbers, NDArray[np.uint8], NDArray[np.float32]]:
    frames, small = [s.frames for s in seen], [s.thumbnails for s in seen]
    return (
        np.concatenate(frames),
        np.concatenate(small),
        np.concatenate([s.scores for s in seen if s.scores is not None]),
    )


def chosen(video: Video, how: str) -> Numbers:
    frames = np.arange(video.frame_count)
    if how == "third":
        return frames[1::3]
    if how == "few":
        return np.sort(np.random.default_rng(1).choice(frames, 12, replace=False))
    return frames


def test_clips_are_what_they_are_called(videos: dict[str, Video]) -> None:
    apart = {name: all(independent(file) for file in video.files) for name, video in videos.items()}
    assert [name for name, can in apart.items() if not can] == ["no second key frame for long", "damaged"]
    assert videos["damaged"].files[0].index.damaged and videos["damaged"].frame_count == 158
    assert len(videos["one key frame"].files[0].index.keyframes) == 1


@pytest.mark.parametrize("how", ["all", "third", "few"])
@pytest.mark.parametrize("name", CLIPS)
def test_a_stream_gives_what_reading_in_order_gives(videos: dict[str, Video], name: str, how: str) -> None:
    video = videos[name]
    frames = chosen(video, how)
    with Thumbnails(video, SIDE) as reader:
        numbers, small = reader.read(frames)
    with Thumbnails(video, SIDE) as reader:
        found, pictures, scores = together(list(streamed(reader, frames)))
        assert reader.seconds > 0
    assert found.tolist() == numbers.tolist() == frames.tolist()
    assert np.array_equal(pictures, small)
    assert np.array_equal(scores, scores_of(numbers, small))
    assert len(np.unique(small.reshape(len(small), -1), axis=0)) > len(small) / 2, "the pictures do not tell"


@pytest.mark.parametrize("name", CLIPS)
def test_what_may_need_a_closer_look_is_held(videos: dict[str, Video], name: str) -> None:
    video = videos[name]
    frames = np.arange(video.frame_count)
    closer = frames[frames % 7 == 3]
    exact = dict(read_frames(video, frames))
    with Thumbnails(video, SIDE) as reader:
        assert len(closer) < reader.room
        list(streamed(reader, frames))
        assert reader.holds(closer)
        assert not any(reader.holds(frames[n : n + 1]) for n in range(len(frames)) if n % 7 != 3)
        for number, picture in reader.pictures(closer):
            assert np.array_equal(picture, exact[number])
        both = frames[::5]
        assert [n for n, _ in reader.pictures(both)] == both.tolist()


def test_one_part_may_take_all_the_room(videos: dict[str, Video], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something happens, most of a part may be looked at again, and nothing of the parts beside it."""
    video = videos["long groups"]
    monkeypatch.setattr(thumbnails, "HELD_BYTES", 60 * 3 * video.width * video.height // 2)
    dense = np.arange(130, 180)
    with Thumbnails(video, SIDE) as reader:
        assert reader.room == 60
        list(streamed(reader, np.arange(260), how=lambda f, s: (scores_of(f, s), np.isin(f, dense))))
        assert reader.holds(dense)


def test_where_there_is_no_room_pictures_are_decoded_again(
    videos: dict[str, Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    video = videos["two files"]
    monkeypatch.setattr(thumbnails, "HELD_BYTES", 1)
    monkeypatch.setattr(thumbnails, "LARGE_HELD_BYTES", 1)
    frames = np.arange(video.frame_count)
    exact = dict(read_frames(video, frames))
    with Thumbnails(video, SIDE) as reader:
        taken = 0
        for seen in streamed(reader, frames, how=lambda f, s: (scores_of(f, s), np.ones(len(f), np.bool_))):
            assert len(reader._held) <= reader.room == 8
            for number, picture in reader.pictures(seen.frames):
                assert np.array_equal(picture, exact[number])
                taken += 1
        assert reader.holds(frames[-1:]), "the last are the first that will be asked for"
    assert taken == video.frame_count


def test_reading_may_go_back(videos: dict[str, Video]) -> None:
    frames = np.arange(160)
    with Thumbnails(videos["B-frames"], SIDE) as reader:
        _, small = reader.read(frames)
        for part in (slice(100, 120), slice(40, 60), slice(59, 62), slice(0, 1)):
            numbers, again = reader.read(frames[part])
            assert numbers.tolist() == frames[part].tolist() and np.array_equal(again, small[part])


def test_a_long_window_has_its_pictures_at_hand(videos: dict[str, Video]) -> None:
    video = videos["short groups"]
    plain, wide = Thumbnails(video, SIDE), Thumbnails(video, SIDE, window=20_000)
    assert plain.room < 20_000 < wide.room
    each = 3 * video.width * video.height // 2
    assert Thumbnails(video, SIDE, window=10**9).room < 1.01 * thumbnails.MOST_HELD_BYTES / each


def test_frames_that_are_not_wanted_are_not_decoded(videos: dict[str, Video]) -> None:
    video = videos["two files"]
    frames = np.arange(video.frame_count)
    wanted = (frames % 100 < 30) & (frames < 200)
    with Thumbnails(video, SIDE) as reader:
        parts = list(reader.parts(frames, wanted))
        assert parts[0].start == 0 and parts[-1].stop == len(frames)
        found, _, _ = together([s for s in streamed(reader, frames, wanted) if len(s.frames)])
    assert found.tolist() == frames[wanted].tolist()


def test_backgrounds_are_the_same_for_all_threads(videos: dict[str, Video]) -> None:
    video = videos["two files"]
    frames = np.arange(video.frame_count)
    with Thumbnails(video, SIDE) as reader:
        _, small = reader.read(frames)
        expected = np.abs(small.astype(float) - reader.backgrounds(frames)).mean((1, 2))
    with Thumbnails(video, SIDE) as reader:

        def beside(f: Numbers, s: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
            behind = reader.backgrounds(f)
            return np.abs(s.astype(float) - behind).mean((1, 2)).astype(np.float32), f < 0

        _, _, scores = together(list(streamed(reader, frames, how=beside)))
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_backgrounds_are_made_once_for_all_who_share_them(videos: dict[str, Video]) -> None:
    video = videos["short groups"]
    frames, scenery = np.arange(video.frame_count), Scenery(video)
    with Thumbnails(video, SIDE, scenery=scenery) as one, Thumbnails(video, SIDE, scenery=scenery) as other:
        first = one.backgrounds(frames)
        made, seconds = scenery.keys_read, scenery.key_seconds
        assert made >= FEWEST_KEYS and seconds > 0, "key frames are enough"
        assert np.array_equal(other.backgrounds(frames), first)
        assert (scenery.keys_read, scenery.key_seconds) == (made, seconds)
    with Thumbnails(video, SIDE) as alone:
        assert np.array_equal(alone.backgrounds(frames), first)
    assert scenery.backgrounds(frames[:1], 2 * SIDE).shape == (1, 2 * SIDE, 2 * SIDE)
    scenery.close()


def test_each_thread_has_a_look_of_its_own(videos: dict[str, Video]) -> None:
    used: list[set[int]] = []
    meeting = threading.Barrier(3, timeout=10)  # so that each has work

    def make() -> Look:
        own: set[int] = set()
        used.append(own)

        def own_look(f: Numbers, _: NDArray[np.uint8]) -> tuple[None, NDArray[np.bool_]]:
            if not own:
                meeting.wait()
            own.add(int(f[0]))
            return None, np.zeros(len(f), np.bool_)

        return own_look

    frames = np.arange(160)
    with Thumbnails(videos["short groups"], SIDE) as reader:
        seen = list(reader.stream((frames[p] for p in reader.parts(frames, frames >= 0)), make))
    assert len(used) == 3
    assert sum(map(len, used)) == len(set().union(*used)) >= 4
    assert all(part.scores is None for part in seen)


@pytest.mark.parametrize("name", ["short groups", "damaged"])
def test_whoever_goes_early_leaves_nothing_at_work(videos: dict[str, Video], name: str) -> None:
    with Thumbnails(videos[name], SIDE) as reader:
        stream = streamed(reader, np.arange(80))
        assert next(stream).frames[0] == 0
        stream.close()  # type: ignore[attr-defined]
        assert not [t for t in threading.enumerate() if t.name.startswith("vqe-video")]
        assert list(reader.pictures(np.array([3])))


def test_what_a_look_raises_is_raised(videos: dict[str, Video]) -> None:
    def bad(f: Numbers, _: NDArray[np.uint8]) -> Any:
        raise RuntimeError(f"cannot look at {len(f)} frames")

    with Thumbnails(videos["short groups"], SIDE) as reader, pytest.raises(RuntimeError, match="cannot look at"):
        list(streamed(reader, np.arange(80), how=bad))


def test_nothing_is_asked_for(videos: dict[str, Video]) -> None:
    make: Callable[[], Look] = lambda: look  # noqa: E731
    with Thumbnails(videos["short groups"], SIDE) as reader:
        assert list(reader.stream(iter(()), make)) == []
        (seen,) = reader.stream(iter([np.empty(0, np.int64)]), make)
        assert len(seen.frames) == 0 and seen.thumbnails.shape == (0, SIDE, SIDE)


def test_the_largest_file_says_how_much_is_held(tmp_path: Path) -> None:
    make_files(tmp_path, [{"size": (64, 48)}, {"size": (1280, 720)}], 3)
    video = open_video("cam", sorted(tmp_path.glob("*.mp4")), {}, None)
    with Thumbnails(video, 16) as reader:
        assert reader.room * 1280 * 720 * 1.5 <= thumbnails.LARGE_HELD_BYTES


def test_indexing_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    """Of what has to be decoded for that, which takes long."""
    clip = make_clip(tmp_path / "clip.avi", 200)
    cancelled = threading.Event()
    with vqe.connect(tmp_path / "db") as db:
        library = db._engine.library
        with library.cancellable(cancelled):
            cancelled.set()
            with pytest.raises(KeyboardInterrupt):
                library.open_path(str(clip))
        assert library.open_path(str(clip)).video.frame_count == 200
