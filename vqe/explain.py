"""A plan as text: what EXPLAIN, EXPLAIN VERBOSE and EXPLAIN ANALYZE show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from vqe.cores import cores
from vqe.foretold import foretold, measured, seconds
from vqe.logical.budget import percent
from vqe.logical.node import Node, tree, walk
from vqe.logical.plan import Detect, Query, Resolve
from vqe.optimizer.cost import Measured, estimate
from vqe.optimizer.situation import Candidate

if TYPE_CHECKING:  # nothing runs, and half of the folder would be imported
    from vqe.physical.operator import Operator
    from vqe.physical.tally import Tally

_WIDEST = 96  # columns before the notes; a longer label pushes its own note to the right


Choices = Sequence[tuple[list[Candidate], Candidate]]


def explain(plan: Query, known: Measured, choices: Choices) -> str:
    """The plan with what is foretold of each node, the price of the whole, and why it is not less."""
    lines = [*_lines(plan, lambda n: foretold(n, known)), _price(plan, known)]
    return "\n".join([*lines, *(line for found, chosen in choices for line in _why_all(found, chosen))])


def explain_verbose(steps: list[tuple[str, Query]], known: Measured, sql: str, choices: Choices) -> str:
    """The plan after each rule that changed it, what else was considered, and the text that DuckDB is given."""
    parts = []
    for rule, plan in steps[:-1]:
        parts += [f"-- {rule}", *_lines(plan, lambda _: ""), ""]
    parts += [f"-- {steps[-1][0]}", explain(steps[-1][1], known, ()), ""]
    for found, chosen in choices:
        if len(found) > 1:
            parts += ["-- considered", *(_candidate(c, chosen) for c in _best_of_each_kind(found)), ""]
    parts += ["-- DuckDB runs", sql]
    return "\n".join(parts)


def _why_all(found: Sequence[Candidate], chosen: Candidate) -> list[str]:
    """Why every frame is asked, where it is so within a budget."""
    if chosen.kind != "exact":
        return []
    return [f"no {c.kind}: {c.note}" for c in _best_of_each_kind(found) if c.note]


def _best_of_each_kind(found: Sequence[Candidate]) -> list[Candidate]:
    """The quickest of each kind; one that is out of the question only where all of its kind are."""
    best: dict[str, Candidate] = {}
    for candidate in sorted(found, key=lambda c: (bool(c.note), c.seconds)):
        best.setdefault(candidate.kind, candidate)
    return [best[kind] for kind in dict.fromkeys(c.kind for c in found)]


def _candidate(candidate: Candidate, chosen: Candidate) -> str:
    if candidate.note:
        return f"  {candidate.kind}: {candidate.note}"
    line = f"{candidate.kind}: {candidate.description}, {seconds(candidate.seconds)}"
    if candidate is chosen:
        return f"→ {line}"
    times = candidate.seconds / chosen.seconds if chosen.seconds else 0.0
    return f"  {line}, {times:.1f} times as long" if times >= 1.05 else f"  {line}"


def explain_analyze(
    plan: Query,
    known: Mapping[Node, str],
    operators: list[Operator],
    tallies: Sequence[tuple[Node, Tally]],
    rows: int,
    total: float,
    busy: float,
) -> str:
    """What was foretold (before the run, by node) beside what was counted.

    total: seconds that went by; `busy`: of the processor, all cores together
    """
    counted: dict[int, Operator] = {}
    tallied = {id(node): tally for resolve, tally in tallies for node in walk(resolve)}

    def collect(operator: Operator) -> None:
        counted[id(operator.node)] = operator
        for below in operator.inputs:
            collect(below)

    for operator in operators:
        collect(operator)

    def note(node: Node) -> str:
        operator = counted.get(id(node))
        return "" if operator is None else f"{known.get(node, '')} → {measured(operator, tallied.get(id(node)))}"

    return "\n".join(
        [*_lines(plan, note), f"result: {rows} rows in {seconds(total)}, {busy / total:.1f} of {cores()} cores busy"]
    )


def estimates(plan: Query, known: Measured) -> dict[Node, str]:
    """The note of each node, for use after the run has changed what is known."""
    return {node: foretold(node, known) for node in walk(plan)}


def _lines(plan: Query, note: Callable[[Node], str]) -> list[str]:
    lines = tree(plan, note)
    width = min(_WIDEST, max(len(label) for label, _ in lines))
    return [f"{label:<{width}}  {remark}".rstrip() for label, remark in lines]


def _price(plan: Query, known: Measured) -> str:
    most: dict[str, int] = {}
    about: list[str] = []
    for node in walk(plan):
        if isinstance(node, Detect):
            guess = estimate(node, known)
            most[node.model] = most.get(node.model, 0) + round(guess.rows) - (guess.stored or 0)
        if isinstance(node, Resolve):
            about.append(_about(node))
    asked = [*(f"at most {n} calls of {model}" for model, n in most.items()), *about] or ["no model is asked"]
    return f"estimated: {seconds(estimate(plan, known).seconds)}, {', '.join(asked)}"


def _about(node: Resolve) -> str:
    calls, checked = round(node.predicted.asked + node.predicted.checked), round(node.predicted.checked)
    confidence = None if node.budget is None else node.budget.confidence
    why = "as an audit" if confidence is None else f"for {percent(confidence)} % confidence"
    return f"about {calls} calls of {node.model}" + (f" ({checked} of them {why})" if node.audit else "")
