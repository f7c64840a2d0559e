"""What a container promises of itself, read from its outermost bytes: is the file whole, and are its times plain?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Names of boxes that an MP4 may begin with; anything else is not an MP4.
FIRST_BOXES = {"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "styp", "moof", "uuid"}
LARGEST_MOOV = 1 << 30
SEGMENT = b"\x18\x53\x80\x67"  # the EBML id of Matroska's outermost element


@dataclass(frozen=True, slots=True)
class Mp4Boxes:
    """The outermost boxes of an MP4."""

    kinds: frozenset[str]
    plain_times: bool  # no fragments and no composition offsets: decoding times are presentation times
    missing: int  # bytes that the last box promises beyond the file's end


def mp4_boxes(path: Path) -> Mp4Boxes | None:
    """The outermost boxes of a file, or None where it is no MP4 (or MOV)."""
    size = path.stat().st_size
    kinds: set[str] = set()
    plain, missing, at = True, 0, 0
    with path.open("rb") as file:
        while at + 8 <= size:
            kind, length = _box(file, at, size)
            if not kinds and kind not in FIRST_BOXES:
                return None
            kinds.add(kind)
            if length < 8:
                break
            if kind == "moov":
                plain = plain and _plain_times(file, min(length, size - at))
            missing = max(0, at + length - size)
            at += length
    if not kinds:
        return None
    return Mp4Boxes(frozenset(kinds), plain and "moov" in kinds and "moof" not in kinds, missing)


def _box(file: BinaryIO, at: int, size: int) -> tuple[str, int]:
    """Kind and length of the box at an offset; the file is left behind the 8 bytes of its head."""
    file.seek(at)
    head = file.read(8)
    length = int.from_bytes(head[:4], "big")
    if length == 1:
        length = int.from_bytes(file.read(8), "big")
    elif length == 0:  # until the file's end
        length = size - at
    return head[4:].decode("latin-1"), length


def _plain_times(file: BinaryIO, length: int) -> bool:
    # Any box 'ctts' will do, of the sound too: a false alarm costs only time.
    return length < LARGEST_MOOV and b"ctts" not in file.read(length)


def missing_bytes(path: Path) -> int:
    """How many bytes are missing at a file's end, by what its container promises; 0 where nothing is promised."""
    mp4 = mp4_boxes(path)
    if mp4 is not None:
        return mp4.missing
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4096)
    if head[:4] == b"RIFF":
        return max(0, 8 + int.from_bytes(head[4:8], "little") - size)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return max(0, _matroska_size(head) - size)
    return 0


def _matroska_size(head: bytes) -> int:
    """The length that a Matroska file's head promises, 0 where it was written as a stream of unknown length."""
    at = head.find(SEGMENT)
    if at < 0 or at + 12 > len(head) or head[at + 4] == 0:
        return 0
    width = 9 - head[at + 4].bit_length()
    number = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    unknown = number == (1 << 7 * width) - 1
    return 0 if unknown else at + 4 + width + number
