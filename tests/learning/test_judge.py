"""What a model is trained towards lies on the side of the truth, however a predicate hangs on scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from squares import Squares

import vqe
from vqe.labels import Labels
from vqe.learning.judge import judge_of
from vqe.logical.node import walk
from vqe.logical.plan import Learn
from vqe.physical.operator import Run
from vqe.relational.evaluate import Evaluator

Open = Callable[..., tuple[vqe.Connection, Squares]]


@pytest.mark.parametrize(
    ("predicate", "true"),
    [
        ("contains('bus', confidence => 0.3)", [1, 1, 1, 1]),
        ("contains('bus', confidence => 0.6)", [0, 0, 1, 1]),
        ("contains('bus', confidence => 0.58) AND NOT contains('bus', confidence => 0.62)", [0, 0, 1, 0]),
        ("NOT contains('bus', confidence => 0.62) OR contains('bus', confidence => 0.65)", [1, 1, 1, 1]),
    ],
)
def test_soft_targets_agree_with_the_truth(opened: Open, predicate: str, true: list[int]) -> None:
    db, buses = opened(plan_space="all")
    db._catalog.put_cost("reference", buses.info.key, 1.0)  # dear enough to learn first
    relation = db.sql(f"SELECT frame FROM street WHERE {predicate}")
    assert relation is not None
    (learn,) = (n for n in walk(relation._source._prepared.plan) if isinstance(n, Learn))  # type: ignore[attr-defined]
    bus = next(number for number, name in buses.info.classes.items() if name == "bus")
    scores = np.array([0.5, 0.55, 0.6, 0.9], np.float32)
    boxes = np.tile(np.array([[1, 1, 20, 20]], np.float32), (4, 1))
    labels = Labels(np.arange(4), np.arange(5), np.full(4, bus, np.int16), scores, boxes)
    told, soft = judge_of(learn.task, Run(db._engine.library, Evaluator()))(labels)
    assert told.tolist() == [bool(t) for t in true]
    assert ((soft >= 0.5) == told).all()
