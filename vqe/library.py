"""Opens what a statement names: videos by name or path, and reference models."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vqe import models
from vqe.cache import cache_home
from vqe.catalog import Catalog, VideoEntry
from vqe.errors import QueryError, RunError
from vqe.labels import LabelStore
from vqe.memory import keep_memory_low
from vqe.models import ModelInfo
from vqe.settings import Settings
from vqe.video import Video, find_files, open_video

if TYPE_CHECKING:
    from vqe.models import ReferenceModel

OPTIONS = ("start", "pattern", "model")
# Frames to measure by; operators that take little need a thousand.
ENOUGH = {"reference": 8, "decode": 8, "keyframe": 25}


@dataclass(frozen=True, slots=True)
class Source:
    """A video that a statement reads. `key` is its name in the catalogue, None for a path.

    `camera`: what it is known by when other files are recorded; that name, or the absolute path or glob.
    """

    video: Video
    key: str | None
    model: str | None
    camera: str


class Library:
    """What one connection has open; all of it can be had again from the folder."""

    def __init__(self, folder: Path, catalog: Catalog, settings: Settings) -> None:
        self.folder = folder
        self.catalog = catalog
        self.settings = settings
        self.store = LabelStore(folder / "labels")
        self.indexing: Callable[[int, int], None] | None = None  # told of progress while a file is indexed
        self._loaded: dict[str, ReferenceModel] = {}

    # --- videos -----------------------------------------------------------------------------------------------------

    def find(self, name: str) -> Source | None:
        """The registered video of this name."""
        entry = self.catalog.videos().get(name.lower())
        return None if entry is None else self.open(entry)

    def open(self, entry: VideoEntry) -> Source:
        """Index the files of an entry (its globs are looked up anew each time, so that new recordings count)."""
        files = find_files(entry.paths, Path.cwd())
        options = {k: v for k, v in entry.options.items() if k != "model"}
        video = open_video(entry.name, files, options, self.folder / "index", self.indexing)
        return Source(video, entry.name.lower(), entry.options.get("model"), entry.name.lower())

    def open_path(self, path: str) -> Source:
        """A path or glob in FROM: its name is the stem of the file, or of the glob's folder."""
        files = find_files([path], Path.cwd())
        stem = Path(path).stem
        name = stem if not re.search(r"[*?\[]", stem) else Path(path).absolute().parent.name
        video = open_video(name, files, {}, self.folder / "index", self.indexing)
        return Source(video, None, None, str(Path(path).absolute()))

    @contextmanager
    def cancellable(self, cancelled: threading.Event) -> Iterator[None]:
        """Inside, no file is indexed any further once that is set: KeyboardInterrupt."""
        told = self.indexing

        def indexing(done: int, total: int) -> None:
            if cancelled.is_set():
                raise KeyboardInterrupt
            if told is not None:
                told(done, total)

        self.indexing = indexing
        try:
            yield
        finally:
            self.indexing = told

    def check_entry(self, entry: VideoEntry) -> None:
        """QueryError or RunError where an entry could not be opened."""
        for option in entry.options:
            if option not in OPTIONS:
                raise QueryError(f"a video has no option '{option}'", hint=f"it has {', '.join(OPTIONS)}")
        if "model" in entry.options:
            self.model(entry.options["model"])
        self.open(entry)

    # --- measured costs ---------------------------------------------------------------------------------------------

    def remember_cost(self, operator: str, subject: str, seconds: float, frames: int) -> None:
        """Keep what a frame costs, where it was measured over enough of them and the folder can be written."""
        if frames >= ENOUGH.get(operator, 1000):
            with suppress(RunError):  # an unwritable folder has been warned about; the cost stays unknown
                self.catalog.put_cost(operator, subject, seconds / frames)

    # --- models -----------------------------------------------------------------------------------------------------

    @property
    def models_home(self) -> Path:
        return cache_home() / "models"

    def model(self, name: str | None) -> ModelInfo:
        """The model of this name; of the setting, or the built-in default, where none is given."""
        return models.describe(name or str(self.settings.value("model")) or models.default_model(), self.models_home)

    def reference(self, info: ModelInfo) -> ReferenceModel:
        """The loaded model; loading takes seconds, once in a connection."""
        if info.key not in self._loaded:
            keep_memory_low()
            try:
                self._loaded[info.key] = models.load(info, self.models_home)
            except OSError as fault:
                raise RunError(f"cannot load model {info.name}: {fault}") from fault
        return self._loaded[info.key]

    def share_models(self, other: Library) -> None:
        """Hold loaded models together with another library: each is loaded once for both."""
        self._loaded = other._loaded
