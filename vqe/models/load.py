"""From a described model to one that runs, on the fastest device that gives the same answers."""

from __future__ import annotations

from pathlib import Path

from vqe.errors import RunError, VqeError
from vqe.labels.files import explained
from vqe.models import ssd_graph
from vqe.models.model import ModelInfo, ReferenceModel


def load(info: ModelInfo, home: Path) -> ReferenceModel:
    """Load a model that `describe` told of. Half a second to some seconds; a .pt's first load on a CPU exports it.

    Raises RunError where it does not load, or `home` is full or unwritable.
    """
    with explained("keep model files", home):
        home.mkdir(parents=True, exist_ok=True)
    try:
        return _load(info, home)
    except VqeError:
        raise
    except Exception as error:  # the frameworks raise anything over a bad file
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise RunError(f"cannot load the model '{info.name}' from {info.path}: {reason[0]}") from error


def _load(info: ModelInfo, home: Path) -> ReferenceModel:
    if info.name == ssd_graph.NAME:
        from vqe.models.ssd import SsdModel

        return SsdModel(info, home)
    from vqe.models.export import runnable
    from vqe.models.yolo import YoloModel

    return YoloModel(info, runnable(info, home), home)
