"""Some frames are looked at first, and all those that are near to where there may be something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.video.frame import PictureType
from clips import make_files
from numpy.typing import NDArray

from vqe.video import Seen, Skim, Thumbnails, Video, open_video, thumbnails
from vqe.video.front import Front
from vqe.video.part import Held, skimmed
from vqe.video.readers import Readers

SIDE, APART, FRAMES = 24, 3, 240
REACH = 8
HOT = range(130, 134)  # in the third group of 60
CLIPS: dict[str, dict[str, Any]] = {
    "P-frames": {"gop": 60},
    "B-frames": {"gop": 60, "bframes": 2},
    "HEVC": {"gop": 60, "bframes": 2, "codec": "hevc"},
}
Numbers = NDArray[np.int64]
Bools = NDArray[np.bool_]


@pytest.fixture(scope="module", params=CLIPS)
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Video:
    return open_video("clip", make_files(tmp_path_factory.mktemp("clips"), [CLIPS[request.param]], FRAMES), {}, None)


@pytest.fixture(autouse=True)
def _several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads, whatever the machine has."""
    monkeypatch.setattr(thumbnails, "cores", lambda: 3)


def scores_of(frames: Numbers) -> NDArray[np.float32]:
    """Low and rising; high in the middle of one group."""
    return np.where(np.isin(frames, HOT), 0.9, frames / 10_000).astype(np.float32)


class Watch:
    """Skims, and remembers which frames were looked at for that, and which one by one."""

    def __init__(self, drawn: Numbers | None = None, rough: int = FRAMES) -> None:
        self.rough = rough
        self.drawn = np.empty(0, np.int64) if drawn is None else drawn
        self.glanced: list[int] = []
        self.looked: list[int] = []
        self._lock = threading.Lock()

    def skim(self) -> Skim:
        def look(frames: Numbers, small: NDArray[np.uint8]) -> NDArray[np.float32]:
            assert small.shape == (len(frames), SIDE, SIDE)
            with self._lock:
                self.glanced += frames.tolist()
            return scores_of(frames)

        return Skim(APART, self.rough, look, lambda _, scores: scores >= 0.5, REACH, lambda f: np.isin(f, self.drawn))

    def look(self) -> Callable[[Numbers, NDArray[np.uint8]], tuple[NDArray[np.float32], Bools]]:
        def look(frames: Numbers, _: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Bools]:
            with self._lock:
                self.looked += frames.tolist()
            return scores_of(frames), np.isin(frames, HOT)

        return look


def streamed(reader: Thumbnails, watch: Watch, frames: Numbers, skim: bool = True) -> Iterator[Seen]:
    parts = (frames[part] for part in reader.parts(frames, np.ones(len(frames), np.bool_)))
    return reader.stream(parts, watch.look, watch.skim if skim else None)


def together(seen: list[Seen]) -> tuple[Numbers, NDArray[np.float32]]:
    return np.concatenate([s.frames for s in seen]), np.concatenate([s.scores for s in seen if s.scores is not None])


def near_hot() -> set[int]:
    """What is near to any hot frame, whichever of them are looked at first."""
    return set(range(HOT.start - REACH, HOT.stop + REACH))


def test_what_is_near_to_something_is_looked_at(video: Video) -> None:
    watch = Watch()
    with Thumbnails(video, SIDE) as reader:
        seen = list(streamed(reader, watch, np.arange(FRAMES)))
        assert reader.skimmed == FRAMES and reader.skimming > 0 and reader.seconds > 0
        assert reader.holds(np.array(HOT))
    frames, scores = together(seen)
    assert frames.tolist() == list(range(FRAMES))
    assert set(HOT) < set(watch.looked) <= near_hot() and sorted(watch.looked) == watch.looked
    looked = np.array(watch.looked)
    assert looked[0] <= HOT.stop - 1 - REACH and looked[-1] >= HOT.start + REACH
    assert np.array_equal(scores[looked], scores_of(looked))
    others = np.setdiff1d(frames, looked)
    assert np.allclose(scores[others], scores_of(others), atol=1e-3), "as the frames beside them"
    assert len(seen) == 2 and all(s.thumbnails is None for s in seen), "64 frames are a part, and more than a group"


