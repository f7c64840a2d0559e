"""Several pictures at a time: the same answers, in order, from models that run on several threads."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from vqe.models import streams
from vqe.models.streams import Streams, Workers


class Compiled:
    """Stands for OpenVINO's model: counts the requests that are made of it."""

    def __init__(self) -> None:
        self.requests = 0

    def get_property(self, _name: str) -> int:
        return 3

    def create_infer_request(self) -> Compiled:
        self.requests += 1
        return self

    def infer(self, inputs: int, **_options: bool) -> int:
        return 2 * inputs


def test_a_request_for_each_thread() -> None:
    compiled = Compiled()
    streams = Streams(compiled)
    assert streams.count == 3
    meeting = threading.Barrier(3)

    def ask(number: int) -> int:
        meeting.wait(10)
        return int(streams(number)) + int(streams(number))

    assert Workers(3).map(ask, [1, 2, 3]) == [4, 8, 12]
    assert compiled.requests == 3


def test_one_worker_is_the_caller() -> None:
    here = threading.get_ident()
    assert Workers(1).map(lambda _: threading.get_ident(), [1, 2]) == [here, here]
    assert Workers(4).map(lambda _: threading.get_ident(), [1]) == [here]


def test_what_a_worker_raises_is_raised() -> None:
    def fail(number: int) -> int:
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="1"):
        Workers(2).map(fail, [1, 2])


def test_the_first_of_a_process_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_begun", set())
    inside, most = [0], [0]

    class Request:
        def infer(self, *_: Any, **__: Any) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    threads = [threading.Thread(target=streams.infer, args=(Request(), [])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
    assert streams._begun == {(list, False)}
