"""From patterns to the files they name."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from vqe.errors import NotSupportedError, QueryError, nearest


def find_files(patterns: Sequence[str], base: Path) -> list[Path]:
    """The files that paths and glob patterns name, relative to `base`, each once, in natural order.

    QueryError where a pattern names no file or a folder, NotSupportedError for URLs.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(_matches(pattern, base)))
    return sorted(found, key=natural_key)


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sorts names so that numbers in them count as numbers: 'cam2' before 'cam10'."""
    parts = re.split(r"(\d+)", str(path))
    # A tie of numbers (01, 1) is decided by how they are written.
    return [(0, int(p), p) if p.isdecimal() else (1, 0, p) for p in parts if p]


def _matches(pattern: str, base: Path) -> list[Path]:
    url = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", pattern)
    if url:
        raise NotSupportedError(
            f"'{pattern}' is a URL: vqe reads files only", hint=f"save the {url[1].lower()} stream to a file first"
        )
    if not pattern:
        raise QueryError("an empty path names no file")
    path = base / Path(pattern).expanduser()
    # A name may contain the very characters that mean something in patterns.
    if path.is_file():
        return [path.absolute()]
    if path.is_dir():
        raise QueryError(f"'{pattern}' is a folder", hint=f"name its files: '{pattern.rstrip('/')}/*.mp4'")
    # Path.glob cannot take an absolute pattern, and shows hidden files.
    found = glob.glob(str(path), recursive=True) if glob.has_magic(pattern) else []  # noqa: PTH207
    files = [Path(p).absolute() for p in found if Path(p).is_file()]
    if not files:
        raise QueryError(f"no file matches '{pattern}'", hint=_near(path))
    return files


def _near(path: Path) -> str | None:
    """The names in a path's folder that are like its own."""
    if not path.parent.is_dir():
        return f"there is no folder '{path.parent}'" if not glob.has_magic(str(path.parent)) else None
    return nearest(path.name, [p.name for p in path.parent.iterdir()])
