"""What the terminal shows: results on standard output, progress on standard error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from vqe.errors import QueryError

if TYPE_CHECKING:
    from vqe.connection import Connection
    from vqe.relation import Relation


def print_relation(relation: Relation, format: str) -> None:
    """A relation in one of the formats; a plan as plain text."""
    sys.stdout.flush()
    if format == "table":
        if relation.columns == ["explain_key", "explain_value"]:
            print("\n".join(str(row[1]) for row in relation.fetchall()))
        else:
            print(relation.text())
    elif format in ("csv", "json"):
        relation.copy_to("/dev/stdout", format)
    elif sys.stdout.isatty():
        raise QueryError(f"{format} is binary: give a file with -o")
    else:
        relation.write_stream(sys.stdout.buffer, format)


class Bar:
    """A progress bar with rate and time left, drawn while frames go through the reference model."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None

    def update(self, done: int, total: int) -> None:
        if self._progress is None:
            self._start()
        self._progress.update(self._task, completed=done, total=total)

    def _start(self) -> None:
        from rich import progress
        from rich.console import Console

        columns = (
            progress.BarColumn(),
            progress.TaskProgressColumn(show_speed=True),
            progress.TextColumn("{task.completed:,.0f} of {task.total:,.0f} frames"),
            progress.TimeRemainingColumn(),
        )
        self._progress = progress.Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("frames", total=None)
        self._progress.start()

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._task = None


def finish(connection: Connection) -> None:
    """Clear the bar when a statement is over."""
    if isinstance(connection.progress, Bar):
        connection.progress.stop()


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def width() -> int:
    return os.get_terminal_size().columns if sys.stdout.isatty() else 120
