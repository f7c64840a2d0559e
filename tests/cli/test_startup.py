"""What a short query costs before it starts."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {"torch", "torchvision", "ultralytics", "openvino", "cv2", "decord"}
EXPLAIN = "EXPLAIN SELECT frame FROM cam1 WHERE seconds > 2 AND contains('bus')"


@pytest.fixture
def environment(pinned_database: SimpleNamespace) -> dict[str, str]:
    given = {"VQE_DB": pinned_database.folder, "VQE_CACHE": pinned_database.cache, "PYTHONPATH": ROOT}
    return os.environ | {k: str(v) for k, v in given.items()}


def loaded(query: str, environment: dict[str, str]) -> set[str]:
    """The modules that are there when a query has been answered."""
    code = (
        "import sys\nfrom vqe.cli.main import main\n"
        f"sys.argv = ['vqe', '-c', {query!r}]\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stderr.split()}


def test_plain_query_loads_no_more_than_it_needs(environment: dict[str, str]) -> None:
    found = loaded("SELECT 1", environment)
    assert not found & (FRAMEWORKS | {"numpy", "pyarrow", "pandas", "av", "rich", "prompt_toolkit", "yaml"})


def test_planning_loads_no_framework(environment: dict[str, str]) -> None:
    assert not loaded(EXPLAIN, environment) & (FRAMEWORKS | {"pandas", "av", "rich", "prompt_toolkit"})


@pytest.mark.parametrize(("query", "most"), [("SELECT 1", 0.25), (EXPLAIN, 1.0)], ids=["SELECT 1", "EXPLAIN"])
def test_cost_over_importing_duckdb_and_lark(
    query: str, most: float, environment: dict[str, str], tmp_path: Path
) -> None:
    """Medians of runs in turn, in seconds of the processor: the clock would measure what else the machine does.

    What is imported has been compiled, as pip does it: otherwise Python's compiler would be measured.
    """
    environment = {k: v for k, v in environment.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    commands = ([sys.executable, "-c", "import duckdb, lark"], [sys.executable, "-m", "vqe", "-c", query])
    for command in commands:
        seconds(command, environment)
    runs = [[seconds(command, environment) for command in commands] for _ in range(5)]
    base, ours = (statistics.median(times) for times in zip(*runs, strict=True))
    assert ours - base <= most


def seconds(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
