"""Official weights of ultralytics, downloaded by name where they are not on disk."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from vqe.errors import RunError
from vqe.labels.files import explained, locked

EXAMPLES = ("yolo26n.pt", "yolo26s.pt", "yolo26m.pt", "yolo26l.pt", "yolo26x.pt", "yolo11n.pt", "yolo11x.pt")
_OFFICIAL = re.compile(r"(yolo26|yolo11|yolo12|yolov[589]|yolov10)([nstmblxce]|[nsmlx]6?u)(-seg)?(\.pt)?")
_ADDRESS = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"
_PATIENCE = 20.0  # seconds without a byte


def official(name: str) -> bool:
    """Whether the name is one under which ultralytics publishes a detector."""
    return _OFFICIAL.fullmatch(name) is not None


def fetch(name: str, home: Path) -> Path:
    """The weights file in `home`, downloaded if need be. Raises RunError that names the ways out."""
    file = home / "weights" / f"{name.removesuffix('.pt')}.pt"
    with explained("keep weights", home), locked(home / "weights" / ".lock"):
        if not file.exists():
            _download(file)
    return file


def _download(file: Path) -> None:
    import urllib.request  # which few queries need, and which brings half of the network's modules

    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=file.parent) as folder:
        partial = Path(folder) / file.name
        with partial.open("wb") as target:
            try:
                with urllib.request.urlopen(_ADDRESS + file.name, timeout=_PATIENCE) as source:
                    expected = int(source.headers.get("Content-Length") or 0)
                    shutil.copyfileobj(source, target)
            except (OSError, ValueError) as error:
                reason = getattr(error, "reason", error)
                raise _failed(file, getattr(reason, "strerror", None) or str(reason)) from error
        if partial.stat().st_size < max(expected, 1):
            raise _failed(file, "the connection broke off")
        partial.replace(file)


def _failed(file: Path, reason: str) -> RunError:
    return RunError(
        f"cannot download {file.name}: {reason}",
        hint=f"get the file in another way and SET model = '/path/to/{file.name}'; "
        "or pip install 'vqe[offline]' and SET model = 'ssd_mobilenet_v2_coco'",
    )
