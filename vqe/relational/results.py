"""What leaves DuckDB: Arrow with durations, and files."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from vqe.errors import QueryError

FORMATS = {".parquet": "parquet", ".csv": "csv", ".json": "json", ".arrow": "arrow"}

_MONTH_DAY_NANO = np.dtype([("months", np.int32), ("days", np.int32), ("nanoseconds", np.int64)])


def with_durations(batch: pa.RecordBatch) -> pa.RecordBatch:
    """INTERVALs, in lists and structs too, as duration[us]: few programs read Arrow's month_day_nano_interval.

    A month has 30 days.
    """
    schema = duration_schema(batch.schema)
    if schema == batch.schema:
        return batch
    return pa.record_batch([_converted(c) for c in batch.columns], schema=schema)


def duration_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([f.with_type(_duration_type(f.type)) for f in schema])


def _duration_type(type: pa.DataType) -> pa.DataType:
    if pa.types.is_interval(type):
        return pa.duration("us")
    if pa.types.is_struct(type):
        return pa.struct([f.with_type(_duration_type(f.type)) for f in type])
    if pa.types.is_list(type):
        return pa.list_(type.value_field.with_type(_duration_type(type.value_type)))
    return type


def _converted(column: pa.Array) -> pa.Array:
    wanted = _duration_type(column.type)
    if wanted == column.type:
        return column
    if pa.types.is_interval(column.type):
        return _duration(column)
    if column.offset:
        column = pa.concat_arrays([column])  # without an offset, which a mask does not go with
    missing = column.is_null()
    if pa.types.is_list(column.type):
        return pa.ListArray.from_arrays(column.offsets, _converted(column.values), type=wanted, mask=missing)
    children = [_converted(column.field(i)) for i in range(column.type.num_fields)]
    return pa.StructArray.from_arrays(children, fields=list(wanted), mask=missing)


def _duration(column: pa.Array) -> pa.Array:
    raw = np.frombuffer(column.buffers()[1], _MONTH_DAY_NANO)[column.offset : column.offset + len(column)]
    days = raw["months"].astype(np.int64) * 30 + raw["days"]
    microseconds = days * 86_400_000_000 + raw["nanoseconds"] // 1000
    missing = np.asarray(column.is_null())
    return pa.array(microseconds.view("timedelta64[us]"), mask=missing)


def format_of(path: str) -> str:
    """The format by the file's ending; QueryError for another ending."""
    found = FORMATS.get(Path(path).suffix.lower())
    if found is None:
        raise QueryError(f"no format for '{path}'", hint=f"a result is written to {', '.join(FORMATS)}")
    return found


def write_arrow(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    """As an Arrow IPC stream."""
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def write_parquet(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    """As Parquet; durations are stored as int64 microseconds, with the Arrow type noted beside."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(sink, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
