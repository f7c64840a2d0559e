"""What a container promises of itself, read from its outermost bytes: is the file whole, and are its times plain?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Names of boxes that an MP4 may begin with; anything else is not an MP4.
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"}
# The boxes on the way to what we look for.
PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
SEGMENT = b"\x18\x53\x80\x67"  # the EBML id of Matroska's outermost element


@dataclass(frozen=True, slots=True)
class Mp4Boxes:
    """What an MP4 is made of."""

    kinds: frozenset[bytes]  # all boxes, outermost or within `PARENTS`
    missing: int  # bytes that the last outermost box promises beyond the file's end
    plain_edits: bool  # every edit list shows its whole track from the start, as if there were none

    @property
    def plain_times(self) -> bool:
        """No fragments and no composition offsets: decoding times are presentation times."""
        return b"moov" in self.kinds and not self.kinds & {b"moof", b"ctts"}


def mp4_boxes(path: Path) -> Mp4Boxes | None:
    """The boxes of a file, or None where it is no MP4 (or MOV)."""
    size = path.stat().st_size
    kinds: set[bytes] = set()
    missing, scale = 0, 1
    tracks: list[dict[bytes, bytes]] = []
    with path.open("rb") as file:
        for kind, body, end in _boxes(file, 0, size):
            if not kinds and kind not in FIRST_BOXES:
                return None
            kinds.add(kind)
            missing = max(missing, end - size)
            if kind == b"trak":
                tracks.append({})
            elif kind in (b"mvhd", b"mdhd", b"elst"):
                file.seek(body)
                head = file.read(40)
                if kind == b"mvhd":
                    scale = _scale_and_duration(head)[0]
                elif tracks:
                    tracks[-1][kind] = head
    if not kinds:
        return None
    return Mp4Boxes(frozenset(kinds), missing, all(_plain_edits(track, scale) for track in tracks))


def _scale_and_duration(header: bytes) -> tuple[int, int]:
    """Ticks a second and duration in ticks, from the content of an 'mvhd' or 'mdhd' box."""
    if header[:1] == b"\1":
        return int.from_bytes(header[20:24], "big"), int.from_bytes(header[24:32], "big")
    return int.from_bytes(header[12:16], "big"), int.from_bytes(header[16:20], "big")


def _plain_edits(track: dict[bytes, bytes], scale: int) -> bool:
    """Whether a track has no edit list, or one of a single edit that shows all of it."""
    edits, media = track.get(b"elst"), track.get(b"mdhd")
    if edits is None or media is None:
        return edits is None
    width = 8 if edits[:1] == b"\1" else 4
    count = int.from_bytes(edits[4:8], "big")
    shown = int.from_bytes(edits[8 : 8 + width], "big")
    begin = int.from_bytes(edits[8 + width : 8 + 2 * width], "big")
    media_scale, duration = _scale_and_duration(media)
    return count == 1 and begin == 0 and shown * media_scale >= duration * scale


def _boxes(file: BinaryIO, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start of content and end of the boxes between two offsets, and of those within `PARENTS`."""
    while at + 8 <= stop:
        file.seek(at)
        head = file.read(16)
        kind, length, body = head[4:8], int.from_bytes(head[:4], "big"), at + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), at + 16
        elif length == 0:  # until the file's end
            length = stop - at
        if length < body - at:
            return
        yield kind, body, at + length
        if kind in PARENTS:
            yield from _boxes(file, body, min(at + length, stop))
        at += length


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
