"""Resolve: the reference model decides what cheap evidence has left undecided, and checks some of the rest."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vqe.edges import at_edges, extent
from vqe.errors import RunError
from vqe.fleeting import covered
from vqe.labels import Labels, concatenate
from vqe.logical import plan
from vqe.logical.node import walk
from vqe.logical.window import Window
from vqe.physical.assured import assured
from vqe.physical.batch import UNDECIDED, Batch, Batches, Evidence, grouped, joined
from vqe.physical.carry import GONE, Carry
from vqe.physical.chance import audit_draws, audit_levels
from vqe.physical.filter import truth
from vqe.physical.operator import Run
from vqe.physical.reference import Reference
from vqe.physical.tally import Tally
from vqe.physical.votes import LOST, UNKNOWN, counts, estimates, on_grid, shares, spread, unclear
from vqe.video import groups

CHUNK = 2048  # frames decided at once where no pictures are held
SETTLING = (0.5, 0.75, 1.0)  # parts of a window that are asked, one after the other, until its majority is settled

Bools = NDArray[np.bool_]


def resolve(node: plan.Resolve, source: Batches, run: Run, total: int) -> Batches:
    """The true frames, as they are decided; with a confidence asked for, once it has been reached."""
    task, tally = node.task, Tally()
    run.tallies.append((node, tally))
    with Reference(run.library, task.video, task.info, task.confidence) as reference:
        passing = Pass(node, run, reference, tally, total)
        try:
            found = passing.batches(source)
            if node.budget is not None and node.budget.confidence is not None:
                yield from assured(passing, found)
            else:
                yield from found
                passing.finish(node.audit)
        finally:
            tally.calls = reference.calls


class Pass:
    """One pass over the frames, segment by segment."""

    def __init__(self, node: plan.Resolve, run: Run, reference: Reference, tally: Tally, total: int) -> None:
        self.node = node
        self.run = run
        self.reference = reference
        self.tally = tally
        self.total = total
        self.seed = run.library.settings.seed
        self.voting = node.window is not None
        minimum = next((below.minimum for below in walk(node) if isinstance(below, plan.PacketFilter)), None)
        self.keys = groups(node.task.video)
        self._covered = covered(node.task.video, self.keys, minimum)
        apart = node.task.gap if self.voting else Window(frames=0)
        self._starts = np.array([start for start, _ in apart.segments(node.task.video)])

    def batches(self, source: Batches) -> Batches:
        for segment in grouped(self._told(source), self._starts):
            held: _Held | None = None
            for part in segment:
                held = _Held(self, part) if held is None else held.add(part)
                yield from held.decide(final=False)
            if held is not None:
                yield from held.decide(final=True)

    def _told(self, source: Batches) -> Batches:
        """The same, counting what cheap evidence says, and telling of progress."""
        seen = 0
        for batch in source:
            self.tally.see(batch)
            yield batch.without_thumbnails()
            seen += len(batch)
            if self.run.progress is not None:
                self.run.progress.update(seen, self.total)

    def answers(self, frames: NDArray[np.int64], evidence: Evidence | None = None) -> tuple[Bools, Labels]:
        """Whether the predicate is true by the reference model, and its labels, of the frames that can be decoded."""
        self.run.check()
        labels = self.reference.ask(frames, evidence.source.pictures if evidence is not None else None)
        task = self.node.task
        return truth(self.node.predicate, Batch(labels.frames, labels), self.run, task.video, task.info), labels

    def group(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which group of pictures each frame is of: its place among `keys`, int64 [n]."""
        return np.searchsorted(self.keys, frames, side="right") - 1

    def short(self, frames: NDArray[np.int64]) -> Bools:
        """Frames of groups of pictures that last no longer than events do, by the plan: bool [n]."""
        return self._covered[self.group(frames)]

    def levels(self, returned: Bools) -> NDArray[np.float64]:
        """With what probability the audit draws each frame."""
        return audit_levels(self.node.audit, returned)

    def drawn(self, frames: NDArray[np.int64], returned: Bools) -> Bools:
        """Which frames the audit draws: bool [n]."""
        return audit_draws(self.node.audit, self.node.task.video, frames, returned, self.seed)

    def finish(self, audit: plan.Audit | None) -> None:
        """All frames were drawn so far: the next audit goes on from there."""
        self.tally.complete = True
        if audit is not None:
            with suppress(RunError):  # an unwritable folder has been warned about; the next audit draws the same
                self.run.library.catalog.put_audit(audit.lottery, audit.subjects, audit.dropped, audit.returned)


