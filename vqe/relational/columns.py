"""The columns of a video's frames as Arrow arrays, made from the index alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vqe.video import Video


def frame_arrays(video: Video, frames: NDArray[np.int64], columns: Iterable[str]) -> dict[str, pa.Array]:
    """The asked columns of these frames: name → array [n]."""
    made = {
        "video": lambda: pa.array(np.full(len(frames), video.name, object), pa.string()),
        "file": lambda: pa.array(paths(video)[video.file_of(frames)], pa.string()),
        "frame": lambda: numbers(frames),
        "timestamp": lambda: time_array(video, video.microseconds(frames)),
        "seconds": lambda: numbers(video.seconds(frames)),
        "width": lambda: numbers(sizes(video, frames)[0]),
        "height": lambda: numbers(sizes(video, frames)[1]),
    }
    return {c: made[c]() for c in columns}


def time_array(video: Video, microseconds: NDArray[np.int64]) -> pa.Array:
    """Times from the video's start as its `timestamp` has them: by the clock, or as durations."""
    if video.start is None:
        return numbers(microseconds, pa.duration("us"))
    start = np.datetime64(video.start, "us").astype(np.int64)
    return numbers(microseconds + start, pa.timestamp("us"))


def numbers(values: NDArray[Any], type: pa.DataType | None = None) -> pa.Array:
    """As pa.array() of a numpy array of numbers, which would import pandas, where that is installed: half a second.

    `type`: another Arrow type with the same bytes.
    """
    type = type or pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(type, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def paths(video: Video) -> NDArray[np.object_]:
    return np.array([str(f.path) for f in video.files], object)


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
    "STRUCT(x DOUBLE, y DOUBLE)[]": pa.list_(pa.struct([("x", pa.float64()), ("y", pa.float64())])),
}


def arrow_schema(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """The Arrow schema of columns with these SQL types."""
    return pa.schema([(name, _ARROW[type]) for name, type in columns])
