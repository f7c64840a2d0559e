"""What an MP4 says of itself in the heads of its boxes, without its tables: is it whole, and are its times plain?"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

# Names of boxes that an MP4 may begin with; anything else is not an MP4.
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"}
# The boxes on the way to what we look for.
PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
HEADS = {b"mvhd", b"mdhd", b"hdlr", b"elst", b"stts", b"ctts"}
# So many frames at a track's start are compared with its edit list: no codec reorders over a longer range.
COMPARED = 64


@dataclass(frozen=True, slots=True)
class Mp4Boxes:
    """What an MP4 is made of."""

    kinds: frozenset[bytes]  # all boxes, outermost or within `PARENTS`
    missing: int  # bytes that the last outermost box promises beyond the file's end
    plain_edits: bool  # the edit lists of its videos hide no frame

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
            elif kind in HEADS:
                file.seek(body)
                head = file.read(8 + 8 * COMPARED)
                if kind == b"mvhd":
                    scale = _scale_and_duration(head)[0]
                elif tracks:
                    tracks[-1][kind] = head
    if not kinds:
        return None
    return Mp4Boxes(frozenset(kinds), missing, all(_hides_nothing(track, scale) for track in tracks))


def _scale_and_duration(header: bytes) -> tuple[int, int]:
    """Ticks a second and duration in ticks, from the content of an 'mvhd' or 'mdhd' box."""
    if header[:1] == b"\1":
        return int.from_bytes(header[20:24], "big"), int.from_bytes(header[24:32], "big")
    return int.from_bytes(header[12:16], "big"), int.from_bytes(header[16:20], "big")


def _hides_nothing(track: dict[bytes, bytes], scale: int) -> bool:
    """Whether a track is no video, or has no edit list, or one of a single edit from its first frame to its last."""
    edits, media = track.get(b"elst"), track.get(b"mdhd")
    if edits is None or media is None or track.get(b"hdlr", b"")[8:12] != b"vide":
        return edits is None or media is not None
    width = 8 if edits[:1] == b"\1" else 4
    count = int.from_bytes(edits[4:8], "big")
    shown = int.from_bytes(edits[8 : 8 + width], "big")
    begin = int.from_bytes(edits[8 + width : 8 + 2 * width], "big")
    media_scale, duration = _scale_and_duration(media)
    times = track.get(b"stts", b"")
    if times[4:8] == b"\0\0\0\1":  # all frames alike: the header may say a little more
        frames, step = struct.unpack(">II", times[8:16])
        duration = frames * step
    return count == 1 and begin == _first_time(track) and shown * media_scale >= duration * scale


def _first_time(track: dict[bytes, bytes]) -> int:
    """When the first frame shows: the earliest of the first times of decoding plus their composition offsets."""
    steps, offsets = (_runs(track.get(kind, b"")) for kind in (b"stts", b"ctts"))
    starts = accumulate(steps, initial=0)
    return min(start + offset for start, offset in zip(starts, offsets, strict=False)) if offsets else 0


def _runs(table: bytes) -> list[int]:
    """The first values of a table of pairs (count, value)."""
    values: list[int] = []
    for at in range(8, len(table) - 7, 8):
        count, value = struct.unpack(">Ii", table[at : at + 8])
        values += [value] * min(count, COMPARED - len(values))
    return values


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
