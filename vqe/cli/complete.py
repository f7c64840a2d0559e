"""What Tab offers at the prompt: names that a statement may use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from vqe.connection import Connection
from vqe.errors import VqeError

_COLUMNS = """video file frame timestamp seconds width height class confidence x1 y1 x2 y2 area track
    event start_frame end_frame start_time end_time start_seconds end_seconds duration frames"""
_WORDS = """SELECT FROM WHERE GROUP BY ORDER LIMIT EXPLAIN ANALYZE VERBOSE DESCRIBE CREATE VIDEO REGION DROP SHOW VIDEOS
    REGIONS SETTINGS MODELS RUNS TABLES SET RESET GAP MINIMUM STABLE contains( objects( events( detections( region"""


class Names(Completer):
    """Videos and settings of this database, columns of videos, and the language's own words."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        typed = document.get_word_before_cursor()
        if not typed.strip():
            return
        for name in self._names():
            if name.lower().startswith(typed.lower()):
                yield Completion(name, -len(typed))

    def _names(self) -> Iterable[str]:
        return [*self._column("SHOW VIDEOS"), *_COLUMNS.split(), *_WORDS.split(), *self._column("SHOW SETTINGS")]

    def _column(self, statement: str) -> list[str]:
        try:
            relation = self._db.sql(statement)
        except VqeError:  # a broken folder is reported when a statement is run
            return []
        return [] if relation is None else [str(row[0]) for row in relation.fetchall()]
