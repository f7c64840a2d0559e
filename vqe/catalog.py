"""What a database folder remembers besides labels: videos, regions, settings, costs, past runs and audits.

One SQLite file (its locking and crash safety are what several processes at once need). Reading a folder that does not
exist yet is reading an empty catalogue; the folder is made by the first write.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqe.errors import QueryError, RunError, nearest

FILE = "catalog.sqlite"
RUNS_KEPT = 1000  # of the latest
AUDITS_KEPT = 10_000

# What each version has more than the one before; an older file is brought up to date by the first write.
_SCHEMA = (
    """
CREATE TABLE videos  (key TEXT PRIMARY KEY, name TEXT NOT NULL, paths TEXT NOT NULL, options TEXT NOT NULL);
CREATE TABLE regions (key TEXT, video TEXT, name TEXT NOT NULL, kind TEXT NOT NULL, points TEXT NOT NULL,
                      PRIMARY KEY (key, video));
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE costs   (operator TEXT, subject TEXT, seconds REAL NOT NULL, PRIMARY KEY (operator, subject));
""",
    """
CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, query TEXT NOT NULL, video TEXT NOT NULL,
                   predicate TEXT NOT NULL, plan TEXT NOT NULL, frames INTEGER NOT NULL, calls INTEGER NOT NULL,
                   seconds REAL NOT NULL, predicted REAL, budget TEXT, rates TEXT NOT NULL, notes TEXT NOT NULL);
""",
    """
CREATE TABLE audits (lottery TEXT, subject TEXT, dropped REAL NOT NULL, returned REAL NOT NULL,
                     PRIMARY KEY (lottery, subject));
""",
)
VERSION = len(_SCHEMA)


_IS_VIDEO = re.compile(r"\.(mp4|mkv|mov|avi|webm|m4v|ts|mpg|mpeg|wmv|flv|3gp|h264|h265)$", re.I)


def is_video_path(path: str) -> bool:
    """Whether a string in FROM is a video, by its ending."""
    return bool(_IS_VIDEO.search(path))


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """A registered video: absolute paths or globs, and the options of its WITH clause."""

    name: str
    paths: tuple[str, ...]
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture; points are fractions of its width and height. A box has two points, its corners."""

    name: str
    kind: str
    points: tuple[tuple[float, float], ...]

    def text(self) -> str:
        if self.kind == "box":
            return f"BOX({', '.join(exactly(v) for p in self.points for v in p)})"
        return f"POLYGON({', '.join(f'({exactly(x)}, {exactly(y)})' for x, y in self.points)})"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """How a query answered one of its relations.

    `at`: ISO, UTC; `frames` of the video that it speaks of, `calls` of the reference model; `seconds` taken and
    `predicted`; `budget`: None where the answer had to be exact; `rates`: name → (estimate, low, high), from 0 to 1.
    `id` is given by the catalogue, rising.
    """

    at: str
    query: str
    video: str
    predicate: str
    plan: str
    frames: int
    calls: int
    seconds: float
    predicted: float | None
    budget: str | None
    rates: Mapping[str, tuple[float | None, float, float]]
    notes: tuple[str, ...]
    id: int | None = None


def exactly(number: float) -> str:
    """The shortest text that means this number and no other: what differs must not print alike."""
    return repr(float(number)).removesuffix(".0")


