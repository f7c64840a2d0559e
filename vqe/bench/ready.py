"""What has to be there before the first round: the query bound, models loaded, the truth known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqe.bench import database, facts
from vqe.bench.clock import Clock
from vqe.bench.measure import Case, prepared_by
from vqe.bench.plain import Plain
from vqe.bench.question import Script, needs
from vqe.bench.sample import short
from vqe.bench.truth import Truth, truth
from vqe.errors import QueryError
from vqe.models.plain import plain_detector
from vqe.physical.operator import Progress
from vqe.statements import execute

SPACES = ("exact", "sampling", "noscope", "all")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """How often, which plan spaces, and whether to pay for the truth; `errors`: not to begin without knowing it."""

    repeat: int = 1
    spaces: tuple[str, ...] = SPACES
    truth: bool = False
    errors: bool = False


@dataclass(frozen=True)
class Ready:
    """`base`: the folder that others are made from; `seconds`: of the plain way, foretold; `seed`: of round 0."""

    case: Case
    base: Path
    plain: Plain
    seconds: float
    seed: int
    truth: Truth
    facts: Mapping[str, Any]


def make_ready(
    script: Script,
    user: Path,
    base: Path,
    settings: Mapping[str, str],
    wanted: Wanted,
    say: Say,
    progress: Progress | None,
) -> Ready:
    """`user`: the user's database folder. QueryError for a query that cannot be measured."""
    case, seed = _bound(script, user, base, settings, progress)
    info = case.needs.detect.info
    say(f"loading {info.name}")
    clock = Clock()
    model = case.models.reference(info)
    loading = clock.read().seconds
    _load_training(wanted.spaces)
    plain = Plain(case.needs.detect.video, plain_detector(model, case.needs.detect.confidence, case.models.models_home))
    seconds = plain.foretell(case.needs.needed)
    exact = truth(case, base, user / "labels", seconds, short=short(seconds), wanted=wanted.truth, say=say)
    if wanted.errors and exact.frames is None:
        raise QueryError(exact.hint)
    found = facts.of_query(case.needs, script.query.span.of(script.text))
    found |= {"loading_seconds": loading, "plain_decoder": plain.decoder, "rounds": wanted.repeat}
    return Ready(case, base, plain, seconds, seed, exact, found)


def _bound(
    script: Script, user: Path, base: Path, settings: Mapping[str, str], progress: Progress | None
) -> tuple[Case, int]:
    """The query bound in a new folder, and the setting `seed`."""
    database.carry(user, base)
    with database.opened(base, {**settings, "plan_space": "exact"}) as engine:
        engine.progress = progress
        for statement in script.before:
            execute(engine, statement)
        needed = needs(prepared_by(engine, script).plan)
        return Case(script, needed, settings, engine.library, progress), int(engine.settings.number("seed"))


def _load_training(spaces: Collection[str]) -> None:
    """What a plan imports to learn: torch takes seconds, and is loaded beforehand as models are."""
    if {"noscope", "all"} & set(spaces):
        import vqe.models.specialised.training  # noqa: F401
