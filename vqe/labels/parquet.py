"""Labels as one Parquet file: a row a frame, so that a frame without boxes is known too."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vqe.errors import RunError, VqeWarning
from vqe.labels.labels import Labels, Masks

FORMAT = 1
ROWS = 4096  # frames a row group: the unit of reading, about 0.7 MB with 8 boxes a frame
MASK_ROWS = 256  # the same with masks: about 2 MB with 8 outlines of 120 corners


class Damaged(Exception):  # noqa: N818 (a state of a file that is dealt with, never shown)
    """What a Parquet file holds cannot be read. A file that cannot be opened or read at all is an OSError instead."""


_SCHEMA = pa.schema(
    [
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("classes", pa.list_(pa.field("class", pa.int16(), nullable=False)), nullable=False),
        pa.field("scores", pa.list_(pa.field("score", pa.float32(), nullable=False)), nullable=False),
        # x1, y1, x2, y2 of the first box, then of the next …: one list level reads faster than two.
        pa.field("boxes", pa.list_(pa.field("pixels", pa.float32(), nullable=False)), nullable=False),
    ]
)
# One list a box: x, y of the first corner, then of the next …
_CORNERS = pa.list_(pa.field("pixels", pa.float32(), nullable=False))
_MASKS = pa.field("masks", pa.list_(pa.field("corners", _CORNERS, nullable=False)), nullable=False)


def encode(labels: Labels, seconds: float) -> memoryview:
    """The bytes of a Parquet file with these labels, which took the model so many seconds in all."""
    if len(labels.offsets) and labels.offsets[-1] > np.iinfo(np.int32).max // 4:
        raise ValueError("too many boxes for one file")
    offsets = labels.offsets.astype(np.int32)
    columns = [
        pa.array(labels.frames),
        _lists(offsets, labels.classes, 1),
        _lists(offsets, labels.scores, 2),
        _lists(offsets * 4, labels.boxes.reshape(-1), 3),
    ]
    schema = _SCHEMA
    if labels.masks is not None:
        columns.append(_outlines(offsets, labels.masks))
        schema = schema.append(_MASKS)
    schema = schema.with_metadata({"vqe.format": str(FORMAT), "vqe.seconds": repr(float(seconds))})
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.table(columns, schema=schema),
        sink,
        row_group_size=ROWS if labels.masks is None else MASK_ROWS,
        compression="none",  # scores and coordinates hardly shrink, and reading takes twice as long
        use_dictionary=["classes.list.element", "masks.list.element.list.element"],  # corners lie on the model's grid
        write_page_checksum=True,
    )
    return memoryview(sink.getvalue())


def _lists(offsets: NDArray[np.int32], values: NDArray[np.generic], field: int) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values), type=_SCHEMA.field(field).type)


def _outlines(offsets: NDArray[np.int32], masks: Masks) -> pa.ListArray:
    if masks.offsets[-1] > np.iinfo(np.int32).max // 2:
        raise ValueError("too many corners for one file")
    corners = (pa.array((masks.offsets * 2).astype(np.int32)), pa.array(masks.points.reshape(-1)))
    return pa.ListArray.from_arrays(pa.array(offsets), pa.ListArray.from_arrays(*corners, type=_CORNERS), _MASKS.type)


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of labels: which frames it knows, and how to get at them.

    frames   int64 [n], strictly rising
    seconds  what the model took for all of them
    """

    path: Path
    floor: float
    frames: NDArray[np.int64]
    seconds: float
    metadata: pq.FileMetaData

    @property
    def rows(self) -> int:
        """How many frames a row group holds (the last may hold fewer)."""
        return ROWS if self.metadata.num_columns == len(_SCHEMA) else MASK_ROWS

    @staticmethod
    def open(path: Path, floor: float) -> Part:
        """Raises OSError, Damaged, or RunError where a newer vqe wrote it."""
        with path.open("rb") as source, _reading():
            file = pq.ParquetFile(source, page_checksum_verification=True)
            entries = file.metadata.metadata or {}
            version = int(entries[b"vqe.format"])
            if version == FORMAT:
                column = file.read(columns=["frame"], use_threads=False).column(0).combine_chunks()
                frames = _numbers(column, np.int64)
                return Part(path, floor, frames, float(entries[b"vqe.seconds"]), file.metadata)
        raise RunError(
            f"the labels in {path.parent} were written by a newer vqe (format {version}, this one reads {FORMAT})",
            hint="update vqe, or remove that folder (its labels are then computed again)",
        )

    def read(self, group: int) -> Labels:
        """The labels of one row group: frames `group` × `rows` to (`group` + 1) × `rows` of `frames`.

        Raises OSError or Damaged.
        """
        with self.path.open("rb") as source, _reading():
            file = pq.ParquetFile(source, metadata=self.metadata, page_checksum_verification=True)
            return _decode(file.read_row_group(group, use_threads=False))


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Turn what pyarrow raises over bad content into Damaged; what the system raises has an errno and stays."""
    try:
        yield
    except MemoryError:
        raise
    except OSError as fault:
        if fault.errno is not None:
            raise
        raise Damaged(str(fault)) from fault
    except (pa.ArrowException, KeyError, ValueError) as fault:
        raise Damaged(str(fault)) from fault


def _numbers(array: pa.Array, type: type[np.generic]) -> NDArray[Any]:
    """As array.to_numpy(), which would import pandas, where that is installed: half a second."""
    start = array.offset * np.dtype(type).itemsize
    return np.frombuffer(array.buffers()[1] or b"", type, len(array), start)


def _decode(table: pa.Table) -> Labels:
    frames, classes, scores, boxes, *masks = (column.combine_chunks() for column in table.columns)
    return Labels(
        _numbers(frames, np.int64),
        _numbers(classes.offsets, np.int32).astype(np.int64),
        _numbers(classes.values, np.int16),
        _numbers(scores.values, np.float32),
        _numbers(boxes.values, np.float32).reshape(-1, 4),
        _masks(masks[0].values) if masks else None,
    )


def _masks(outlines: pa.ListArray) -> Masks:
    offsets = _numbers(outlines.offsets, np.int32).astype(np.int64) // 2
    return Masks(offsets, _numbers(outlines.values, np.float32).reshape(-1, 2))


def set_aside(path: Path, fault: Damaged) -> None:
    """Rename a damaged file, so that it is met once, and warn."""
    aside = path.with_name(f"{path.name}.damaged")
    with contextlib.suppress(OSError):
        path.rename(aside)
    reason = str(fault).partition("\n")[0]
    warnings.warn(f"damaged labels were set aside as {aside} ({reason})", VqeWarning, stacklevel=2)
