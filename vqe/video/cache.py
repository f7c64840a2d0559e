"""Indexes kept on disk, one small file each; a damaged one counts as absent, and a folder that cannot be written to
is done without."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
import warnings
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vqe.errors import VqeWarning
from vqe.video.fingerprint import sampled_bytes
from vqe.video.index import FileIndex
from vqe.video.times import rising, to_seconds

# Part of every entry's name: entries of other versions are never read.
VERSION = 2
PLAIN = (
    "fingerprint",
    "width",
    "height",
    "rotation",
    "rate",
    "codec",
    "duration",
    "frame_duration",
    "timed",
    "damaged",
)

_told: set[Path] = set()


def entry_of(cache: Path, path: Path) -> Path:
    """Where the index of a file is kept. A file is known by size, time of change and sampled bytes, so that it may be
    moved or renamed, and its index is found again."""
    digest = hashlib.blake2b(sampled_bytes(path), digest_size=16)
    digest.update(f"{VERSION} {path.stat().st_mtime_ns}".encode())
    return cache / f"{digest.hexdigest()}.npz"


def load(entry: Path) -> FileIndex | None:
    """The kept index, or None where there is none that can be read."""
    try:
        with np.load(entry, allow_pickle=False) as kept:
            plain: dict[str, Any] = json.loads(str(kept["plain"]))
            pts = np.cumsum(kept["steps"], dtype=np.int64)
            keyframes = kept["keyframes"].astype(np.int64)
            sizes = kept["sizes"].astype(np.int32)
        time_base = Fraction(*plain.pop("time_base"))
        notes = tuple(plain.pop("notes"))
        if not rising(pts) or keyframes[0] != 0 or keyframes[-1] >= len(pts) or len(sizes) not in (0, len(pts)):
            return None
        seconds = to_seconds(pts, time_base)
        return FileIndex(
            seconds=seconds, pts=pts, time_base=time_base, keyframes=keyframes, sizes=sizes, notes=notes, **plain
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def keep(entry: Path, index: FileIndex) -> None:
    """Write an index: whole or not at all, whoever else writes it at the same time."""
    plain = {name: getattr(index, name) for name in PLAIN}
    plain["time_base"] = [index.time_base.numerator, index.time_base.denominator]
    plain["notes"] = list(index.notes)
    steps = np.diff(index.pts, prepend=np.int64(0))
    draft = entry.with_name(f"{entry.stem}.{os.getpid()}.{uuid.uuid4().hex}.part")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            described = np.array(json.dumps(plain))
            np.savez_compressed(file, plain=described, steps=steps, keyframes=index.keyframes, sizes=index.sizes)
        draft.replace(entry)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        _tell(entry.parent, error)


def _tell(folder: Path, error: OSError) -> None:
    if folder not in _told:
        _told.add(folder)
        reason = error.strerror or error
        warnings.warn(f"cannot keep video indexes in '{folder}' ({reason}); going on without", VqeWarning, stacklevel=2)
