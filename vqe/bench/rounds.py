"""The whole benchmark: the plain way and the plan spaces take turns, so that other load falls on all of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from vqe.bench import database, facts
from vqe.bench.answer import Errors, errors
from vqe.bench.measure import Measured, measure
from vqe.bench.question import read
from vqe.bench.ready import Ready, Say, Wanted, make_ready
from vqe.bench.result import FIRST, NEXT, PLAIN, Result, Run
from vqe.bench.sample import Sample, sampled, short
from vqe.errors import attached
from vqe.physical.operator import Progress

EXACTLY = Errors(0.0, 0.0, 0.0, 1.0, 1.0)  # a plan that asks about every frame, by definition


def bench(
    text: str, user: Path, settings: Mapping[str, str], wanted: Wanted, say: Say, progress: Progress | None = None
) -> Result:
    """Measure the query of a text; after Ctrl-C in a round what was measured until then.

    user: the database folder whose videos, regions, settings and labels count; only where the truth is `wanted` labels
    are added to it. Raises QueryError for a query that cannot be measured, and what running it raises.
    """
    before = facts.load()
    with attached(text), tempfile.TemporaryDirectory(prefix="vqe-bench-") as folder:
        ready = make_ready(read(text), user, Path(folder) / "base", settings, wanted, say, progress)
        runs: list[Run] = []
        interrupted = False
        try:
            for run in _rounds(ready, Path(folder), wanted):
                runs.append(run)
                say(f"round {run.round + 1} of {wanted.repeat}: {run}")
        except KeyboardInterrupt:
            interrupted = True
    needs = ready.case.needs
    budget = needs.relation.budget
    return Result(
        facts={**ready.facts, **facts.of_machine(before)},
        frames=len(needs.needed),
        duration=facts.duration(needs),
        rates={} if budget is None else budget.rates,
        truth=ready.truth.source,
        hint=ready.truth.hint,
        runs=tuple(runs),
        interrupted=interrupted,
    )


def _rounds(ready: Ready, folder: Path, wanted: Wanted) -> Iterator[Run]:
    """Every second round goes backwards, so that no plan comes after the same other one every time."""
    for number in range(wanted.repeat):
        needed = ready.case.needs.needed
        sample = None if short(ready.seconds) else sampled(ready.plain.video, needed, ready.seconds, number)
        steps = [PLAIN, *wanted.spaces]
        for step in steps if number % 2 == 0 else steps[::-1]:
            if step == PLAIN:
                spent = ready.plain.whole(needed) if sample is None else ready.plain.scaled(sample, needed)
                yield Run(number, PLAIN, "", spent, sample is not None)
            else:
                yield from _space(ready, folder / step, number, sample)


def _space(ready: Ready, folder: Path, number: int, sample: Sample | None) -> Iterator[Run]:
    """A plan space in an empty folder, named as it is, and once more without the labels that the first run has left."""
    seed = ready.seed + number
    database.carry(ready.base, folder)
    for turn in (FIRST, NEXT):
        measured = measure(ready.case, folder, folder.name, seed, sample)
        yield Run(number, folder.name, turn, measured.spent, measured.scaled, seed, measured, _errors(ready, measured))
        shutil.rmtree(folder / "labels", ignore_errors=True)
    shutil.rmtree(folder)


def _errors(ready: Ready, measured: Measured) -> Errors | None:
    if measured.scaled:
        return EXACTLY
    if measured.found is None or ready.truth.frames is None:
        return None
    return errors(ready.truth.frames, measured.found, ready.case.needs)
