"""From a file to its index: kept, or made from its packets and as little decoding as is safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.video import cache as kept
from vqe.video.demux import check_readable, opened, packet_table
from vqe.video.fingerprint import fingerprint
from vqe.video.index import FileIndex
from vqe.video.pictures import Orientation
from vqe.video.shown import Progress, Shown, shown_frames
from vqe.video.times import to_seconds
from vqe.video.whole import missing_bytes


def index_file(path: Path, cache: Path | None, progress: Progress | None = None) -> FileIndex:
    """The index of a video file, from the folder `cache` where it was kept there.

    `progress(done, total)` counts frames while a file has to be decoded whole.
    RunError where the file is missing, unreadable, not a video, or shows no frame.
    """
    check_readable(path)
    if cache is None:
        return _build(path, progress)
    entry = kept.entry_of(cache, path)
    index = kept.load(entry)
    if index is None:
        index = _build(path, progress)
        kept.keep(entry, index)
    return index


def _build(path: Path, progress: Progress | None) -> FileIndex:
    with opened(path) as file:
        table = packet_table(file)
        time_base = file.time_base
        codec = file.stream.codec_context.name
        rate = float(file.stream.average_rate or 25)
        shown = shown_frames(file, table, progress)
    if shown is None:
        raise RunError(f"'{path}' shows no frame: " + ("none of it decodes" if len(table) else "its video is empty"))
    seconds = to_seconds(shown.pts, time_base)
    frame_duration = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1 / rate
    duration = float(seconds[-1]) + frame_duration
    orientation = Orientation.of(shown.first)
    width, height = orientation.size(shown.first.width, shown.first.height)
    return FileIndex(
        fingerprint=fingerprint(path, table, codec),
        seconds=seconds,
        pts=shown.pts,
        time_base=time_base,
        keyframes=shown.keyframes,
        sizes=_sizes(table, shown),
        width=width,
        height=height,
        rotation=int(shown.first.rotation),
        rate=len(seconds) / duration,
        codec=codec,
        duration=duration,
        frame_duration=frame_duration,
        notes=_notes(path, table, shown),
        timed=shown.timed,
        damaged=bool(shown.faults or shown.corrupt),
    )


def _sizes(table: NDArray[Any], shown: Shown) -> NDArray[np.int32]:
    """The packets of the frames shown, which bear their stamps; none where the frames do not bear their own."""
    order = np.argsort(table["pts"], kind="stable")
    stamps = table["pts"][order]
    places = np.searchsorted(stamps, shown.pts)
    if not shown.timed or not len(stamps) or places[-1] >= len(stamps) or (stamps[places] != shown.pts).any():
        return np.empty(0, np.int32)
    return np.asarray(table["size"][order][places], np.int32)


def _notes(path: Path, table: NDArray[Any], shown: Shown) -> tuple[str, ...]:
    notes = []
    missing = missing_bytes(path)
    if missing:
        notes.append(f"the file is cut short ({missing:,} bytes are missing): only its first part can be read")
    if shown.faults:
        notes.append(f"damaged packets, {shown.faults:,} of {len(table):,}: frames that cannot be decoded are left out")
    if shown.corrupt:
        notes.append(f"damaged frames, {shown.corrupt:,} of {len(shown.pts):,}: what they show may be wrong")
    return tuple(notes)
