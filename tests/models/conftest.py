"""Models made on the spot, one folder of kept models for the whole run, and a child process to look into."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from untrained import make_weights

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the development footage is not there")
    return SHARED


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder with the two pictures that ultralytics' wheel carries."""
    spec = find_spec("ultralytics")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "assets"


@pytest.fixture(scope="session")
def bus(assets: Path) -> NDArray[np.uint8]:
    """810×1080, BGR: a bus and four persons."""
    return _picture(assets / "bus.jpg")


@pytest.fixture(scope="session")
def zidane(assets: Path) -> NDArray[np.uint8]:
    """1280×720, BGR: two persons."""
    return _picture(assets / "zidane.jpg")


def _picture(path: Path) -> NDArray[np.uint8]:
    import cv2

    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture, np.uint8)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """A YOLO11n that was never trained, made to find some forty boxes in a picture, of classes named '0' to '79'."""
    return make_weights(tmp_path_factory.mktemp("weights") / "untrained.pt", "yolo11n.yaml", home)


@pytest.fixture
def child(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs Python code in a process of its own, in an empty folder."""
    folder = tmp_path / "child"
    folder.mkdir()

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)

    return run
