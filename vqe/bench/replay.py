"""Replay: the reference model's answers are taken from labels, and its calls are charged instead of run.

What would run beside the model on other cores is counted as if it came after it, the plain way's decoding as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from vqe.bench.clock import Charges, Clock
from vqe.bench.measure import Case
from vqe.bench.plain import Picture, Plain
from vqe.bench.question import Needs
from vqe.bench.sample import spread
from vqe.errors import RunError
from vqe.labels import Labels, LabelStore, concatenate
from vqe.library import Library
from vqe.models import Detected, ModelInfo, ReferenceModel
from vqe.physical.reference import moved
from vqe.video import read_frames

PICTURES = 8  # asked about in a turn of timing, or more: a multiple of what the model likes at once
TURNS = 3  # that count, after one to warm up


@dataclass(frozen=True)
class Charge:
    """Seconds that a frame counts for: in the plain loop, and where vqe asks.

    calls  by so many this was measured, each way; 0 where it was given
    batch  how many pictures the model likes at once
    """

    plain: float
    own: float
    calls: int = 0
    batch: int = 1

    def facts(self) -> Mapping[str, float | int]:
        return {"call_seconds": self.own, "plain_call_seconds": self.plain, "measured_calls": self.calls}


class Replayed:
    """Stands in for a reference model: what it said of frames is known, and each answer is charged."""

    def __init__(self, info: ModelInfo, charge: Charge, labels: Labels, charges: Charges) -> None:
        """`labels`: of all frames that it may be asked about; `charges`: where each is charged."""
        self.info = info
        self.batch = charge.batch
        self._labels = labels
        self._seconds = charge.own
        self._charges = charges

    def replay(self, frames: NDArray[np.int64], confidence: float) -> tuple[list[Detected], float]:
        """See `vqe.physical.reference.Recorded`."""
        places = np.searchsorted(self._labels.frames, frames)
        found = self._labels.take(np.minimum(places, len(self._labels) - 1)).from_score(confidence)
        if (found.frames != frames).any():
            raise RunError(f"frame {frames[found.frames != frames][0]} has no label that could be replayed")
        parts = (slice(start, stop) for start, stop in zip(found.offsets[:-1], found.offsets[1:], strict=True))
        seconds = self._seconds * len(frames)
        self._charges.add(seconds)
        return [Detected(found.classes[part], found.scores[part], found.boxes[part]) for part in parts], seconds

    def detect(self, pictures: Sequence[Picture], confidence: float, masks: bool = False) -> list[Detected]:
        """A model can; but a picture does not tell which frame it is of."""
        raise NotImplementedError("a model that is replayed is asked by the numbers of frames")


class _Holding(Library):
    """A library that has one model loaded."""

    def __init__(self, other: Library, model: ReferenceModel) -> None:
        super().__init__(other.folder, other.catalog, other.settings)
        self._loaded = {model.info.key: model}


def replayed(case: Case, labels: Path, charge: Charge) -> tuple[Case, Plain]:
    """The same case with a model that is replayed, and the plain way with it. `labels`: the folder of a label store."""
    detect = case.needs.detect
    model = Replayed(detect.info, charge, _kept(case.needs, LabelStore(labels)), case.charges)
    plain = Plain(detect.video, lambda _: case.charges.add(charge.plain), case.charges)
    return replace(case, models=_Holding(case.models, model)), plain


def _kept(needs: Needs, store: LabelStore) -> Labels:
    """What a store says of the needed frames; those that cannot be decoded have no labels, and are not asked about."""
    detect, found = needs.detect, []
    for file, _, numbers in detect.video.by_file(needs.needed.array()):
        stored = store.open(file.index.fingerprint, detect.key, detect.confidence)
        found.append(moved(stored.read(numbers), file.first_frame))
    return concatenate(found)


def measured(needs: Needs, model: ReferenceModel, plain: Callable[[Picture], object]) -> Charge:
    """Ask both ways about the same pictures, in turns: medians, since the machine may do something else meanwhile."""
    pictures = _pictures(needs, model.batch)
    times = []
    for _ in range(1 + TURNS):
        clock = Clock()
        for picture in pictures:
            plain(picture)
        between = clock.read().seconds
        model.detect(pictures, needs.detect.confidence)
        times.append((between, clock.read().seconds - between))
    first, second = (median(seconds) / len(pictures) for seconds in zip(*times[1:], strict=True))
    return Charge(first, second, TURNS * len(pictures), model.batch)


def _pictures(needs: Needs, batch: int) -> list[Picture]:
    """From all over the needed frames, as many as make whole batches. RunError where none can be decoded."""
    video = needs.detect.video
    pictures = [picture for _, picture in read_frames(video, spread(video, needs.needed, PICTURES))]
    if not pictures:
        raise RunError("no frame can be decoded to measure a call by", hint="--call-seconds says what it takes")
    return list(islice(cycle(pictures), batch * -(-PICTURES // batch)))
