"""PacketFilter: frames that are false by their packets and the key frames around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from vqe.fleeting import covered
from vqe.logical import plan
from vqe.models.packets import Activity, until_next_key
from vqe.packets import idle
from vqe.physical.batch import Batches
from vqe.physical.look import Scorer
from vqe.physical.operator import Run
from vqe.video import Look, Readers, Scenery, Thumbnails, VideoFile

AT_ONCE = 16  # key frames that one core decodes
NOBODY = (2.0, 2.0)  # scores so, and is held

Singles = NDArray[np.float32]


def packet_filter(node: plan.PacketFilter, source: Batches, run: Run, readers: Readers, scenery: Scenery) -> Batches:
    """All frames, with a mark at those that need no decoding."""
    with Thumbnails(node.video, node.size, readers=readers, scenery=scenery) as reader:
        scorer = Scorer(node.proxy, reader, NOBODY)
        looks = cycle([scorer.look() for _ in range(reader.workers)])  # made ready once, for all batches
        file: _File | None = None
        for batch in source:
            marks = np.zeros(len(batch), np.bool_)
            for own, rows, numbers in node.video.by_file(batch.frames):
                file = file if file is not None and file.file is own else _File(node, own, reader, looks)
                run.check()
                marks[rows] = file.idle(numbers)
            yield replace(batch, idle=marks)
        if scorer.frames:
            run.library.remember_cost("keyframe", node.video.costed_as, reader.seconds, scorer.frames)


class _File:
    """What is known of one file: all packets, and the key frames that were asked for."""

    def __init__(self, node: plan.PacketFilter, file: VideoFile, reader: Thumbnails, looks: Iterator[Look]) -> None:
        self.file = file
        self._node = node
        self._reader = reader
        self._looks = looks
        self._keys = file.index.keyframes
        scores = Activity.of(file.index.sizes, self._keys).scores(np.array(node.weights))
        self._rest, self._whole = until_next_key(scores, self._keys)
        self._covered = covered(node.video, self._keys + file.first_frame, node.minimum)
        self._shown = np.full(len(self._keys) + 1, np.nan, np.float32)
        self._shown[-1] = np.inf  # behind the end nobody knows

    def idle(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which frames of the file are: bool [n]."""
        group = np.searchsorted(self._keys, numbers, side="right") - 1
        rest, whole = self._rest[numbers], self._whole[numbers]
        busy = -np.inf if self._node.busy is None else self._node.busy
        short = self._covered[group]
        quiet = rest < busy
        self._look(np.union1d(group[quiet | short] + 1, group[(quiet & (whole < busy)) | short]))
        return idle(rest, whole, self._shown[group], self._shown[group + 1], busy, self._node.seen, short)

    def _look(self, keys: NDArray[np.int64]) -> None:
        """Score these key frames, as far as nobody has; one that cannot be decoded stays unknown."""
        fresh = keys[np.isnan(self._shown[keys])]
        if not len(fresh):
            return
        frames = self._keys[fresh] + self.file.first_frame
        for seen in self._reader.stream(_parts(frames), self._looks.__next__):
            if seen.scores is not None:
                self._shown[fresh[np.searchsorted(frames, seen.frames)]] = seen.scores


def _parts(frames: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (frames[start : start + AT_ONCE] for start in range(0, len(frames), AT_ONCE))
