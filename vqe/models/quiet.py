"""ultralytics and what it runs on, imported so that they keep to themselves: no output, no network, settings kept."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vqe.labels.files import explained


def yolo_class(home: Path) -> Any:
    """`ultralytics.YOLO`. Takes two seconds the first time. Raises RunError where `home` is unwritable."""
    return ultralytics(home).YOLO


def ultralytics(home: Path | None = None) -> Any:
    """The module, with its settings file in `home` (or nowhere that lasts). Raises RunError where that is unwritable.

    A program that imported ultralytics itself has its own way with it: nothing is changed then.
    """
    if "ultralytics" not in sys.modules:
        if home is None:
            with tempfile.TemporaryDirectory() as passing:
                _import(Path(passing))
        else:
            _import(home / "ultralytics")
    return sys.modules["ultralytics"]


def openvino() -> Any:
    """The module without its telemetry, which tells a server of every import and leaves a number in the home folder."""
    if "openvino" not in sys.modules and "openvino_telemetry" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing it fails: a stub is used then
        try:
            importlib.import_module("openvino")
            with contextlib.suppress(ImportError):
                importlib.import_module("openvino.tools.ovc.convert_impl")  # it decides for itself, at its own import
        finally:
            del sys.modules["openvino_telemetry"]
    return importlib.import_module("openvino")


def import_torchvision() -> None:
    """Without triton, where there is no GPU for it: 75 MB that torch loads to look at one type of it."""
    import torch

    hidden = "triton" not in sys.modules and not _has_gpu(torch)
    if hidden:
        sys.modules["triton"] = None  # type: ignore[assignment]  # importing it fails, and torch does without
    try:
        import torchvision  # noqa: F401
    finally:
        if hidden:
            del sys.modules["triton"]


def _has_gpu(torch: Any) -> bool:
    return bool(torch.cuda.is_available() or (hasattr(torch, "xpu") and torch.xpu.is_available()))


def _import(settings: Path) -> None:
    with explained("keep settings", settings):
        settings.mkdir(parents=True, exist_ok=True)
    # Read while it is imported; later ones (a check of requirements, a download) read some of them again.
    os.environ.setdefault("YOLO_OFFLINE", "1")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(settings))
    with undisturbed():
        importlib.import_module("ultralytics")
    # It reports even errors on standard output, where results belong; they come to us as exceptions too.
    logger = logging.getLogger("ultralytics")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put back what ultralytics sets at import and at every choice of a device: threads, and how numpy prints."""
    import cv2
    import torch  # before OMP_NUM_THREADS is set, which it reads once

    variables = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "NUMEXPR_MAX_THREADS")}
    torch_threads, cv2_threads, printing = torch.get_num_threads(), cv2.getNumThreads(), np.get_printoptions()
    try:
        yield
    finally:
        for name, value in variables.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv2_threads)
        np.set_printoptions(**printing)
