"""The result of a statement: bound at once, run when it is first read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vqe.errors import RunError
from vqe.relational.faults import translate
from vqe.relational.session import Session
from vqe.relational.splice import literal, quote

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from vqe.report import Report


class Source(Protocol):
    """Where a relation's rows come from. Implementations: a query over videos, one of DuckDB's, a finished table."""

    columns: list[tuple[str, str]]  # name, DuckDB type
    cheap: bool  # showing some rows need not compute all of them

    @property
    def reports(self) -> tuple[Report, ...] | None:
        """How good the rows are; None until they have all been read."""

    def reading(self) -> Any:
        """A context manager that gives the query's DuckDB relation; rows are read inside."""

    def completed(self) -> None:
        """Inside `reading`, when all rows have been read."""

    def better(self) -> bool:
        """Whether all rows have been read and shown not to be good enough, and would be better now. Once a reading."""

    def explain(self, mode: str) -> str: ...


class Relation:
    """Rows of a query, not computed before they are asked for, and kept once they all are.

    `columns` and `types` are known at once. Reading is by `arrow`, `df`, `pl`, `fetchall`, `batches` (a stream), or by
    anything that takes the Arrow C stream interface, DuckDB among them.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._table: pa.Table | None = None
        self.seconds: float | None = None  # what computing all rows took

    @property
    def columns(self) -> list[str]:
        return [name for name, _ in self._source.columns]

    @property
    def types(self) -> list[str]:
        """DuckDB's type of each column."""
        return [type for _, type in self._source.columns]

    def arrow(self) -> pa.Table:
        """All rows. INTERVAL columns are duration[us]."""
        if self._table is None:
            import pyarrow as pa

            start = time.perf_counter()
            table = None
            while table is None or self._source.better():
                with self.batches() as reader:
                    table = pa.Table.from_batches(list(reader), reader.schema)
            self._table = table
            self.seconds = time.perf_counter() - start
        return self._table

    @contextmanager
    def batches(self, rows: int = 10_000) -> Iterator[pa.RecordBatchReader]:
        """A context manager with the rows as a stream of Arrow batches of at most `rows` rows, as they are found.

        The connection runs nothing else meanwhile; leaving the block stops the work.
        """
        if self._table is not None:
            yield self._table.to_reader(max_chunksize=rows)
            return
        import pyarrow as pa

        from vqe.relational.results import duration_schema, with_durations

        with self._source.reading() as relation:
            raw = relation.to_arrow_reader(rows)
            found = self._translated(with_durations(batch) for batch in raw)
            try:
                yield pa.RecordBatchReader.from_batches(duration_schema(raw.schema), found)
            finally:
                raw.close()

    def _translated(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import duckdb

        try:
            yield from batches
            self._source.completed()
        except duckdb.Error as fault:
            raise translate(fault) from fault

    @property
    def accuracy(self) -> tuple[Report, ...]:
        """How good the rows are: a report for each relation of FROM that was not answered exactly.

        The query is run for it, unless all its rows have been read before.
        """
        if self._source.reports is None:
            self.arrow()
        return self._source.reports or ()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.arrow().__arrow_c_stream__(requested_schema)

    def df(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame (the extra `pandas`)."""
        try:
            import pandas  # noqa: F401
        except ImportError:
            raise RunError(
                "pandas is not installed", hint="pip install 'vqe[pandas]', or use .arrow() or .pl()"
            ) from None
        return self.arrow().to_pandas()

    def pl(self) -> pl.DataFrame:
        """All rows as a polars DataFrame (the extra `polars`)."""
        try:
            import polars
        except ImportError:
            raise RunError("polars is not installed", hint="pip install 'vqe[polars]', or use .arrow()") from None
        frame = polars.from_arrow(self.arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows as Python tuples."""
        table = self.arrow()
        return list(zip(*(c.to_pylist() for c in table.columns), strict=True)) if table.num_columns else []

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        rows = self.fetchall()
        return rows[0] if rows else None

    @property
    def rows(self) -> int | None:
        """How many rows there are, where they have been counted."""
        return None if self._table is None else self._table.num_rows

    def show(self, max_rows: int = 40) -> None:
        """Print the rows as DuckDB does."""
        print(self.text(max_rows))

    def text(self, max_rows: int = 40) -> str:
        """The rows as a box of characters."""
        if self._table is None and self._source.cheap:
            with self._source.reading() as relation:
                return boxed(relation, max_rows)  # DuckDB counts what it does not show, and Arrow stays unloaded
        import duckdb

        with duckdb.connect(":memory:") as connection:
            relation = connection.from_arrow(self.arrow())
            if "HUGEINT" in self.types:  # Arrow has no integer of 128 bits and made DECIMALs of them
                names = [f"c{i}" for i in range(len(self.columns))]
                casts = ", ".join(
                    f"{n}::{'HUGEINT' if type == 'HUGEINT' else kind} AS {quote(column)}"
                    for n, column, type, kind in zip(names, self.columns, self.types, relation.types, strict=True)
                )
                relation = connection.from_arrow(self.arrow().rename_columns(names)).project(casts)
            return boxed(relation, max_rows)

    def __repr__(self) -> str:
        return self.text()

    def __len__(self) -> int:
        return int(self.arrow().num_rows)

    def better(self) -> bool:
        """Whether the rows just read are no good, as their audit says, and better ones come of reading them again."""
        return self._source.better()

    def explain(self, mode: str = "plain") -> str:
        """The plan as text. `mode`: plain, verbose or analyze (which runs the query)."""
        return self._source.explain(mode)

    def write(self, path: str | os.PathLike[str], format: str | None = None) -> None:
        """Write the rows to a file: parquet, csv, json (a line a row) or arrow, by its ending where none is given.

        The file appears whole or not at all.
        """
        from vqe.relational.results import format_of

        target = Path(path)
        format = format or format_of(str(path))
        if not target.parent.is_dir():
            raise RunError(f"cannot write {target}: there is no folder {target.parent}")
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            self._write(part, format)
            while self._source.better():
                self._write(part, format)
            part.replace(target)
        except OSError as fault:
            raise RunError(f"cannot write {target}: {fault.strerror or fault}") from fault
        finally:
            part.unlink(missing_ok=True)

    def _write(self, path: Path, format: str) -> None:
        if format in ("csv", "json"):
            self.copy_to(str(path), format)
        else:
            with path.open("wb") as sink:
                self.write_stream(sink, format)

    def write_stream(self, sink: Any, format: str) -> None:
        """Write the rows to a binary file object, as parquet or arrow (the IPC stream format)."""
        from vqe.relational.results import write_arrow, write_parquet

        with self.batches() as reader:
            {"parquet": write_parquet, "arrow": write_arrow}[format](reader, sink)

    def copy_to(self, path: str, format: str) -> None:
        """Let DuckDB write the rows as csv or json to a path, which may be a device."""
        import duckdb

        options = {"csv": "FORMAT csv, HEADER", "json": "FORMAT json"}[format]
        with self.batches() as reader, duckdb.connect(":memory:") as connection:
            connection.register("result", reader)
            try:
                connection.execute(f"COPY (FROM result) TO {literal(path)} ({options})")
            except duckdb.Error as fault:
                raise translate(fault) from fault
            finally:
                connection.unregister("result")


def boxed(relation: Any, max_rows: int) -> str:
    """DuckDB's own drawing of a relation."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        relation.show(max_rows=max_rows)
    return out.getvalue().rstrip("\n")


class Finished:
    """Rows that are there already, as an Arrow table."""

    def __init__(self, table: pa.Table, session: Session) -> None:
        self._result = table
        self._session = session
        described = session.connection.from_arrow(table)
        self.cheap = False
        self.reports = ()
        self.columns = [(n, str(t)) for n, t in zip(described.columns, described.types, strict=True)]

    @contextmanager
    def reading(self) -> Iterator[Any]:
        yield self._session.connection.from_arrow(self._result)

    def completed(self) -> None:
        pass

    def better(self) -> bool:
        return False

    def explain(self, _mode: str) -> str:
        return f"{self._result.num_rows} rows that are there already"
