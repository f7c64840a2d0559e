"""The folder for what any database of this user can use again: models, the parser's tables, the prompt's history."""

from __future__ import annotations

import os
from pathlib import Path


def cache_home() -> Path:
    """VQE_CACHE, else vqe in the user's cache folder. It need not exist."""
    home = os.environ.get("VQE_CACHE")
    if home:
        return Path(home).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vqe"
