"""The index of a file is what PyAV shows when it decodes the file from the start."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import make_clip, read_number
from vqe.video import FileIndex, index_file, open_video, read_frames
from vqe.video import shown as shown_module
from vqe.video.demux import opened, packet_table
from vqe.video.mp4 import mp4_boxes
from vqe.video.times import Stamps, repair

SHARED = Path(__file__).parents[3] / "shared" / "footage"

CLIPS: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "bframes.mp4": {"bframes": 2},
    "bframes.mkv": {"bframes": 2},
    "bframes.ts": {"bframes": 2},
    "bframes.avi": {"bframes": 2},
    "hevc.mp4": {"codec": "hevc", "bframes": 2},
    "tenbit.mp4": {"codec": "hevc", "pixels": "yuv420p10le"},
    "vp9.webm": {"codec": "vp9"},
    "av1.mkv": {"codec": "av1"},
    "av1.mp4": {"codec": "av1"},
    "mpeg4.avi": {"codec": "mpeg4", "bframes": 2},
    "mpeg4.mp4": {"codec": "mpeg4", "bframes": 2},
    "mjpeg.avi": {"codec": "mjpeg"},
    "mjpeg.mkv": {"codec": "mjpeg"},
    "audio.mp4": {"audio": True},
    "audio.ts": {"audio": True, "bframes": 2},
    "audio.webm": {"codec": "vp9", "audio": True},
    "late.mp4": {"start_pts": 100},
    "late.ts": {"start_pts": 100},
    "uneven.mp4": {"times": [n * 0.04 + n % 7 * 0.003 for n in range(50)], "bframes": 2},
    "uneven.mkv": {"times": [n * 0.04 + n % 7 * 0.003 for n in range(50)]},
    "full_range.mp4": {"pixels": "yuvj420p"},
    "odd.mkv": {"size": (161, 121), "pixels": "yuv444p"},
    "turned.mp4": {"rotation": 90},
    "over.mp4": {"rotation": 180},
    "back.mp4": {"rotation": 270},
    "fragments.mp4": {"container": {"movflags": "frag_keyframe+empty_moov"}},
    "faststart.mp4": {"container": {"movflags": "faststart"}},
    "one.mp4": {"frames": 1},
}


def truth(path: Path) -> tuple[list[int | None], list[bytes]]:
    """The stamps and pictures (as stored) that PyAV shows."""
    with av.open(str(path)) as container:
        shown = list(container.decode(video=0))
        return [f.pts for f in shown], [f.to_ndarray(format="bgr24").tobytes() for f in shown]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: make_clip(folder / name, **how) for name, how in CLIPS.items()}


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_what_pyav_shows(clips: dict[str, Path], name: str) -> None:
    path = clips[name]
    pts, pictures = truth(path)
    index = index_file(path, None)
    assert len(index.pts) == len(pts)
    assert (np.diff(index.seconds) > 0).all() and index.seconds[0] == 0
    if index.timed:
        assert index.pts.tolist() == pts
        exact = [float(Fraction(p - pts[0]) * index.time_base) for p in pts]
        assert index.seconds.tolist() == exact
    else:
        assert name == "bframes.avi"
    video = open_video("clip", [path], {}, None)
    got = dict(read_frames(video, np.arange(len(pts))))
    assert list(got) == list(range(len(pts)))
    for number, picture in got.items():
        assert read_number(picture) == number
        assert picture.shape == (index.height, index.width, 3)
        assert picture.flags.c_contiguous
        if not CLIPS[name].get("rotation"):
            assert picture.tobytes() == pictures[number]


@pytest.mark.parametrize("name", CLIPS)
def test_random_access_equals_reading_all(clips: dict[str, Path], name: str) -> None:
    video = open_video("clip", [clips[name]], {}, None)
    random = np.random.default_rng(7)
    for _ in range(6):
        count = int(random.integers(1, 7))
        wanted = np.sort(random.choice(video.frame_count, min(count, video.frame_count), replace=False))
        assert [(n, read_number(p)) for n, p in read_frames(video, wanted)] == [(n, n) for n in wanted]


def test_sizes_are_upright(clips: dict[str, Path]) -> None:
    index = index_file(clips["turned.mp4"], None)
    assert (index.width, index.height, index.rotation) == (120, 160, 90)


def test_uneven_times_are_kept(clips: dict[str, Path]) -> None:
    index = index_file(clips["uneven.mkv"], None)
    times = CLIPS["uneven.mkv"]["times"]
    assert np.allclose(index.seconds, times, atol=0.0011)


def test_figures(clips: dict[str, Path]) -> None:
    index = index_file(clips["plain.mp4"], None)
    assert (index.width, index.height, index.codec, index.rotation) == (160, 120, "h264", 0)
    assert index.rate == pytest.approx(25) and index.frame_duration == pytest.approx(0.04)
    assert index.duration == pytest.approx(2.0)
    assert index.keyframes.tolist() == [0, 10, 20, 30, 40]
    assert index.notes == () and index.timed and not index.damaged
    one = index_file(clips["one.mp4"], None)
    assert one.duration == pytest.approx(0.04)


# Long enough that the packets are asked instead of the decoder.
LONG = {
    "plain.mp4": {"gop": 50},
    "bframes.mp4": {"gop": 50, "bframes": 2},
    "bframes.mkv": {"gop": 50, "bframes": 2},
    "bframes.ts": {"gop": 50, "bframes": 2},
    "hevc.mkv": {"gop": 50, "codec": "hevc", "bframes": 2},
    "vp9.webm": {"gop": 50, "codec": "vp9"},
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_file_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = make_clip(tmp_path / name, frames=1100, size=(64, 64), **LONG[name])
    pts, _ = truth(path)
    monkeypatch.setattr(shown_module, "_decoded", lambda *_: pytest.fail("decoded the whole file"))
    index = index_file(path, None)
    assert index.pts.tolist() == pts
    assert len(index.keyframes) == 22
    video = open_video("clip", [path], {}, None)
    wanted = np.array([3, 430, 431, 777, 1099])
    assert [(n, read_number(p)) for n, p in read_frames(video, wanted)] == [(n, n) for n in wanted]


def test_packets_that_foretell_wrongly_are_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=1100, size=(64, 64), gop=50)
    honest = shown_module.table_pts

    def shifted(table: Any) -> Any:
        pts = honest(table)
        pts[-20:] += 3
        return pts

    monkeypatch.setattr(shown_module, "table_pts", shifted)
    assert index_file(path, None).pts.tolist() == truth(path)[0]


def test_a_single_group_of_pictures_is_decoded_whole(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=1100, size=(64, 64), gop=2000)
    told: list[tuple[int, int]] = []
    index = index_file(path, None, lambda done, total: told.append((done, total)))
    assert len(index.pts) == 1100 and told[-1] == (1100, 1100)
    assert all(a <= b for (a, _), (b, _) in pairwise(told))


def test_the_fast_table_of_an_mp4_equals_demuxing(clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = mp4_boxes(clips["plain.mp4"])
    assert boxes is not None and boxes.plain_times and boxes.missing == 0
    assert not mp4_boxes(clips["bframes.mp4"]).plain_times  # type: ignore[union-attr]
    assert not mp4_boxes(clips["fragments.mp4"]).plain_times  # type: ignore[union-attr]
    with opened(clips["plain.mp4"]) as file:
        fast = packet_table(file)
        assert not file.used
    monkeypatch.setattr("vqe.video.demux._mp4_table", lambda _: None)
    with opened(clips["plain.mp4"]) as file:
        assert (packet_table(file) == fast).all()


@pytest.mark.parametrize("name", [name for name in CLIPS if name.endswith("mp4")])
def test_edit_lists_that_hide_nothing_are_left_unapplied(clips: dict[str, Path], tmp_path: Path, name: str) -> None:
    def packets(path: Path, options: dict[str, str]) -> list[tuple[Any, ...]]:
        with av.open(str(path), container_options=options) as container:
            return [(p.pts, p.dts, p.size, p.is_discard) for p in container.demux(video=0)]

    plain = mp4_boxes(clips[name])
    assert plain is not None
    if plain.plain_edits:
        assert packets(clips[name], {}) == packets(clips[name], {"advanced_editlist": "0"})
    if name in ("plain.mp4", "bframes.mp4", "audio.mp4"):
        assert plain.plain_edits
        assert not mp4_boxes(edited(clips[name], tmp_path / "edited.mp4", 7)).plain_edits  # type: ignore[union-attr]


def edited(source: Path, target: Path, first: int) -> Path:
    """A copy of an MP4 without re-encoding, whose edit list hides the frames before `first`, as `ffmpeg -ss` makes."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        step = None
        for packet in old.demux(video=0):
            if packet.dts is None:
                continue
            step = step or packet.duration
            packet.stream = stream
            packet.pts -= first * step
            packet.dts -= first * step
            new.mux(packet)
    return target


