"""OpenVINO models asked about several pictures at a time: a core for each does more than all cores for one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


_first = threading.Lock()
_begun: set[tuple[type, bool]] = set()


def infer(request: Any, inputs: Any, share_outputs: bool = False) -> Any:
    """Run a request of OpenVINO's. The first of a kind in the process runs alone: two that begin at once have been seen
    to wait for ever, one with Python's lock for tables that the other was making, and that one for Python's lock."""
    kind = type(inputs), share_outputs
    if kind in _begun:
        return request.infer(inputs, share_inputs=True, share_outputs=share_outputs)
    with _first:
        outputs = request.infer(inputs, share_inputs=True, share_outputs=share_outputs)
        _begun.add(kind)
    return outputs


class Streams:
    """A compiled model that any number of threads may call; in all else it is that model.

    Each thread has a request of its own, which it waits for: OpenVINO's queue of asynchronous ones has been seen to
    hang. `count`: so many threads keep the processor busy.
    """

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        # Not threading.local: DuckDB's threads come and go for Python, and a request must not be freed while one goes.
        self._own: dict[int, Any] = {}
        self.count = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))

    def __call__(self, inputs: Any) -> Any:
        """Outputs by name, as of the model itself; they hold until the same thread's next call."""
        thread = threading.get_ident()
        if thread not in self._own:
            self._own[thread] = self._compiled.create_infer_request()
        return infer(self._own[thread], inputs, share_outputs=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiled, name)


class Workers:
    """`count` threads; with one, the caller's own."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count, "vqe-model") if count > 1 else None

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results in order. What one raises is raised here."""
        if self._pool is None or len(items) < 2:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))
