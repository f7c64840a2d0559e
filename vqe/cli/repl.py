"""The interactive prompt."""

from __future__ import annotations

import sys
import time

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent

from vqe.catalog import cache_home
from vqe.cli.main import FORMATS
from vqe.cli.render import finish, plural, print_relation
from vqe.connection import Connection
from vqe.errors import VqeError
from vqe.parser import is_complete

HELP = r"""\q            leave (also Ctrl-D)
\?            this help
\mode FORMAT  how results are shown: table, csv, json
Enter runs what is complete, else starts a new line; Alt-Enter always starts one. Ctrl-C stops a query.

CREATE VIDEO cam1 FROM 'gate.mp4';                  SHOW VIDEOS;   DESCRIBE cam1;
SELECT timestamp FROM cam1 WHERE contains('bus');   EXPLAIN SELECT …;
SELECT * FROM events(cam1) WHERE contains('person') GAP '2s';
SELECT class, count(*) FROM detections(cam1) GROUP BY class;"""


def repl(db: Connection, format: str) -> None:
    """Read, run, print, until \\q or the end of input."""
    print("vqe: SQL for video. \\? for help, \\q to leave.", file=sys.stderr)
    session: PromptSession[str] = PromptSession(
        "vqe> ",
        history=_history(),
        multiline=True,
        key_bindings=_keys(),
        prompt_continuation="...> ",
        auto_suggest=AutoSuggestFromHistory(),
    )
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
            _run(db, text, format)


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
        from prompt_toolkit.application import get_app

        text = get_app().current_buffer.text
        return text.lstrip().startswith("\\") or not text.strip() or is_complete(text)

    @keys.add("enter", filter=complete)
    def accept(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return keys


def _command(text: str, format: str) -> str:
    word, _, rest = text.partition(" ")
    if word == "\\mode" and rest.strip() in FORMATS:
        return rest.strip()
    print(HELP if word == "\\?" else f"no command '{text}'; \\? lists them", file=sys.stderr)
    return format


def _run(db: Connection, text: str, format: str) -> None:
    """Run one input; whatever happens, the prompt comes back."""
    start = time.perf_counter()
    try:
        for relation in db.run(text):
            if relation is not None:
                print_relation(relation, format)
            finish(db)
            rows = f"{plural(relation.rows, 'row')}, " if relation is not None and relation.rows is not None else ""
            print(f"{rows}{time.perf_counter() - start:.2f} s", file=sys.stderr)
            start = time.perf_counter()
    except VqeError as fault:
        finish(db)
        print(fault.attach(text), file=sys.stderr)
    except KeyboardInterrupt:
        finish(db)
        print("interrupted", file=sys.stderr)
