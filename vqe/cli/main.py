"""The command line: `vqe`, `vqe -c`, `vqe run`, `vqe bench`, `vqe demo`.

Results go to standard output, all else to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from vqe import __version__
from vqe.cli.script import FORMATS, Options, opened, run_script
from vqe.cli.status import guarded
from vqe.errors import QueryError


def _database(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every command over a database takes."""
    for option in (
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, for this run."),
        click.option("--db", metavar="DIR", help="The database folder (default: $VQE_DB, else .vqe)."),
    ):
        command = option(command)
    return command


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every way of asking a query takes."""
    for option in (
        click.option("--format", type=click.Choice(FORMATS), help="Of the result (default: table, or by -o's ending)."),
        click.option(
            "-o", "--output", metavar="FILE", help="Write the last result to FILE: .parquet .csv .json .arrow."
        ),
    ):
        command = option(command)
    return _database(command)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-c", "--command", metavar="SQL", help="Run SQL and exit.")
@_options
@click.version_option(__version__)
@click.pass_context
def cli(context: click.Context, /, command: str | None, **given: Any) -> None:
    """vqe: ask camera recordings in SQL. Without a command: an interactive prompt, or the script on standard input."""
    context.obj = options = Options(**given)
    if context.invoked_subcommand is not None:
        if command is not None:
            raise click.UsageError(f"-c and '{context.invoked_subcommand}' do not go together")
    elif command is not None:
        run_script(_valid(command, "-c"), options)
    elif sys.stdin.isatty():
        from vqe.cli.repl import repl

        if options.output:
            raise click.UsageError("-o needs a query: -c, or run FILE")
        with opened(options) as (db, bar):
            repl(db, bar, options.format or "table")
    else:
        run_script(_read("-"), options)


@cli.command()
@click.argument("file")
@_options
@click.pass_context
def run(context: click.Context, /, file: str, **given: Any) -> None:
    """Run the statements of FILE (- for standard input)."""
    options = context.obj.overridden(**given)
    run_script(_read(file), options)


@cli.command()
def demo() -> None:
    """Make a short clip and ask three queries of it, with the built-in model. Takes under a minute."""
    from vqe.cli.demo import demo as show

    show()


@cli.command()
@click.argument("file")
@click.option("--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Rounds; medians are shown.")
@click.option("--spaces", metavar="NAME,…", help="Plan spaces to measure (default: exact,sampling,noscope,all).")
@click.option("--truth", is_flag=True, help="Ask about every frame first, where errors are not known otherwise.")
@click.option("--replay", is_flag=True, help="Take the model's answers from kept labels; charge for its calls.")
@click.option("--call-seconds", type=float, metavar="S", help="What a replay charges a frame (default: measured).")
@click.option("--json", metavar="FILE", help="Write every round to FILE.")
@click.option("--picture", metavar="FILE", help="Draw cost against error: .png .svg.")
@_database
@click.pass_context
def bench(context: click.Context, /, file: str, settings: tuple[str, ...], db: str | None, **wanted: Any) -> None:
    """Measure the query of FILE, in time and in errors, beside the plain way: a detector on every frame."""
    from vqe.cli.bench import run_bench

    run_bench(_read(file), context.obj.overridden(settings, db=db), **wanted)


def _read(file: str) -> str:
    """The text of a query file. QueryError where there is none."""
    name = "standard input" if file == "-" else file
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return _valid(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise QueryError(f"cannot read {name}: it is not UTF-8 text") from None
    except OSError as fault:
        raise QueryError(f"cannot read {name}: {fault.strerror}") from None
    except ValueError as fault:  # a name that no file can have
        raise QueryError(f"cannot read {name!r}: {fault}") from None


def _valid(text: str, name: str) -> str:
    """The text, unless it has characters that DuckDB cannot take (Python keeps bytes that are not UTF-8 as such)."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise QueryError(f"cannot read {name}: it is not UTF-8 text")
    return text


def main() -> NoReturn:
    """The entry point: every fault becomes a message and an exit status."""
    sys.exit(guarded(lambda: cli.main(standalone_mode=False)))
