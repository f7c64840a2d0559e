"""Frames and Boxes: rows of a relation, as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vqe.labels import Labels
from vqe.logical import plan
from vqe.logical.relations import box_columns, frame_columns
from vqe.physical.batch import Batch, Batches
from vqe.physical.calls import areas, call_values
from vqe.physical.operator import Run
from vqe.relational.columns import arrow_schema, frame_arrays, numbers, sizes


def frames(node: plan.Frames, source: Batches, run: Run, functions: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """`functions`: call (as text) → the function of the statement that gives its values."""
    schema = arrow_schema([c for c in frame_columns(node.video.dated) if c[0] in node.columns])
    for batch in source:
        keep_values(node, batch, run, functions)
        arrays = frame_arrays(node.video, batch.frames, schema.names)
        yield pa.record_batch([arrays[c] for c in schema.names], schema=schema)


def keep_values(node: plan.Frames | plan.Boxes, batch: Batch, run: Run, functions: Mapping[str, str]) -> None:
    """Write the values of the calls outside WHERE where the statement's functions look them up, by frame number."""
    for call in node.calls:
        assert batch.labels is not None, "calls stand above Detect"
        values = call_values(call, batch.labels, node.video, node.info.classes)
        run.values[functions[str(call)]][batch.frames] = values


def boxes(node: plan.Boxes, source: Batches, run: Run, functions: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """Boxes in the order of frames, and in a frame by falling score."""
    schema = arrow_schema([c for c in box_columns(node.video.dated) if c[0] in node.columns])
    for batch in source:
        keep_values(node, batch, run, functions)
        yield _box_rows(node, batch, schema)


def _box_rows(node: plan.Boxes, batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    labels = batch.labels
    assert labels is not None
    kept = np.flatnonzero(labels.scores >= np.float32(node.confidence))
    owners = labels.owners()[kept]
    own = [c for c, _ in frame_columns(node.video.dated) if c in schema.names]
    arrays = frame_arrays(node.video, batch.frames[owners], own)
    names = np.array([node.info.classes.get(i, str(i)) for i in range(max([*node.info.classes, 0]) + 1)])
    width, height = (s[labels.owners()].astype(np.float64) for s in sizes(node.video, batch.frames))
    made: dict[str, Callable[[], pa.Array]] = {
        "class": lambda: pa.array(names[labels.classes[kept]].astype(object), pa.string()),
        "confidence": lambda: pa.array(labels.scores[kept].astype(np.float64)),
        "x1": lambda: pa.array(labels.boxes[kept, 0].astype(np.float64)),
        "y1": lambda: pa.array(labels.boxes[kept, 1].astype(np.float64)),
        "x2": lambda: pa.array(labels.boxes[kept, 2].astype(np.float64)),
        "y2": lambda: pa.array(labels.boxes[kept, 3].astype(np.float64)),
        "area": lambda: pa.array(areas(labels, width, height)[kept]),
        "track": lambda: _tracks(batch, kept),
        "mask": lambda: _masks(labels, kept),
    }
    return pa.record_batch([arrays[c] if c in arrays else made[c]() for c in schema.names], schema=schema)


def _tracks(batch: Batch, kept: NDArray[np.int64]) -> pa.Array:
    """NULL for a box that belongs to no track."""
    assert batch.tracks is not None
    tracks = batch.tracks[kept]
    return pa.array(tracks, mask=tracks < 0)


def _masks(labels: Labels, kept: NDArray[np.int64]) -> pa.Array:
    """Outlines as lists of x, y in pixels; an empty list for a box without one."""
    assert labels.masks is not None
    masks = labels.masks.take(kept)
    x, y = (numbers(masks.points[:, i].astype(np.float64)) for i in range(2))
    return pa.ListArray.from_arrays(
        numbers(masks.offsets.astype(np.int32)), pa.StructArray.from_arrays([x, y], ["x", "y"])
    )
