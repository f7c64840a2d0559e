"""Work on parts of a video on all cores at once, delivered in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Worker = Callable[[Task], Result]

AHEAD = 2  # tasks for each worker, done or begun, before the first of them is taken


def in_order(
    tasks: Iterable[Task], make: Callable[[], AbstractContextManager[Worker[Task, Result]]], workers: int
) -> Iterator[Result]:
    """What workers make of the tasks, a result a task, in the order of the tasks.

    make: a worker, which one thread at a time uses, for tasks that come in order; it is left at the end. As many are
    made as there is work for at once, at most `workers`.
    Tasks are drawn as results are taken, so that little is held. What a worker raises is raised here.
    """
    with ExitStack() as made, ExitStack() as stack:  # workers are left when none is at work any more
        pool = ThreadPoolExecutor(workers, "vqe-video")
        stack.callback(pool.shutdown, cancel_futures=True)
        making, own = threading.Lock(), threading.local()

        def work(task: Task) -> Result:
            """A thread takes one task after the other, so its own worker gets them in their order."""
            if not hasattr(own, "worker"):
                with making:
                    own.worker = made.enter_context(make())
            worker: Worker[Task, Result] = own.worker
            return worker(task)

        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
