"""Below the rows of an approximate answer: how good it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import vqe as package
from vqe.accuracy import Interval
from vqe.cli.render import Bar
from vqe.cli.repl import _run
from vqe.execution import Execution
from vqe.report import Report

QUERY = "SELECT count(*) AS n FROM cam1 WHERE contains('bus')"
NOTE = "FNR is above its budget of 1 %"
LINE = "FNR 5 % (2 to 9 %); 12 of 300 frames asked\n"
APPROXIMATE = Report(
    "cam1", "cam1", "contains('bus')", "cascade", None, 300, 12, 0.1, rates={"fnr": Interval(0.05, 0.02, 0.09)}
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Every run over videos has these reports."""
    return lambda *reports: monkeypatch.setattr(Execution, "assess", lambda *_: (reports, False))


def test_at_the_prompt(own: package.Connection, said: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    said(APPROXIMATE)
    with Bar() as bar:
        _run(own, bar, QUERY, "table")
    assert capsys.readouterr().err.endswith(f" s\n{LINE}")


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_line_on_standard_error(vqe: Callable, said: Callable[..., None], format: str) -> None:
    said(APPROXIMATE)
    done = vqe("--format", format, "-c", QUERY)
    assert (done.status, done.err) == (0, LINE)
    assert "FNR" not in done.out


def test_notes_are_warnings_every_time(vqe: Callable, said: Callable[..., None]) -> None:
    said(replace(APPROXIMATE, notes=(NOTE,)))
    done = vqe("-c", f"{QUERY}; {QUERY}")
    assert (done.status, done.err) == (0, f"warning: {NOTE}\n{LINE}" * 2)


def test_into_a_file(vqe: Callable, said: Callable[..., None], tmp_path: Path) -> None:
    said(APPROXIMATE)
    assert vqe("-o", str(tmp_path / "out.csv"), "-c", QUERY).err == LINE
    assert vqe("-c", f"COPY ({QUERY}) TO '{tmp_path / 'copied.csv'}'").err == ""


def test_nothing_of_exact_answers_and_of_no_video(vqe: Callable, said: Callable[..., None]) -> None:
    said(Report("cam1", "cam1", "contains('bus')", "exact", None, 300, 12, 0.1))
    done = vqe("-c", f"{QUERY}; SELECT 1; SHOW RUNS; EXPLAIN {QUERY}")
    assert (done.status, done.err) == (0, "")
