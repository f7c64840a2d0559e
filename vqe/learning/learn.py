"""Buy labels in rounds, train, and keep what was learnt."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError, VqeWarning
from vqe.knowledge import Knowledge
from vqe.learning.difference import Comparison
from vqe.learning.family import others
from vqe.learning.judge import judge_of
from vqe.learning.packets import learn_packets
from vqe.learning.pool import STEP, Judge, make_pool, remember_costs
from vqe.learning.skims import learn_skims
from vqe.learning.windows import VOTES, windows_of
from vqe.library import ENOUGH
from vqe.logical.budget import Budget
from vqe.logical.plan import Task
from vqe.models.specialised import FAMILY, Architecture, SpecialisedModel, train
from vqe.optimizer.cascades import CLOSE_CALLS, GAIN, LEFT_OVER, MOST, OUT_OF_REACH, SIZE
from vqe.optimizer.thresholds import choose, logits, undecided, unseen_share
from vqe.physical.chance import chances
from vqe.physical.operator import Run
from vqe.physical.reference import Reference
from vqe.physical.specialise import smoothed
from vqe.profile import Profile, Samples, path_of, save
from vqe.video import Thumbnails, groups

GRID = 300  # labels at even distances, to find where there is something
ROUND = 300  # labels bought where the model is unsure, the first time
ROUNDS = 5
SETTING = 0.2  # of the frames that will be asked: as many are asked before, to set thresholds by
AROUND = 4  # frames asked between two neighbours of the grid that disagree
FEWEST = 4  # true frames, and false ones, that there must be on either side of the split to train a model
REACHES = (0, 1, 2, 3)  # frames of the pool to either side, over which a mean of scores is tried
TRAINING_SECONDS = 5.0  # about, a round
WORTH_A_TRY = 4.0  # times what training another member of the family takes, that has to be left for it to save

_NO_SAMPLES = Samples(np.empty(0, np.float32), np.empty(0, np.bool_), np.empty(0))


def learn(task: Task, budget: Budget, run: Run, worth: float = 1.0) -> Profile:
    """Learn a predicate on a camera, and keep the profile; one without a model where that would not pay.

    worth: it does while a smaller share of the frames than this is left undecided.
    Asks the reference model about some hundreds of frames, whose labels are kept. Raises RunError, KeyboardInterrupt.
    """
    with (
        Reference(run.library, task.video, task.info, task.confidence) as reference,
        Thumbnails(task.video, SIZE) as reader,
    ):
        return _Lesson(task, budget, run, reference, reader, judge_of(task, run)).profile(worth)


@dataclass(frozen=True)
class _Trained:
    """A network, and its scores of the whole pool: `raw` ones, and means over so many frames to either side.

    each: seconds that scoring a frame took, where that was timed
    """

    model: SpecialisedModel
    raw: NDArray[np.float32]
    scores: NDArray[np.float32]
    reach: int
    samples: Samples
    each: float = 0.0


class _Lesson:
    """One learning: the pool, and the labels bought so far."""

    def __init__(
        self, task: Task, budget: Budget, run: Run, reference: Reference, reader: Thumbnails, judge: Judge
    ) -> None:
        self.task = task
        self.budget = budget
        self.run = run
        self.reference = reference
        self.reader = reader
        self.judge = judge
        self.seed = run.library.settings.seed
        self.most = int(MOST * len(task.frames))
        self.training_seconds = 0.0  # of the family's first, from nothing

    def profile(self, worth: float) -> Profile:
        grid = min(GRID, max(60, len(self.task.frames) // 40))
        self.pool = make_pool(self.task, self.reader, self.reference, self.judge, grid, self._check)
        remember_costs(self.run.library, self.reader, self.pool)
        if not self.reader.holds(self.pool.frames):
            self.reader.close()  # what it holds of a long video is of little use, and much
        self.windows = windows_of(self.task, self.pool.frames)
        self._look_around()
        if not self._enough():
            self._look_longer(grid)
        if not self._enough():
            reason = "true or false frames are too few to learn from"
            return self._keep(None, self._untrained(reason))
        compared = Comparison(
            self.task, self.budget, self.run.library, self.run.check, self.pool, self._ask, self._samples, self.seed
        )
        alone = compared.alone(self._untrained("training would not pay"))
        if alone is not None:
            return self._keep(None, alone)
        reason = self._hopeless(worth)
        if reason:
            return self._keep(None, compared.instead(self._untrained(reason)))
        trained = self._trained(None, 0)
        remaining = np.inf
        size = ROUND
        for number in range(ROUNDS):
            self._buy(trained.scores, size, number)
            trained = self._trained(trained.model, number + 1)
            left = self._seconds_left(trained)
            price = size * self._reference_seconds() + TRAINING_SECONDS
            if left < price or remaining - left < price or self.reference.calls + size > self.most:
                break
            remaining = left
            size = min(2 * size, ROUND * 4) if left > 4 * price else size
        trained = self._best_of_family(trained)
        trained = self._sharpened(trained, compared)
        if not choose(trained.samples, self.budget):
            return self._keep(None, self._untrained("there are too few true frames on held-out time"))
        profile = compared.beside(self._profile(trained), trained.scores)
        if not self.task.frames.consecutive:
            return self._keep(trained.model, profile)
        packets = learn_packets(self.task, self.pool, trained.raw, trained.scores)
        true, scores = trained.samples.true, trained.scores
        skims = learn_skims(self.task, self.pool, self.reader, self.run, trained.model, true, scores, trained.reach)
        return self._keep(trained.model, replace(profile, packets=packets, skims=skims))

    # --- buying labels ----------------------------------------------------------------------------------------------

    def _ask(self, positions: NDArray[np.int64]) -> None:
        """Ask about these frames of the pool, as far as they are not known."""
        fresh = np.unique(positions[~self.pool.known[positions]])
        if len(fresh):
            self._check(len(self.pool), len(self.pool))
            self.pool.learn_labels(self.reference.ask(self.pool.frames[fresh], self.reader.pictures), self.judge)

    def _look_around(self) -> None:
        """Ask between neighbours of which one is true and one is not: that is where a model has most to learn."""
        known = np.flatnonzero(self.pool.known)
        true = self.pool.true[known]
        edges = np.flatnonzero(true[1:] != true[:-1])
        steps = np.arange(1, AROUND + 1) / (AROUND + 1)
        first, last = known[edges], known[edges + 1]
        between = first[:, None] + (last - first)[:, None] * steps
        self._ask(np.unique(between.round().astype(np.int64)))

    def _look_longer(self, grid: int) -> None:
        """Three more grids between the points of the first: something rare may still be found."""
        n = len(self.pool)
        step = max(1, n // grid)
        starts = dict.fromkeys((step // 2 + step * part // 4) % step for part in range(4))  # the first has been asked
        for start in list(starts)[1:]:
            positions = np.arange(start, n, step)
            self._ask(positions)
            self.pool.drawn[positions] = True
            self.pool.chance[:] = np.minimum(1.0, self.pool.chance + 1 / step)
            self._look_around()
            if self._enough():
                return

    def _buy(self, scores: NDArray[np.float32], size: int, number: int) -> None:
        """Draw about `size` frames: half to train on, where the model is unsure; half to set thresholds by.

        They are asked together: on the way to the one from the key frame before, the other is often met.
        """
        unsure = scores * (1 - scores) + 0.05 * scores + 1e-5
        to_train = self._drawn(np.where(self.pool.held, 0.0, unsure), size // 2, f"learn {number}")
        to_hold = self._drawn(self._evenly(scores), size // 2, f"hold {number}")
        self._ask(np.union1d(to_train, to_hold))

    def _evenly(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """Weights of held-out frames by which every stretch of half a logit is drawn from alike.

        A threshold may come to lie anywhere, and by far the most frames are far from where it does.
        """
        bins = np.floor(2 * logits(scores)).astype(np.int64)
        counts = np.bincount((bins - bins.min())[self.pool.held], minlength=int(np.ptp(bins)) + 1)
        return np.where(self.pool.held, 1 / np.maximum(1, counts[bins - bins.min()]), 0.0)

    def _drawn(self, weights: NDArray[np.float64], size: int, purpose: str) -> NDArray[np.int64]:
        """Positions of about so many frames, by chance."""
        luck = chances(self.task.video, self.pool.frames, purpose, self.seed)
        return self.pool.draw(_scaled(weights / np.sqrt(self._prices()), size), luck)

    def _prices(self) -> NDArray[np.float64]:
        """What asking about each frame takes, decoding from the key frame before it included, relative to no decoding.

        Of what costs more, less is drawn: by the root of it (Neyman's allocation: Cochran, Sampling Techniques, 5.5).
        """
        keys = groups(self.task.video)
        behind = self.pool.frames - keys[np.searchsorted(keys, self.pool.frames, side="right") - 1]
        decoding = self.reader.seconds / (STEP * len(self.pool))
        return np.asarray(1 + behind * decoding / self._reference_seconds(), np.float64)

    def _enough(self) -> bool:
        """Hold half of the time out; whether both halves have frames of either kind to speak of."""
        return self.pool.hold_out(self.seed) >= FEWEST

    def _hopeless(self, worth: float) -> str:
        """Why a small model would leave more than the share `worth` of the frames undecided; '' where it may not.

        Where scores only a little different would change the answer, the reference model contradicts itself from one
        frame to the next, and no small model can foretell it.
        """
        soft = self.pool.soft[self.pool.drawn & self.pool.known]
        close = float(((soft > 0) & (soft < 1)).mean())
        if CLOSE_CALLS * close > max(worth, LEFT_OVER):
            return f"{OUT_OF_REACH}: {self.task.info.name} itself is unsure of {close:.0%} of the frames"
        return "training would not pay" if worth < LEFT_OVER else ""

    # --- training and measuring -------------------------------------------------------------------------------------

    def _best_of_family(self, trained: _Trained) -> _Trained:
        """With other members, while asking about what is left takes several times what trying them does; that one with
        which answering takes the least, if it takes a good deal less."""
        best, first = trained, trained.model.architecture
        for number, architecture in enumerate(others(self.task, self.pool)):
            ratio = architecture.products / first.products
            saved = self._undecided_seconds(best) - len(self.task.frames) * trained.each * (ratio - 1)
            if saved > WORTH_A_TRY * ratio * self.training_seconds:
                other = self._trained(None, ROUNDS + number, architecture)
                best = other if self._answering(other) < GAIN * self._answering(best) else best
        return best

    def _answering(self, trained: _Trained) -> float:
        """Seconds to score all frames and to ask about those that are left undecided."""
        return self._undecided_seconds(trained) + len(self.task.frames) * trained.each

    def _trained(self, start: SpecialisedModel | None, number: int, architecture: Architecture = FAMILY[0]) -> _Trained:
        """A model that knows the labels outside held-out time."""
        pool, began = self.pool, time.perf_counter()
        own = np.flatnonzero(pool.known & ~pool.held)
        self._check(len(pool), len(pool))
        model = train(
            architecture,
            pool.thumbnails[own],
            pool.scenes[pool.scene[own]],
            pool.soft[own],
            seed=self.seed + number,
            start=start,
        )
        if start is None and architecture == FAMILY[0]:
            self.training_seconds = time.perf_counter() - began
        began = time.perf_counter()
        raw = pool.each(model.probabilities)
        each = (time.perf_counter() - began) / len(pool)
        return replace(self._measured(model, raw), each=each)

    def _measured(self, model: SpecialisedModel, raw: NDArray[np.float32]) -> _Trained:
        """With the mean over the frames around that leaves the fewest undecided.

        What is seen for a moment only, or seen badly where it comes into view, is told from noise by its neighbours.
        """
        if self.windows.reach:
            return self._mean(model, raw, self.windows.reach)
        self._look_beside(raw)
        found = [self._mean(model, raw, reach) for reach in REACHES if not reach or self.task.frames.consecutive]
        return min(found, key=self._quality)

    def _mean(self, model: SpecialisedModel, raw: NDArray[np.float32], reach: int) -> _Trained:
        scores = smoothed(raw, self.pool.frames, reach * STEP)
        return _Trained(model, raw, scores, reach, self._samples(scores))

    def _quality(self, trained: _Trained) -> tuple[float, float]:
        """Of all frames the share that is undecided, and what of the budget is spent; the less the better."""
        found = choose(trained.samples, self.budget)
        if found is None:
            return 1.0, 0.0
        spent = found.fnr / self.budget.fnr + found.false / max(self.budget.false, 1e-9)
        return undecided(found, np.sort(trained.scores))[0], spent

    def _samples(self, scores: NDArray[np.float32]) -> Samples:
        """The frames of held-out time that chance has drawn, with their truth; over windows, it is asked for first."""
        pool = self.pool
        drawn = pool.sampled
        if self.windows.reach:
            self._ask(self.windows.needed(drawn, scores, pool.true))
            true = self.windows.truth(drawn, pool.known, pool.true)
        else:
            true = pool.true[drawn]
        every = len(self.task.frames) / len(pool)
        weights = every / pool.chance[drawn] * (len(pool) / max(1, pool.held.sum()))
        lone = np.flatnonzero(self._lone()[drawn] & (scores[drawn] < 0.5))
        if len(lone):
            weights[lone[np.argmax(weights[lone])]] = every
        return Samples(scores[drawn], true, weights)

    def _look_beside(self, scores: NDArray[np.float32]) -> None:
        """Ask about the frames beside true ones that the model does not see."""
        drawn = self.pool.sampled
        beside = drawn[self.pool.true[drawn] & (scores[drawn] < 0.5), None] + np.array([-1, 1])
        self._ask(np.unique(np.clip(beside, 0, len(self.pool) - 1)))

    def _lone(self) -> NDArray[np.bool_]:
        """True frames between false ones: bool [n].

        Where one was met by a small chance, it would stand for many. But it may be the only one there is, so the
        first that was met stands for itself; the second tells that there are more.
        """
        pool = self.pool
        false = np.concatenate([[True], pool.known & ~pool.true, [True]])
        lone: NDArray[np.bool_] = pool.known & pool.true & false[:-2] & false[2:]
        return lone

    def _sharpened(self, trained: _Trained, compared: Comparison) -> _Trained:
        """Where much will be asked, a part of that is spent on where the thresholds have to lie; and of what comes to
        light by these labels, the same part again: few true samples and a rare one among them may have misled."""
        foreseen, number = 0.0, 0
        while True:
            # There may be a better plan than by these scores alone.
            seconds = min(compared.best(self._profile(trained), trained.scores), self._seconds_left(trained))
            size = int(SETTING * (seconds - foreseen) / self._reference_seconds())
            size = min(size, self.most - self.reference.calls) // (VOTES if self.windows.reach else 1)
            if size < FEWEST:
                return trained
            self._ask(self._drawn(self._evenly(trained.scores), size, f"thresholds {number}"))
            trained = self._measured(trained.model, trained.raw)
            foreseen, number = seconds, number + 1

    def _seconds_left(self, trained: _Trained) -> float:
        """What asking about the undecided frames will take, and about those that are left so because few samples are
        true."""
        unseen = unseen_share(trained.samples, self.budget.fnr)
        return self._undecided_seconds(trained) + unseen * len(self.task.frames) * self._reference_seconds()

    def _undecided_seconds(self, trained: _Trained) -> float:
        """What a better model may save of that."""
        return self._quality(trained)[0] * len(self.task.frames) * self._reference_seconds()

    def _reference_seconds(self) -> float:
        spent = self.reference.spent
        if spent.frames >= ENOUGH["reference"]:
            return spent.model / spent.frames
        return Knowledge(self.run.library).model_seconds(self.task.info.key)

    # --- keeping ----------------------------------------------------------------------------------------------------

    def _untrained(self, reason: str) -> Profile:
        return Profile(
            predicate=self.task.predicate.text,
            samples=_NO_SAMPLES,
            population=np.empty(0, np.float32),
            labels=0,  # counted when it is kept: some may still be bought
            positives=0,
            files=tuple(file.index.fingerprint for file in self.task.video.files),
            model="",
            smooth=0,
            size=SIZE,
            reason=reason,
        )

    def _profile(self, trained: _Trained) -> Profile:
        return replace(
            self._untrained(""),
            samples=trained.samples,
            population=np.sort(trained.scores),
            model=trained.model.architecture.name,
            smooth=2 * trained.reach * STEP + 1 if trained.reach else 0,
        )

    def _keep(self, model: SpecialisedModel | None, profile: Profile) -> Profile:
        pool = self.pool
        profile = replace(profile, labels=int(pool.known.sum()), positives=int((pool.known & pool.true).sum()))
        path = path_of(self.run.library.folder, self.task)
        tensors = model.tensors() if model else {}
        try:
            save(path, profile, tensors, model.architecture.to_text() if model else "")
        except RunError as fault:
            warnings.warn(f"{fault.message}; what was learnt is lost", VqeWarning, stacklevel=2)
        return profile

    def _check(self, done: int, total: int) -> None:
        self.run.check()
        if self.run.progress is not None:
            self.run.progress.update(done, total)


def _scaled(weights: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Probabilities in proportion to the weights, 1 at the most, that sum to `total` as nearly as may be."""
    chance: NDArray[np.float64] = np.minimum(1.0, weights * total / weights.sum())
    for _ in range(8):
        free = chance < 1
        missing = total - chance.sum()
        if missing < 1 or not chance[free].sum():
            break
        chance[free] = np.minimum(1.0, chance[free] * (1 + missing / chance[free].sum()))
    return chance
