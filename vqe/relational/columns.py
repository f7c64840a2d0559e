"""The columns of a video's frames as Arrow arrays, made from the index alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vqe.video import Video


def frame_arrays(video: Video, frames: NDArray[np.int64], columns: Iterable[str]) -> dict[str, pa.Array]:
    """The asked columns of these frames: name → array [n]."""
    made = {
        "video": lambda: pa.array([video.name]).take(pa.array(np.zeros(len(frames), np.int64))),
        "file": lambda: pa.array([str(f.path) for f in video.files]).take(pa.array(video.file_of(frames))),
        "frame": lambda: pa.array(frames),
        "timestamp": lambda: time_array(video, video.microseconds(frames)),
        "seconds": lambda: pa.array(video.seconds(frames)),
        "width": lambda: pa.array(sizes(video, frames)[0]),
        "height": lambda: pa.array(sizes(video, frames)[1]),
    }
    return {c: made[c]() for c in columns}


def time_array(video: Video, microseconds: NDArray[np.int64]) -> pa.Array:
    """Times from the video's start as its `timestamp` has them: by the clock, or as durations."""
    if video.start is None:
        return pa.array(microseconds, pa.int64()).cast(pa.duration("us"))
    start = np.datetime64(video.start, "us").astype(np.int64)
    return pa.array(microseconds + start, pa.int64()).cast(pa.timestamp("us"))


def sizes(video: Video, frames: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Width and height of each frame: int32 [n] each."""
    files = video.file_of(frames)
    widths = np.array([f.index.width for f in video.files], np.int32)
    heights = np.array([f.index.height for f in video.files], np.int32)
    return widths[files], heights[files]


_ARROW: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "INTERVAL": pa.duration("us"),
}


def arrow_schema(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """The Arrow schema of columns with these SQL types."""
    return pa.schema([(name, _ARROW[type]) for name, type in columns])