def test_no_frame_is_far_from_one_that_was_looked_at(video: Video) -> None:
    watch = Watch()
    with Thumbnails(video, SIDE) as reader:
        list(streamed(reader, watch, np.arange(120)))
    gaps = np.diff(sorted(watch.glanced))
    assert gaps.max() <= 2 * APART and len(watch.glanced) < 60
    assert sorted(watch.glanced)[0] == 0 and not watch.looked


def test_gaps_have_ends_that_are_looked_at(video: Video) -> None:
    """As far as they are decoded for others."""
    frames = np.concatenate([np.arange(0, 12), np.arange(20, 31), np.arange(60, 72)])
    watch = Watch()
    with Thumbnails(video, SIDE) as reader:
        list(streamed(reader, watch, frames))
    looked = np.array(sorted(watch.glanced))
    assert {0, 60, 71} <= {*looked.tolist()} and all(np.abs(looked - n).min() <= APART for n in (11, 20, 30))


def test_of_files_that_nothing_is_known_of_pictures_are_exact(tmp_path: Path) -> None:
    """Frames that others lean on are left out before a number only."""
    how = {"gop": 60, "bframes": 3, "options": {"preset": "medium", "x264-params": "b-pyramid=normal:b-adapt=0"}}
    two = open_video("clip", make_files(tmp_path, [how, how], 120), {}, None)
    decoded = []
    for rough in (240, 120, 0):
        watch = Watch(rough=rough)
        with Thumbnails(two, SIDE) as reader:
            list(streamed(reader, watch, np.concatenate([np.arange(0, 120), np.arange(120, 240)])))
            decoded.append(reader.decoded)
        assert np.diff(sorted(set(watch.glanced))).max() <= 2 * APART
    assert decoded[0] < 0.8 * decoded[2]
    assert decoded[0] + decoded[2] == pytest.approx(2 * decoded[1], abs=4)


def test_fewer_are_decoded_where_some_are_leant_on_by_nobody(video: Video) -> None:
    decoded = []
    for skim in (True, False):
        with Thumbnails(video, SIDE) as reader:
            list(streamed(reader, Watch(), np.arange(120), skim))
            decoded.append(reader.decoded)
    with Readers(1, lone=True).reader(video.files[0], 0) as reader:
        bidirectional = any(frame.pict_type == PictureType.B for _, frame in reader.frames(np.arange(60)))
    assert (decoded[0] < 0.9 * decoded[1]) == bidirectional


def test_what_is_drawn_is_held_and_has_no_part_in_what_is_told(video: Video) -> None:
    """A frame that is checked must fare as those do that nobody looks at."""
    drawn = np.array([12, 31, 66])
    watch, others = Watch(drawn), Watch()
    with Thumbnails(video, SIDE) as reader:
        found, scores = together(list(streamed(reader, watch, np.arange(120))))
        assert reader.holds(drawn)
        assert [n for n, _ in reader.pictures(drawn)] == drawn.tolist()
    assert found.tolist() == list(range(120))
    assert not set(watch.glanced) & set(drawn)
    with Thumbnails(video, SIDE) as reader:
        list(streamed(reader, others, np.arange(120)))
    assert set(others.glanced) & set(drawn), "they would have been looked at"
    assert np.allclose(scores, scores_of(np.arange(120)), atol=1e-3)


def test_a_drawn_frame_gives_nothing_away(video: Video) -> None:
    """What only the frame that is checked shows is missed, as it would have been unchecked."""
    watch = Watch(np.array(HOT))
    with Thumbnails(video, SIDE) as reader:
        _, scores = together(list(streamed(reader, watch, np.arange(FRAMES))))
        assert reader.holds(np.array(HOT))
    assert not watch.looked and scores.max() < 0.5


