"""A street that a profile made by hand answers for; see street.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import street
from numpy.typing import NDArray
from squares import Squares

import vqe
from vqe.library import Library

Open: TypeAlias = Callable[..., tuple[vqe.Connection, Squares]]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the profile was measured on."""
    return street.make_street(tmp_path_factory.mktemp("street") / "monday.mp4", 1, street.white)


@pytest.fixture
def opened(recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a database with a recording of the street, and a profile whose model may be another than it claims.

    What frames cost is pinned, so that plans do not depend on the machine's load.
    """
    with ExitStack() as stack:

        def open_(
            path: Path = recording, model: Mapping[str, NDArray[Any]] | None = None, folder: str = "db", **settings: str
        ) -> tuple[vqe.Connection, Squares]:
            values = {"plan_space": "all", "audit": "100%"} | settings
            db = stack.enter_context(vqe.connect(tmp_path / folder, values))
            db.sql(f"CREATE VIDEO street FROM '{recording}'")
            info = db._engine.library.model(None)
            buses = Squares(info)
            monkeypatch.setattr(Library, "reference", lambda *_: buses)
            monkeypatch.setattr(Library, "remember_cost", lambda *_: None)
            db._catalog.put_cost("reference", info.key, 1.0)  # dear enough to plan for learning
            street.pin_profile(db, street.tensors() if model is None else model)
            db._catalog.put_cost("reference", info.key, 0.005)
            db.sql(f"CREATE OR REPLACE VIDEO street FROM '{path}'")
            return db, buses

        yield open_