class Catalog:
    """The catalogue of one database folder; every call is one short transaction."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def _open(self, *, write: bool = False, since: int = 1) -> Iterator[sqlite3.Connection | None]:
        """The open file; None where there is nothing to read yet, of what there is `since` a version."""
        path = self.folder / FILE
        if not write and not path.exists():
            yield None
            return
        try:
            if write:
                self.folder.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
                version = self._version(connection, write=write)
                if version < since:  # older, or empty: its making was cut off, by a full disk say
                    yield None
                elif write:
                    connection.execute("BEGIN IMMEDIATE")
                    yield connection
                    connection.execute("COMMIT")
                else:
                    yield connection
        except (sqlite3.Error, OSError) as fault:
            raise RunError(
                f"cannot {'write' if write else 'read'} the catalogue in {self.folder}: {fault}",
                hint="give another folder with --db or VQE_DB",
            ) from fault

    @staticmethod
    def _up_to_date(connection: sqlite3.Connection) -> None:
        """Make the tables that are missing."""
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for tables in _SCHEMA[version:]:
            for statement in filter(str.strip, tables.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(version, VERSION)}")
        connection.execute("COMMIT")

    def _version(self, connection: sqlite3.Connection, *, write: bool) -> int:
        """The version of the file, 0 where it has no tables yet; before a write it is brought up to date."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise RunError(
                f"{self.folder} was made by a newer vqe (catalogue version {version}, this vqe reads up to {VERSION})",
                hint="upgrade vqe, or give another folder with --db",
            )
        if write and version < VERSION:
            self._up_to_date(connection)
            return VERSION
        return int(version)

    def _rows(self, sql: str, *values: object, since: int = 1) -> list[tuple[Any, ...]]:
        with self._open(since=since) as connection:
            return [] if connection is None else connection.execute(sql, values).fetchall()

    # --- videos -----------------------------------------------------------------------------------------------------

    def videos(self) -> dict[str, VideoEntry]:
        """All registered videos by their lower-cased names, in the order of their names."""
        rows = self._rows("SELECT key, name, paths, options FROM videos ORDER BY key")
        return {k: VideoEntry(n, tuple(json.loads(p)), json.loads(o)) for k, n, p, o in rows}

    def put_video(self, entry: VideoEntry) -> None:
        """Register a video, in the place of one of the same name."""
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute(
                "INSERT OR REPLACE INTO videos VALUES (?, ?, ?, ?)",
                (entry.name.lower(), entry.name, json.dumps(entry.paths), json.dumps(dict(entry.options))),
            )

    def drop_video(self, name: str) -> None:
        """Forget a video and its regions; its labels stay, they belong to the recording."""
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute("DELETE FROM videos WHERE key = ?", (name.lower(),))
            connection.execute("DELETE FROM regions WHERE video = ?", (name.lower(),))

    # --- regions ----------------------------------------------------------------------------------------------------

    def regions(self, video: str) -> dict[str, Region]:
        """The regions of one video by their lower-cased names."""
        rows = self._rows("SELECT key, name, kind, points FROM regions WHERE video = ? ORDER BY key", video.lower())
        return {k: Region(n, kind, tuple((x, y) for x, y in json.loads(p))) for k, n, kind, p in rows}

    def put_region(self, video: str, region: Region) -> None:
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute(
                "INSERT OR REPLACE INTO regions VALUES (?, ?, ?, ?, ?)",
                (region.name.lower(), video.lower(), region.name, region.kind, json.dumps(region.points)),
            )

    def drop_region(self, video: str, name: str) -> None:
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute("DELETE FROM regions WHERE key = ? AND video = ?", (name.lower(), video.lower()))

    # --- settings ---------------------------------------------------------------------------------------------------

    def settings(self) -> dict[str, str]:
        """The settings that were set, as text; `vqe.settings` knows their types and defaults."""
        return dict(self._rows("SELECT name, value FROM settings"))

    def put_setting(self, name: str, value: str) -> None:
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def drop_setting(self, name: str) -> None:
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute("DELETE FROM settings WHERE name = ?", (name,))

    # --- measured costs ---------------------------------------------------------------------------------------------

    def cost(self, operator: str, subject: str) -> float | None:
        """Seconds a frame that the operator took on this subject (a model, a file) when it last ran here."""
        rows = self._rows("SELECT seconds FROM costs WHERE operator = ? AND subject = ?", operator, subject)
        return float(rows[0][0]) if rows else None

    def put_cost(self, operator: str, subject: str, seconds: float) -> None:
        with self._open(write=True) as connection:
            assert connection is not None
            connection.execute("INSERT OR REPLACE INTO costs VALUES (?, ?, ?)", (operator, subject, seconds))

    # --- past runs --------------------------------------------------------------------------------------------------

    def runs(self) -> list[RunEntry]:
        """The latest runs, the newest last."""
        rows = self._rows(f"SELECT {_RUN}, id FROM runs ORDER BY id", since=2)
        return [
            RunEntry(
                **dict(zip(_PLAIN, plain, strict=True)), rates=json.loads(rates), notes=tuple(json.loads(notes)), id=i
            )
            for *plain, rates, notes, i in rows
        ]

    def put_runs(self, entries: Sequence[RunEntry]) -> None:
        """Add runs, and forget those that are too old."""
        rows = [
            (*(getattr(e, name) for name in _PLAIN), json.dumps(dict(e.rates)), json.dumps(e.notes)) for e in entries
        ]
        with self._open(write=True) as connection:
            assert connection is not None
            connection.executemany(f"INSERT INTO runs ({_RUN}) VALUES ({', '.join('?' * 12)})", rows)
            oldest = "SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?"
            connection.execute(f"DELETE FROM runs WHERE id <= ({oldest})", (RUNS_KEPT,))

    # --- audits -----------------------------------------------------------------------------------------------------

    def audits(self, lottery: str) -> dict[str, tuple[float, float]]:
        """How far a lottery was drawn, by subject: the levels for frames dropped, and returned."""
        rows = self._rows("SELECT subject, dropped, returned FROM audits WHERE lottery = ?", lottery, since=3)
        return {subject: (dropped, returned) for subject, dropped, returned in rows}

    def put_audit(self, lottery: str, subjects: Sequence[str], dropped: float, returned: float) -> None:
        """These subjects were drawn so far; the oldest entries are forgotten."""
        with self._open(write=True) as connection:
            assert connection is not None
            rows = [(lottery, subject, dropped, returned) for subject in subjects]
            connection.executemany("INSERT OR REPLACE INTO audits VALUES (?, ?, ?, ?)", rows)
            oldest = "SELECT rowid FROM audits ORDER BY rowid DESC LIMIT 1 OFFSET ?"
            connection.execute(f"DELETE FROM audits WHERE rowid <= ({oldest})", (AUDITS_KEPT,))


_PLAIN = ("at", "query", "video", "predicate", "plan", "frames", "calls", "seconds", "predicted", "budget")
_RUN = f"{', '.join(_PLAIN)}, rates, notes"


def unknown(kind: str, name: str, known: Mapping[str, object] | list[str]) -> QueryError:
    """The error for a name that is not there, with its neighbours or with all that there is."""
    names = list(known)
    hint = nearest(name, names)
    if hint is None:
        hint = f"there is none yet: CREATE {kind.upper()}" if not names else f"known: {', '.join(names[:12])}"
    return QueryError(f"no {kind} '{name}'", hint=hint)
