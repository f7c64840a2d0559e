"""What is foretold of each node of a plan, and what was measured of it: the notes beside the plan's lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vqe.logical.node import Node, children
from vqe.logical.plan import Detect, Difference, Learn, PacketFilter, Query, Resolve, Specialise, Thumbnails
from vqe.optimizer.cost import Measured, estimate
from vqe.report import RATES

if TYPE_CHECKING:  # nothing runs, and half of the folder would be imported
    from vqe.physical.operator import Operator
    from vqe.physical.tally import Tally


def foretold(node: Node, known: Measured) -> str:
    """Rows that leave the node, seconds spent in it alone where they count, and what it decides."""
    return ", ".join(_foretold(node, known))


def _foretold(node: Node, known: Measured) -> Iterator[str]:
    if isinstance(node, Query):
        return
    guess = estimate(node, known)
    yield f"~{round(guess.rows)} rows"
    if isinstance(node, Detect | Learn | PacketFilter | Thumbnails | Difference | Specialise | Resolve):
        yield f"~{seconds(guess.seconds - sum(estimate(below, known).seconds for below in children(node)))}"
    match node:
        case Detect():
            yield f"{guess.stored} stored"
        case Learn(after=after):
            yield f"~{seconds(after)} with what it has learnt"
        case PacketFilter(left=left):
            yield f"{_percent(left)} decoded"
        case Thumbnails(skim=int(), left=left):
            yield f"{_percent(left)} looked at one by one"
        case Difference(left=left):
            yield f"{_percent(left)} differ"
        case Specialise(predicted=predicted) if predicted is not None:
            yield _verdicts(*predicted.shares)
        case Resolve(predicted=predicted, budget=budget, audit=audit):
            yield f"~{round(predicted.asked)} calls to decide" + f", ~{round(predicted.checked)} to check" * bool(audit)
            if budget is not None and predicted.fnr is not None and predicted.false is not None:
                rates = zip(budget.rates, (predicted.fnr, predicted.false), strict=True)
                yield from (f"{RATES[name]} ~{_percent(rate)}" for name, rate in rates)


def measured(operator: Operator, tally: Tally | None) -> str:
    """The same, counted; `tally`: of the Resolve that the node is or that stands above it."""
    return ", ".join(_measured(operator, tally))


def _measured(operator: Operator, tally: Tally | None) -> Iterator[str]:
    yield f"{operator.rows} rows"
    yield seconds(max(0.0, operator.seconds - sum(below.seconds for below in operator.inputs)))
    if tally is None:
        return
    match operator.node:
        case PacketFilter():
            yield f"{_percent(1 - tally.idle / max(1, operator.rows))} decoded"
        case Thumbnails(skim=int()):
            yield f"{_percent(tally.looked / max(1, operator.rows - tally.idle))} looked at one by one"
        case Difference(against="earlier"):
            yield f"{_percent(1 - tally.carried / max(1, tally.compared))} differ"
        case Specialise():
            yield _verdicts(*tally.shares)
        case Resolve(budget=budget):
            yield f"{tally.calls - tally.checked} calls to decide, {tally.checked} to check"
            if budget is not None:
                accuracy = tally.judged()
                yield from (f"{RATES[name]} {getattr(accuracy, name)}" for name in budget.rates)


def _verdicts(undecided: float, true: float) -> str:
    return f"{_percent(undecided)} undecided, {_percent(true)} true"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"


def seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
