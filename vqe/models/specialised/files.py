"""Specialised models, and what is kept with them, as safetensors files: arrays and text, nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.labels.files import write_atomically


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Keep both at `path`, replacing what was there. Raises OSError."""
    in_order = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}  # it takes memory as it lies
    write_atomically(path, safetensors.numpy.save(in_order, dict(metadata)))


def read_tensors(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the metadata of a file. Raises RunError where it is missing or damaged."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> RunError:
    return RunError(f"cannot read the specialised model {path}: {error}", hint="remove the file: it is made anew then")
