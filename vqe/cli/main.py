"""The command line: `vqe`, `vqe -c`, `vqe run`, `vqe demo`.

Results go to standard output, all else to standard error.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

from vqe.errors import QueryError, RunError, VqeError, VqeWarning

FORMATS = ("table", "csv", "json", "arrow", "parquet")


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every way of asking a query takes."""
    for option in (
        click.option(
            "-o", "--output", metavar="FILE", help="Write the last result to FILE (.parquet .csv .json .arrow)."
        ),
        click.option("--format", type=click.Choice(FORMATS), help="Of the result on standard output (default: table)."),
        click.option("--db", metavar="DIR", help="The database folder (default: $VQE_DB, else .vqe)."),
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, for this run."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-c", "--command", metavar="SQL", help="Run SQL and exit.")
@_options
@click.version_option(package_name="vqe")
@click.pass_context
def cli(context: click.Context, /, command: str | None, **options: Any) -> None:
    """vqe: ask camera recordings in SQL. Without a command: an interactive prompt."""
    context.obj = options
    if context.invoked_subcommand is not None:
        return
    if command is not None:
        _run_text(command, **options)
    elif sys.stdin.isatty():
        from vqe.cli.repl import repl

        with _connection(options["db"], options["settings"]) as db:
            repl(db, options["format"] or "table")
    else:
        _run_text(sys.stdin.read(), **options)


@cli.command()
@click.argument("file", type=click.Path(allow_dash=True))
@_options
@click.pass_context
def run(context: click.Context, /, file: str, **options: Any) -> None:
    """Run the statements of FILE (- for standard input)."""
    merged = {k: v or context.obj[k] for k, v in options.items()}
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise QueryError(f"cannot read {file}: {reason}") from None
    _run_text(text, **merged)


@cli.command()
def demo() -> None:
    """Make a short clip and ask three queries of it, with the built-in model. Takes under a minute."""
    from vqe.cli.demo import demo as show

    show()


@contextmanager
def _connection(db: str | None, settings: tuple[str, ...]) -> Iterator[Any]:
    from vqe.cli.render import Bar
    from vqe.connection import connect

    pairs = dict(_pair(s) for s in settings)
    with connect(db, pairs) as connection:
        connection.progress = Bar() if sys.stderr.isatty() else None
        yield connection


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise QueryError(f"--set takes NAME=VALUE, not '{text}'")
    return name.strip(), value.strip()


def _run_text(text: str, db: str | None, settings: tuple[str, ...], output: str | None, format: str | None) -> None:
    from vqe.cli.render import finish, print_relation

    with _connection(db, settings) as connection:
        last = None
        for relation in connection.run(text):
            if last is not None:
                print_relation(last, format or "table")
            last = relation
            finish(connection)
        if last is None:
            if output:
                raise QueryError("there is no result to write: the last statement has no rows")
            return
        try:
            if output:
                last.write(output, format if format not in (None, "table") else None)
            else:
                print_relation(last, format or "table")
        except VqeError as fault:
            raise fault.attach(text) from None
        finally:
            finish(connection)


def main() -> NoReturn:
    """The entry point: every fault becomes a message and an exit status (2 query, 1 run time, 130 Ctrl-C)."""
    warnings.showwarning = _show_warning  # type: ignore[assignment]  # it passes all arguments by position
    try:
        cli.main(standalone_mode=False)
        sys.stdout.flush()
        status = 0
    except VqeError as fault:
        print(fault, file=sys.stderr)
        status = fault.exit_status
    except click.ClickException as fault:
        fault.show()
        status = 2
    except (KeyboardInterrupt, click.Abort):
        print("interrupted", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        # The reader went away (head, less); Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 1
    except (OSError, MemoryError) as fault:
        print(RunError(f"{type(fault).__name__}: {fault}"), file=sys.stderr)
        status = 1
    sys.exit(status)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    _filename: str,
    _line: int,
    _file: TextIO | None = None,
    _text: str | None = None,
) -> None:
    if issubclass(category, VqeWarning):
        print(f"warning: {message}", file=sys.stderr)
    elif os.environ.get("VQE_DEBUG"):
        print(f"{category.__name__}: {message}", file=sys.stderr)
