"""A plan as text: what EXPLAIN, EXPLAIN VERBOSE and EXPLAIN ANALYZE show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vqe.logical.node import Node, tree, walk
from vqe.logical.plan import Detect, Query
from vqe.optimizer.cascades import Candidate
from vqe.optimizer.cost import Measured, estimate
from vqe.physical.operator import Operator

_WIDEST = 96  # columns before the notes; a longer label pushes its own note to the right


def explain(plan: Query, known: Measured) -> str:
    """The plan with estimated rows and seconds, and the price of the whole."""
    return "\n".join([*_lines(plan, lambda n: _estimated(n, known)), _price(plan, known)])


def explain_verbose(
    steps: list[tuple[str, Query]], known: Measured, sql: str, choices: Sequence[tuple[list[Candidate], Candidate]]
) -> str:
    """The plan after each rule that changed it, what else was considered, and the text that DuckDB is given."""
    parts = []
    for rule, plan in steps[:-1]:
        parts += [f"-- {rule}", *_lines(plan, lambda _: ""), ""]
    parts += [f"-- {steps[-1][0]}", explain(steps[-1][1], known), ""]
    for found, chosen in choices:
        if len(found) > 1:
            parts += ["-- considered", *(_candidate(c, c is chosen) for c in found), ""]
    parts += ["-- DuckDB runs", sql]
    return "\n".join(parts)


def _candidate(candidate: Candidate, chosen: bool) -> str:
    if candidate.note:
        return f"  {candidate.kind}: {candidate.note}"
    mark = "→" if chosen else " "
    return f"{mark} {candidate.kind}: {candidate.description}, {_seconds(candidate.seconds)}"


def explain_analyze(
    plan: Query, known: Mapping[Node, str], operators: list[Operator], rows: int, seconds: float
) -> str:
    """Estimates (made before the run, by node) beside what was counted."""
    counted: dict[int, Operator] = {}

    def collect(operator: Operator) -> None:
        counted[id(operator.node)] = operator
        for below in operator.inputs:
            collect(below)

    for operator in operators:
        collect(operator)

    def note(node: Node) -> str:
        operator = counted.get(id(node))
        if operator is None:
            return ""
        own = operator.seconds - sum(below.seconds for below in operator.inputs)
        return f"{known.get(node, '')} → {operator.rows} rows, {_seconds(max(0.0, own))}"

    return "\n".join([*_lines(plan, note), f"result: {rows} rows in {_seconds(seconds)}"])


def estimates(plan: Query, known: Measured) -> dict[Node, str]:
    """The note of each node, for use after the run has changed what is known."""
    return {node: _estimated(node, known) for node in walk(plan)}


def _lines(plan: Query, note: Callable[[Node], str]) -> list[str]:
    lines = tree(plan, note)
    width = min(_WIDEST, max(len(label) for label, _ in lines))
    return [f"{label:<{width}}  {remark}".rstrip() for label, remark in lines]


def _estimated(node: Node, known: Measured) -> str:
    if isinstance(node, Query):
        return ""
    guess = estimate(node, known)
    parts = [f"~{round(guess.rows)} rows"]
    if isinstance(node, Detect):
        parts.append(f"~{_seconds(guess.seconds)}")
        parts.append(f"{guess.stored} stored")
    return ", ".join(parts)


def _price(plan: Query, known: Measured) -> str:
    total = estimate(plan, known)
    calls: dict[str, int] = {}
    for node in walk(plan):
        if isinstance(node, Detect):
            guess = estimate(node, known)
            calls[node.model] = calls.get(node.model, 0) + round(guess.rows) - (guess.stored or 0)
    asked = ", ".join(f"at most {n} calls of {model}" for model, n in calls.items()) or "no model is asked"
    return f"estimated: {_seconds(total.seconds)}, {asked}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
