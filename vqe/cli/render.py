"""What the terminal shows: results on standard output, progress on standard error."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vqe.errors import QueryError
from vqe.relational.splice import literal

if TYPE_CHECKING:
    from vqe.relation import Relation

PLAN = ["explain_key", "explain_value"]  # the columns of what EXPLAIN gives, ours and DuckDB's


def print_relation(relation: Relation, format: str, bar: Bar) -> None:
    """A relation in one of the formats; a plan as plain text. `bar` is gone before anything is printed."""
    if format == "table":
        text = drawn(relation)
        bar.stop()
        print(text)
    elif format in ("csv", "json"):
        _print_text(relation, format, bar)
    elif sys.stdout.isatty():
        raise QueryError(f"{format} is binary: give a file with -o")
    else:
        sys.stdout.flush()
        relation.write_stream(sys.stdout.buffer, format)


def print_accuracy(relation: Relation) -> None:
    """Below the rows of an approximate answer, on standard error: how good it is."""
    reports = relation.accuracy
    if reports:
        from vqe.report import footers

        for line in footers(reports):
            print(line, file=sys.stderr)


def drawn(relation: Relation) -> str:
    """A relation as a table, a plan as it is."""
    if relation.columns == PLAN:
        return "\n".join(str(row[1]) for row in relation.fetchall())
    return relation.text()


def _print_text(relation: Relation, format: str, bar: Bar) -> None:
    """As DuckDB writes csv and json, batch by batch.

    DuckDB can write to /dev/stdout too, but would empty a file that standard output goes to, and takes a closed pipe
    for a fault of the disk.
    """
    import duckdb
    import pyarrow as pa

    with (
        relation.batches() as reader,
        duckdb.connect(":memory:") as connection,
        tempfile.TemporaryDirectory(prefix="vqe-") as folder,
    ):
        part = Path(folder) / "part"
        empty = pa.Table.from_batches([], reader.schema)
        header = format == "csv"
        for rows in _and_nothing(reader, empty):
            connection.register("result", rows)
            options = f"FORMAT csv, HEADER {header}" if format == "csv" else "FORMAT json"
            connection.execute(f"COPY (FROM result) TO {literal(str(part))} ({options})")
            header = False
            bar.stop()
            sys.stdout.flush()
            sys.stdout.buffer.write(part.read_bytes())
            sys.stdout.buffer.flush()


def _and_nothing(reader: Any, empty: Any) -> Any:
    """The batches as tables, and one without rows where there are none: a header is due all the same."""
    import pyarrow as pa

    count = 0
    for batch in reader:
        count += 1
        yield pa.Table.from_batches([batch])
    if not count:
        yield empty


class Bar:
    """A progress bar with rate and time left, drawn while frames go through the reference model."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def update(self, done: int, total: int) -> None:
        if done < self._done:  # the next video, or the next query
            self.stop()
        if self._progress is None:
            self._start()
        self._done = done
        speed = self._progress.tasks[0].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._progress.update(self._task, completed=done, total=total, rate=rate)
        if done >= total:  # what comes next, loading a model perhaps, is not this work
            self.stop()

    def _start(self) -> None:
        from rich import progress
        from rich.console import Console

        columns = (
            progress.BarColumn(),
            progress.TextColumn("{task.completed:,.0f} of {task.total:,.0f} frames  {task.fields[rate]}"),
            progress.TimeRemainingColumn(),
        )
        self._progress = progress.Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("frames", total=1, rate="")
        self._progress.start()

    def stop(self) -> None:
        """Clear the bar; the next update draws a new one."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None
        self._done = 0


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
