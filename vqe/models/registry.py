"""What vqe remembers of models in its own folder: content hashes of big files, and class names by content.

Both are only shortcuts: where the folder cannot be written, they are worked out again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqe.labels.files import write_atomically
from vqe.models.metadata import Description

_QUICK = 1 << 16  # bytes; smaller files are hashed faster than their remembered hash is found


def content_hash(path: Path, home: Path) -> str:
    """Hex SHA-256 of a file, or of all files in a folder, names included."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        parts = (f"{file.relative_to(path)} {_file_hash(file, home)}\n" for file in files)
        return hashlib.sha256("".join(parts).encode()).hexdigest()
    return _file_hash(path, home)


def _file_hash(path: Path, home: Path) -> str:
    status = path.stat()
    if status.st_size < _QUICK:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    place = home / "hashes" / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]}.json"
    stamp = [status.st_size, status.st_mtime_ns]
    entry = _read(place)
    if entry is not None and entry.get("stamp") == stamp:
        return str(entry["hash"])
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    _write(place, {"path": str(path.resolve()), "stamp": stamp, "hash": found})
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """A model met before."""

    name: str
    path: Path
    description: Description


def remember(content: str, known: Known, home: Path) -> None:
    """Keep the description of the model with this content hash."""
    described = known.description
    names = {str(number): name for number, name in described.classes.items()}
    entry = {"name": known.name, "path": str(known.path), "task": described.task, "classes": names}
    if _read(_place(content, home)) != entry:
        _write(_place(content, home), entry)


def recall(content: str, home: Path) -> Known | None:
    """What is known of the model with this content hash."""
    entry = _read(_place(content, home))
    return None if entry is None else _known(entry)


def remembered(home: Path) -> list[Known]:
    """All models met before whose files are still there and the same, by name."""
    found = []
    for place in (home / "known").glob("*.json"):
        entry = _read(place)
        known = _known(entry) if entry is not None else None
        if known is not None and _unchanged(known, place, home):
            found.append(known)
    return sorted(found, key=lambda known: (known.name, known.path))


def _unchanged(known: Known, place: Path, home: Path) -> bool:
    try:
        return _place(content_hash(known.path, home), home) == place
    except OSError:
        return False


def _known(entry: dict[str, Any]) -> Known:
    classes = {int(number): str(name) for number, name in entry["classes"].items()}
    return Known(str(entry["name"]), Path(entry["path"]), Description(classes, str(entry["task"])))


def _place(content: str, home: Path) -> Path:
    return home / "known" / f"{content[:32]}.json"


def _read(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        entry = json.loads(path.read_text("utf-8"))
        return entry if isinstance(entry, dict) else None
    return None


def _write(path: Path, entry: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        write_atomically(path, json.dumps(entry, indent=1).encode())
