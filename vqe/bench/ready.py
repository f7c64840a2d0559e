"""What has to be there before the first round: the query bound, models loaded, the truth known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vqe.bench import database, facts
from vqe.bench.clock import Clock
from vqe.bench.measure import Case, prepared_by
from vqe.bench.plain import ON_SAMPLES, PILOT_DECODED, Plain
from vqe.bench.question import Script, needs
from vqe.bench.replay import Charge, measured, replayed
from vqe.bench.sample import short
from vqe.bench.truth import REMEDY, Truth, truth, unlabelled
from vqe.errors import QueryError
from vqe.models import ReferenceModel
from vqe.models.plain import plain_detector
from vqe.physical.operator import Progress
from vqe.statements import execute

SPACES = ("exact", "sampling", "noscope", "all")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """How often, which plan spaces, and whether to pay for the truth; `errors`: not to begin without knowing it.

    replay        take the reference model's answers from the labels of the user's folder, and charge for each
    call_seconds  as much; what it takes is measured, where that is not given
    """

    repeat: int = 1
    spaces: tuple[str, ...] = SPACES
    truth: bool = False
    errors: bool = False
    replay: bool = False
    call_seconds: float | None = None


@dataclass(frozen=True)
class Ready:
    """`base`: the folder that others are made from; `seed`: of round 0.

    seconds  that the plain way is foretold to take, less what is only charged
    """

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
    labels = user / "labels"
    missing = unlabelled(case, base, labels)
    if wanted.replay and missing and not wanted.truth:
        frames = f"{missing:,} of the {len(case.needs.needed):,} frames that the query needs"
        raise QueryError(f"{frames} have no labels to replay", hint=REMEDY)
    _load_training(wanted.spaces)
    asked = _Asked(case, say)
    exact = truth(case, base, labels, missing, asked.seconds if missing else 0.0, wanted.truth, say)
    if wanted.errors and exact.frames is None:
        raise QueryError(exact.hint)
    charge = _charge(asked, wanted) if wanted.replay else None
    if charge is not None:
        case, plain = replayed(case, labels, charge)
        seconds = plain.foretell(case.needs.needed, PILOT_DECODED).waited
    else:
        plain, seconds = asked.plain, asked.seconds
    found = facts.of_query(case.needs, script.query.span.of(script.text))
    found |= {
        "loading_seconds": asked.loading,
        "replayed": None if charge is None else charge.facts(),
        "plain_decoder": plain.decoder if short(seconds) else ON_SAMPLES,
        "rounds": wanted.repeat,
    }
    return Ready(case, base, plain, seconds, seed, exact, found)


class _Asked:
    """The reference model itself, loaded when something of it is first wanted.

    loading  seconds that this took; None as long as nothing is
    seconds  that the plain way with it is foretold to take
    """

    def __init__(self, case: Case, say: Say) -> None:
        self.case = case
        self.loading: float | None = None
        self._say = say

    @cached_property
    def model(self) -> ReferenceModel:
        info = self.case.needs.detect.info
        self._say(f"loading {info.name}")
        clock = Clock()
        model = self.case.models.reference(info)
        self.loading = clock.read().seconds
        return model

    @cached_property
    def plain(self) -> Plain:
        detect = self.case.needs.detect
        return Plain(detect.video, plain_detector(self.model, detect.confidence, self.case.models.models_home))

    @cached_property
    def seconds(self) -> float:
        return self.plain.foretell(self.case.needs.needed).seconds


def _charge(asked: _Asked, wanted: Wanted) -> Charge:
    """As given, else as measured."""
    if wanted.call_seconds is not None:
        return Charge(wanted.call_seconds, wanted.call_seconds)
    return measured(asked.case.needs, asked.model, asked.plain.detect)


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
        return Case(script, needed, settings, engine.library, progress), engine.settings.seed


def _load_training(spaces: Collection[str]) -> None:
    """What a plan imports to learn: torch takes seconds, and is loaded beforehand as models are."""
    if {"noscope", "all"} & set(spaces):
        import vqe.models.specialised.training  # noqa: F401
