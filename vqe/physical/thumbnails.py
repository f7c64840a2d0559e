"""Thumbnails: frames with small pictures of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vqe.logical import plan
from vqe.physical.batch import UNDECIDED, Batch, Batches, Evidence
from vqe.physical.chance import audit_draws
from vqe.physical.look import Scorer
from vqe.physical.operator import Run
from vqe.video import Readers, Scenery, Seen, Thumbnails


def thumbnails(node: plan.Thumbnails, source: Batches, run: Run, readers: Readers, scenery: Scenery) -> Batches:
    """Frames that cannot be decoded are left out, with a warning; those that are idle have no thumbnail."""
    with Thumbnails(node.video, node.size, node.window, readers, scenery) as reader:
        if node.proxy is None:
            yield from _in_order(node, source, run, reader)
        else:
            yield from _on_all_cores(node, source, run, reader)
    reader.tell_lost()


def _in_order(node: plan.Thumbnails, source: Batches, run: Run, reader: Thumbnails) -> Batches:
    """Some at a time, all of them at hand for a while."""
    frames, seconds = 0, 0.0
    for batch in source:
        for start in range(0, len(batch), reader.at_once):
            run.check()
            began = time.perf_counter()
            numbers, small = reader.read(batch.frames[start : start + reader.at_once])
            seconds += time.perf_counter() - began
            frames += len(numbers)
            if len(numbers):
                yield _looked_at(Seen(numbers, small, None), reader)
    run.library.remember_cost("thumbnail", node.video.costed_as, seconds, frames)


def _on_all_cores(node: plan.Thumbnails, source: Batches, run: Run, reader: Thumbnails) -> Batches:
    """With the small model's scores, by which the few are told that are worth being held."""
    assert node.proxy is not None
    drawn = partial(audit_draws, node.audit, node.video, seed=run.library.settings.seed)
    scorer = Scorer(node.proxy, reader, node.closer, (node.smooth or 0) // 2, drawn)
    asked: list[Batch] = []

    def parts() -> Iterator[NDArray[np.int64]]:
        for batch in source:
            wanted = np.ones(len(batch), np.bool_) if batch.idle is None else ~batch.idle
            for part in reader.parts(batch.frames, wanted):
                own = Batch(batch.frames[part], idle=None if batch.idle is None else batch.idle[part])
                asked.append(own)
                yield own.frames[wanted[part]]

    skim = None if node.skim is None else partial(scorer.skim, node.skim, node.rough)
    for seen in reader.stream(parts(), scorer.look, skim):
        run.check()
        yield from _told(asked.pop(0), seen, reader)
    scorer.remember(run, node.video)


def _told(batch: Batch, seen: Seen, reader: Thumbnails) -> Batches:
    """The frames of a part in order: stretches that were looked at, and idle ones."""
    if batch.idle is None or not batch.idle.any():
        if len(seen.frames):
            yield _looked_at(seen, reader)
        return
    edges = np.flatnonzero(np.diff(batch.idle)) + 1
    for frames, idle in zip(np.split(batch.frames, edges), np.split(batch.idle, edges), strict=True):
        if idle[0]:
            yield _idle(frames, reader)
            continue
        low, high = np.searchsorted(seen.frames, [frames[0], frames[-1] + 1])
        if high > low:
            scores = None if seen.scores is None else seen.scores[low:high]
            small = None if seen.thumbnails is None else seen.thumbnails[low:high]
            yield _looked_at(Seen(seen.frames[low:high], small, scores), reader)


def _looked_at(seen: Seen, reader: Thumbnails) -> Batch:
    undecided = np.full(len(seen.frames), UNDECIDED, np.int8)
    return Batch(seen.frames, evidence=Evidence(seen.thumbnails, undecided, reader, seen.scores))


def _idle(frames: NDArray[np.int64], reader: Thumbnails) -> Batch:
    """False, and never scored."""
    n = len(frames)
    return Batch(frames, evidence=Evidence(None, np.zeros(n, np.int8), reader, np.full(n, np.nan, np.float32)))