@pytest.mark.parametrize("name", ["plain.mp4", "bframes.mp4"])
def test_an_edit_list_hides_frames(clips: dict[str, Path], tmp_path: Path, name: str) -> None:
    path = edited(clips[name], tmp_path / "edited.mp4", 7)
    pts, _ = truth(path)
    index = index_file(path, None)
    assert index.pts.tolist() == pts
    video = open_video("clip", [path], {}, None)
    hidden = 50 - len(pts)
    wanted = np.array([0, 1, 15, 40])
    assert [(n, read_number(p)) for n, p in read_frames(video, wanted)] == [(n, n + hidden) for n in wanted]


@pytest.mark.parametrize("name", ["plain.mp4", "bframes.mp4"])
def test_an_edit_list_of_a_long_file(tmp_path: Path, name: str) -> None:
    source = make_clip(tmp_path / name, frames=1100, size=(64, 64), **LONG[name])
    path = edited(source, tmp_path / "edited.mp4", 7)
    assert index_file(path, None).pts.tolist() == truth(path)[0]


def test_a_raw_stream_has_times_by_its_rate(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "raw.h264", bframes=2)
    index = index_file(path, None)
    assert not index.timed and index.keyframes.tolist() == [0]
    assert np.allclose(np.diff(index.seconds), 0.04)
    video = open_video("raw", [path], {}, None)
    assert [read_number(p) for _, p in read_frames(video, np.array([4, 33]))] == [4, 33]


