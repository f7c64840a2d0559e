"""The label store when things go wrong: damage, disks that are full or closed to us, other versions."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from label_samples import make, opened, parts, same

from vqe.errors import RunError, VqeWarning
from vqe.labels import LabelStore, parquet
from vqe.labels.compaction import compact


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["empty", "cut", "footer", "garbage", "not ours"])
def test_a_damaged_file_is_set_aside(store: LabelStore, damage: str) -> None:
    labels = make(np.arange(200))
    opened(store).append(labels.take(np.arange(100)), 1.0)
    (bad,) = parts(store)
    opened(store).append(labels.take(np.arange(100, 200)), 1.0)
    content = bad.read_bytes()
    if damage == "not ours":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"x": [1]}), bad)
    else:
        broken = {"empty": b"", "cut": content[:-30], "footer": content[:-8] + bytes(8), "garbage": bytes(500)}
        bad.write_bytes(broken[damage])
    with pytest.warns(VqeWarning, match="damaged labels were set aside as"):
        known = opened(store).known(np.arange(200))
    np.testing.assert_array_equal(known, np.arange(200) >= 100)
    assert bad.with_name(f"{bad.name}.damaged").exists()
    same(opened(store).read(np.arange(200)), labels.take(np.arange(100, 200)))  # and no second warning


def test_damage_that_shows_only_on_reading(store: LabelStore) -> None:
    labels = make(np.arange(300))
    opened(store).append(labels.take(np.arange(150)), 1.0)
    (bad,) = parts(store)
    opened(store).append(labels.take(np.arange(150, 300)), 1.0)
    file = opened(store)
    assert file.known(np.arange(300)).all()
    flip(bad, bad.stat().st_size * 2 // 3)  # in the pages of the boxes
    with pytest.warns(VqeWarning, match="damaged labels were set aside as"):
        found = file.read(np.arange(300))
    same(found, labels.take(np.arange(150, 300)))
    assert file.known(np.arange(300)).sum() == 150


def test_compaction_leaves_damage_out(store: LabelStore) -> None:
    labels = make(np.arange(300))
    for start in range(0, 300, 100):
        opened(store).append(labels.take(np.arange(start, start + 100)), 1.0)
    bad = parts(store)[0]
    lost = parquet.Part.open(bad, 0.25).frames
    flip(bad, bad.stat().st_size * 2 // 3)
    with pytest.warns(VqeWarning, match="damaged labels were set aside as"):
        assert compact(store.folder / "key" / "print", 0.25)
    same(opened(store).read(np.arange(300)), labels.take(np.setdiff1d(np.arange(300), lost)))


def test_a_newer_format_is_an_error_that_says_so(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(parquet, "FORMAT", parquet.FORMAT + 1)
        opened(store).append(make(np.arange(5)), 1.0)
    with pytest.raises(RunError, match="were written by a newer vqe") as caught:
        opened(store).known(np.arange(5))
    assert caught.value.hint is not None
    assert "update vqe" in caught.value.hint
    assert len(parts(store)) == 1


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a file")
    file = opened(LabelStore(tmp_path / "labels"))
    assert not file.known(np.arange(5)).any()
    with pytest.raises(RunError, match=r"cannot keep labels in .*") as caught:
        file.append(make(np.arange(5)), 1.0)
    assert caught.value.hint == "let the folder be one that you may write to"
    assert not file.known(np.arange(5)).any()


def test_a_folder_that_takes_no_files() -> None:
    file = opened(LabelStore(Path("/proc/vqe")))  # closed to root, too
    with pytest.raises(RunError, match="cannot keep labels in /proc/vqe/key/print"):
        file.append(make(np.arange(5)), 1.0)


def test_a_file_that_may_not_be_opened_is_not_damaged(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(store).append(make(np.arange(5)), 1.0)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as closed:
        closed.setattr(Path, "open", refuse)
        with pytest.raises(RunError, match=r"cannot read labels in .*: permission denied"):
            opened(store).known(np.arange(5))
    assert opened(store).known(np.arange(5)).all()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k", "none", str(place)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    store = LabelStore(small_disk / "labels")
    file, labels, kept = opened(store), make(np.arange(4000), most=16), 0
    with pytest.raises(RunError, match=r"cannot keep labels in .*: no space left on device") as caught:
        for kept in range(0, 4000, 100):
            file.append(labels.take(np.arange(kept, kept + 100)), 1.0)
    assert caught.value.hint == "free some space there"
    assert kept > 0
    same(opened(store).read(np.arange(4000)), labels.take(np.arange(kept)))
    same(file.read(np.arange(4000)), labels.take(np.arange(kept)))
    assert not list(small_disk.rglob(".tmp-*"))


def test_files_that_may_not_grow(store: LabelStore) -> None:
    """As on a full disk, without a disk of our own."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(RunError, match=r"cannot keep labels in .*: file too large"):
            opened(store).append(make(np.arange(1000)), 1.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(store.folder.rglob("*.parquet"))
    assert not list(store.folder.rglob(".tmp-*"))
