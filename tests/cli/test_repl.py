"""The prompt, in a real terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import Terminal, available, prompt

pytestmark = [
    pytest.mark.skipif(not available(), reason="tmux is not installed"),
]
ENDLESS = "SELECT max(a.range * b.range) FROM range(1000000000) a, range(100000) b"


@pytest.fixture(scope="module")
def places(pinned_database: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("prompt")
    shutil.copytree(pinned_database.folder, folder / "db")
    shutil.copytree(pinned_database.cache, folder / "cache")
    return SimpleNamespace(folder=folder, database=folder / "db", cache=folder / "cache")


@pytest.fixture
def terminal(places: SimpleNamespace) -> Iterator[Terminal]:
    with prompt(places.folder, places.database, places.cache) as terminal:
        yield terminal


def test_query_row_count_and_leaving(terminal: Terminal) -> None:
    terminal.line("SELECT count(*) AS n FROM cam1")
    screen = terminal.wait("1 row, ")
    assert "300" in screen
    terminal.line("SELECT * FROM range(7)")
    terminal.wait("7 rows, ")
    terminal.line("\\q")
    terminal.wait("status 0")


def test_error_has_a_caret_and_the_session_goes_on(terminal: Terminal) -> None:
    terminal.line("SELECT frame FROM cam1 WHERE contains('buss')")
    screen = terminal.wait("hint: did you mean 'bus'?")
    lines = screen.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  1 | SELECT"))
    assert lines[at + 1].index("^^^^^^") == lines[at].index("'buss'")
    terminal.line("SELECT 40 + 2")
    terminal.wait("42", "1 row, ")


def test_statement_of_several_lines(terminal: Terminal) -> None:
    terminal.line("SELECT count(*) AS n")
    terminal.line("FROM cam1")
    terminal.prompt()  # a complete statement runs at once
    terminal.line("SELECT count(*) AS many FROM (")
    terminal.wait("...>")
    terminal.line("SELECT frame FROM cam1 WHERE frame < 12")
    terminal.line(")")
    terminal.wait("many", "12", "1 row, ")
    assert "│    12 │" in terminal.prompt(), "what was typed holds both words already"


def test_ctrl_c_stops_the_query_and_not_the_session(terminal: Terminal) -> None:
    terminal.line(ENDLESS)
    time.sleep(1.5)
    start = time.monotonic()
    terminal.type("C-c")
    terminal.wait("interrupted", seconds=10)
    assert time.monotonic() - start < 5
    terminal.line("SELECT 40 + 2")
    terminal.wait("42", "1 row, ")


def test_ctrl_c_clears_the_line_and_ctrl_d_leaves(terminal: Terminal) -> None:
    terminal.type("SELECT nonsense", "C-c")
    terminal.prompt()
    terminal.line("SELECT 40 + 2")
    screen = terminal.wait("42", "1 row, ")
    assert "error" not in screen
    terminal.type("C-d")
    terminal.wait("status 0")


def test_history_is_kept_between_sessions(places: SimpleNamespace) -> None:
    with prompt(places.folder, places.database, places.cache) as terminal:
        terminal.line("SELECT 'remember' || ' me'")
        terminal.wait("remember me", "1 row, ")
        terminal.line("\\q")
        terminal.wait("status 0")
    with prompt(places.folder, places.database, places.cache) as terminal:
        terminal.type("Up", "Up")
        terminal.wait("vqe> SELECT 'remember' || ' me'")
        terminal.type("Enter")
        terminal.wait("1 row, ")


def test_backslash_commands(terminal: Terminal) -> None:
    terminal.line("\\?")
    terminal.wait("\\mode FORMAT")
    terminal.line("\\mode csv")
    terminal.line("SELECT 1 AS a, 2 AS b")
    screen = terminal.wait("a,b\n1,2")
    assert "│" not in screen
    terminal.line("\\mode xml")
    terminal.wait("results are shown as csv; there are table, csv, json")
    terminal.line("\\nonsense")
    terminal.wait("no command '\\nonsense'")


def test_tab_completes_names_of_videos(terminal: Terminal) -> None:
    terminal.type("SELECT count(*) AS n FROM ya", "Tab")
    terminal.wait("FROM yard")
    terminal.type("Enter")
    terminal.wait("1 row, ")


@pytest.mark.shared
def test_ctrl_c_stops_a_model_at_work(terminal: Terminal, shared: Path) -> None:
    terminal.line(f"SET model = '{shared}/models/yolo11n_int8_openvino_model'")
    terminal.line(f"SELECT count(*) FROM '{shared}/footage/crossing.mp4' WHERE contains('bus')")
    terminal.wait(",000 frames", seconds=90)
    terminal.type("C-c")
    screen = terminal.wait("interrupted", seconds=15)
    assert ",000 frames" not in screen, "the bar stays"
    terminal.line("RESET model")
    terminal.line("SELECT 40 + 2")
    terminal.wait("42", "1 row, ")
