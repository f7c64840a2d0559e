"""What a choice among plans is made from, and what is chosen from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vqe.logical.budget import Budget
from vqe.logical.expr import Predicate
from vqe.logical.node import Node
from vqe.logical.plan import Task
from vqe.optimizer.audits import Lottery
from vqe.profile import Profile


@dataclass(frozen=True)
class Costs:
    """Seconds a frame, as measured: of the reference model with a full picture, of a thumbnail, of a small model, of a
    comparison with the background, and with an earlier frame; of a key frame that is sought and scored; and of skimming
    a part of the video."""

    reference: float
    thumbnail: float
    specialised: float
    background: float
    earlier: float
    keyframe: float
    skim: float


@dataclass(frozen=True)
class Term:
    """A term of a conjunction for which a small model is kept; `lottery`: what an audit of a plan by it draws in."""

    predicate: Predicate
    profile: Profile
    lottery: Lottery


@dataclass(frozen=True)
class Situation:
    """What a choice is made from.

    unknown  of the task's frames, how many have no labels
    space    which plans are allowed beside the plain one: all, noscope or sampling
    audit    share of the time for checking answers
    values   the labels of the frames that pass are needed
    lottery  what the audit draws in
    without  what is left out though it might pay: some of OPTIONAL_PARTS
    terms    of the task's predicate, where it is a conjunction
    """

    task: Task
    budget: Budget
    costs: Costs
    unknown: int
    profile: Profile | None
    space: str
    audit: float
    values: bool
    lottery: Lottery
    without: frozenset[str] = frozenset()
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A plan for a predicate. `build` makes it over the scan; None is the plain plan, which asks about every frame.

    `note`: why it is out of the question, where it is.
    """

    kind: str
    seconds: float
    description: str
    build: Callable[[Node], Node] | None = None
    note: str = ""
