"""The wheel: it holds the grammar, and works where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import vqe

ROOT = Path(__file__).parents[2]


def python(folder: Path, *arguments: str, path: Path | None = None) -> str:
    """The output of this Python; modules of `path` come before installed ones."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VQE_DB")}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("vqe", "grammar"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    python(folder, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), "./source")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    target = wheel.parent / "installed"
    python(wheel.parent, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel))
    return target


def test_contents(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "vqe/grammar/vqe.lark" in names
    assert {n.split("/")[0] for n in names} == {"vqe", f"vqe-{vqe.__version__}.dist-info"}


def test_installed_wheel_parses_and_runs(installed: Path, tmp_path: Path) -> None:
    where = python(tmp_path, "-c", "import vqe; print(vqe.__file__)", path=installed)
    assert Path(where.strip()).is_relative_to(installed)
    out = python(tmp_path, "-m", "vqe", "--format", "csv", "-c", "SHOW SETTINGS; SELECT 41 + 1 AS a", path=installed)
    assert "confidence,0.4,0.4" in out
    assert out.endswith("a\n42\n")


def test_checkout_parses_and_runs(tmp_path: Path) -> None:
    out = python(tmp_path, "-m", "vqe", "--format", "csv", "-c", "SHOW SETTINGS; SELECT 41 + 1 AS a", path=ROOT)
    assert "confidence,0.4,0.4" in out


def test_installed_program(tmp_path: Path) -> None:
    """`vqe` beside this Python, where the project is installed: editable or not."""
    program = Path(sys.executable).with_name("vqe")
    if not program.exists():
        pytest.skip("vqe is not installed in this environment")
    done = subprocess.run([program, "-c", "SHOW SETTINGS"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "confidence" in done.stdout
