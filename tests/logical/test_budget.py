"""What a statement allows its relations to be wrong by: clauses before settings, each relation by its kind."""

from __future__ import annotations

import pytest

import vqe
from vqe.engine import Engine
from vqe.logical.budget import Budget
from vqe.parser import ast, parse

FRAMES = "SELECT frame FROM cam1 WHERE contains('bus')"
BOXES = "SELECT class FROM detections(cam1) WHERE contains('bus')"
EVENTS = "FROM events(cam1) WHERE contains('bus') GAP '2s'"
MIXED = "SELECT count(*) FROM cam1, events(cam2 WHERE contains('bus')) AS e WHERE contains('car')"


def budgets(engine: Engine, text: str) -> list[Budget | None]:
    (statement,) = parse(text)
    assert isinstance(statement, ast.QueryStatement)
    prepared = engine.prepare(statement, text, {})
    assert prepared is not None
    return [relation.budget for relation in prepared.plan.relations]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FRAMES, [Budget(0.01, 0.01, None, None)]),
        (BOXES, [Budget(0.01, 0.01, None, None)]),
        (EVENTS, [Budget(0.05, None, 0.05, None)]),
        ("SELECT frame FROM cam1", [Budget(0.01, 0.01, None, None)]),
        (f"{FRAMES} EXACT", [None]),
        (f"{MIXED} EXACT", [None, None]),
        (f"{FRAMES} FNR WITHIN 2%", [Budget(0.02, 0.01, None, None)]),
        (f"{FRAMES} FPR WITHIN 3% AT CONFIDENCE 90%", [Budget(0.01, 0.03, None, 0.9)]),
        (f"{FRAMES} FDR WITHIN 4%", [Budget(0.01, None, 0.04, None)]),
        (f"{BOXES} FDR WITHIN 4% FNR WITHIN 0%", [Budget(0, None, 0.04, None)]),
        (f"{EVENTS} FNR WITHIN 0.2 AT CONFIDENCE 0.5", [Budget(0.2, None, 0.05, 0.5)]),
        (f"{EVENTS} FDR WITHIN 6%", [Budget(0.05, None, 0.06, None)]),
        (MIXED, [Budget(0.01, 0.01, None, None), Budget(0.05, None, 0.05, None)]),
        (f"{MIXED} FNR WITHIN 2%", [Budget(0.02, 0.01, None, None), Budget(0.02, None, 0.05, None)]),
        (f"{MIXED} FPR WITHIN 2%", [Budget(0.01, 0.02, None, None), Budget(0.05, None, 0.05, None)]),
        (f"{MIXED} FDR WITHIN 2%", [Budget(0.01, None, 0.02, None), Budget(0.05, None, 0.02, None)]),
    ],
)
def test_clauses(db: vqe.Connection, text: str, expected: list[Budget | None]) -> None:
    assert budgets(db._engine, text) == expected


def test_settings(own: vqe.Connection) -> None:
    own.sql("SET fnr = 2%; SET fpr = 0.03; SET event_fnr = 4%; SET event_fdr = 0")
    assert budgets(own._engine, FRAMES) == [Budget(0.02, 0.03, None, None)]
    assert budgets(own._engine, EVENTS) == [Budget(0.04, None, 0, None)]
    assert budgets(own._engine, f"{FRAMES} FDR WITHIN 5%") == [Budget(0.02, None, 0.05, None)]


def test_a_listing_takes_clauses_too(db: vqe.Connection) -> None:
    assert budgets(db._engine, "SELECT video FROM videos() FPR WITHIN 1%") == []


def test_text() -> None:
    assert str(Budget(0.01, 0.01, None, None)) == "FNR within 1 %, FPR within 1 %"
    assert str(Budget(0, None, 0.07, 0.95)) == "FNR within 0 %, FDR within 7 %, at 95 % confidence"
