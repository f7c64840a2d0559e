"""What a finished run says of its answer; and what has to change where it shows that a budget is broken."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from vqe.accuracy import events_of_frames, within
from vqe.errors import RunError
from vqe.logical.budget import percent
from vqe.logical.node import Node, walk
from vqe.logical.plan import Boxes, Difference, Events, Frames, Resolve, Specialise
from vqe.physical.tally import Tally
from vqe.profile import Samples, load, revise
from vqe.report import RATES, Report

MUCH = 0.1  # of all frames
GROWN = 2.0  # times the samples between the thresholds have to be found there, to take their place
MOST_SAMPLES = 36_000
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
        accuracy = tally.judged(before)
        self.wrong = round(accuracy.wrong.high * tally.frames)  # frames, at the most
        self.frames = {"fnr": accuracy.fnr, "fpr": accuracy.fpr, "fdr": accuracy.fdr, "precision": accuracy.precision}

    @property
    def broken(self) -> list[str]:
        """The rates of frames that certainly lie above what the thresholds were chosen for."""
        budget = self.node.budget
        rates = {} if budget is None else budget.rates
        return [name for name, most in rates.items() if within(self.frames[name], most) == "broken"]

    def revised(self) -> bool:
        """Where the budget is broken, choose thresholds by what this run has seen from now on; whether that is so.

        The samples of the profile have certainly foretold another rate than there is, thus they go. This run's are of
        the very frames that are asked about, all that it left undecided among them. Only where these are a small part
        of the video they stand beside the others, since they do not speak of the rest. A difference detector goes.
        """
        seen, path = self.tally.seen, self._profile
        profile = load(path) if path is not None else None
        if not self.broken or path is None or profile is None or not self.tally.complete:
            return False
        samples, population = seen.samples(), seen.population()
        if self.detector is not None:  # it is the first to go, and the small model is judged without it
            samples, population = profile.samples, profile.population
        elif self.tally.frames < ENOUGH * profile.samples.weights.sum():
            samples, population = profile.samples.joined(samples), profile.population
        with suppress(RunError):  # where it cannot be written, the note has to do
            revise(path, samples, population)
            return True
        return False

    def settle(self) -> None:
        """Keep for the thresholds of later queries what this run has found between its own.

        There it has asked about every frame, so that takes the place of the few samples from there; beyond the
        thresholds they remain. Only where that is worth it, since audits begin anew: where much was asked, most of the
        true frames among that, and not as much was known before.
        """
        path, model = self._profile, next((n for n in walk(self.node) if isinstance(n, Specialise)), None)
        if path is None or model is None or self.broken or self.detector is not None or self.node.window is not None:
            return
        profile, budget = load(path), self.node.budget
        if profile is None or not self.tally.complete or budget is None or budget.confidence is not None:
            return
        known, found = profile.samples, self.tally.seen.samples()
        asked = found.where((found.weights == 1) & (found.scores >= model.low) & (found.scores <= model.high))
        between = (known.scores >= model.low) & (known.scores <= model.high)
        frames = known.weights.sum()
        if self.tally.frames < ENOUGH * frames or len(asked.scores) < GROWN * max(1, between.sum()):
            return
        if len(asked.scores) < MUCH * self.tally.frames or asked.true.sum() < self.tally.returned.size:
            return
        step = -(-len(asked.scores) // MOST_SAMPLES)
        each = step * frames / self.tally.frames
        asked = Samples(asked.scores[::step], asked.true[::step], asked.weights[::step] * each)
        with suppress(RunError):  # the next query sets thresholds as this one did
            revise(path, known.where(~between).joined(asked), self.tally.seen.population())

    def report(self, rows: int, seconds: float, revised: bool) -> Report:
        """`rows` of the relation: of events no more is known than that each wrong one takes a wrong frame."""
        node, relation = self.node, self.relation
        events = events_of_frames(self.wrong, rows)
        rates = {"fnr": events.fnr, "fdr": events.fdr} if isinstance(relation, Events) else self.frames
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
    def _profile(self) -> Path | None:
        if self.detector is not None:
            return self.detector.profile
        return None if self.node.proxy is None else self.node.proxy.path

    def _plan(self) -> str:
        """How the relation was answered, in a few words."""
        model = [self.node.proxy.model] if self.node.proxy is not None else []
        if self.detector is not None:
            model = [f"difference from {self.detector.against}", *model]
        return f"cascade: {', '.join(model)}" if model else f"every {self.node.every}th frame, closer where unclear"

    def _note(self, name: str, revised: bool) -> str:
        assert self.node.budget is not None
        budget = f"above its budget of {percent(self.node.budget.rates[name])} %"
        rate = f"{RATES[name]}{' of frames' if isinstance(self.relation, Events) else ''} is {self.frames[name]}"
        anew = (
            "frames are no longer compared"
            if self.detector is not None
            else "thresholds are set anew by what was found"
        )
        remedy = f"{anew}; " if revised else ""
        return f"{self.relation.alias}: {rate}, {budget}; {remedy}EXACT at the end gives the exact answer"
