"""A prepared statement while it runs: its operators, and what DuckDB reads of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from vqe.assessment import Assessment
from vqe.library import Library
from vqe.logical.bind import Bound
from vqe.logical.node import walk
from vqe.logical.plan import Query, Resolve
from vqe.physical.lower import lower
from vqe.physical.operator import Operator, Progress, Run
from vqe.physical.stream import RelationStream
from vqe.relational.columns import arrow_schema
from vqe.relational.evaluate import Evaluator
from vqe.report import Report


@dataclass(frozen=True)
class Execution:
    """One run of a plan.

    `streams`: name → what DuckDB scans under it; `functions`: name → (function of frame numbers, SQL type), the calls
    outside WHERE, which look up what the scan has left.
    """

    run: Run
    operators: tuple[Operator, ...]
    streams: Mapping[str, RelationStream]
    functions: Mapping[str, tuple[Callable[[Any], Any], str]]

    def failure(self) -> BaseException | None:
        """What an operator raised; DuckDB only passes on its text."""
        return next((s.failure for s in self.streams.values() if s.failure is not None), None)

    def assess(self, before: int = 0) -> tuple[tuple[Report, ...], bool]:
        """How each relation that was not answered exactly has been answered, once its rows have been read.

        And whether it was so bad that thresholds have been set anew: a plan that is made now is a better one. What the
        run has found otherwise is kept for the thresholds of later queries.
        `before`: how often that was so, and the answer not given.
        """
        counted = {id(node): tally for node, tally in self.run.tallies}
        scans = Counter(id(node) for node, _ in self.run.tallies)  # DuckDB may read a relation more than once
        answered = [
            (operator, Assessment(operator.node, node, counted[id(node)], before))
            for operator in self.operators
            for node in walk(operator.node)
            if isinstance(node, Resolve) and id(node) in counted
        ]  # of what was known before the first of them changes anything
        reports, better = [], False
        for operator, assessment in answered:
            revised = assessment.revised()
            assessment.settle()
            rows = operator.rows // scans[id(assessment.node)]
            reports.append(assessment.report(rows, operator.seconds, revised))
            better |= revised
        return tuple(reports), better

    def close(self) -> None:
        self.run.close()


def execution(plan: Query, bound: Bound, library: Library, progress: Progress | None) -> Execution:
    """Lower every relation of the plan. Nothing runs before DuckDB scans a stream."""
    run = Run(library, Evaluator(), progress)
    operators = []
    streams = {}
    for name, relation in zip(bound.relations, plan.relations, strict=True):
        calls = {str(call): function for function, (of, call) in bound.functions.items() if of == name}
        for function, (of, call) in bound.functions.items():
            if of == name:
                kind = np.bool_ if call.type == "BOOLEAN" else np.int32
                run.values[function] = np.zeros(relation.video.frame_count, kind)
        operators.append(lower(relation, run, calls))
        columns = [c for c in bound.schemas[name] if c[0] in relation.columns]
        streams[name] = RelationStream(arrow_schema(columns), operators[-1].batches)
    functions = {name: (_lookup(run, name), call.type) for name, (_, call) in bound.functions.items()}
    return Execution(run, tuple(operators), streams, functions)


def _lookup(run: Run, name: str) -> Callable[[Any], Any]:
    def values(frames: Any) -> Any:
        numbers = np.asarray(frames.fill_null(0) if frames.null_count else frames)
        return pa.array(run.values[name][numbers])

    return values
