"""Ctrl-C stops the work, at once and wherever it is, and not the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_active = False


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when Ctrl-C comes, and raise KeyboardInterrupt when the block has ended for it.

    While DuckDB works, the main thread runs no Python and so no signal handler; a thread that reads the wake-up file
    descriptor does. Only the main thread can listen, and only once: inside another block this does nothing.
    """
    global _active
    if _active or threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        while signals := os.read(reading, 64):
            if signal.SIGINT in signals:
                interrupted.set()
                stop()

    listener = threading.Thread(target=listen, name="vqe-interrupt", daemon=True)
    handler = signal.signal(signal.SIGINT, lambda *_: None)
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    _active = True
    listener.start()
    try:
        yield
    finally:
        _active = False
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGINT, handler)
        os.close(writing)  # ends the listener
        listener.join()
        os.close(reading)
        if interrupted.is_set():
            raise KeyboardInterrupt
