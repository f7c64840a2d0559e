"""Indexes are kept, found again, and rebuilt where they are damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip
from vqe.errors import VqeWarning
from vqe.video import build as build_module
from vqe.video import cache as cache_module
from vqe.video import index_file


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip.mp4", frames=20, bframes=2)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose index was built, in order."""
    built: list[Path] = []
    real = build_module._build

    def counted(path: Path, progress: object) -> object:
        built.append(path)
        return real(path, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(build_module, "_build", counted)
    return built


def test_an_index_is_kept_whole(clip: Path, tmp_path: Path, builds: list[Path]) -> None:
    first = index_file(clip, tmp_path / "cache")
    again = index_file(clip, tmp_path / "cache")
    assert len(builds) == 1
    for name in type(first).__dataclass_fields__:
        a, b = getattr(first, name), getattr(again, name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype and (a == b).all()
        else:
            assert a == b and type(a) is type(b)


def test_a_moved_file_is_known(clip: Path, tmp_path: Path, builds: list[Path]) -> None:
    index_file(clip, tmp_path / "cache")
    moved = clip.rename(tmp_path / "moved.mp4")
    index_file(moved, tmp_path / "cache")
    assert len(builds) == 1


def test_a_changed_file_is_built_again(clip: Path, tmp_path: Path, builds: list[Path]) -> None:
    index_file(clip, tmp_path / "cache")
    make_clip(clip, frames=10)
    assert len(index_file(clip, tmp_path / "cache").pts) == 10
    os.utime(clip, ns=(1, 1))
    index_file(clip, tmp_path / "cache")
    assert len(builds) == 3


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_entry_is_built_again(clip: Path, tmp_path: Path, builds: list[Path], damage: bytes | None) -> None:
    index = index_file(clip, tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    data = entry.read_bytes()
    entry.write_bytes(data[: len(data) // 2] if damage is None else damage)
    assert index_file(clip, tmp_path / "cache") == index
    assert index_file(clip, tmp_path / "cache") == index
    assert len(builds) == 2


def test_pickles_are_not_read(clip: Path, tmp_path: Path, builds: list[Path]) -> None:
    index_file(clip, tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    with entry.open("wb") as file:
        np.savez(file, plain=np.array({"codec": "evil"}, dtype=object))
    index_file(clip, tmp_path / "cache")
    assert len(builds) == 2


def test_an_unwritable_folder_is_told_once(clip: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    cache_module._told.clear()
    with pytest.warns(VqeWarning, match="cannot keep video indexes") as told:
        assert len(index_file(clip, blocked).pts) == 20
        assert len(index_file(clip, blocked).pts) == 20
    assert len(told) == 1


def test_no_drafts_are_left(clip: Path, tmp_path: Path) -> None:
    index_file(clip, tmp_path / "cache")
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".npz"]


def test_several_processes(clip: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vqe.video import index_file\n"
        "print(len(index_file(Path(sys.argv[1]), Path(sys.argv[2])).pts))"
    )
    command = [sys.executable, "-c", code, str(clip), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in running] == ["20"] * 3
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_kept_index_needs_no_av(clip: Path, tmp_path: Path) -> None:
    index_file(clip, tmp_path / "cache")
    code = (
        "import sys; from pathlib import Path; from vqe.video import open_video\n"
        "video = open_video('clip', [Path(sys.argv[1])], {}, Path(sys.argv[2]))\n"
        "print(video.frame_count, 'av' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(clip), str(tmp_path / "cache")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["20", "False"]
