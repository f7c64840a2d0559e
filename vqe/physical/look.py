"""A look at thumbnails by a small model, while others are decoded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqe.logical.plan import Proxy
from vqe.models.specialised import SpecialisedModel
from vqe.physical.operator import Run
from vqe.physical.specialise import smoothed
from vqe.profile import load_model
from vqe.skims import around
from vqe.video import Look, Skim, Thumbnails, Video


@dataclass
class Scorer:
    """Scores frames in several threads, and counts what that takes.

    closer: frames that score within these bounds, as means with `reach` frames to either side, may need a closer look
    drawn: and so will these, by their numbers and whether they look true
    """

    proxy: Proxy
    reader: Thumbnails
    closer: tuple[float, float]
    reach: int = 0
    drawn: Callable[[NDArray[np.int64], NDArray[np.bool_]], NDArray[np.bool_]] | None = None
    frames: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _own: threading.local = field(default_factory=threading.local)

    def look(self) -> Look:
        """For one thread, with a model of its own."""
        model, (low, high) = self._model(), self.closer

        def look(frames: NDArray[np.int64], small: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
            scores = self._scores(model, frames, small)
            means = smoothed(scores, frames, self.reach)
            closer = np.logical_and(means >= low, means <= high)
            return scores, closer if self.drawn is None else closer | self.drawn(frames, means >= 0.5)

        return look

    def skim(self, apart: int, rough: int) -> Skim:
        """For the same thread, of frames so far apart, not exact before the number `rough`. What shows something is not
        false, or comes close to that."""
        model, draw = self._model(), self.drawn

        def look(frames: NDArray[np.int64], small: NDArray[np.uint8]) -> NDArray[np.float32]:
            return model.probabilities(small, self.reader.backgrounds(frames))

        def shows(frames: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.bool_]:
            return np.asarray(smoothed(scores, frames, self.reach) >= self.closer[0], np.bool_)

        def drawn(frames: NDArray[np.int64]) -> NDArray[np.bool_]:
            none = np.zeros(len(frames), np.bool_)
            return none if draw is None else draw(frames, none)

        return Skim(apart, rough, look, shows, around(apart, self.reach), drawn)

    def _model(self) -> SpecialisedModel:
        """The thread's own."""
        if not hasattr(self._own, "model"):
            self._own.model = load_model(self.proxy, lone=True)
        model: SpecialisedModel = self._own.model
        return model

    def _scores(
        self, model: SpecialisedModel, frames: NDArray[np.int64], small: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        backgrounds = self.reader.backgrounds(frames)
        start = time.perf_counter()
        scores = model.probabilities(small, backgrounds)
        seconds = time.perf_counter() - start
        with self._lock:
            self.frames += len(frames)
            self.seconds += seconds
        return scores

    def remember(self, run: Run, video: Video) -> None:
        """What a frame took of each; all cores work side by side."""
        scoring = self.seconds / self.reader.busy
        run.library.remember_cost("specialise", self.proxy.model, scoring, self.frames)
        if not self.reader.skimmed:  # else much is decoded on the way to what is looked at
            run.library.remember_cost("thumbnail", video.costed_as, self.reader.seconds - scoring, self.frames)
        run.library.remember_cost("skim", video.costed_as, self.reader.skimming, self.reader.skimmed)
