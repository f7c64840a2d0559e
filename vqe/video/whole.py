"""Is a file whole? By what its container promises of its length."""

from __future__ import annotations

from pathlib import Path

from vqe.video.mp4 import mp4_boxes

SEGMENT = b"\x18\x53\x80\x67"  # the EBML id of Matroska's outermost element


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
    if head[:1] == head[188:189] == head[376:377] == b"G":  # MPEG-TS: packets of 188 bytes
        return -size % 188
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
