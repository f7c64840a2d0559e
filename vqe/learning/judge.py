"""From labels to what a model is trained towards: the predicate's truth, and how clearly it is true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vqe.labels import Labels
from vqe.learning.pool import Judge
from vqe.logical.plan import Task
from vqe.physical.batch import Batch
from vqe.physical.filter import truth
from vqe.physical.operator import Run

SHIFTS = (-0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15)  # of all scores


def judge_of(task: Task, run: Run) -> Judge:
    """The soft target of a frame is the share of shifts of the reference model's scores under which the predicate
    holds: so an expression of any form has one, and a score near a threshold weighs as what it is, a close call.

    It lies on the side of the truth: of `contains('x') AND NOT contains('x', confidence => 0.55)` most shifts may say
    otherwise than the scores themselves."""

    def judge(labels: Labels) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        answers = [_truth(replace(labels, scores=labels.scores + np.float32(shift)), task, run) for shift in SHIFTS]
        true, share = answers[len(SHIFTS) // 2], np.mean(answers, axis=0)
        return true, np.asarray(np.where(true, np.maximum(share, 0.5), np.minimum(share, 0.49)), np.float32)

    return judge


def _truth(labels: Labels, task: Task, run: Run) -> NDArray[np.bool_]:
    return truth(task.predicate, Batch(labels.frames, labels), run, task.video, task.info)
