"""Work on all cores at once: in order, little ahead of whoever takes it, and over when he goes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from vqe.cores import cores
from vqe.video.parallel import AHEAD, in_order


@dataclass
class Workshop:
    """Makes workers, and keeps a record: the tasks of each, and how many were at work when one was left."""

    work: Callable[[int], int]
    tasks: list[list[int]] = field(default_factory=list)
    at_work: int = 0
    left: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def make(self) -> Iterator[Callable[[int], int]]:
        own: list[int] = []
        self.tasks.append(own)
        busy = threading.Lock()

        def worker(task: int) -> int:
            assert busy.acquire(blocking=False), "two threads use one worker"
            own.append(task)
            self._count(1)
            try:
                return self.work(task)
            finally:
                self._count(-1)
                busy.release()

        try:
            yield worker
        finally:
            self.left.append(self.at_work)

    def _count(self, change: int) -> None:
        with self.lock:
            self.at_work += change


def slow_at_first(task: int) -> int:
    time.sleep(0.02 if task % 3 == 0 else 0.0)
    return task * task


def idle_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("vqe-video")]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_are_in_the_order_of_tasks(workers: int) -> None:
    shop = Workshop(slow_at_first)
    assert list(in_order(range(20), shop.make, workers)) == [n * n for n in range(20)]
    assert len(shop.tasks) == workers and sorted(n for own in shop.tasks for n in own) == list(range(20))
    assert all(own == sorted(own) for own in shop.tasks)
    assert shop.left == [0] * workers
    assert not idle_threads()


def test_a_worker_never_goes_back() -> None:
    """Even where threads come and go between any two steps: a reader that had to go back would lose frames."""
    shop = Workshop(lambda n: n)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        assert list(in_order(range(3000), shop.make, 4)) == list(range(3000))
    finally:
        sys.setswitchinterval(before)
    assert len(shop.tasks) > 1 and all(own == sorted(own) for own in shop.tasks)


def test_workers_are_at_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)
    assert list(in_order(range(6), Workshop(lambda n: meeting.wait() * 0 + n).make, 3)) == list(range(6))


def test_nothing_to_do() -> None:
    shop = Workshop(slow_at_first)
    assert list(in_order([], shop.make, 2)) == []
    assert not shop.tasks, "no worker is made that has nothing to do"


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_are_drawn_as_results_are_taken(workers: int) -> None:
    drawn: list[int] = []

    def tasks() -> Iterator[int]:
        for n in range(50):
            drawn.append(n)
            yield n

    results = in_order(tasks(), Workshop(lambda n: n).make, workers)
    for taken in range(20):
        assert next(results) == taken
        assert len(drawn) == taken + AHEAD * workers
    results.close()  # type: ignore[attr-defined]


def test_what_a_worker_raises_comes_in_its_turn() -> None:
    def work(task: int) -> int:
        if task == 5:
            raise ValueError("no five")
        return slow_at_first(task)

    shop = Workshop(work)
    results = in_order(range(50), shop.make, 2)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(ValueError, match="no five"):
        next(results)
    assert shop.left == [0] * len(shop.tasks)
    assert max(map(max, shop.tasks)) < 5 + AHEAD * 2
    assert not idle_threads()


def test_what_the_tasks_raise_ends_it_too() -> None:
    def tasks() -> Iterator[int]:
        yield from range(5)
        raise KeyboardInterrupt

    shop = Workshop(slow_at_first)
    results = in_order(tasks(), shop.make, 2)
    with pytest.raises(KeyboardInterrupt):
        list(results)
    assert shop.left == [0] * len(shop.tasks)
    assert not idle_threads()


def test_a_worker_that_cannot_be_made_leaves_the_others() -> None:
    shop = Workshop(slow_at_first)

    @contextmanager
    def make() -> Iterator[Callable[[int], int]]:
        if shop.tasks:
            raise OSError("no second one")
        with shop.make() as worker:
            yield worker

    with pytest.raises(OSError, match="no second one"):
        list(in_order(range(5), make, 2))
    assert shop.left == [0]


def test_going_early_ends_the_work() -> None:
    """Workers are left once they have finished what they had begun; what was only drawn is not begun."""

    def work(task: int) -> int:
        time.sleep(0.2 if task >= 2 else 0.0)
        return task

    shop = Workshop(work)
    results = in_order(range(1000), shop.make, 2)
    assert [next(results), next(results)] == [0, 1]
    results.close()  # type: ignore[attr-defined]
    assert shop.left == [0] * len(shop.tasks)
    assert sum(map(len, shop.tasks)) <= 4
    assert not idle_threads()


def test_there_is_a_core() -> None:
    assert cores() >= 1
