"""How wrong an answer may be: the error rates that a statement, or a setting, allows."""

from __future__ import annotations

from dataclasses import dataclass

_RATES = ("fnr", "fpr", "fdr")


@dataclass(frozen=True)
class Budget:
    """Rates from 0 to 1: of what is true, so much may be missed, and either of what is false (`fpr`) or of what is
    returned (`fdr`) so much may be wrong. `confidence`, where it was asked for: the probability (0.5 to 1) with which
    the rates' intervals lie within.
    """

    fnr: float
    fpr: float | None
    fdr: float | None
    confidence: float | None

    def __str__(self) -> str:
        """FNR within 1 %, FPR within 1 %, at 95 % confidence."""
        rates = {name: getattr(self, name) for name in _RATES}
        parts = [f"{name.upper()} within {percent(rate)}" for name, rate in rates.items() if rate is not None]
        if self.confidence is not None:
            parts.append(f"at {percent(self.confidence)} confidence")
        return ", ".join(parts)


def percent(rate: float) -> str:
    return f"{100 * rate:.10g} %"
