"""OpenVINO's cache of compiled models: a model then loads in a fifth of the time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vqe.labels.files import explained, locked
from vqe.models.quiet import openvino
from vqe.models.streams import Streams


@contextlib.contextmanager
def compiled_models(home: Path, *, full_precision: bool, streams: bool = False) -> Iterator[None]:
    """While inside, every `openvino.Core()` (ultralytics makes its own) keeps compiled models in `home`.

    full_precision: compute in float32 where a processor would rather take bfloat16.
    streams: whatever hint is given, compile for the most pictures a second; `compile_model` returns `Streams`.
    One process at a time, since OpenVINO writes the files in place. Raises RunError where `home` is unwritable.
    """
    module = openvino()
    folder = home / "compiled"
    with explained("keep compiled models", home):
        folder.mkdir(parents=True, exist_ok=True)
        lock = locked(folder / ".lock")
    plain = module.Core

    def core(*arguments: object) -> Any:
        made: Any = plain(*arguments)
        made.set_property({"CACHE_DIR": str(folder)})
        if full_precision:
            made.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        if streams:
            compile_one = made.compile_model

            def compile_model(model: object, device_name: str = "CPU", config: object = None) -> Streams:
                hints = {**(config if isinstance(config, dict) else {}), "PERFORMANCE_HINT": "THROUGHPUT"}
                return Streams(compile_one(model, device_name, hints))

            made.compile_model = compile_model
        return made

    with lock:
        module.Core = core
        try:
            yield
        finally:
            module.Core = plain
