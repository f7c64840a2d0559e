"""Exit statuses and streams of the real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from vqe.cli.status import report
from vqe.errors import QueryError, RunError

ENDLESS = "SELECT max(a.range * b.range) FROM range(1000000000) a, range(100000) b"


@pytest.mark.parametrize("statement", [ENDLESS, f"CREATE TABLE slow AS {ENDLESS}"], ids=["select", "create"])
def test_ctrl_c_ends_with_130(process: Callable, statement: str) -> None:
    running = process("-c", statement)
    time.sleep(2.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (130, "", "\ninterrupted\n")  # a line of its own, after the terminal's ^C


@pytest.mark.parametrize("format", ["csv", "json", "arrow", "parquet", "table"])
def test_reader_that_leaves_is_no_fault_to_speak_of(process: Callable, format: str) -> None:
    query = "SELECT repeat('x', 200) AS x FROM range(500000)"
    running = process("--format", format, "-c", query, *(["-c", f"EXPLAIN {query}"] if format == "table" else []))
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(timeout=60) == 1


def test_no_bar_where_no_terminal_is(process: Callable) -> None:
    out, err = process("-c", "SELECT count(*) AS n FROM cam1 WHERE contains('bus')").communicate(timeout=60)
    assert err == ""
    assert "n" in out


def test_internal_fault_is_short_unless_asked() -> None:
    broken = "from vqe.cli import script, main; script.connect = main.run_script = None; main.main()"

    def run(**given: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", broken, "-c", "SELECT 1"]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **given}, check=False)

    short = run(VQE_DEBUG="")
    assert (short.returncode, short.stdout) == (1, "")
    assert short.stderr.startswith("error: internal fault: TypeError: ")
    assert short.stderr.endswith("hint: VQE_DEBUG=1 shows where\n")
    assert "Traceback" not in short.stderr
    assert "Traceback" in run(VQE_DEBUG="1").stderr


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (QueryError("q"), 2, "error: q\n"),
        (RunError("r"), 1, "error: r\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 1, "error: out of memory\n"),
        (OSError(28, "No space left on device", "/x"), 1, "error: No space left on device: /x\n"),
        (KeyError("k"), 1, "error: internal fault: KeyError: 'k'\nhint: VQE_DEBUG=1 shows where\n"),
    ],
)
def test_report(fault: BaseException, status: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(fault) == status
    assert capsys.readouterr().err == text
