"""What a finished run says of its answer; and what has to change where it shows that a budget is broken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Concatenate, ParamSpec

from vqe.accuracy import events_of_frames, within
from vqe.errors import RunError
from vqe.logical.budget import percent
from vqe.logical.node import Node, walk
from vqe.logical.plan import Boxes, Difference, Events, Frames, Learnt, PacketFilter, Resolve, Specialise, Thumbnails
from vqe.physical.seen import MOST
from vqe.physical.tally import Tally
from vqe.profile import Profile, Samples, load, note, revise
from vqe.report import RATES, Report

P = ParamSpec("P")

MUCH = 0.1  # of all frames
GROWN = 2.0  # times the samples between the thresholds have to be found there, to take their place
ENOUGH = 0.5  # of the frames that a profile's samples stand for have to be seen by a run that speaks in their place


class Assessment:
    """Of one Resolve, once all its frames have left."""

    def __init__(self, relation: Node, node: Resolve, tally: Tally, before: int) -> None:
        """`before`: answers to the same query that were thrown away."""
        assert isinstance(relation, Frames | Boxes | Events)
        self.relation = relation
        self.node = node
        self.tally = tally
        self.detector = next((n for n in walk(node) if isinstance(n, Difference)), None)
        self.gated = any(isinstance(n, PacketFilter) for n in walk(node))
        self.skimmed = any(isinstance(n, Thumbnails) and n.skim is not None for n in walk(node))
        self.model = next((n for n in walk(node) if isinstance(n, Specialise)), None)
        accuracy = tally.judged(before)
        self.before = before
        self.profile = self._as_planned()
        self.frames = {"fnr": accuracy.fnr, "fpr": accuracy.fpr, "fdr": accuracy.fdr, "precision": accuracy.precision}

    @property
    def broken(self) -> list[str]:
        """The rates of frames that certainly lie above what the thresholds were chosen for."""
        budget = self.node.budget
        rates = {} if budget is None else budget.rates
        return [name for name, most in rates.items() if within(self.frames[name], most) == "broken"]

    def revised(self) -> bool:
        """Where the budget is broken, choose thresholds by what this run has seen from now on; whether that is so.

        Where a single frame says so, chance may have met the only one there is: first a closer look is taken, which
        costs less than what thresholds by a few dozen frames would have the reference model asked.
        The samples of the profile have certainly foretold another rate than there is, thus they go. This run's are of
        the very frames that are asked about, all that it left undecided among them. Only where these are a small part
        of the video they stand beside the others, since they do not speak of the rest. A difference detector goes.
        Of a term of the predicate nothing was asked, so its profile cannot be put right; it is gone by no more.
        """
        seen, profile, learnt = self.tally.seen, self.profile, self.node.learnt
        if not self.broken or profile is None:
            return False
        if self._by_term:
            return _kept(note, learnt, misleads=True)
        if self._looks_closer:
            return _kept(note, learnt, doubted=True)
        samples, population = seen.samples(), seen.population()
        if not self._by_small_model:  # what saved it a look is the first to go; it is judged without
            samples, population = profile.samples, profile.population
        elif not self._speaks_for(profile):
            samples, population = profile.samples.joined(samples), profile.population
        return _kept(revise, learnt, samples, population)  # where it cannot be written, the note has to do

    def settle(self) -> None:
        """Keep for the thresholds of later queries what this run has found between its own.

        There it has asked about every frame, so that takes the place of the few samples from there; beyond the
        thresholds they remain. Only where that is worth it, since audits begin anew: where much was asked, most of the
        true frames among that, and not as much was known before.
        """
        profile, learnt, budget = self.profile, self.node.learnt, self.node.budget
        if self.broken or profile is None or self._by_term or not self._speaks_for(profile):
            return
        if profile.doubted and self.node.audit is not None:  # which has looked more closely
            _kept(note, learnt, doubted=False)
        if self.model is None or not self._by_small_model or self.node.window is not None:
            return
        if budget is None or budget.confidence is not None:
            return
        frames = self.tally.frames
        known, found = profile.samples, self.tally.seen.samples()
        between = known.between(self.model.low, self.model.high)
        asked = found.where(found.between(self.model.low, self.model.high) & (found.weights == 1))
        if len(asked.scores) < max(MUCH * frames, GROWN * max(1, between.sum())):
            return
        if asked.true.sum() < self.tally.returned.size:
            return
        step = -(-len(asked.scores) // MOST)
        each = step * known.weights.sum() / frames
        asked = Samples(asked.scores[::step], asked.true[::step], asked.weights[::step] * each)
        _kept(revise, learnt, known.where(~between).joined(asked), self.tally.seen.population())

    def report(self, rows: int, seconds: float, revised: bool) -> Report:
        """`rows` of the relation: of events no more is known than that each wrong one takes a wrong frame."""
        node, relation = self.node, self.relation
        rates = self.frames
        if isinstance(relation, Events):
            events = events_of_frames(self.tally.most_wrong(self.before), rows)
            rates = {"fnr": events.fnr, "fdr": events.fdr}
        return Report(
            relation.alias,
            relation.video.name,
            node.predicate.text,
            self._plan(),
            node.budget,
            self.tally.frames,
            self.tally.calls,
            seconds,
            node.predicted.seconds,
            rates,
            tuple(self._note(name, revised) for name in self.broken),
        )

    @property
    def _hangs_on_one(self) -> bool:
        """Whether the audit has found no more than one frame decided wrongly in either way."""
        dropped, returned = self.tally.dropped, self.tally.returned
        return dropped.sampled_true <= 1 and returned.sampled - returned.sampled_true <= 1

    @property
    def _looks_closer(self) -> bool:
        """Whether what speaks against the profile is so little that the next audit has to find more first."""
        return self._hangs_on_one and not self._by_term and self.profile is not None and not self.profile.doubted

    @property
    def _by_small_model(self) -> bool:
        """Whether nothing but a small model has decided without the reference model."""
        return self.detector is None and not self.gated and not self.skimmed

    @property
    def _by_term(self) -> bool:
        return self.node.learnt is not None and self.node.learnt.term

    def _as_planned(self) -> Profile | None:
        """What the plan was made from, where that is still kept and this run can add to it."""
        learnt = self.node.learnt
        if learnt is None or not self.tally.complete:
            return None
        kept = load(learnt.path)
        return kept if kept is not None and kept.key == learnt.key else None

    def _speaks_for(self, profile: Profile) -> bool:
        """Whether this run has seen so much of the video that it may take the place of samples of all of it."""
        return bool(self.tally.frames >= ENOUGH * profile.samples.weights.sum())

    def _plan(self) -> str:
        """How the relation was answered, in a few words."""
        model = [] if self.model is None else [self.model.proxy.model]
        if self.detector is not None:
            model = [f"difference from {self.detector.against}", *model]
        if self.skimmed:
            model = ["skimming", *model]
        if self.gated:
            model = ["packets", *model]
        return f"cascade: {', '.join(model)}" if model else f"every {self.node.every}th frame, closer where unclear"

    def _note(self, name: str, revised: bool) -> str:
        assert self.node.budget is not None
        budget = f"above its budget of {percent(self.node.budget.rates[name])} %"
        rate = f"{RATES[name]}{' of frames' if isinstance(self.relation, Events) else ''} is {self.frames[name]}"
        remedy = f"{self._remedy()}; " if revised else ""
        return f"{self.relation.alias}: {rate}, {budget}; {remedy}EXACT at the end gives the exact answer"

    def _remedy(self) -> str:
        if self._looks_closer:
            return "a single frame says so, and the next audit looks more closely"
        if self._by_term:
            return "what is known of one term is gone by no more"
        if self.detector is not None:
            return "frames are no longer compared"
        if self.gated:
            return "all frames are decoded from now on"
        if self.skimmed:
            return "all frames are looked at from now on"
        return "thresholds are set anew by what was found"


def _kept(
    change: Callable[Concatenate[Learnt, P], None], learnt: Learnt | None, *what: P.args, **more: P.kwargs
) -> bool:
    """Whether a profile could be changed so."""
    assert learnt is not None
    with suppress(RunError):
        change(learnt, *what, **more)
        return True
    return False
