"""What a difference detector needs to know: how frames differ, and how often those that hardly do have one answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vqe.differences import Background, Differences, Earlier
from vqe.knowledge import Knowledge
from vqe.learning.carrying import measured, optimistic
from vqe.learning.pool import STEP, Pool
from vqe.learning.stills import Stills
from vqe.library import Library
from vqe.logical.budget import Budget
from vqe.logical.plan import Proxy, Task
from vqe.models.difference import blocked_mse, fit_weights
from vqe.optimizer.cascades import LABELS, LEFT_OVER, MOST, TRAINING_SECONDS, best, candidates, small_seconds
from vqe.optimizer.differences import PARTS, WHOLE, planned
from vqe.optimizer.situation import Situation
from vqe.optimizer.thresholds import choose
from vqe.physical.chance import chances
from vqe.profile import Profile, Samples, path_of

ORIGINS = 150  # labels at the most are bought for frames whose answers are taken over
SAMPLES = 200  # and, where there is no model yet, for the frames that take them over
SHARE = 0.15  # of all frames is the most for either
SIMULATED = 6e-4  # seconds that it takes to carry answers over one frame at all distances


@dataclass
class Comparison:
    """Learns how the frames of a pool differ, as far as a plan could gain by it.

    check    raises KeyboardInterrupt where the user has cancelled
    ask      asks the reference model about the frames at these positions
    samples  the held-out frames that chance has drawn, and their truth, by these scores of the pool
    """

    task: Task
    budget: Budget
    library: Library
    check: Callable[[], None]
    pool: Pool
    ask: Callable[[NDArray[np.int64]], None]
    samples: Callable[[NDArray[np.float32]], Samples]
    seed: int
    backgrounds: tuple[Background, ...] = field(default=())

    def alone(self, profile: Profile) -> Profile | None:
        """What a detector needs that works alone; None where a small model promises more: what it takes to train is
        spent once, and it serves later recordings too."""
        if self.task.window is not None:
            return None
        rival = self._training(profile)
        profile = self._compared(profile, rival)
        if rival < self._seconds(profile):
            return None
        return replace(profile, untrained=len(self.task.frames))

    def instead(self, profile: Profile) -> Profile:
        """What a detector needs that works alone, where no small model can."""
        return profile if self.task.window is not None else self._compared(profile, np.inf)

    def beside(self, profile: Profile, scores: NDArray[np.float32]) -> Profile:
        """What a detector needs that works beside the small model of these scores."""
        thresholds = choose(profile.samples, self.budget)
        if thresholds is None or not profile.model:
            return profile
        return self._with_earlier(self._both(profile, scores), thresholds.unsure(scores), np.inf)

    def best(self, profile: Profile, scores: NDArray[np.float32]) -> float:
        """Seconds of the best plan that a small model of these scores and the backgrounds allow so far."""
        return self._seconds(self._both(profile, scores))

    def _both(self, profile: Profile, scores: NDArray[np.float32]) -> Profile:
        differences = self._differences(scores, self.pool.truth(scores))
        proxy = Proxy(path_of(self.library.folder, self.task), profile.model, "")
        return replace(profile, proxy=proxy, differences=differences)

    def _compared(self, profile: Profile, rival: float) -> Profile:
        self.backgrounds = self.backgrounds or _backgrounds(self.pool)
        return self._with_earlier(self._sampled(profile), np.ones(len(self.pool), np.bool_), rival)

    def _with_earlier(self, profile: Profile, looked_at: NDArray[np.bool_], rival: float) -> Profile:
        """The same with what is carried from earlier frames, where that would pay if it never went wrong.

        looked_at: bool [n], the frames of the pool that it is to spare. `rival`: seconds of a plan not yet among those
        that the profile allows.
        """
        stills = Stills.of(self.pool, self.task.video, looked_at)
        best = min(rival, self._seconds(profile))
        if (
            stills is None
            or self._seconds(_carrying(profile, optimistic(stills, profile.samples))) + self._price() > best
        ):
            return profile
        if not profile.model:
            self._draw()
            profile = self._sampled(profile)
        own, part = self._positions(), PARTS[-1] if profile.model else WHOLE[-1]
        luck = chances(self.task.video, self.pool.frames[own], "origins", self.seed)
        earlier = measured(stills, own, profile.samples, self.budget, self._asked, luck, self._most(ORIGINS), part)
        return profile if earlier is None else _carrying(profile, earlier)

    # --- samples ----------------------------------------------------------------------------------------------------

    def _sampled(self, profile: Profile) -> Profile:
        """With the samples that there are now, and no model's scores."""
        scores = np.full(len(self.pool), 0.5, np.float32)
        samples = self.samples(scores)
        differences = self._differences(scores, self.pool.true.copy())
        return replace(profile, samples=samples, population=scores, differences=differences)

    def _differences(self, scores: NDArray[np.float32], true: NDArray[np.bool_]) -> Differences:
        return Differences(scores, self._positions(), STEP, self.backgrounds, true=true)

    def _positions(self) -> NDArray[np.int32]:
        """Where the samples stand in the pool."""
        return self.pool.sampled.astype(np.int32)

    def _draw(self) -> None:
        """More samples: of what is not looked at, little can be told by few."""
        pool = self.pool
        chance = np.where(pool.held, self._most(SAMPLES) / max(1, pool.held.sum()), 0.0)
        self.ask(pool.draw(np.minimum(1.0, chance), chances(self.task.video, pool.frames, "difference", self.seed)))

    def _asked(self, positions: NDArray[np.int64]) -> None:
        self.check()
        self.ask(positions)

    def _most(self, labels: int) -> int:
        return int(min(labels, SHARE * len(self.task.frames)))

    # --- what plans would take --------------------------------------------------------------------------------------

    @property
    def _knowledge(self) -> Knowledge:
        return Knowledge(self.library)

    def _situation(self, profile: Profile) -> Situation:
        return self._knowledge.situation(self.task, self.budget, False, profile)

    def _seconds(self, profile: Profile) -> float:
        """Of the best plan that the profile allows."""
        situation = self._situation(profile)
        return best([*candidates(situation), *planned(situation)]).seconds

    def _training(self, profile: Profile) -> float:
        """Until a small model has answered, from here on."""
        situation = self._situation(profile)
        labels = max(0.0, min(LABELS, MOST * len(self.task.frames)) - self.pool.known.sum())
        asked = labels + LEFT_OVER * situation.unknown
        return float(TRAINING_SECONDS + small_seconds(situation) + asked * situation.costs.reference)

    def _price(self) -> float:
        """Of looking how often what is carried goes wrong."""
        return self._most(ORIGINS) * self._knowledge.model_seconds(self.task.info.key) + SIMULATED * len(self.pool)


def _backgrounds(pool: Pool) -> tuple[Background, ...]:
    """Distances of whole pictures, and of blocks that count as the labels outside held-out time tell."""
    blocked = pool.each(blocked_mse)
    own = pool.known & ~pool.held
    weights = fit_weights(blocked[own], pool.true[own])
    return Background(blocked.mean(1), None), Background(blocked @ weights, tuple(weights.tolist()))


def _carrying(profile: Profile, earlier: Earlier) -> Profile:
    assert profile.differences is not None
    return replace(profile, differences=replace(profile.differences, earlier=earlier))