def test_files_glued_together_go_on(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "part.ts", bframes=2)
    path = tmp_path / "twice.ts"
    path.write_bytes(part.read_bytes() * 2)
    index = index_file(path, None)
    assert len(index.pts) == 100 and not index.timed
    assert np.allclose(np.diff(index.seconds), 0.04)
    video = open_video("twice", [path], {}, None)
    assert [read_number(p) for _, p in read_frames(video, np.array([3, 48, 60]))] == [3, 48, 10]


def test_repair() -> None:
    base = Fraction(1, 1000)
    assert repair([0, 40, 80], base, 25)[1] is Stamps.OWN
    pts, source = repair([0, 80, 40, 120], base, 25)
    assert pts.tolist() == [0, 40, 80, 120] and source is Stamps.SORTED
    assert repair([None] * 3, base, 25)[0].tolist() == [0, 40, 80]
    assert repair([0, 40, None, 120], base, 25)[0].tolist() == [0, 40, 80, 120]
    assert repair([0, 40, 40, 80], base, 25)[0].tolist() == [0, 40, 41, 80]
    pts, source = repair([5000, 5040, 0, 40], base, 25)
    assert pts.tolist() == [5000, 5040, 5080, 5120] and source is Stamps.MADE


def test_indexes_compare_by_fingerprint(clips: dict[str, Path], tmp_path: Path) -> None:
    index = index_file(clips["plain.mp4"], None)
    copy = tmp_path / "another name.mp4"
    copy.write_bytes(clips["plain.mp4"].read_bytes())
    assert index_file(copy, None) == index and hash(index_file(copy, None)) == hash(index)
    assert index_file(clips["late.mp4"], None) != index
    assert isinstance(index, FileIndex) and len(index.fingerprint) == 32


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="no development footage")
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("motorway.avi", 748),
        ("highway.avi", 1699),
        ("vtest.avi", 795),
        ("intersection.mp4", 252),
        ("hallway.mp4", 1394),
    ],
)
def test_footage(name: str, count: int) -> None:
    index = index_file(SHARED / name, None)
    assert len(index.pts) == count
    assert (np.diff(index.seconds) > 0).all()
    if index.timed:
        with av.open(str(SHARED / name)) as container:
            assert [f.pts for f in container.decode(video=0)] == index.pts.tolist()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="no development footage")
def test_footage_by_random_access() -> None:
    for name, wanted in (("motorway.avi", [310, 311, 640]), ("crossing.mp4", [3, 1234, 35999])):
        path = SHARED / name
        video = open_video("clip", [path], {}, None)
        got = dict(read_frames(video, np.array(wanted)))
        assert list(got) == wanted
        if name == "motorway.avi":
            _, pictures = truth(path)
            assert all(picture.tobytes() == pictures[n] for n, picture in got.items())