@dataclass(frozen=True)
class _Windows:
    """Windows around each of n frames, as far as `reach` to either side; `now` marks the frames that are being
    decided."""

    places: NDArray[np.int64]
    reach: int
    now: Bools

    @cached_property
    def low(self) -> NDArray[np.int64]:
        return np.searchsorted(self.places, self.places - self.reach, side="left")

    @cached_property
    def high(self) -> NDArray[np.int64]:
        return np.searchsorted(self.places, self.places + self.reach, side="right")

    def narrowed(self, part: float) -> _Windows:
        """The same frames with windows of which only the inner part is left."""
        return replace(self, reach=math.ceil(part * self.reach))

    def majority(self, answers: NDArray[np.int8]) -> tuple[Bools, Bools]:
        """Which frames are true by the answers that are known, and which are settled: no other answer could change
        that. bool [n] each."""
        true, false, lost = (counts(answers == kind, self.low, self.high) for kind in (1, 0, LOST))
        voters = self.high - self.low - lost
        return 2 * true > voters, (2 * true > voters) | (2 * false >= voters)

    def spread(self, mask: Bools) -> Bools:
        return spread(mask, self.low, self.high)


@dataclass
class _Held:
    """Frames of one segment: those before `decided` have left, and stay as long as windows reach them.

    answers  int8 [n], of the reference model; UNKNOWN where nobody has asked, LOST where there is no picture
    asked    bool [n]: to decide. The other answers have no part in deciding, so that what was found by chance before
             says as much as what is found by chance now
    """

    passing: Pass
    batch: Batch
    answers: NDArray[np.int8] = field(init=False)
    asked: Bools = field(init=False)
    decided: int = 0
    labels: list[Labels] = field(default_factory=list)
    carry: Carry = field(default_factory=Carry)

    def __post_init__(self) -> None:
        self.answers = np.full(len(self.batch), UNKNOWN, np.int8)
        self.asked = np.zeros(len(self.batch), np.bool_)

    @property
    def known(self) -> Bools:
        return np.not_equal(self.answers, UNKNOWN)

    @property
    def told(self) -> NDArray[np.int8]:
        """The answers that have a part in deciding: int8 [n]."""
        return np.where(self.asked, self.answers, np.int8(UNKNOWN))

    @property
    def taken(self) -> NDArray[np.int8]:
        """The same, with those that frames take over."""
        return self.carry.taken(self.batch, self.told)

    @property
    def undecided(self) -> Bools:
        """What cheap evidence says nothing of; without any, that is every frame."""
        evidence = self.batch.evidence
        return np.ones(len(self.batch), np.bool_) if evidence is None else evidence.verdicts == UNDECIDED

    @property
    def _unlooked(self) -> Bools:
        """Frames that were never decoded: without a score, where there are any."""
        scores = None if self.batch.evidence is None else self.batch.evidence.scores
        return np.zeros(len(self.batch), np.bool_) if scores is None else np.isnan(scores)

    def add(self, batch: Batch) -> _Held:
        self.batch = joined([self.batch, batch])
        self.answers = np.concatenate([self.answers, np.full(len(batch), UNKNOWN, np.int8)])
        self.asked = np.concatenate([self.asked, np.zeros(len(batch), np.bool_)])
        return self

    def decide(self, *, final: bool) -> Batches:
        """Decide the frames whose windows are complete, when there are enough of them."""
        window = self.passing.node.window or Window(frames=0)
        places, reach = window.places(self.passing.node.task.video, self.batch.frames)
        complete = len(places) if final else self._whole_runs(np.searchsorted(places, places[-1] - reach, side="left"))
        if complete - self.decided < (1 if final else self._chunk()):
            return
        now = np.zeros(len(places), np.bool_)
        now[self.decided : complete] = True
        windows = _Windows(places, reach, now)
        near = self._at_edges()
        kept = self._checked(self._resolved(windows, near), windows, near)
        yield from self._leave(np.flatnonzero(kept & now))
        self._forget(places, reach, complete)

    def _whole_runs(self, complete: np.intp) -> int:
        """How many frames can be decided so that no run of undecided ones is cut, unless it is longer than an edge."""
        video, edges = self.passing.node.task.video, self.passing.node.edges
        if edges is None or not complete:
            return int(complete)
        decided = np.flatnonzero(~self.undecided[:complete])
        start = int(decided[-1]) + 1 if len(decided) else 0
        places, longest = extent(edges, video, self.batch.frames[:complete])
        return start if start < complete and places[-1] - places[start] < longest else int(complete)

    def _chunk(self) -> int:
        evidence = self.batch.evidence
        return CHUNK if evidence is None else evidence.source.at_once

    # --- answers ----------------------------------------------------------------------------------------------------

    def _ask(self, positions: NDArray[np.int64]) -> None:
        """Ask the reference model where its answer is not known yet."""
        positions = positions[~self.known[positions]]
        if not len(positions):
            return
        answers, labels = self.passing.answers(self.batch.frames[positions], self.batch.evidence)
        self.answers[positions] = LOST
        self.answers[np.searchsorted(self.batch.frames, labels.frames)] = answers
        if self.passing.node.values:
            self.labels.append(labels)

    def _ask_origins(self, positions: NDArray[np.int64]) -> None:
        """Ask about the frames whose answers these take over: mostly they themselves."""
        places = self.carry.places(self.batch)[positions]
        own = np.unique(places[places != GONE])
        self._ask(own)
        self.asked[own] = True
        if (places == GONE).any() and self.carry.answer == UNKNOWN:
            answers, _ = self.passing.answers(np.array([self.carry.frame]), self.batch.evidence)
            self.carry = replace(self.carry, answer=int(answers.any()))

    # --- decisions --------------------------------------------------------------------------------------------------

    def _resolved(self, windows: _Windows, near: Bools) -> Bools:
        """Ask what has to be asked; whether each frame is true, of use where `now` holds."""
        node, voting = self.passing.node, self.passing.voting
        evidence, undecided = self.batch.evidence, self.undecided
        still = undecided & windows.now & ~near
        first = stride = node.every or 1
        while still.any():
            needed = windows.spread(still)
            chosen = on_grid(self.batch.frames, needed, self.taken != UNKNOWN, stride, self.passing.seed)
            self._ask_origins(np.flatnonzero(chosen))
            if stride == 1:
                break
            still &= unclear(self._shares(windows), stride, first, voting)
            stride //= 2
        result = undecided & False if evidence is None else evidence.verdicts == 1
        if (undecided & windows.now & ~near).any():
            result = np.where(undecided, self._shares(windows) > 0.5, result)
        if evidence is not None and evidence.scores is not None:
            result = np.where(near, evidence.scores >= 0.5, result)
        return np.asarray(result, np.bool_)

    def _at_edges(self) -> Bools:
        """Undecided frames that no more than the edge of an event hangs on: bool [n]."""
        node, evidence = self.passing.node, self.batch.evidence
        if node.edges is None or evidence is None or evidence.scores is None:
            return np.zeros(len(self.batch), np.bool_)
        task = node.task
        return at_edges(task.video, self.batch.frames, self.undecided, evidence.verdicts == 1, node.edges, task.minimum)

    def _shares(self, windows: _Windows) -> NDArray[np.float64]:
        return shares(estimates(windows.places, self.taken), windows.low, windows.high)

    def _checked(self, result: Bools, windows: _Windows, near: Bools) -> Bools:
        """The result, put right by the audit and by what is known anyway; everything is counted."""
        tally = self.passing.tally
        by_model = windows.now & self.undecided & windows.majority(self.told)[1]
        rest = np.flatnonzero(windows.now & ~by_model)
        drawn = np.zeros(len(self.batch), np.bool_)
        drawn[rest] = self.passing.drawn(self.batch.frames[rest], result[rest])
        if self.passing.node.values and not self.passing.voting:
            self._ask(np.flatnonzero(windows.now & result))
        before = self.passing.reference.calls
        self._settle(drawn, windows)
        short = self._unlooked & self.passing.short(self.batch.frames)
        brief = self._unseen_in_keys(drawn & short & windows.majority(self.answers)[0])
        tally.checked += self.passing.reference.calls - before
        self._use_known()
        right, known = windows.majority(self.answers)
        counted = known & (drawn | ~short)  # of the others, nobody has asked whether they are brief
        tally.asked_true += int((by_model & right).sum())
        tally.asked_false += int((by_model & ~right).sum())
        for stratum, returned, edge in (
            (tally.dropped, False, False),
            (tally.returned, True, False),
            (tally.edges_dropped, False, True),
            (tally.edges_returned, True, True),
        ):
            own = rest[(result[rest] == returned) & (near[rest] == edge)]
            stratum.add(drawn[own], counted[own], right[own] & counted[own], brief[own])
        if self.passing.node.budget is not None and self.passing.node.budget.confidence is not None:
            tally.decided.append((self.batch.frames[rest], result[rest]))
        self._see(result, right, by_model, drawn, windows.now)
        return np.asarray(np.where(known, right, result) & (self.answers != LOST), np.bool_)

    def _settle(self, drawn: Bools, windows: _Windows) -> None:
        """Ask until the truth of the drawn frames is known: half a window mostly tells what the majority is."""
        unsettled = drawn
        for part in SETTLING:
            if not unsettled.any():
                return
            unsettled = unsettled & ~windows.majority(self.answers)[1]
            self._ask(np.flatnonzero(windows.narrowed(part).spread(unsettled)))

    def _unseen_in_keys(self, true: Bools) -> Bools:
        """Those of these frames of short groups in whose key frames, before and behind, the reference model sees
        nothing: they are of no event, unless one that is joined over gaps. bool [n]."""
        result = np.zeros(len(true), np.bool_)
        own = np.flatnonzero(true)
        if len(own):
            keys, group = self.passing.keys, self.passing.group(self.batch.frames[own])
            there, labels = self.passing.answers(keys[np.union1d(group, group + 1)], self.batch.evidence)
            shown = np.isin(keys, labels.frames[there])
            result[own] = ~(shown[group] | shown[group + 1])
        return result

    def _see(self, result: Bools, right: Bools, by_model: Bools, drawn: Bools, now: Bools) -> None:
        """Keep the scores of these frames, and what they turned out to be."""
        evidence = self.batch.evidence
        if evidence is not None and evidence.scores is not None:
            weights = np.where(by_model, 1.0, drawn / np.maximum(self.passing.levels(result), 1e-9))
            self.passing.tally.seen.add(evidence.scores[now], right[now], weights[now])

    def _use_known(self) -> None:
        """What the store knows is free, and better than a guess."""
        fresh = np.flatnonzero(~self.known)
        self._ask(fresh[self.passing.reference.known(self.batch.frames[fresh])])

    # --- leaving ----------------------------------------------------------------------------------------------------

    def _leave(self, positions: NDArray[np.int64]) -> Batches:
        if not len(positions):
            return
        frames = self.batch.frames[positions]
        if not self.passing.node.values:
            yield Batch(frames)
            return
        self._ask(positions)
        labels = concatenate(self.labels)
        order = np.argsort(labels.frames, kind="stable")
        kept = order[np.isin(labels.frames[order], frames)]
        labels = labels.take(kept)
        yield Batch(labels.frames, labels)

    def _forget(self, places: NDArray[np.int64], reach: int, complete: int) -> None:
        """Drop what no window to come can reach."""
        if complete >= len(places):
            start = len(places)
        else:
            start = min(complete, int(np.searchsorted(places, places[complete] - reach, side="left")))
            at, longest = extent(self.passing.node.edges, self.passing.node.task.video, self.batch.frames)
            start = min(start, int(np.searchsorted(at, at[complete] - 2 * longest, side="left")))
        keep = np.arange(start, len(places))
        self.carry = self.carry.after(self.batch, self.told, start)
        self.batch = self.batch.take(keep)
        self.answers, self.asked = self.answers[keep], self.asked[keep]
        self.decided = complete - start
        if self.labels and len(keep):
            labels = concatenate(self.labels)
            self.labels = [labels.take(np.flatnonzero(labels.frames >= self.batch.frames[0]))]
        else:
            self.labels = []
