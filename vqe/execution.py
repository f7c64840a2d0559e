"""A prepared statement while it runs: its operators, and what DuckDB reads of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from vqe.accuracy import Interval, within
from vqe.library import Library
from vqe.logical.bind import Bound
from vqe.logical.node import walk
from vqe.logical.plan import Boxes, Difference, Events, Frames, Query, Resolve
from vqe.physical.lower import lower
from vqe.physical.operator import Operator, Progress, Run
from vqe.physical.stream import RelationStream
from vqe.physical.tally import Tally
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

    @property
    def reports(self) -> tuple[Report, ...]:
        """How each relation that was not answered exactly has been answered, once its rows have been read."""
        counted = {id(node): tally for node, tally in self.run.tallies}
        found = []
        for operator in self.operators:
            for node in walk(operator.node):
                if isinstance(node, Resolve) and id(node) in counted:
                    found.append(_report(operator, node, counted[id(node)]))
        return tuple(found)

    def close(self) -> None:
        self.run.evaluator.close()


_UNKNOWN = Interval(None, 0.0, 1.0)


def _report(operator: Operator, node: Resolve, tally: Tally) -> Report:
    """What Resolve counted. Of events nothing is claimed: its audit is of frames."""
    relation = operator.node
    assert isinstance(relation, Frames | Boxes | Events)
    if isinstance(relation, Events):
        rates = {"fnr": _UNKNOWN, "fdr": _UNKNOWN}
    else:
        accuracy = tally.accuracy()
        rates = {"fnr": accuracy.fnr, "fpr": accuracy.fpr, "fdr": accuracy.fdr, "precision": accuracy.precision}
    budget = node.budget
    broken = [] if budget is None else [n for n, most in budget.rates.items() if within(rates[n], most) == "broken"]
    notes = tuple(
        f"{relation.alias}: {name.upper()} is {rates[name]}, above its budget; EXACT at the end gives the exact answer"
        for name in broken
    )
    kind = f"cascade: {node.proxy.model}" if node.proxy else f"every {node.every}th frame, closer where unclear"
    detector = next((n for n in walk(node) if isinstance(n, Difference)), None)
    if detector is not None:
        kind = f"cascade: difference from {detector.against}" + (f", {node.proxy.model}" if node.proxy else "")
    return Report(
        relation.alias,
        relation.video.name,
        node.predicate.text,
        kind,
        budget,
        tally.frames,
        tally.calls,
        operator.seconds,
        node.predicted.seconds,
        rates,
        notes,
    )


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
