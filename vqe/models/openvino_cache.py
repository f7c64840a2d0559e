"""OpenVINO's cache of compiled models: a model then loads in a fifth of the time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from vqe.labels.files import explained, locked


@contextlib.contextmanager
def compiled_models(home: Path) -> Iterator[None]:
    """While inside, every `openvino.Core()` (ultralytics makes its own) keeps compiled models in `home`.

    One process at a time, since OpenVINO writes the files in place. Raises RunError where `home` is unwritable.
    """
    import openvino

    folder = home / "compiled"
    with explained("keep compiled models", home):
        folder.mkdir(parents=True, exist_ok=True)
        lock = locked(folder / ".lock")
    plain = openvino.Core

    def core(*arguments: object) -> object:
        made = plain(*arguments)
        made.set_property({"CACHE_DIR": str(folder)})
        return made

    with lock:
        openvino.Core = core
        try:
            yield
        finally:
            openvino.Core = plain
