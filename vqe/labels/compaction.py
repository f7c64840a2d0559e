"""Merging small label files: a thousand of them are quick to write and slow to read."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from vqe.labels.files import locked, write_atomically
from vqe.labels.labels import Labels, concatenate
from vqe.labels.parquet import ROWS, Damaged, Part, encode, set_aside

MOST = 64  # parts of one floor
# Frames in a merged part. It bounds the memory of merging: three times the labels, some 25 MB, or 60 with masks.
_LARGEST = 131_072


def part_name(floor: float) -> str:
    """A name that no other part has; the floor is written in full, so that it reads back as the same number."""
    return f"{Decimal(repr(float(floor))):f}-{uuid.uuid4().hex}.parquet"


def listing(folder: Path) -> dict[str, float]:
    """The parts in a folder: file name → floor."""
    floors: dict[str, float] = {}
    for path in folder.iterdir():
        if path.suffix == ".parquet":
            with contextlib.suppress(InvalidOperation):
                floors[path.name] = float(Decimal(path.name.partition("-")[0]))
    return floors


def due(parts: Sequence[Part]) -> bool:
    """Full parts do not count: ten hours of video have many of them, and nothing is left to merge there."""
    return sum(len(part.frames) < _largest(part) // 2 for part in parts) > MOST


def compact(folder: Path, floor: float) -> bool:
    """Merge the small parts of one floor. False where another process is at it.

    The merged file is there before its parts go, so a kill in between leaves duplicates and loses nothing.
    Raises OSError or Damaged; nothing is lost then either.
    """
    with locked(folder / ".lock", wait=False) as held:
        if not held:
            return False
        names = [name for name, own in listing(folder).items() if own == floor]
        chosen = smallest([Part.open(folder / name, floor) for name in names])
        if len(chosen) > 1:
            labels = merge(chosen)
            if len(labels):
                content = encode(labels, sum(part.seconds for part in chosen))
                write_atomically(folder / part_name(floor), content)
            for part in chosen:
                part.path.unlink(missing_ok=True)
        return True


def smallest(parts: Sequence[Part]) -> list[Part]:
    """The parts worth merging: from the smallest up, while each is no more than twice all before it together.

    So a frame is rewritten a logarithmic number of times, however many batches come.
    """
    chosen: list[Part] = []
    total = 0
    for part in sorted(parts, key=lambda part: len(part.frames)):
        size = len(part.frames)
        if total + size > _largest(part) or (len(chosen) > 1 and size > 2 * total):
            break
        chosen.append(part)
        total += size
    return chosen


def _largest(part: Part) -> int:
    """As many row groups with masks as without: fewer frames."""
    return _LARGEST * part.rows // ROWS


def merge(parts: Sequence[Part]) -> Labels:
    """The labels of all parts, frames rising, each once; a damaged part is set aside and left out."""
    pieces: list[Labels] = []
    for part in parts:
        try:
            pieces += [part.read(group) for group in range(part.metadata.num_row_groups)]
        except Damaged as fault:
            set_aside(part.path, fault)
    labels = concatenate(pieces)
    return labels.take(np.unique(labels.frames, return_index=True)[1])
