"""The progress bar: what it says, and that it leaves nothing behind."""

from __future__ import annotations

import io
import sys

import pytest

from vqe.cli.render import Bar, plural


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Not a fixture: pytest puts its own standard error in place when a test begins."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return screen


def test_bar_shows_count_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    with Bar() as bar:
        for done in (100, 200, 300):
            bar.update(done, 1000)
        bar._progress.refresh()
    assert "300 of 1,000 frames" in screen.getvalue()
    assert "/s" in screen.getvalue()
    assert "0:00:0" in screen.getvalue()


def test_bar_begins_anew_with_the_next_video(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    with Bar() as bar:
        bar.update(900, 1000)
        bar.update(5, 2000)
        bar._progress.refresh()
    assert "5 of 2,000 frames" in screen.getvalue()


def test_bar_that_never_started_stops_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    with Bar() as bar:
        bar.stop()
    assert screen.getvalue() == ""


def test_plural() -> None:
    assert [plural(n, "row") for n in (0, 1, 2, 12345)] == ["0 rows", "1 row", "2 rows", "12,345 rows"]
