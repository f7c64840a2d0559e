"""The rounds of each plan in one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from statistics import median, mode

from vqe.bench.answer import Errors
from vqe.bench.result import EXACT, FIRST, PLAIN, Result, Run


@dataclass(frozen=True)
class Summary:
    """Medians over the rounds. Ratios are taken round by round: what else the machine does falls on all of a round.

    charged_seconds           of `seconds`, only charged: what a model that is replayed would have taken
    cores_busy                processor seconds in each that really went by
    times_plain, times_exact  how many times as fast it was as these, exact in the same turn
    predicted_seconds         by the plan that answered, without what was learnt before it could be chosen
    predicted_by_measured     that over the seconds it took
    predicted_at_first        of learning and answering, while nothing was known; None where nothing was learnt
    fnr_worst                 of all rounds
    reported_fnr              the ends of the 95 % interval
    """

    plan: str
    turn: str
    rounds: int
    sampled: bool
    seconds: float
    charged_seconds: float
    cpu_seconds: float
    cores_busy: float | None
    frames_per_second: float
    times_real_time: float
    times_plain: float | None
    times_exact: float | None
    calls: float
    predicted_seconds: float | None
    predicted_by_measured: float | None
    predicted_at_first: float | None
    errors: Errors | None
    fnr_worst: float | None
    reported_fnr: tuple[float, float] | None
    how: str


def summaries(result: Result) -> list[Summary]:
    """A line a plan and turn, in the order in which they were run first."""
    keys = dict.fromkeys((run.plan, run.turn) for run in result.runs)
    return [_summary(result, plan, turn) for plan, turn in keys]


def _summary(result: Result, plan: str, turn: str) -> Summary:
    runs = _runs(result, plan, turn)
    measured = [r.measured for r in runs if r.measured is not None]
    errors = [r.errors for r in runs if r.errors is not None]
    reported = [m.reported["fnr"] for m in measured if "fnr" in m.reported]
    seconds = median(r.spent.seconds for r in runs)
    return Summary(
        plan=plan,
        turn=turn,
        rounds=len(runs),
        sampled=any(r.sampled for r in runs),
        seconds=seconds,
        charged_seconds=median(r.spent.charged for r in runs),
        cpu_seconds=median(r.spent.cpu for r in runs),
        cores_busy=_median(r.spent.cpu / r.spent.waited for r in runs if r.spent.waited > 0),
        frames_per_second=result.frames / seconds,
        times_real_time=result.duration / seconds,
        times_plain=_times(_runs(result, PLAIN, ""), runs),
        times_exact=_times(_runs(result, EXACT, turn or FIRST), runs),
        calls=median(m.calls for m in measured) if measured else result.frames,
        predicted_seconds=_median(m.predicted_seconds for m in measured),
        predicted_by_measured=_median(r.measured.predicted_seconds / _after_learning(r) for r in runs if r.measured),
        predicted_at_first=_median(m.predicted_at_first for m in measured if m.learnt),
        errors=_medians(errors),
        fnr_worst=max((e.fnr for e in errors), default=None),
        reported_fnr=(median(i.low for i in reported), median(i.high for i in reported)) if reported else None,
        how=mode(m.how for m in measured) if measured else "the reference model on one picture after the other",
    )


def _after_learning(run: Run) -> float:
    """Seconds that answering took: all of the run, where nothing had to be learnt."""
    measured = run.measured
    return run.spent.seconds - (measured.learning_seconds if measured is not None and measured.learnt else 0.0)


def _runs(result: Result, plan: str, turn: str) -> list[Run]:
    return [r for r in result.runs if (r.plan, r.turn) == (plan, turn)]


def _times(others: list[Run], runs: list[Run]) -> float | None:
    """How many times as long the others took, each beside the run of its round."""
    seconds = {r.round: r.spent.seconds for r in others}
    return _median(seconds[r.round] / r.spent.seconds for r in runs if r.round in seconds)


def _medians(errors: list[Errors]) -> Errors | None:
    if not errors:
        return None
    return Errors(**{f.name: _median(getattr(e, f.name) for e in errors) for f in fields(Errors)})  # type: ignore[arg-type]


def _median(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return median(known) if known else None
