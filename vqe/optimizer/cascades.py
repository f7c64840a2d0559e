"""Ways to decide a predicate, each with its predicted time and errors, and the choice among them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vqe.edges import at_edges
from vqe.logical.budget import Budget
from vqe.logical.node import Node
from vqe.logical.plan import Audit, Learn, Predicted, Proxy, Resolve, Specialise, Task, Thumbnails
from vqe.optimizer.cost import key_share
from vqe.optimizer.gates import CLOSER_LOOK, OPEN, Between, Gate, gate_of
from vqe.optimizer.situation import Candidate, Situation, Term
from vqe.optimizer.thresholds import Thresholds, choose, effective, true_share, undecided, unseen_share, widened
from vqe.profile import Profile, Samples
from vqe.video import Video, apart

# Of the predicted time so much is spent on leaving more frames undecided than the estimate asks for; less, as a mean's
# error shrinks, where it is from more than so many true samples.
SLACK = 0.1
SLACK_SAMPLES = 100
LEAST_SLACK = 4.0
MOST_FNR = 0.01  # that this goes by
# Before anything has been learnt: what learning takes, and what it will leave to the reference model.
LABELS = 700
MOST = 0.1  # of all frames, if that is fewer
TRAINING_SECONDS = 15.0
POOL = 36_000  # frames decoded for it at most
SIZE = 96  # of thumbnails
LEFT_OVER = 0.05  # of all frames, by a small model
CLOSE_CALLS = 3.0  # times the share of frames on which the reference model itself is unsure will be left over at least
UNCLEAR = 0.15  # of all frames, by asking every so many
MAJORITY = 0.55  # of a window's frames are asked until its majority is settled
CLOSE_VOTES = 0.4  # of the undecided frames are asked beyond every so many, as it has mostly been (0.3 to 0.45)
OUT_OF_REACH = "the budget is out of reach"
NOT_SHOWN = "AT CONFIDENCE is not shown over windows: every frame is asked"
CLOSER = 5.0  # times the audit, where an earlier one has given reason to doubt
SEEN = 0.5  # of a key frame, whatever the thresholds: something is in it
GAIN = 0.9  # of the time without another source of errors is what a plan with it has to promise
PAYS = 0.8  # of the time without it is what a plan has to promise before anything is learnt for it

# Parts of a cascade that a setting may leave out, to see what each is worth.
SMALL_MODEL, PACKETS, DIFFERENCE, SKIMMING = "small_model", "packet_filter", "difference", "skimming"
OPTIONAL_PARTS = (SMALL_MODEL, PACKETS, DIFFERENCE, SKIMMING)


def candidates(situation: Situation) -> list[Candidate]:
    """All that may be chosen, and what may not with the reason, the plain plan first."""
    plain = Candidate("exact", situation.unknown * situation.costs.reference, "the reference model on every frame")
    found = [plain]
    if plain.seconds == 0:
        return found
    if situation.space in ("all", "sampling"):
        found.append(_sampling(situation))
    if situation.space in ("all", "noscope") and SMALL_MODEL not in situation.without:
        found += [candidate for term in situation.terms for candidate in _by_term(situation, term)]
        if situation.profile is None:
            found.append(learning(situation, found))
        else:
            found += _cascades(situation, situation.profile)
    return found


def best(found: list[Candidate]) -> Candidate:
    """The cheapest that may be chosen; among equals the first."""
    return min(found, key=lambda c: (bool(c.note), c.seconds))


# --- every so many frames -------------------------------------------------------------------------------------------


def _sampling(situation: Situation) -> Candidate:
    """Seiden (VLDB 2023): the reference on every k-th frame, and closer where neighbours disagree.

    What it cannot miss is what lasts: a majority over a window. So k follows from the window, and every one has some
    samples in it.
    """
    every = sampling_distance(situation.task)
    if every < 2:
        return Candidate(
            "sampling", 0, "", note="single frames may differ from their neighbours: STABLE asks for what lasts"
        )
    if situation.budget.confidence is not None:
        return Candidate("sampling", 0, "", note=NOT_SHOWN)
    if not situation.budget.fnr:
        return Candidate("sampling", 0, "", note="a budget of 0 leaves nothing to be inferred")
    share = min(1.0, 1 / every + UNCLEAR)
    asked = share * situation.unknown
    skipping = _decoded(situation.task.video, every)
    decoded = len(situation.task.frames) * min(1.0, skipping)
    seconds = asked * situation.costs.reference + decoded * situation.costs.thumbnail
    audit, checked = _audit_of_samples(situation, every, seconds)
    seconds += checked * (situation.costs.reference + (0.0 if skipping >= 1 else access_seconds(situation)))
    predicted = Predicted(seconds, asked, checked=checked)

    def build(scan: Node) -> Node:
        return resolved(situation, pictured(situation, scan) if skipping >= 1 else scan, every, predicted, audit, False)

    return Candidate(
        "sampling", seconds, f"the reference model on every {every}th frame, closer where it is unclear", build
    )


def _audit_of_samples(situation: Situation, every: int, seconds: float) -> tuple[Audit | None, float]:
    """As `audited`, of the frames whose truth is inferred. How many of them are true nobody knows, so either kind is
    drawn alike."""
    task = situation.task
    if not situation.audit:
        return None, 0.0
    each = max(1.0, task.frames_in(task.window) * (MAJORITY - 1 / every))  # what has not been asked anyway
    of = max(1.0, (1 - UNCLEAR) * len(task.frames))
    share = situation.audit * seconds / situation.costs.reference / each / of
    audit = situation.lottery.going_on(share, share)
    return audit, min(each * situation.lottery.fresh(audit)[0] * of, situation.unknown)


def sampling_distance(task: Task) -> int:
    """So that every window has two samples in it; 1 where frames stand alone."""
    return max(1, task.fewest_in_window // 2)


def _decoded(video: Video, every: int) -> float:
    """Of all frames those that are decoded where only what is asked is: every so many first, from the key frame before,
    and what is unclear once more for each smaller stride."""
    return min(1.0, (1 / key_share(video) + 1) / (2 * every)) + UNCLEAR * math.log2(every)


def pictured(
    situation: Situation,
    scan: Node,
    proxy: Proxy | None = None,
    undecided: tuple[float, float] = (0.0, 1.0),
    audit: Audit | None = None,
    gate: Gate = OPEN,
) -> Thumbnails:
    """Every frame decoded, once, and at hand while the reference model may be asked about it.

    proxy: a small model that looks at them first, and leaves those open that score so; `audit`: of what it decides
    """
    task = situation.task
    known, window = situation.profile, task.frames_in(task.window)
    if known is None:
        return Thumbnails(scan, SIZE, task.video, window)
    closer = CLOSER_LOOK * undecided[0], 1 - CLOSER_LOOK * (1 - undecided[1])
    skim, read = None if gate.skims is None else gate.skims.apart, gate.read(undecided[0])
    rough, smooth = known.learnt_frames(task.video), known.smooth or None
    return Thumbnails(scan, known.size, task.video, window, proxy, smooth, closer, audit, skim, *read, rough)


# --- a small model --------------------------------------------------------------------------------------------------


def learning(situation: Situation, others: list[Candidate]) -> Candidate:
    """To learn first: worth it only where the promise is well below what can be had without."""
    task, costs = situation.task, situation.costs
    if not situation.budget.fnr:
        return Candidate("learn", 0, "", note="a budget of 0 leaves nothing to a small model")
    labels = int(min(LABELS, MOST * len(task.frames)))
    first = labels * costs.reference + min(POOL, len(task.frames)) * costs.thumbnail + TRAINING_SECONDS
    fixed = first + small_seconds(situation)
    left_over = situation.unknown * costs.reference * asked_of_undecided(sampling_distance(task))
    seconds = fixed + LEFT_OVER * left_over
    worth = (PAYS * best(others).seconds - fixed) / left_over
    note = "" if worth > LEFT_OVER else f"learning takes about {first:.0f} s and would not pay"

    def build(scan: Node) -> Node:
        return Learn(scan, task.predicate, labels, min(1.0, worth), task, situation.budget, first, seconds - first)

    return Candidate("learn", seconds, f"a small model, after about {labels} labels", build, note)


def _cascades(situation: Situation, profile: Profile) -> list[Candidate]:
    """NoScope (VLDB 2017): a small model decides, the reference is asked about what it leaves undecided. Of all frames,
    or of those in which packets show that something may happen."""
    kind = "cascade"
    if profile.proxy is None:
        return [Candidate(kind, 0, "", note=profile.reason)]
    if situation.task.window is not None and situation.budget.confidence is not None:
        return [Candidate(kind, 0, "", note=NOT_SHOWN)]
    thresholds = choose(profile.samples, situation.budget, confirm=situation.values)
    if thresholds is None:
        return [Candidate(kind, 0, "", note="too few true frames are known to set thresholds")]
    if _beyond(thresholds, situation.budget):
        return [Candidate(kind, 0, "", note=f"{OUT_OF_REACH}: the small model is sure of what is wrong")]
    found = _skimmed_or_not(situation, profile, OPEN)
    packets = None if PACKETS in situation.without else profile.packets
    if packets is not None and all(file.has_sizes for file in situation.task.video.files):
        safe = _safe(situation, profile, OPEN, thresholds, situation.budget)
        between = Between.of(situation.task, packets) if profile.learnt_on(situation.task.video) else None
        gate = gate_of(profile, packets, min(safe.low, SEEN), situation.budget, between)
        if isinstance(gate, Gate):
            for candidate in _skimmed_or_not(situation, profile, gate):
                found.append(worth_a_tenth(candidate, best(found)))
        else:
            found.append(Candidate("packets", 0, "", note=gate))
    return found


def _skimmed_or_not(situation: Situation, profile: Profile, gate: Gate) -> list[Candidate]:
    """Look at every frame that the gate leaves; and, where that may save something, at some of them first."""
    found, skims = [_cascade(situation, profile, gate)], profile.skims
    possible = skims is not None and SKIMMING not in situation.without and apart(situation.task.video)
    if possible and situation.budget.confidence is None:
        found.append(worth_a_tenth(_cascade(situation, profile, replace(gate, skims=skims)), found[0]))
    return found


def _by_term(situation: Situation, term: Term) -> list[Candidate]:
    """What is false by one term is false: the reference is asked about the rest.

    How many frames true by all terms lie among those that this one's model misses is not known, so it has to miss none
    of its own. Its profile says nothing of the other terms, and learns nothing from what is found here.
    """
    budget = situation.budget
    if not budget.fnr or budget.confidence is not None:
        return []
    own = replace(situation, budget=replace(budget, fnr=0.0), profile=term.profile, lottery=term.lottery, values=True)

    def of_all(candidate: Candidate) -> Candidate:
        built = candidate.build
        if built is None:
            return candidate

        def build(scan: Node) -> Node:
            resolve = built(scan)
            assert isinstance(resolve, Resolve)
            learnt = resolve.learnt and replace(resolve.learnt, term=True)
            return replace(resolve, budget=budget, values=situation.values, learnt=learnt)

        return replace(candidate, kind="term", description=f"{term.predicate} by {candidate.description}", build=build)

    return [of_all(candidate) for candidate in _cascades(own, term.profile)]


def worth_a_tenth(candidate: Candidate, other: Candidate) -> Candidate:
    """With a note where it saves less: that is not worth another source of errors."""
    if candidate.note or other.note or candidate.seconds < GAIN * other.seconds:
        return candidate
    return replace(candidate, note=f"would save less than a tenth: {candidate.description}")


def _beyond(thresholds: Thresholds, budget: Budget) -> bool:
    """Whether even the most careful thresholds do not keep the budget."""
    return thresholds.fnr > budget.fnr or thresholds.false > budget.false


def _cascade(situation: Situation, profile: Profile, gate: Gate) -> Candidate:
    budget = replace(situation.budget, fnr=situation.budget.fnr - gate.fnr)
    samples, population = gate.passed(profile)
    kind = "skimming" if gate.skims is not None else "cascade" if gate.packets is None else "packets"
    thresholds = choose(samples, budget, confirm=situation.values)
    if thresholds is None:
        return Candidate(kind, 0, "", note="too few true frames are known to set thresholds")
    if _beyond(thresholds, budget):
        return Candidate(kind, 0, "", note=f"{OUT_OF_REACH}: no threshold keeps it")
    every = sampling_distance(situation.task)
    thresholds = _safe(situation, profile, gate, thresholds, budget)
    seconds = _cascade_seconds(situation, population, thresholds, every, gate)
    open_, above = (gate.left * share for share in undecided(thresholds, population))
    audit, checked = audited(situation, profile, 1 - open_ - above, above, seconds)
    seconds += checked * (situation.costs.reference + access_seconds(situation))
    asked = _asked(situation, population, thresholds, every, gate)
    true = true_share(profile.samples)
    predicted = Predicted(seconds, asked, thresholds.fnr + gate.fnr, thresholds.false, (open_, above), checked, true)
    proxy = profile.proxy
    assert proxy is not None

    def build(scan: Node) -> Node:
        low, high = thresholds.low, thresholds.high
        below = scan if gate.packets is None else gate.filter(scan, situation.task.video, profile.size, proxy)
        small = pictured(situation, below, proxy, (low, high), audit, gate)
        decided = Specialise(small, profile.model, low, high, profile.smooth or None, proxy, predicted)
        return replace(resolved(situation, decided, every, predicted, audit), learnt=profile.learnt)

    decoded = "" if gate.packets is None else f"{gate.left:.0%} of the frames decoded, "
    looked = "" if gate.skims is None else f"every {gate.skims.apart} looked at first, "
    return Candidate(kind, seconds, f"{profile.model}, {decoded}{looked}{open_:.1%} of the frames asked", build)


def _safe(situation: Situation, profile: Profile, gate: Gate, thresholds: Thresholds, budget: Budget) -> Thresholds:
    """The same, with what is left undecided for safety."""
    samples, population = gate.passed(profile)
    seconds = _cascade_seconds(situation, population, thresholds, sampling_distance(situation.task), gate)
    below, above = (side / max(1e-9, gate.left) for side in slack(situation, profile, samples, budget, seconds))
    return widened(thresholds, population, below, above, samples, budget)


def slack(
    situation: Situation, profile: Profile, samples: Samples, budget: Budget, seconds: float
) -> tuple[float, float]:
    """Of all frames the shares that a plan of so many seconds leaves undecided for safety, below its thresholds and
    above.

    As much as that is worth beside what the plan takes anyway, and no less than a few times what may be missed: a plan
    that takes next to nothing would leave no room for what samples do not show. Where few of the profile's are true,
    more below.
    samples: those of the profile that the thresholds are for
    """
    part = SLACK * min(1.0, math.sqrt(SLACK_SAMPLES / max(1.0, effective(samples.weights[samples.true]))))
    worth = part * seconds / max(1e-9, situation.unknown * situation.costs.reference)
    least = LEAST_SLACK * min(budget.fnr, MOST_FNR) * true_share(profile.samples)
    side = max(least, worth) / 2
    return side + unseen_share(profile.samples, budget.fnr), side


def _cascade_seconds(
    situation: Situation, population: NDArray[np.float32], thresholds: Thresholds, every: int, gate: Gate
) -> float:
    costs, frames = situation.costs, len(situation.task.frames)
    keys = 0.0 if gate.packets is None else key_share(situation.task.video) * frames * costs.keyframe
    near, skimmed = gate.read(thresholds.low)
    looking = skimmed * frames * costs.skim + near * small_seconds(situation)
    return keys + gate.left * looking + costs.reference * _asked(situation, population, thresholds, every, gate)


def small_seconds(situation: Situation) -> float:
    """Until a small model has scored all frames."""
    return len(situation.task.frames) * (situation.costs.thumbnail + situation.costs.specialised)


def access_seconds(situation: Situation) -> float:
    """To decode a single frame somewhere: from the key frame before, on one of all cores."""
    return situation.costs.thumbnail / 2 / key_share(situation.task.video)


def _asked(
    situation: Situation, population: NDArray[np.float32], thresholds: Thresholds, every: int, gate: Gate
) -> float:
    """Calls of the reference model, without those of the audit."""
    open_, above = (gate.left * share for share in undecided(thresholds, population))
    if situation.values:
        open_ += above
    return open_ * beyond_edges(situation, thresholds) * asked_of_undecided(every) * situation.unknown


def beyond_edges(situation: Situation, thresholds: Thresholds) -> float:
    """Of the undecided frames the share that is asked all the same, as far as the edges of events go."""
    task, profile = situation.task, situation.profile
    known = profile.packets if profile is not None and profile.learnt_on(task.video) else None
    if task.event_gap is None or known is None:
        return 1.0
    unsure = thresholds.unsure(known.scores)
    near = at_edges(task.video, known.frames, unsure, known.scores > thresholds.high, task.event_gap, task.minimum)
    return 1 - float(near.sum()) / max(1, int(unsure.sum()))


def asked_of_undecided(every: int) -> float:
    """Of the undecided frames the share that is asked, where a majority is sought: every so many, and more where that
    is unclear, as it often is where cheap evidence was."""
    return min(1.0, 1 / every + CLOSE_VOTES)


def audited(
    situation: Situation, profile: Profile, dropped: float, returned: float, seconds: float
) -> tuple[Audit | None, float]:
    """The audit beside a plan that takes so long without it, and how many calls it takes. `dropped`, `returned`: of all
    frames, those decided false and true without asking."""
    costs, frames = situation.costs, len(situation.task.frames)
    dropped, returned = frames * dropped, frames * returned
    each = max(1.0, MAJORITY * profile.smooth) if situation.task.window is not None else 1.0  # asked for one's truth
    confidence = situation.budget.confidence
    if confidence is None and not situation.audit:
        return None, 0.0
    if confidence is None:
        share = situation.audit * (CLOSER if profile.doubted else 1.0)
        sampled = share * seconds / (costs.reference + access_seconds(situation)) / each
        low = sampled * (2 / 3 if returned >= 1 else 1) / max(1.0, dropped)
        high = sampled / 3 / max(1.0, returned) if returned >= 1 else 0.0
        audit = situation.lottery.going_on(low, high)
    else:
        positives = float(profile.samples.weights[profile.samples.true].sum())
        allowed = situation.budget.fnr * positives
        audit = situation.lottery.reaching(1 - (1 - confidence) ** (1 / (allowed + 1)), 0.05)
    low, high = situation.lottery.fresh(audit)
    return audit, min(each * (low * dropped + high * returned), situation.unknown)


def resolved(
    situation: Situation, below: Node, every: int, predicted: Predicted, audit: Audit | None, scored: bool = True
) -> Resolve:
    """`scored`: by a small model."""
    task = situation.task
    return Resolve(
        below,
        task.predicate,
        task.info.name,
        every if every > 1 else None,
        task.window,
        task.event_gap if scored else None,
        audit,
        situation.values,
        situation.budget,
        None,
        task,
        predicted,
    )
