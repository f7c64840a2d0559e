from __future__ import annotations

from pathlib import Path

import pytest

from vqe.labels import LabelStore


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    return LabelStore(tmp_path / "labels")
