"""The interactive prompt."""

from __future__ import annotations

import sys
import time

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import create_output
from pygments.lexers.sql import SqlLexer  # type: ignore[import-untyped, unused-ignore]

from vqe.cache import cache_home
from vqe.cli.complete import Names
from vqe.cli.render import PLAN, Bar, plural, print_accuracy, print_relation
from vqe.cli.status import report
from vqe.connection import Connection
from vqe.errors import VqeError
from vqe.parser import is_complete
from vqe.relation import Relation, boxed

MODES = ("table", "csv", "json")
MOST_SHOWN = 40  # rows
MOST_COUNTED = 100_000  # rows; a longer result is not held in memory only to be counted
HELP = r"""\q            leave (also Ctrl-D)
\?            this help
\mode FORMAT  how results are shown: table, csv, json
Enter runs what is complete, else starts a new line; Alt-Enter runs in any case. Tab completes names.
Ctrl-C stops a query, or clears the line.

CREATE VIDEO cam1 FROM 'gate.mp4';                  SHOW VIDEOS;   DESCRIBE cam1;
SELECT timestamp FROM cam1 WHERE contains('bus');   EXPLAIN SELECT …;
SELECT * FROM events(cam1) WHERE contains('person') GAP '2s';
SELECT class, count(*) FROM detections(cam1) GROUP BY class;"""


def repl(db: Connection, bar: Bar, format: str) -> None:
    """Read, run, print, until \\q or the end of input."""
    _say("vqe: SQL for video. \\? for help, \\q to leave.")
    format = format if format in MODES else "table"
    session = _session(db)
    while True:
        try:
            text = session.prompt().strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text in ("\\q", "quit", "exit"):
            return
        if text.startswith("\\"):
            format = _command(text, format)
        elif text:
            _run(db, bar, text, format)


def _session(db: Connection) -> PromptSession[str]:
    return PromptSession(
        "vqe> ",
        history=_history(),
        multiline=True,
        key_bindings=_keys(),
        prompt_continuation="...> ",
        auto_suggest=AutoSuggestFromHistory(),
        lexer=PygmentsLexer(SqlLexer),
        completer=Names(db),
        complete_while_typing=False,
        output=create_output(stdout=sys.stderr),  # so that standard output has results alone
    )


def _history() -> History:
    path = cache_home() / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @Condition
    def complete() -> bool:
        text = get_app().current_buffer.text
        return text.lstrip().startswith("\\") or not text.strip() or is_complete(text)

    @keys.add("enter", filter=complete)
    def accept(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return keys


def _command(text: str, format: str) -> str:
    """Do what a backslash asks; the format for what follows."""
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    if word == "\\?":
        _say(HELP)
    elif word == "\\mode" and rest in MODES:
        return rest
    elif word == "\\mode":
        _say(f"results are shown as {format}; there are {', '.join(MODES)}")
    else:
        _say(f"no command '{text}'; \\? lists them")
    return format


def _run(db: Connection, bar: Bar, text: str, format: str) -> None:
    """Run one input; whatever happens, the prompt comes back."""
    start = time.perf_counter()
    try:
        for relation in db.run(text):
            count = None if relation is None else _show(relation, format, bar)
            bar.stop()
            rows = "" if count is None else f"{plural(count, 'row')}, "
            _say(f"{rows}{time.perf_counter() - start:.2f} s")
            if relation is not None:
                print_accuracy(relation)
            start = time.perf_counter()
    except (Exception, KeyboardInterrupt) as fault:
        bar.stop()
        report(fault.attach(text) if isinstance(fault, VqeError) else fault)


def _show(relation: Relation, format: str, bar: Bar) -> int | None:
    """Print a result; how many rows it has, where that is known."""
    if format == "table" and relation.columns != PLAN:
        text, count = _table(relation)
        bar.stop()
        print(text, flush=True)
        return count
    print_relation(relation, format, bar)
    sys.stdout.flush()
    return None if relation.columns == PLAN else relation.rows


def _table(relation: Relation) -> tuple[str, int | None]:
    """A result as a table, and its rows counted: DuckDB draws without telling, so they are read up to a bound first."""
    import duckdb
    import pyarrow as pa

    table = None
    while table is None or relation.better():
        batches, count = [], 0
        with relation.batches() as reader:
            for batch in reader:
                batches.append(batch)
                count += len(batch)
                if count > MOST_COUNTED:
                    break
            table = pa.Table.from_batches(batches, reader.schema)
        if count > MOST_COUNTED:
            return relation.text(MOST_SHOWN), relation.rows
    with duckdb.connect(":memory:") as connection:
        return boxed(connection.from_arrow(table), MOST_SHOWN), len(table)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
