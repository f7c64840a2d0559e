"""Deciding predicates over batches of frames by DuckDB, in a database of their own.

Its own, because operators run inside a statement of the user's connection, which is busy then.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vqe.errors import QueryError
from vqe.logical.expr import Predicate
from vqe.logical.predicates import aliased
from vqe.logical.relations import frame_columns
from vqe.relational.columns import frame_arrays, numbers
from vqe.relational.faults import translate
from vqe.relational.splice import quote
from vqe.video import Video


def table(
    video: Video, frames: NDArray[np.int64], predicate: Predicate, values: Mapping[str, NDArray[np.generic]]
) -> pa.Table:
    """The frames' columns, those that the predicate cannot name left NULL, and the values of its calls."""
    schema = frame_columns(video.dated)
    text = predicate.sql.lower()
    unnamed = predicate.columns or "*" in text or "columns" in text or predicate.alias.lower() in text
    used = [c for c, _ in schema if unnamed or c in text]
    arrays = frame_arrays(video, frames, used)
    columns = {c: arrays.get(c, pa.nulls(len(frames))) for c, _ in schema}
    return pa.table(columns | {name: numbers(v) if v.dtype != np.bool_ else pa.array(v) for name, v in values.items()})


def condition(predicate: Predicate, source: str) -> tuple[str, str]:
    """The FROM item and the boolean expression, as SQL."""
    return f"{source} AS {aliased(predicate.alias, predicate.columns)}", f"coalesce(({predicate.sql})::BOOLEAN, false)"


class Evaluator:
    """A scratch DuckDB; for one thread at a time."""

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """Opened by the first predicate that is more than one contains(): that takes 20 ms."""
        return duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})

    def truth(
        self,
        video: Video,
        frames: NDArray[np.int64],
        predicate: Predicate,
        values: Mapping[str, NDArray[np.generic]],
    ) -> NDArray[np.bool_]:
        """Whether the predicate is true of each frame (NULL is not): bool [n]. `values`: the calls' by their text."""
        alone = next((v for name, v in values.items() if predicate.sql == quote(name)), None)
        if alone is not None and alone.dtype == np.bool_:
            return alone.astype(np.bool_)
        source, truth = condition(predicate, "frames")
        query = f"SELECT {truth} AS truth FROM {source}"
        rows = _ask(self._connection, query, {"frames": table(video, frames, predicate, values)}, predicate)
        return np.asarray(rows, np.bool_)

    def close(self) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()


def matching(connection: duckdb.DuckDBPyConnection, video: Video, predicate: Predicate) -> NDArray[np.int64]:
    """The numbers of all frames for which a predicate without calls is true, from the index alone.

    It runs on the user's connection, whose tables the predicate may read.
    """
    frames = np.arange(video.frame_count)
    name = "vqe_index"
    source, truth = condition(predicate, name)
    query = f"SELECT {name} AS n FROM {source} WHERE {truth}"
    rows = _ask(connection, query, {name: table(video, frames, predicate, {name: frames})}, predicate)
    return np.sort(np.asarray(rows, np.int64))


def _ask(
    connection: duckdb.DuckDBPyConnection, query: str, tables: Mapping[str, pa.Table], predicate: Predicate
) -> NDArray[Any]:
    """The one column of a query over these tables; a fault points at the predicate."""
    for name, content in tables.items():
        connection.register(name, content)
    try:
        (column,) = connection.execute(query).fetchnumpy().values()
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as fault:  # so fetchnumpy() says it
        raise (KeyboardInterrupt if "interrupted" in str(fault).lower() else fault) from None
    except duckdb.Error as fault:
        raise QueryError(translate(fault).message, predicate.span) from fault
    finally:
        for name in tables:
            connection.unregister(name)
    return np.asarray(column)
