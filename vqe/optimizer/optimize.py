"""PLAN → CHEAPER: the rewrites, in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vqe.logical.budget import Budget
from vqe.logical.expr import Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node, transform
from vqe.logical.plan import Query, Task
from vqe.optimizer.rules.limit_scan import limit_scan
from vqe.optimizer.rules.merge_filters import merge_filters
from vqe.optimizer.rules.place_cascade import place_cascade
from vqe.optimizer.rules.place_reference import place_reference
from vqe.optimizer.rules.prune_columns import prune_columns
from vqe.optimizer.rules.select_frames import select_by_tables, select_frames
from vqe.optimizer.situation import Candidate
from vqe.video import Video


@dataclass(frozen=True)
class Context:
    """What rules may ask. `matching`: the frames that a predicate without calls selects, from the index.

    `confidence`: the floor from which up detections are kept, so that later queries find theirs. `choose`: the best
    candidate for a task within a budget, where the frames' labels are needed or not.
    """

    matching: Callable[[Video, Predicate], FrameSet]
    confidence: float
    choose: Callable[[Task, Budget, bool], Candidate]


Rule = Callable[[Node, Query, Context], Node]

# Exact rewrites: the same rows, less work. Each sees every node once, the deepest first.
REWRITES: tuple[Rule, ...] = (select_frames, merge_filters, limit_scan, prune_columns)
# What makes a plan executable, last and in this order; of these only place_cascade can be disabled.
PLACEMENTS: tuple[Rule, ...] = (select_by_tables, place_cascade, place_reference)
# Those that can. Without place_cascade every answer is exact.
OPTIONAL_RULES: tuple[Rule, ...] = (*REWRITES, place_cascade)


def optimize(plan: Query, context: Context, disabled: frozenset[str] = frozenset()) -> list[tuple[str, Query]]:
    """The plan after each rule that changed it, as (rule, plan); the last is the one to run."""
    steps = [("bound", plan)]
    rules = (r for r in (*REWRITES, *PLACEMENTS) if r not in OPTIONAL_RULES or r.__name__ not in disabled)
    for rule in rules:
        current = steps[-1][1]
        changed = transform(current, lambda node, rule=rule, plan=current: rule(node, plan, context))  # type: ignore[misc]
        assert isinstance(changed, Query)
        if changed != current:
            steps.append((rule.__name__, changed))
    return steps
