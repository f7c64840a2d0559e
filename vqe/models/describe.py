"""From the name that a user gives to what planning needs: class names and a key, without loading a framework."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from vqe.errors import QueryError, RunError, nearest
from vqe.models import ssd_graph, weights
from vqe.models.metadata import Description, read_metadata
from vqe.models.model import ModelInfo
from vqe.models.registry import Known, content_hash, recall, remember, remembered
from vqe.models.settings import SSD_SETTINGS, YOLO_SETTINGS

_OPENVINO = "_openvino_model"
_ENDINGS = (".pt", ".onnx", _OPENVINO, ".engine")


def describe(name: str, home: Path) -> ModelInfo:
    """What a model is: a built-in name, a path, a name in the working folder, or official weights ('yolo26n.pt').

    Takes milliseconds, but for a .pt never seen before, which torch loads once for its class names, and for official
    weights that are not on disk, which are downloaded into `home`. Raises QueryError for an unknown name or a model
    without boxes, RunError where a download fails or a file cannot be read.
    """
    if name.lower() == ssd_graph.NAME:
        return _ssd(home)
    path = _find(name, home)
    try:
        content = content_hash(path, home)
    except OSError as error:
        raise RunError(f"cannot read the model {path}: {error.strerror}") from error
    description = _describe(path, content, home)
    if not description.boxes:
        raise QueryError(f"model '{name}' does not detect objects: its task is '{description.task}'")
    known = Known(short_name(path), path, description)
    remember(content, known, home)
    return _yolo(known, content)


def default_model() -> str:
    """The model where nothing is set: the one that needs no download if its package is there."""
    return ssd_graph.NAME if ssd_graph.find() is not None else "yolo26n.pt"


def known_models(home: Path) -> list[ModelInfo]:
    """The built-in model, if its package is there, and those met before whose files still exist."""
    built_in = [_ssd(home)] if ssd_graph.find() is not None else []
    return [*built_in, *(_yolo(known, content_hash(known.path, home)) for known in remembered(home))]


def short_name(path: Path) -> str:
    """'…/yolo11n.pt' → 'yolo11n'; '…/yolo11n_openvino_model' → 'yolo11n'."""
    name = path.name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name


def _ssd(home: Path) -> ModelInfo:
    path = ssd_graph.require()
    key = _key(content_hash(path, home), SSD_SETTINGS)
    return ModelInfo(ssd_graph.NAME, path, key, ssd_graph.CLASSES, masks=False)


def _yolo(known: Known, content: str) -> ModelInfo:
    described = known.description
    key = _key(content, YOLO_SETTINGS)
    return ModelInfo(known.name, known.path, key, described.classes, masks=described.task == "segment")


def _key(content: str, settings: str) -> str:
    return hashlib.sha256(f"{content} {settings}".encode()).hexdigest()[:32]


def _describe(path: Path, content: str, home: Path) -> Description:
    known = recall(content, home)
    if known is not None:
        return known.description
    description = read_metadata(path)
    if description is not None:
        return description
    if path.suffix == ".pt":
        from vqe.models.yolo import read_weights

        return read_weights(path, home)
    raise QueryError(
        f"the model {path} does not tell the names of its classes",
        hint="export it with ultralytics, which writes them into the file",
    )


def _find(name: str, home: Path) -> Path:
    given = Path(name).expanduser()
    places = [given, *(given.with_name(given.name + ending) for ending in _ENDINGS), home / "weights" / given.name]
    for place in places:
        if _is_model(place):
            return place.absolute()
    for known in remembered(home):
        if known.name == name:
            return known.path
    if given.exists():
        raise QueryError(f"'{name}' is no model that vqe can load", hint=f"vqe loads {_kinds()}")
    if weights.official(name):
        return weights.fetch(name, home)
    raise _unknown(name, given, home)


def _is_model(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob("*.xml"))
    return path.suffix in _ENDINGS and path.is_file()


def _unknown(name: str, given: Path, home: Path) -> QueryError:
    if given.name != name:  # a path
        there = [str(path) for path in _beside(given.parent)]
        return QueryError(f"there is no model '{name}'", hint=nearest(name, there) or f"vqe loads {_kinds()}")
    there = sorted({ssd_graph.NAME, *(known.name for known in remembered(home)), *map(str, _beside(Path()))})
    hint = nearest(name, [*there, *weights.EXAMPLES])
    return QueryError(
        f"there is no model '{name}'", hint=hint or f"there are {', '.join(there)}; or give the path of {_kinds()}"
    )


def _kinds() -> str:
    return "a .pt, .onnx or .engine file or an OpenVINO folder"


def _beside(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.name.endswith(_ENDINGS) and _is_model(path))
