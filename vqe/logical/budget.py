"""How wrong an answer may be: what a statement's clauses ask, and settings where they are silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vqe.errors import NotSupportedError, QueryError
from vqe.parser import ast

if TYPE_CHECKING:
    from vqe.settings import Settings


@dataclass(frozen=True)
class Budget:
    """Rates from 0 to 1: of what is true, so much may be missed, and either of what is false (`fpr`) or of what is
    returned (`fdr`) so much may be wrong. `confidence`, where it was asked for: the probability (0.5 up to, but not 1)
    with which the rates' intervals lie within.
    """

    fnr: float
    fpr: float | None
    fdr: float | None
    confidence: float | None

    @property
    def rates(self) -> dict[str, float]:
        """Those that are bounded, by their names."""
        rates = {"fnr": self.fnr, "fpr": self.fpr, "fdr": self.fdr}
        return {name: rate for name, rate in rates.items() if rate is not None}

    @property
    def false(self) -> float:
        """What is allowed of false frames, in the measure that is bounded."""
        rate = self.fpr if self.fpr is not None else self.fdr
        assert rate is not None
        return rate

    def __str__(self) -> str:
        """FNR within 1 %, FPR within 1 %, at 95 % confidence."""
        parts = [f"{name.upper()} within {percent(rate)} %" for name, rate in self.rates.items()]
        if self.confidence is not None:
            parts.append(f"at {percent(self.confidence)} % confidence")
        return ", ".join(parts)


def percent(rate: float) -> str:
    """0.01 as '1', without a sign."""
    return f"{100 * rate:.10g}"


def budget(clauses: Sequence[ast.Accuracy], events: bool, settings: Settings) -> Budget | None:
    """What checked clauses allow for a relation of frames, detections or events; None where it has to be exact."""
    given = {c.kind: float(c.value) for c in clauses if isinstance(c.value, int | float)}
    if any(c.kind == "exact" for c in clauses):
        return None

    def rate(name: str) -> float:
        return given[name] if name in given else settings.number(f"event_{name}" if events else name)

    false = "fdr" if events or "fdr" in given else "fpr"
    rates = {"fpr": None, "fdr": None, false: rate(false)}
    return Budget(rate("fnr"), **rates, confidence=given.get("confidence"))


# --- checks ---------------------------------------------------------------------------------------------------------


def check_clauses(clauses: Sequence[ast.Accuracy], events_only: bool) -> None:
    """QueryError where clauses contradict one another, or do not fit a statement over these relations."""
    given = {c.kind: c for c in clauses}
    for clause in clauses:
        _check_supported(clause)
    rates = [given[kind] for kind in ("fnr", "fpr", "fdr", "confidence") if kind in given]
    if "exact" in given and rates:
        named = "AT CONFIDENCE" if rates[0].kind == "confidence" else f"{rates[0].kind.upper()} WITHIN"
        raise QueryError(f"EXACT leaves no room for {named}", rates[0].span, "leave one of the two out")
    if "fpr" in given and "fdr" in given:
        hint = "FPR is of the frames that should not be returned, FDR of those that are: keep one"
        raise QueryError("FPR and FDR do not go together", max(given["fpr"].span, given["fdr"].span), hint)
    if "fpr" in given and events_only:
        hint = f"FDR WITHIN {_value(given['fpr'])}%: the share of false events among those returned"
        raise QueryError("FPR is for frames: what is no event cannot be counted", given["fpr"].span, hint)
    if "confidence" in given:
        _check_confidence(given["confidence"], alone=len(rates) == 1)


def _check_confidence(clause: ast.Accuracy, *, alone: bool) -> None:
    if alone:
        raise QueryError(
            "AT CONFIDENCE goes with a rate", clause.span, f"FNR WITHIN 1% AT CONFIDENCE {_value(clause)}%"
        )
    assert isinstance(clause.value, int | float)
    if clause.value == 1:
        raise QueryError("to be certain takes every frame", clause.span, "EXACT, in place of the rates")
    if clause.value < 0.5:
        raise QueryError(
            "AT CONFIDENCE starts at 50%", clause.span, "usual is 95%; without the clause an estimate will do"
        )


def _check_supported(clause: ast.Accuracy) -> None:
    exactly = "leave the clause out: values and aggregates are exact"
    match clause.kind:
        case "recall":
            name, hint = "RECALL TARGET", f"FNR WITHIN {_rest(clause)}% says how much may be missed"
        case "precision":
            name, hint = "PRECISION TARGET", f"FDR WITHIN {_rest(clause)}% says how much of the answer may be wrong"
        case "error":
            name, hint = "ERROR WITHIN", exactly
        case "oracle":
            name, hint = "ORACLE LIMIT", "leave the clause out: EXPLAIN says how many calls there may be"
        case "gap":
            name, hint = "LIMIT … GAP", "leave GAP out: the first matching frames; or FROM events(…) WHERE … GAP …"
        case _:
            return
    raise NotSupportedError(f"{name} is not supported yet", clause.span, hint)


def _value(clause: ast.Accuracy) -> str:
    assert isinstance(clause.value, int | float)
    return percent(clause.value)


def _rest(clause: ast.Accuracy) -> str:
    assert isinstance(clause.value, int | float)
    return percent(1 - clause.value)
