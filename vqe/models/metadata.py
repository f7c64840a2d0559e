"""What a model file says of itself, read without the framework that runs it."""

from __future__ import annotations

import ast
import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BOXES = ("detect", "segment")  # tasks whose answers have upright boxes, whatever runs them
_METADATA = 14  # the field of an ONNX ModelProto that holds its key-value entries


@dataclass(frozen=True, slots=True)
class Description:
    """Class names and task of a model, as its file tells them."""

    classes: Mapping[int, str]
    task: str

    @property
    def boxes(self) -> bool:
        """Whether the model answers with boxes at all; a classifier does not."""
        return self.task in _BOXES


def read_metadata(path: Path) -> Description | None:
    """The description inside an OpenVINO folder, an ONNX file or a TensorRT engine; None where there is none."""
    try:
        if path.is_dir():
            return description(_yaml_entries(path / "metadata.yaml"))
        if path.suffix == ".onnx":
            return description(onnx_entries(path))
        if path.suffix == ".engine":
            return description(_engine_header(path))
    except (OSError, ValueError, SyntaxError, KeyError, IndexError):
        return None
    return None


def _yaml_entries(path: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    try:
        entries: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as fault:
        raise ValueError(f"{path} is no YAML") from fault
    return entries


def description(entries: Mapping[str, Any]) -> Description:
    """From ultralytics' own entries `names` and `task`; ONNX and engines may hold them as text."""
    names = entries["names"]
    names = ast.literal_eval(names) if isinstance(names, str) else names
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
    return Description({int(number): str(name) for number, name in pairs}, str(entries.get("task", "detect")))


def _engine_header(path: Path) -> dict[str, Any]:
    """ultralytics writes a length (little-endian, four bytes) and JSON before the engine itself."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(4), "little")
        header: dict[str, Any] = json.loads(file.read(length) if length < 1 << 24 else b"")
        return header


def onnx_entries(path: Path) -> dict[str, str]:
    """The metadata entries of an ONNX file. Raises ValueError or IndexError where it is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        # Copies of single entries only: the weights beside them are stepped over, never read.
        entries = [
            dict(_fields(content, *span)) for number, span in _spans(content, 0, len(content)) if number == _METADATA
        ]
    return {entry[1].decode(): entry[2].decode() for entry in entries if 1 in entry and 2 in entry}


def _fields(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    for number, (first, last) in _spans(content, start, end):
        yield number, content[first:last]


def _spans(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """The length-delimited fields of a protobuf message: number, (start, end). Others are stepped over."""
    while start < end:
        tag, start = _varint(content, start)
        if tag & 7 == 0:
            _, start = _varint(content, start)
        elif tag & 7 == 2:
            length, start = _varint(content, start)
            yield tag >> 3, (start, start + length)
            start += length
        else:
            raise ValueError("not an ONNX file")


def _varint(content: mmap.mmap, start: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[start]
        value |= (byte & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if byte < 0x80:
            return value, start
