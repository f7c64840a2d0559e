"""Plans as text, and the same queries run: a rewrite may change the work, never the rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import golden
import pytest

import vqe
from vqe.optimizer.optimize import REWRITES

CASES = golden.cases(Path(__file__).parent)
RULES = [rule.__name__ for rule in REWRITES]
RUNNABLE = [case for case in CASES if "fresh" not in case.query]  # that camera has no labels


@pytest.fixture
def connected(request: pytest.FixtureRequest, guarded: SimpleNamespace) -> Iterator[vqe.Connection]:
    """The shared connection with the case's settings."""
    reader = request.getfixturevalue("reader")
    overrides = reader._engine.settings._overrides
    overrides.update(request.getfixturevalue("case").for_database)
    assert reader.folder == guarded.folder
    yield reader
    overrides.clear()


@pytest.mark.parametrize("case", golden.marked(CASES), ids=lambda c: c.id)
def test_plan(case: golden.Case, connected: vqe.Connection, guarded: SimpleNamespace, update: bool) -> None:
    query = case.query if case.query.startswith("EXPLAIN") else f"EXPLAIN {case.query}"
    relation = connected.sql(query)
    assert relation is not None
    ((_, plan),) = relation.fetchall()
    assert str(guarded.clips) not in plan
    golden.check(case, plan, update)


@pytest.mark.parametrize("case", RUNNABLE, ids=lambda c: c.id)
def test_same_rows_without_rules(case: golden.Case, connected: vqe.Connection) -> None:
    """Without each of the rules that change this plan, and without all of them."""
    query = case.query.removeprefix("EXPLAIN VERBOSE").removeprefix("EXPLAIN")
    expected = _rows(connected, query)
    steps = _verbose(connected, query)
    fired = [rule for rule in RULES if f"-- {rule}\n" in steps]
    for disabled in dict.fromkeys([*fired, ",".join(RULES)] if len(fired) != 1 else fired):
        connected._engine.settings._overrides["disabled_rules"] = disabled
        assert _rows(connected, query) == expected, f"without {disabled}"


def test_enough_cases() -> None:
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)


def _rows(db: vqe.Connection, query: str) -> list[Any]:
    relation = db.sql(query)
    assert relation is not None
    rows = relation.fetchall()
    return rows if "ORDER BY" in query else sorted(rows, key=repr)


def _verbose(db: vqe.Connection, query: str) -> str:
    relation = db.sql(query)
    assert relation is not None
    return relation.explain("verbose")
