"""Which frames a file shows: foretold from its packets where these can be trusted, else found by decoding it all."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqe.video.demux import Opened
from vqe.video.frames import FrameReader
from vqe.video.times import Stamps, repair, table_pts

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Progress = Callable[[int, int], None]

SHORT = 1000  # packets: a file so short is decoded whole, whatever its packets say
STRETCH = 64  # frames decoded at the start, to compare with the packets' times
LONGEST_CHECK = 3000  # frames: if a check has to decode more, then decoding the file is simpler
PROGRESS_EVERY = 64
STRIP_LINES = 16  # of a picture, which tell it from its neighbours

# Containers that store the time at which each frame is shown. AVI does not, and ASF's are unreliable.
TIMED_CONTAINERS = {"mp4", "matroska", "webm", "mpegts", "flv"}
# Codecs whose packets may hold no frame, or two: MPEG-4 (packed B-frames, N-VOPs), VP8 (hidden reference frames).
UNSURE_CODECS = {"mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "vp8", "wmv1", "wmv2", "wmv3", "vc1"}


@dataclass(frozen=True, slots=True)
class Shown:
    """The frames that a file shows."""

    pts: NDArray[np.int64]  # [n], strictly rising
    keyframes: NDArray[np.int64]
    timed: bool  # the stamps are the frames' own
    first: VideoFrame  # for size and rotation
    faults: int = 0  # packets that did not decode
    corrupt: int = 0  # frames that the decoder had to patch


def shown_frames(file: Opened, table: NDArray[Any], progress: Progress | None) -> Shown | None:
    """The frames that decoding the file from its start shows, or None where there are none."""
    if len(table) > SHORT:
        foretold = _foretold(file, table)
        if foretold is not None:
            return foretold
    return _decoded(file, len(table), progress)


@dataclass(slots=True)
class _Walk:
    """What decoding from the start found, a number per frame."""

    stamps: list[int | None] = field(default_factory=list)
    strips: array[int] = field(default_factory=lambda: array("I"))
    keys: list[int] = field(default_factory=list)
    first: VideoFrame | None = None
    corrupt: int = 0

    def take(self, frames: Iterable[VideoFrame], progress: Progress | None, total: int) -> None:
        for n, frame in enumerate(frames):
            if self.first is None:
                self.first = frame
            self.stamps.append(frame.pts)
            self.strips.append(_strip(frame))
            self.corrupt += frame.is_corrupt
            if frame.key_frame:
                self.keys.append(n)
            if progress is not None and n % PROGRESS_EVERY == 0:
                progress(n, max(n, total))


def _decoded(file: Opened, packets: int, progress: Progress | None) -> Shown | None:
    walk, faults = _walk(file, packets, progress)
    if faults or walk.corrupt:
        # How damage is patched depends on the threads; PyAV's own way is the one that counts.
        file.steady = True
        walk, faults = _walk(file, packets, progress)
    if walk.first is None:
        return None
    pts, source = repair(walk.stamps, file.time_base, float(file.stream.average_rate or 25))
    keys = _sure_keys(file, walk, pts, source)
    if progress is not None:
        progress(len(pts), len(pts))
    return Shown(pts, keys, source is Stamps.OWN, walk.first, faults, walk.corrupt)


def _walk(file: Opened, packets: int, progress: Progress | None) -> tuple[_Walk, int]:
    """All that decoding from the start shows, and how many packets did not decode."""
    walk = _Walk()
    file.rewind()
    before = file.faults
    walk.take(file.frames(), progress, packets)
    return walk, file.faults - before


def _sure_keys(file: Opened, walk: _Walk, pts: NDArray[np.int64], source: Stamps) -> NDArray[np.int64]:
    """The frames that can be sought to: all key frames if seeking to some shows what decoding showed, else none.

    Decoding can always begin at frame 0. Key frames whose stamp was made up cannot be recognised after a seek.
    """
    keys = np.array([0] + [k for k in walk.keys if k and walk.stamps[k] == pts[k]], dtype=np.int64)
    if source is Stamps.MADE:
        return keys[:1]
    for key in {int(keys[len(keys) // 2]), int(keys[-1])} - {0}:
        numbers = np.arange(key, min(key + 4, len(pts)))
        reader = FrameReader(file, pts, keys, source is Stamps.OWN)
        strips = [_strip(frame) for _, frame in reader.frames(numbers)]
        if reader.lost or strips != list(walk.strips[key : key + len(numbers)]):
            return keys[:1]
    return keys


def _foretold(file: Opened, table: NDArray[Any]) -> Shown | None:
    """The frames by their packets, or None where the packets cannot be trusted."""
    if not (TIMED_CONTAINERS & set(file.container.format.name.split(","))):
        return None
    if file.stream.codec_context.name in UNSURE_CODECS:
        return None
    pts = table_pts(table)
    if pts is None:
        return None
    before = file.faults
    file.rewind()
    start = _Walk()
    start.take(islice(file.frames(), STRETCH), None, 0)
    if start.first is None or start.first.pts is None:
        return None
    # Frames stored before the first one that can be decoded are never shown.
    pts = pts[np.searchsorted(pts, start.first.pts) :]
    if start.stamps != pts[: len(start.stamps)].tolist():
        return None
    keys = _key_numbers(table, pts)
    corrupt = _check(file, pts, keys)
    if corrupt is None or file.faults > before:
        return None
    return Shown(pts, keys, True, start.first, corrupt=corrupt)


def _key_numbers(table: NDArray[Any], pts: NDArray[np.int64]) -> NDArray[np.int64]:
    stamps = np.unique(table["pts"][table["key"] & ~table["discard"]])
    stamps = stamps[stamps > pts[0]]
    return np.concatenate([np.zeros(1, np.int64), np.searchsorted(pts, stamps)]).astype(np.int64)


def _check(file: Opened, pts: NDArray[np.int64], keys: NDArray[np.int64]) -> int | None:
    """Decode a stretch in the middle twice, from two key frames, and the end: is all as the packets foretell?

    None if not, else how many frames of the end are damaged: a file that was cut may end in the middle of one.
    """
    if len(keys) < 3:
        return None
    middle = len(keys) // 2
    before, key, last = (int(keys[k]) for k in (middle - 1, middle, -1))
    if key - before > LONGEST_CHECK or len(pts) - last > LONGEST_CHECK:
        return None
    stop = min(key + 8, len(pts))
    from_before = _stretch(file, pts, keys, np.arange(before, stop))
    from_key = _stretch(file, pts, keys, np.arange(key, stop))
    if from_before is None or from_key is None or from_before.strips[key - before :] != from_key.strips:
        return None
    end = _stretch(file, pts, keys, np.arange(last, len(pts)), to_end=True)
    return None if end is None else end.corrupt


def _stretch(
    file: Opened, pts: NDArray[np.int64], keys: NDArray[np.int64], numbers: NDArray[np.int64], to_end: bool = False
) -> _Walk | None:
    """These frames by random access, or None where one is missing or one too many is shown."""
    reader = FrameReader(file, pts, keys)
    walk = _Walk()
    walk.take((frame for _, frame in reader.frames(numbers)), None, 0)
    extra = reader.rest() if to_end else 0
    return None if reader.lost + reader.strange + extra else walk


def _strip(frame: VideoFrame) -> int:
    """A checksum of some lines of the picture."""
    plane = frame.planes[0]
    lines = memoryview(plane)
    checksum = 0
    for n in range(STRIP_LINES):
        # Only what is shown: the end of a stored line is whatever was in memory.
        at = (2 * n + 1) * plane.height // (2 * STRIP_LINES) * plane.line_size
        checksum = zlib.crc32(lines[at : at + plane.width], checksum)
    return checksum
