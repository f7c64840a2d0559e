"""What really runs for a model file: on a CPU, OpenVINO, which is twice as fast as torch with the same answers."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped, unused-ignore]

from vqe.errors import VqeWarning
from vqe.labels.files import explained, locked
from vqe.models.metadata import onnx_entries
from vqe.models.model import ModelInfo
from vqe.models.quiet import openvino, undisturbed, yolo_class


@dataclass(frozen=True, slots=True)
class Runnable:
    """What to load. device: for torch, else None. full_precision: hold OpenVINO to float32, as torch would compute."""

    path: Path
    device: str | None
    full_precision: bool


def runnable(info: ModelInfo, home: Path) -> Runnable:
    """The file or folder to load for this model; exports it into `home` the first time where that pays.

    Raises RunError where `home` is full or unwritable.
    """
    assert info.path is not None
    if info.path.suffix == ".onnx":
        return Runnable(_kept(info, home, _convert_onnx), None, True)
    if info.path.suffix != ".pt":
        return Runnable(info.path, None, False)
    device = _accelerator()
    if device is not None:
        return Runnable(info.path, device, True)
    try:
        return Runnable(_kept(info, home, _export_weights), None, True)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        AssertionError,
        ImportError,
        NotImplementedError,
        AttributeError,
    ) as fault:
        reason = str(fault).partition("\n")[0]
        warnings.warn(f"'{info.name}' runs in torch: it cannot be exported ({reason})", VqeWarning, stacklevel=2)
        return Runnable(info.path, "cpu", True)


def _accelerator() -> str | None:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def _kept(info: ModelInfo, home: Path, make: Callable[[Path, Path, Path], Path]) -> Path:
    """The OpenVINO folder of this model in `home`, made once: complete or not there, one process at a time."""
    assert info.path is not None
    folder = home / "exported"
    target = folder / f"{info.name}-{info.key}_openvino_model"
    with explained("keep the exported model", home), locked(folder / ".lock"):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(prefix=".tmp-", dir=folder) as work:
                make(info.path, Path(work), home).rename(target)
    return target


def _export_weights(weights: Path, work: Path, home: Path) -> Path:
    # From a copy, since ultralytics writes beside the file. Dynamic, so that a wide picture is padded as little as
    # torch pads it: the same answer, and a third less to compute.
    copy = shutil.copy(weights, work / "model.pt")
    openvino()
    with undisturbed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = yolo_class(home)(str(copy))
        return Path(model.export(format="openvino", dynamic=True, verbose=False))


def _convert_onnx(file: Path, work: Path, home: Path) -> Path:  # noqa: ARG001 (called as _export_weights)
    folder = work / "onnx_openvino_model"
    folder.mkdir()
    openvino().save_model(openvino().Core().read_model(str(file)), str(folder / "model.xml"), compress_to_fp16=False)
    (folder / "metadata.yaml").write_text(yaml.safe_dump(onnx_entries(file)), "utf-8")
    return folder
