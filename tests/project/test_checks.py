"""What the project asks of its own source, beside what it does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 400  # lines


def check(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def sources() -> dict[str, str]:
    return {str(f.relative_to(ROOT)): f.read_text("utf-8") for f in sorted((ROOT / "vqe").rglob("*.py"))}


def test_ruff() -> None:
    check("ruff", "check", ".")


def test_mypy() -> None:
    check("mypy")


def test_import_contracts() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules_are_imported_by_name_in_models_alone() -> None:
    """Where the import contracts cannot see them. (The package itself imports its own public names when asked.)"""
    by_name = re.compile(r"import_module\(|__import__\(")
    found = [file for file, text in sources().items() if by_name.search(text)]
    assert [file for file in found if not file.startswith(("vqe/models/", "vqe/__init__.py"))] == []


def test_frameworks_are_named_in_imports_of_models_alone() -> None:
    imported = re.compile(r"^\s*(import|from) +(torch|torchvision|ultralytics|openvino)\b", re.M)
    found = [file for file, text in sources().items() if imported.search(text)]
    assert [file for file in found if not file.startswith("vqe/models/")] == []


def test_no_file_is_too_long_to_read() -> None:
    lengths = {file: text.count("\n") for file, text in sources().items()}
    assert {file: n for file, n in lengths.items() if n > LONGEST} == {}


def test_grammar_has_one_copy() -> None:
    assert [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("vqe.lark") if ".venv" not in p.parts] == [
        "grammar/vqe.lark"
    ]
