"""The queries that a user runs first: each has a comment, a plan that is kept, and runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import golden
import pyarrow.parquet as pq
import pytest

import vqe as package
from vqe.parser import ast, parse

ROOT = Path(__file__).parents[2]
PLANS = golden.read(Path(__file__).with_name("queries.txt"))
FILES = sorted((ROOT / "queries").glob("*.sql"))


def test_every_query_has_a_plan_and_a_comment() -> None:
    assert [case.query for case in PLANS] == [f"queries/{f.name}" for f in FILES]
    assert all(f.read_text("utf-8").startswith("-- ") for f in FILES)
    assert all("cam1" in f.read_text("utf-8") for f in FILES)


@pytest.mark.parametrize("case", PLANS, ids=lambda case: case.title)
def test_plan(case: golden.Case, db: package.Connection, update: bool) -> None:
    text = (ROOT / case.query).read_text("utf-8")
    query = next(s for s in parse(text) if isinstance(s, ast.QueryStatement))
    explained = db.sql("EXPLAIN " + text[query.query.span.start : query.query.span.end])
    assert explained is not None
    golden.check(case, explained.fetchall()[0][1], update)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_query_runs(file: Path, vqe: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = vqe("run", str(file), "--format", "csv")
    assert (done.status, done.err) == (0, "")
    if "COPY" in file.read_text("utf-8"):
        assert pq.read_table(tmp_path / "cam1.parquet").num_rows > 0
    else:
        assert done.out.count("\n") > 1  # a header, and at least one row
