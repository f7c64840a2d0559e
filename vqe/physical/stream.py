"""A relation of a plan as something that DuckDB can scan, as often as it likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa


class RelationStream:
    """Runs the operators anew for each scan.

    An exception on the way reaches DuckDB as a text only, so the original is kept in `failure` to be raised again.
    """

    def __init__(self, schema: pa.Schema, start: Callable[[], Iterator[pa.RecordBatch]]) -> None:
        self._schema = schema
        self._start = start
        self.failure: BaseException | None = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._start()
        except GeneratorExit:
            raise
        except BaseException as fault:
            self.failure = self.failure or fault
            raise
