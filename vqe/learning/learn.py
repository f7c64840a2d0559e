"""Buy labels in rounds, train, and keep what was learnt."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError, VqeWarning
from vqe.learning.difference import Comparison
from vqe.learning.judge import judge_of
from vqe.learning.pool import BLOCKS, STEP, Judge, make_pool
from vqe.learning.windows import windows_of
from vqe.logical.budget import Budget
from vqe.logical.plan import Task
from vqe.models.specialised import FAMILY, SpecialisedModel, train
from vqe.optimizer.cost import REFERENCE_SECONDS
from vqe.optimizer.thresholds import choose, undecided
from vqe.physical.chance import chances
from vqe.physical.operator import Run
from vqe.physical.reference import Reference
from vqe.physical.specialise import smoothed
from vqe.profile import Profile, Samples, path_of, save

SIZE = 96  # of thumbnails
GRID = 300  # labels at even distances, to find where there is something
ROUND = 300  # labels bought where the model is unsure, the first time
ROUNDS = 5
AROUND = 4  # frames asked between two neighbours of the grid that disagree
FEWEST = 4  # true frames that there must be on either side of the split before a model is trained
SPLITS = 50  # random halves of time that are tried
SHARE = 0.1  # of all frames is the most to ask for learning
TRAINING_SECONDS = 5.0  # about, a round

_NO_SAMPLES = Samples(np.empty(0, np.float32), np.empty(0, np.bool_), np.empty(0))


def learn(task: Task, budget: Budget, run: Run) -> Profile:
    """Learn a predicate on a camera, and keep the profile; one without a model where nothing was found to learn.

    Asks the reference model about some hundreds of frames, whose labels are kept. Raises RunError, KeyboardInterrupt.
    """
    with Reference(run.library, task.video, task.info, task.confidence) as reference:
        return _Lesson(task, budget, run, reference, judge_of(task, run)).profile()


class _Lesson:
    """One learning: the pool, and the labels bought so far."""

    def __init__(self, task: Task, budget: Budget, run: Run, reference: Reference, judge: Judge) -> None:
        self.task = task
        self.budget = budget
        self.run = run
        self.reference = reference
        self.judge = judge
        self.seed = int(run.library.settings.number("seed"))
        self.most = int(SHARE * len(task.frames))
        self.architecture = FAMILY[1]

    def profile(self) -> Profile:
        grid = min(GRID, max(60, len(self.task.frames) // 40))
        self.pool = make_pool(self.task, SIZE, self.reference, self.judge, grid, self._check)
        self.windows = windows_of(self.task, self.pool.frames)
        self._look_around()
        if not self._enough():
            self._look_longer(grid)
        if not self._enough():
            reason = "there are too few true frames to learn from"
            return self._keep(None, self._profile(None, _NO_SAMPLES, np.empty(0, np.float32), reason))
        compared = Comparison(
            self.task, self.budget, self.run.library, self.run.check, self.pool, self._ask, self._samples, self.seed
        )
        alone = compared.alone(self._profile(None, _NO_SAMPLES, np.empty(0, np.float32), "training would not pay"))
        if alone is not None:
            return self._keep(None, alone)
        model, scores = self._trained(None, 0)
        remaining = np.inf
        size = ROUND
        for number in range(ROUNDS):
            self._buy_unsure(scores, size, number)
            model, scores = self._trained(model, number + 1)
            samples = self._samples(scores)
            left = self._seconds_left(samples, scores)
            price = size * self._reference_seconds() + TRAINING_SECONDS
            if number > 0 and (remaining - left < price or left < price or self.reference.calls + size > self.most):
                break
            remaining = left
            size = min(2 * size, ROUND * 4) if left > 4 * price else size
        reason = "" if choose(samples, self.budget) else "there are too few true frames on held-out time"
        found = model if not reason else None
        return self._keep(found, compared.beside(self._profile(found, samples, np.sort(scores), reason), scores))

    # --- buying labels ----------------------------------------------------------------------------------------------

    def _ask(self, positions: NDArray[np.int64]) -> None:
        """Ask about these frames of the pool, as far as they are not known."""
        fresh = np.unique(positions[~self.pool.known[positions]])
        if len(fresh):
            self._check(len(self.pool), len(self.pool))
            self.pool.learn_labels(self.reference.ask(self.pool.frames[fresh]), self.judge)

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
        for part in (1, 2, 3):
            n = len(self.pool)
            step = max(1, n // grid)
            positions = np.arange(max(1, step * part // 4), n, step)
            self._ask(positions)
            self.pool.drawn[positions] = True
            self.pool.chance[:] = np.minimum(1.0, self.pool.chance + 1 / step)
            self._look_around()
            if self._enough():
                return

    def _buy_unsure(self, scores: NDArray[np.float32], size: int, number: int) -> None:
        """Draw about `size` frames, each the likelier the less sure the model is of it."""
        unsure = scores * (1 - scores) + 0.05 * scores + 1e-5
        chance = _scaled(unsure.astype(np.float64), size)
        luck = chances(self.task.video, self.pool.frames, f"learn {number}", self.seed)
        self._ask(self.pool.draw(chance, luck))

    def _enough(self) -> bool:
        """Split time into blocks to train on and blocks held out, so that both have true frames; whether they do.

        Of some random halves the one that shares them out best: what recurs must not fall on one side only.
        """
        pool = self.pool
        found = pool.known & pool.true
        block = np.arange(len(pool)) * BLOCKS // max(1, len(pool))
        true = np.bincount(block[found], minlength=BLOCKS)
        chance = np.random.default_rng(self.seed)
        halves = [chance.permutation(BLOCKS)[: BLOCKS // 2] for _ in range(SPLITS)]
        best = max(halves, key=lambda half: min(true[half].sum(), true.sum() - true[half].sum()))
        pool.held = np.isin(block, best)
        return bool(min((found & pool.held).sum(), (found & ~pool.held).sum()) >= FEWEST)

    # --- training and measuring -------------------------------------------------------------------------------------

    def _trained(self, start: SpecialisedModel | None, number: int) -> tuple[SpecialisedModel, NDArray[np.float32]]:
        """A model that knows the labels outside held-out time, and its scores of the whole pool."""
        pool = self.pool
        own = np.flatnonzero(pool.known & ~pool.held)
        self._check(len(pool), len(pool))
        model = train(
            self.architecture,
            pool.thumbnails[own],
            pool.backgrounds[own],
            pool.soft[own],
            np.ones(len(own), np.float32),
            seed=self.seed + number,
            start=start,
        )
        scores = model.probabilities(pool.thumbnails, pool.backgrounds)
        return model, smoothed(scores, self.windows.reach) if self.windows.reach else scores

    def _samples(self, scores: NDArray[np.float32]) -> Samples:
        """The frames of held-out time that chance has drawn, with their truth; over windows, it is asked for first."""
        pool = self.pool
        drawn = np.flatnonzero(pool.drawn & pool.held & pool.known)
        if self.windows.reach:
            self._ask(self.windows.needed(drawn, scores))
            true = self.windows.truth(drawn, pool.known, pool.true)
        else:
            self._look_beside(drawn[pool.true[drawn] & (scores[drawn] < 0.5)])
            drawn = np.flatnonzero(pool.drawn & pool.held & pool.known)
            true = pool.true[drawn]
        every = len(self.task.frames) / len(pool)
        weights = every / pool.chance[drawn] * (len(pool) / max(1, pool.held.sum()))
        return Samples(scores[drawn], true, np.where(true, np.minimum(weights, self._runs(scores)[drawn]), weights))

    def _look_beside(self, positions: NDArray[np.int64]) -> None:
        """Ask about the frames beside true ones that the model does not see: how long does that last?"""
        near = positions[:, None] + np.array([-2, -1, 1, 2])
        self._ask(np.unique(np.clip(near, 0, len(self.pool) - 1)))

    def _runs(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """How many frames of the video, at the most, a true frame stands for: its share of those between the nearest
        false ones.

        Where something rare was met by chance, that is nearer the truth than the chance was (adaptive cluster
        sampling: Thompson, JASA 1990). A short run that the model does not see, but that is known whole, will be
        answered from the labels: it counts one frame.
        """
        pool = self.pool
        place = np.arange(len(pool))
        false = np.flatnonzero(pool.known & ~pool.true)
        before = np.concatenate([[-1], false])[np.searchsorted(false, place, side="right")]
        after = np.concatenate([false, [len(pool)]])[np.searchsorted(false, place, side="left")]
        drawn = np.concatenate([[0], np.cumsum(pool.drawn & pool.known)])
        asked = np.concatenate([[0], np.cumsum(pool.known)])
        length = np.maximum(1, after - before - 1)
        samples = np.maximum(1, drawn[after] - drawn[np.minimum(before + 1, after)])
        unknown = length - (asked[after] - asked[np.minimum(before + 1, after)])
        most: NDArray[np.float64] = length / samples * len(self.task.frames) / len(pool)
        return np.where((unknown <= 0) & (scores < 0.5), 1.0, most)

    def _seconds_left(self, samples: Samples, scores: NDArray[np.float32]) -> float:
        """What asking about the undecided frames will take."""
        found = choose(samples, self.budget)
        share = undecided(found, np.sort(scores))[0] if found else 1.0
        return share * len(self.task.frames) * self._reference_seconds()

    def _reference_seconds(self) -> float:
        spent = self.reference.spent
        known = self.run.library.catalog.cost("reference", self.task.info.key)
        return spent.model / spent.frames if spent.frames >= 8 else known or REFERENCE_SECONDS

    # --- keeping ----------------------------------------------------------------------------------------------------

    def _profile(
        self, model: SpecialisedModel | None, samples: Samples, population: NDArray[np.float32], reason: str
    ) -> Profile:
        pool = self.pool
        widths = "-".join(map(str, self.architecture.widths))
        name = f"cnn {self.architecture.size}×{self.architecture.size} {widths}" if model else ""
        return Profile(
            predicate=self.task.predicate.text,
            samples=samples,
            population=population,
            labels=int(pool.known.sum()),
            positives=int((pool.known & pool.true).sum()),
            files=tuple(file.index.fingerprint for file in self.task.video.files),
            model=name,
            smooth=2 * self.windows.reach * STEP + 1 if self.windows.reach else 0,
            size=SIZE,
            reason=reason,
        )

    def _keep(self, model: SpecialisedModel | None, profile: Profile) -> Profile:
        pool = self.pool
        profile = replace(profile, labels=int(pool.known.sum()), positives=int((pool.known & pool.true).sum()))
        path = path_of(self.run.library.folder, self.task)
        tensors = model.tensors() if model else {}
        try:
            save(path, profile, tensors, self.architecture.to_text())
        except RunError as fault:
            warnings.warn(f"{fault.message}; what was learnt serves this once only", VqeWarning, stacklevel=2)
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
        if missing < 1 or not free.any():
            break
        chance[free] = np.minimum(1.0, chance[free] * (1 + missing / chance[free].sum()))
    return chance
