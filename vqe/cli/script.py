"""Running a script: its statements in order, each result shown or written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqe.cli.render import Bar, print_accuracy, print_relation
from vqe.errors import QueryError, VqeError

if TYPE_CHECKING:
    from vqe.connection import Connection

FORMATS = ("table", "csv", "json", "arrow", "parquet")


@dataclass(frozen=True)
class Options:
    """What the command line says besides the query."""

    db: str | None = None
    settings: tuple[str, ...] = ()
    output: str | None = None
    format: str | None = None

    @property
    def pairs(self) -> dict[str, str]:
        """The settings by their names. QueryError where one is not NAME=VALUE."""
        return dict(_pair(s) for s in self.settings)

    def overridden(self, settings: tuple[str, ...], **given: Any) -> Options:
        """With what was given behind the name of a command."""
        return replace(self, settings=self.settings + settings, **{k: v for k, v in given.items() if v is not None})


@contextmanager
def opened(options: Options) -> Iterator[tuple[Connection, Bar]]:
    """The connection that the options ask for, and the bar that it draws its progress with."""
    from vqe.connection import connect

    settings = options.pairs
    folder = Path(options.db or os.environ.get("VQE_DB") or ".vqe").expanduser()
    if folder.exists() and not folder.is_dir():
        raise QueryError(f"the database '{folder}' is not a folder", hint="give another one with --db or VQE_DB")
    with connect(folder, settings) as connection, Bar() as bar:
        connection.progress = bar if sys.stderr.isatty() else None
        yield connection, bar


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise QueryError(f"--set takes NAME=VALUE, not '{text}'")
    return name.strip(), value.strip()


def run_script(text: str, options: Options) -> None:
    """Run all statements. QueryError where `-o` was given and the last one has no rows."""
    from vqe.parser import parse

    if options.output:
        check_writable(options.output, options.format)
    with opened(options) as (connection, bar), _attached(text):
        last = len(parse(text)) if options.output else None
        for number, relation in enumerate(connection.run(text), 1):
            # A relation is read before the next statement runs: that one may change what it reads.
            if number == last and relation is not None:
                relation.write(str(options.output), _file_format(options.format))
                print_accuracy(relation)
                return
            if relation is not None:
                print_relation(relation, options.format or "table", bar)
            bar.stop()
            if relation is not None:
                print_accuracy(relation)
    if options.output:
        raise QueryError("there is no result to write: the last statement has no rows")


@contextmanager
def _attached(text: str) -> Iterator[None]:
    """A relation is read here, outside of the connection's own reach, so errors get their text here."""
    try:
        yield
    except VqeError as fault:
        raise fault.attach(text) from fault.__cause__


def _file_format(format: str | None) -> str | None:
    return None if format == "table" else format


def check_writable(output: str, format: str | None) -> None:
    """What would fail at the end of an hour's work fails now."""
    from vqe.relational.results import format_of

    target = Path(output)
    folder = target.parent
    if target.is_dir():
        raise QueryError(f"cannot write '{output}': it is a folder")
    if _file_format(format) is None:
        format_of(output)
    if not folder.is_dir():
        raise QueryError(f"cannot write '{output}': there is no folder '{folder}'")
    if not os.access(folder, os.W_OK):
        raise QueryError(f"cannot write '{output}': the folder '{folder}' is not writable")
