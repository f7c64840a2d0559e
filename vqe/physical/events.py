"""Events: runs of frames, joined over small gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.logical.relations import event_columns
from vqe.logical.window import Window
from vqe.physical.batch import Batches, grouped
from vqe.relational.columns import arrow_schema, numbers, paths, time_array
from vqe.video import Video

_TOLERANCE = 1e-6  # seconds are sums of floats


@dataclass(frozen=True)
class _Runs:
    """First and last frames (inclusive) of the runs of one segment: int64 [k] each."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def keep(self, mask: NDArray[np.bool_]) -> _Runs:
        return _Runs(self.first[mask], self.last[mask])


def events(node: plan.Events, source: Batches) -> Iterator[pa.RecordBatch]:
    """An Arrow batch a segment that has events, as soon as the segment is over."""
    number = 0
    for frames in _by_segment(node, source):
        runs = dropped(joined_runs(runs_of(frames), node.gap, node.video), node.minimum, node.video)
        if len(runs.first):
            yield _rows(node, runs, number)
            number += len(runs.first)


def _by_segment(node: plan.Events, source: Batches) -> Iterator[NDArray[np.int64]]:
    starts = [start for start, _ in node.gap.segments(node.video)]
    for segment in grouped(source, node.video.first_frames if node.per_file else np.array(starts)):
        yield np.concatenate([batch.frames for batch in segment])


def runs_of(frames: NDArray[np.int64]) -> _Runs:
    """Maximal runs of numbers that follow each other; at least one number, rising."""
    breaks = np.flatnonzero(np.diff(frames) > 1)
    return _Runs(frames[np.concatenate([[0], breaks + 1])], frames[np.concatenate([breaks, [-1]])])


def joined_runs(runs: _Runs, gap: Window, video: Video) -> _Runs:
    """Runs no further apart than the gap become one: from when one stops showing to when the next begins."""
    if gap.microseconds is None:
        apart = (runs.first[1:] - runs.last[:-1] - 1) > (gap.frames or 0)
    else:
        distance = video.seconds(runs.first[1:]) - video.frame_end_seconds(runs.last[:-1])
        apart = distance > gap.microseconds / 1e6 + _TOLERANCE
    return _Runs(runs.first[np.concatenate([[True], apart])], runs.last[np.concatenate([apart, [True]])])


def dropped(runs: _Runs, minimum: Window | None, video: Video) -> _Runs:
    """Without the runs shorter than the minimum."""
    if minimum is None:
        return runs
    if minimum.microseconds is None:
        return runs.keep(runs.last - runs.first + 1 >= (minimum.frames or 0))
    duration = video.frame_end_seconds(runs.last) - video.seconds(runs.first)
    return runs.keep(duration >= minimum.microseconds / 1e6 - _TOLERANCE)


def _rows(node: plan.Events, runs: _Runs, before: int) -> pa.RecordBatch:
    video = node.video
    start, end = video.seconds(runs.first), video.frame_end_seconds(runs.last)
    micros = [np.rint(s * 1e6).astype(np.int64) for s in (start, end)]
    columns = {
        "video": lambda: pa.array([video.name] * len(start)),
        "file": lambda: pa.array(paths(video)[video.file_of(runs.first)], pa.string()),
        "event": lambda: pa.array(np.arange(before + 1, before + 1 + len(start))),
        "start_frame": lambda: pa.array(runs.first),
        "end_frame": lambda: pa.array(runs.last),
        "start_time": lambda: time_array(video, micros[0]),
        "end_time": lambda: time_array(video, micros[1]),
        "start_seconds": lambda: pa.array(start),
        "end_seconds": lambda: pa.array(end),
        "duration": lambda: numbers(micros[1] - micros[0], pa.duration("us")),
        "frames": lambda: pa.array(runs.last - runs.first + 1),
    }
    schema = arrow_schema([c for c in event_columns(video.dated) if c[0] in node.columns])
    return pa.record_batch([columns[c]() for c in schema.names], schema=schema)
