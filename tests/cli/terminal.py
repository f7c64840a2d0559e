"""A real terminal for tests: a tmux session that is typed into and read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class Terminal:
    """One window of its own tmux server, 120 columns by 50 lines."""

    def __init__(self) -> None:
        self._name = f"vqe-test-{uuid.uuid4().hex[:12]}"

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._name, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout

    def start(self, command: str, folder: Path) -> Self:
        self._tmux("new-session", "-d", "-x", "120", "-y", "50", "-c", str(folder), command)
        return self

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._name, "kill-server"], capture_output=True, timeout=20, check=False)

    def type(self, *keys: str) -> None:
        """Keys by tmux' names (Enter, C-c, Up); anything else is typed as it is."""
        for key in keys:
            named = key in ("Enter", "Up", "Down", "Tab", "Escape") or key.startswith(("C-", "M-"))
            self._tmux("send-keys", *([] if named else ["-l"]), key)

    def line(self, text: str) -> None:
        self.type(text, "Enter")

    def screen(self) -> str:
        """All that was shown so far, what has scrolled away included."""
        return self._tmux("capture-pane", "-p", "-S", "-1000").rstrip()

    def wait(self, *texts: str, seconds: float = 30) -> str:
        """The screen, once it shows all these texts."""
        return self.until(lambda screen: all(text in screen for text in texts), f"never showed {texts}", seconds)

    def prompt(self, seconds: float = 30) -> str:
        """The screen, once it ends with an empty prompt."""
        return self.until(lambda screen: screen.splitlines()[-1:] == ["vqe>"], "no prompt", seconds)

    def until(self, done: Callable[[str], bool], complaint: str, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if done(screen):
                return screen
            assert time.monotonic() < deadline, f"{complaint}:\n{screen}"
            time.sleep(0.1)


@contextmanager
def prompt(folder: Path, database: Path, cache: Path) -> Iterator[Terminal]:
    """`vqe` at its prompt; when it leaves, the terminal shows its exit status."""
    variables = {"VQE_DB": database, "VQE_CACHE": cache, "PYTHONPATH": Path(__file__).parents[2]}
    settings = " ".join(f"{name}='{value}'" for name, value in variables.items())
    terminal = Terminal()
    try:
        terminal.start(f"env {settings} '{sys.executable}' -m vqe; echo status $?; exec sleep 600", folder)
        terminal.prompt(60)
        yield terminal
    finally:
        terminal.close()


def available() -> bool:
    return any((Path(p) / "tmux").exists() for p in os.environ.get("PATH", "").split(os.pathsep))
