"""The database folders of a benchmark: temporary, with the user's videos, regions and settings, and nothing learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vqe.catalog import Catalog
from vqe.engine import Engine
from vqe.library import Library
from vqe.relational.session import FILE, Session
from vqe.settings import Settings


def carry(source: Path, target: Path) -> None:
    """Make the folder `target` with what the user has said in `source`: no labels, profiles, indexes or costs.

    Tables are read where they are.
    """
    known, new = Catalog(source), Catalog(target)
    target.mkdir(parents=True)
    for name, entry in known.videos().items():
        new.put_video(entry)
        for region in known.regions(name).values():
            new.put_region(name, region)
    for name, value in known.settings().items():
        new.put_setting(name, value)
    if (source / FILE).exists():
        (target / FILE).symlink_to((source / FILE).resolve())


@contextmanager
def opened(folder: Path, settings: Mapping[str, str], models: Library | None = None) -> Iterator[Engine]:
    """The engine of a folder. `models`: whose loaded models it uses."""
    catalog = Catalog(folder)
    session = Session(folder)
    try:
        engine = Engine(folder, catalog, Settings(catalog, settings), session)
        if models is not None:
            engine.library.share_models(models)
        yield engine
    finally:
        session.close()
