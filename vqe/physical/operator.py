"""An operator: a plan's node and the way to run it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from vqe.library import Library
from vqe.logical.node import Node
from vqe.physical.tally import Tally
from vqe.relational.evaluate import Evaluator


class Progress(Protocol):
    """Told how far long work is; frames, of how many."""

    def update(self, done: int, total: int) -> None: ...


@dataclass
class Run:
    """What the operators of one execution share. `values`: relation's alias and function → values by frame number.

    `tallies`: what each Resolve counts, as (node, counts); `closing`: what is closed with the run.
    """

    library: Library
    evaluator: Evaluator
    progress: Progress | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    tallies: list[tuple[Node, Tally]] = field(default_factory=list)
    closing: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        self.evaluator.close()
        self.closing.close()

    def check(self) -> None:
        """KeyboardInterrupt where the user has cancelled."""
        if self.cancelled.is_set():
            raise KeyboardInterrupt


@dataclass
class Operator:
    """Pulls from its input, yields batches of frames (or Arrow batches, at the top). `run` may be called again.

    rows, seconds: what left it so far, and the time spent in it and below it.
    """

    node: Node
    inputs: tuple[Operator, ...]
    run: Callable[[], Iterator[Any]]
    rows: int = 0
    seconds: float = 0.0

    def batches(self) -> Iterator[Any]:
        """Run, counting."""
        source = self.run()
        try:
            while True:
                start = time.perf_counter()
                batch = next(source, None)
                self.seconds += time.perf_counter() - start
                if batch is None:
                    return
                self.rows += len(batch)
                yield batch
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
