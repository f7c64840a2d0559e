"""README.md is true: every command in it runs, and what it shows is what comes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vqe.cli.demo import make_clip
from vqe.models import ssd_graph

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


def blocks() -> list[Block]:
    text = README.read_text("utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.S | re.M)
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in found]


def set_up(block: Block) -> bool:
    return block.text.startswith("pip install")


COMMANDS = [b for b in blocks() if b.language in ("sh", "sql", "python") and not set_up(b)]
needs_model = pytest.mark.skipif(ssd_graph.find() is None, reason="the built-in model's package is not installed")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a user would stand: a folder with a video, and the queries beside. The blocks run here in their order."""
    folder = tmp_path_factory.mktemp("desk")
    make_clip(folder / "gate.mp4")
    shutil.copytree(ROOT / "queries", folder / "queries")
    yield folder
    shutil.rmtree(folder)


def run(block: Block, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As a user's shell would: `vqe` and `python` are those of this environment."""
    command = {
        "sh": ["bash", "-e", "-c", block.text],
        "sql": [sys.executable, "-m", "vqe", "-c", block.text],
        "python": [sys.executable, "-c", block.text],
    }[block.language]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if k not in ("VQE_DB", "VQE_DEBUG")}
    environment |= {"PATH": path, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@needs_model
@pytest.mark.parametrize("block", COMMANDS, ids=lambda b: f"line {b.line}, {b.language}")
def test_block_runs(block: Block, desk: Path) -> None:
    done = run(block, desk)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert done.stdout or block.text.startswith('vqe -c "CREATE')


@needs_model
def test_explained_plan_is_what_comes_out(desk: Path, tmp_path: Path, update: bool) -> None:
    """In a database that knows nothing yet, so that the costs are those of the book."""
    command = next(b for b in COMMANDS if "EXPLAIN VERBOSE" in b.text)
    shown = next(b for b in blocks() if b.language == "text" and b.line > command.line)
    create = Block("sh", "vqe -c \"CREATE VIDEO cam1 FROM 'gate.mp4'\"", 0)
    assert run(create, desk, VQE_DB=str(tmp_path)).returncode == 0
    said = run(command, desk, VQE_DB=str(tmp_path)).stdout
    if update:
        text = README.read_text("utf-8").splitlines(keepends=True)
        last = shown.line + shown.text.count("\n")
        README.write_text("".join([*text[: shown.line], said, *text[last:]]), "utf-8")
    else:
        assert shown.text == said


@needs_model
def test_shown_error_is_what_comes_out(desk: Path) -> None:
    shown = next(b for b in blocks() if b.text.startswith("error:"))
    query = re.search(r"1 \| (.*)", shown.text)
    assert query is not None
    done = run(Block("sql", query[1], 0), desk)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", shown.text)


def test_set_up_commands_are_those_of_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    commands = [line.removesuffix(" || exit 1") for line in script if line.startswith("pip install")]
    assert commands == [b.text.strip() for b in blocks() if set_up(b)]
    assert len(commands) == 2
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_files_named_for_adding_an_operator_say_what_is_claimed() -> None:
    for file, word in (
        ("vqe/logical/plan.py", "class Limit(Node)"),
        ("vqe/physical/lower.py", "case plan.Limit()"),
        ("vqe/optimizer/cost.py", "case Limit("),
        ("vqe/optimizer/optimize.py", "REWRITES"),
    ):
        assert word in (ROOT / file).read_text("utf-8"), file
