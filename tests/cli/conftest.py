"""The command line as a function, and as a process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def vqe(
    guarded: SimpleNamespace, own_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Runs the command line in this process, over a copy of the pinned database."""
    del guarded
    monkeypatch.setenv("VQE_DB", str(own_folder))
    monkeypatch.delenv("VQE_DEBUG", raising=False)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back afterwards

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        from vqe.cli.main import main

        monkeypatch.setattr(sys, "argv", ["vqe", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        with pytest.raises(SystemExit) as left:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, out, err)

    return run


@pytest.fixture
def process(guarded: SimpleNamespace, own_folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts the command line as a process of its own, over a copy of the pinned database."""
    variables = {"VQE_DB": str(own_folder), "VQE_CACHE": str(guarded.cache), "PYTHONPATH": str(ROOT)}

    def start(*arguments: str, **given: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vqe", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **variables, **given},
        )

    return start


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the development footage is not there")
    return folder
