"""How one FROM item was answered, and how good the answer is."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vqe.accuracy import Interval, within
from vqe.catalog import Catalog, RunEntry
from vqe.errors import RunError, VqeWarning
from vqe.logical.budget import Budget, percent

RATES = {"fnr": "FNR", "fpr": "FPR", "fdr": "FDR", "precision": "precision"}  # name → what a reader sees


@dataclass(frozen=True)
class Report:
    """One relation of one run.

    predicate   what WHERE asks of the model, as text
    plan        how it was answered, in a few words: 'cascade: packets, cnn 48×48 16-32-64-64'
    budget      what was allowed; None where the answer had to be exact
    frames      of the video, that the answer speaks of
    calls       of the reference model, in this run
    seconds     that the relation took; `predicted`: what was foretold, where it was
    rates       by the names in RATES; empty for an exact answer
    notes       what the user should be told, a broken budget say
    """

    alias: str
    video: str
    predicate: str
    plan: str
    budget: Budget | None
    frames: int
    calls: int
    seconds: float
    predicted: float | None = None
    rates: Mapping[str, Interval] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def footer(self, *, named: bool = False) -> str:
        """One line below the rows, '' for an exact answer. `named`: with the alias, to tell it from others."""
        if not self.rates:
            return ""
        rates = ", ".join(f"{title} {self.rates[name]}" for name, title in RATES.items() if name in self.rates)
        line = "; ".join(filter(None, (rates, f"{self.calls:,} of {self.frames:,} frames asked", self.verdict())))
        return f"{self.alias}: {line}" if named else line

    def verdict(self) -> str:
        """What the rates say of the budget: that it is kept only where all of every interval keeps to it."""
        if self.budget is None or not self.rates:
            return ""
        words = []
        for name, most in self.budget.rates.items():
            judged = within(self.rates[name], most) if name in self.rates else "unknown"
            if judged != "within":
                verb = "is" if judged == "broken" else "may be"
                words.append(f"{RATES[name]} {verb} above its budget of {percent(most)} %")
        return ", ".join(words) or "within budget"


def footers(reports: Sequence[Report]) -> list[str]:
    """The lines below the rows: one for each relation that was not answered exactly."""
    lines = (report.footer(named=len(reports) > 1) for report in reports)
    return [line for line in lines if line]


def keep(catalog: Catalog, query: str, reports: Sequence[Report]) -> None:
    """Write a finished run into the catalogue (if that can be written) and tell its notes as VqeWarning."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    if reports:
        with suppress(RunError):  # the answer is there; that it is not written down is no reason to withhold it
            catalog.put_runs([_entry(report, query, at) for report in reports])
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        warnings.warn(note, VqeWarning, stacklevel=1)  # at this line: the command line shows these every time


def _entry(report: Report, query: str, at: str) -> RunEntry:
    return RunEntry(
        at=at,
        query=query,
        video=report.video,
        predicate=report.predicate,
        plan=report.plan,
        frames=int(report.frames),  # NumPy's numbers are no numbers to SQLite and JSON
        calls=int(report.calls),
        seconds=float(report.seconds),
        predicted=_plain(report.predicted),
        budget=None if report.budget is None else str(report.budget),
        rates={name: (_plain(i.estimate), float(i.low), float(i.high)) for name, i in report.rates.items()},
        notes=report.notes,
    )


def _plain(number: float | None) -> float | None:
    return None if number is None else float(number)