def test_what_is_looked_at_anyway_is_held_once(video: Video) -> None:
    """And in order, as far as there is room."""
    room = threading.Semaphore(7)
    front, held = Front(video, SIDE, Readers(1, lone=True)), Held(room)
    drawn = np.array([122, 131, 133, 150, 160])
    watch, frames = Watch(drawn), np.arange(120, 180)
    told = skimmed(front, frames, watch.skim(), held)
    assert told is not None and [number for number, _, _ in held.frames] == drawn.tolist()
    seen = told.looked_at(front, watch.look(), held)
    assert seen.frames.tolist() == frames.tolist()
    assert [number for number, _, _ in held.taken()] == sorted({*HOT, *drawn})
    assert all(room.acquire(blocking=False) for _ in range(7)) and not room.acquire(blocking=False)


def test_what_is_near_but_cannot_be_decoded_is_left_out(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    front, watch, frames = Front(video, SIDE, Readers(1, lone=True)), Watch(), np.arange(120, 180)
    held = Held(threading.Semaphore(3))
    told = skimmed(front, frames, watch.skim(), held)
    real = Front.frames
    monkeypatch.setattr(Front, "frames", lambda *given: (f for f in real(*given) if f[0] != HOT.start + 1))
    assert told is not None
    seen = told.looked_at(front, watch.look(), held)
    assert seen.frames.tolist() == sorted({*frames.tolist()} - {HOT.start + 1})
    assert seen.scores is not None and np.allclose(seen.scores, scores_of(seen.frames), atol=0.9 / APART)


def test_what_begins_with_the_last_frame_is_seen(video: Video) -> None:
    watch = Watch()
    with Thumbnails(video, SIDE) as reader:
        list(streamed(reader, watch, np.arange(100)))
    assert 99 in watch.glanced


def test_what_cannot_be_decoded_apart_is_not_skimmed(tmp_path: Path) -> None:
    (path,) = make_files(tmp_path, [{"gop": 9999, "size": (64, 64)}], 1030)
    watch, frames = Watch(), np.arange(1030)
    with Thumbnails(open_video("clip", [path], {}, None), SIDE) as reader:
        found, _ = together(list(streamed(reader, watch, frames)))
        assert reader.decoded <= 1030 and not reader.skimmed
    assert found.tolist() == sorted(watch.looked) == frames.tolist() and not watch.glanced


def test_gaps_are_left_as_they_are(video: Video) -> None:
    frames = np.concatenate([np.arange(0, 20), np.arange(50, 60), np.arange(70, 110)])
    with Thumbnails(video, SIDE) as reader:
        found, scores = together(list(streamed(reader, Watch(), frames)))
    assert found.tolist() == frames.tolist() and np.allclose(scores, scores_of(frames), atol=1e-3)


def test_a_part_of_which_too_little_can_be_decoded_is_not_skimmed(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Front.frames

    def losing(self: Front, *needs: Any) -> Any:
        return (found for found in real(self, *needs) if found[0] not in range(6, 24))

    monkeypatch.setattr(Front, "frames", losing)
    front = Front(video, SIDE, Readers(1, lone=True))
    assert skimmed(front, np.arange(60), Watch().skim(), Held(threading.Semaphore(3))) is None
    assert not front.lost.total(), "whoever looks at all of it counts what is lost"


def test_short_files_are_skimmed_together(tmp_path: Path) -> None:
    two = open_video("clip", make_files(tmp_path, [{"gop": 60}, {"gop": 60, "bframes": 2}], 40), {}, None)
    watch = Watch()
    with Thumbnails(two, SIDE) as reader:
        frames, scores = together(list(streamed(reader, watch, np.arange(80))))
    assert frames.tolist() == list(range(80)) and np.allclose(scores, scores_of(frames), atol=1e-3)
    assert not watch.looked
