"""How many bytes each frame has taken: those of the packet that bears its stamp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clips import make_clip

from vqe.video import cache as kept
from vqe.video import index_file

KNOWN: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "bframes.mp4": {"bframes": 2},
    "bframes.mkv": {"bframes": 2},
    "bframes.ts": {"bframes": 2},
    "late.mp4": {"start_pts": 100, "bframes": 2},
    "fragments.mp4": {"container": {"movflags": "frag_keyframe+empty_moov"}},
    "hevc.mp4": {"codec": "hevc", "bframes": 2},
    "mjpeg.mkv": {"codec": "mjpeg"},
    "mpeg4.avi": {"codec": "mpeg4", "bframes": 2},
    "sound.ts": {"audio": True, "frames": 20},
    "long.mp4": {"frames": 1100, "size": (64, 64), "gop": 50, "bframes": 2},
}


def packets_of(path: Path) -> dict[int | None, int]:
    """By stamp, as PyAV reads them."""
    with av.open(str(path)) as container:
        return {p.pts: p.size for p in container.demux(video=0) if p.size}


@pytest.mark.parametrize("name", KNOWN)
def test_each_frame_has_the_bytes_of_its_packet(tmp_path: Path, name: str) -> None:
    path = make_clip(tmp_path / name, **KNOWN[name])
    index, packets = index_file(path, None), packets_of(path)
    assert index.sizes.dtype == np.int32
    assert index.sizes.tolist() == [packets[pts] for pts in index.pts.tolist()]
    assert index.sizes.sum() == sum(packets.values())
    assert len(np.unique(index.sizes)) > 3


def test_nothing_is_told_where_frames_bear_other_stamps_than_packets(tmp_path: Path) -> None:
    """AVI does not keep the order in which H.264's frames are shown."""
    index = index_file(make_clip(tmp_path / "bframes.avi", bframes=2), tmp_path / "cache")
    assert len(index.pts) == 50 and len(index.sizes) == 0
    (entry,) = (tmp_path / "cache").iterdir()
    again = kept.load(entry)
    assert again is not None and len(again.sizes) == 0


def test_sizes_are_kept(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "bframes.mp4", bframes=2)
    first = index_file(path, tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    again = kept.load(entry)
    assert again is not None and np.array_equal(again.sizes, first.sizes)


def test_an_index_with_sizes_of_other_frames_is_made_anew(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=20)
    first = index_file(path, tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    with np.load(entry) as arrays:
        changed = {**arrays, "sizes": arrays["sizes"][:-1]}
    with entry.open("wb") as file:
        np.savez(file, **changed)
    assert kept.load(entry) is None
    assert np.array_equal(index_file(path, tmp_path / "cache").sizes, first.sizes)
