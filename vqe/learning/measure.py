"""What the reference model takes on this machine: measured once, before a choice rests on a guess."""

from __future__ import annotations

import numpy as np

from vqe.logical.plan import Task
from vqe.physical.operator import Run
from vqe.physical.reference import Reference

FRAMES = 16


def measure(task: Task, run: Run) -> None:
    """Ask about some frames from the middle that have no labels, and keep what that took. Their labels are kept too.

    Raises RunError where a file has gone or the model cannot be loaded.
    """
    frames = task.frames.array()
    with Reference(run.library, task.video, task.info, task.confidence) as reference:
        later = frames[len(frames) // 2 :]
        reference.ask(np.asarray(later[~reference.known(later)][:FRAMES]))
