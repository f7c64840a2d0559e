"""From files and options to a video: what order, what times."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from vqe.errors import QueryError, VqeWarning
from vqe.video.build import index_file
from vqe.video.files import natural_key
from vqe.video.index import FileIndex
from vqe.video.names import start_in_name
from vqe.video.shown import Progress
from vqe.video.video import Video, VideoFile

# A recorder that cuts its files at whole seconds names them by the second: they may overlap by less.
NAMED_TO = timedelta(seconds=1)


def open_video(
    name: str,
    paths: Sequence[Path],
    options: Mapping[str, object],
    cache: Path | None,
    progress: Progress | None = None,
) -> Video:
    """Index the files and lay them out as one video.

    Options: `start`, an ISO time without a zone for the first frame (several files are then laid end to end), or
    'filename' with `pattern`, a strptime pattern for the start in each file's name; others are not looked at.
    QueryError for wrong options and for files that overlap, RunError for files that cannot be read. What is to be
    known of files (cut, damaged) is warned of, as VqeWarning.
    """
    if not paths:
        raise QueryError(f"video '{name}' has no file")
    first = _starts(options, paths)
    indexes = {path: index_file(path, cache, progress) for path in paths}
    for path, index in indexes.items():
        for note in index.notes:
            warnings.warn(f"{path.name}: {note}", VqeWarning, stacklevel=2)
    if isinstance(first, dict):
        starts = sorted((start, natural_key(path), path) for path, start in first.items())
        return Video(name, _by_clock([(path, indexes[path], start) for start, _, path in starts]))
    return Video(name, _end_to_end([(path, indexes[path]) for path in sorted(indexes, key=natural_key)], first))


def _starts(options: Mapping[str, object], paths: Sequence[Path]) -> datetime | dict[Path, datetime] | None:
    """The start of the first file, or that of each, or None where nothing is said."""
    start, pattern = options.get("start"), options.get("pattern")
    if start == "filename":
        if not isinstance(pattern, str):
            raise QueryError("start = 'filename' needs a pattern", hint="for example pattern = '%Y%m%d%H%M%S'")
        return {path: start_in_name(path, pattern) for path in paths}
    if pattern is not None:
        raise QueryError("a pattern needs start = 'filename'")
    moment = start if start is None or isinstance(start, datetime) else _iso(str(start))
    if moment is not None and moment.tzinfo is not None:
        raise QueryError(f"start '{start}' has a time zone, which a video's timestamps have not", hint="leave it away")
    return moment


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise QueryError(
            f"start '{text}' is not a time", hint="write it as '2026-11-23 08:00:00', or 'filename' with a pattern"
        ) from None


def _end_to_end(parts: Sequence[tuple[Path, FileIndex]], start: datetime | None) -> tuple[VideoFile, ...]:
    files: list[VideoFile] = []
    frame, offset = 0, 0.0
    for path, index in parts:
        when = start + timedelta(seconds=offset) if start is not None else None
        files.append(VideoFile(path, index, frame, offset, when))
        frame += len(index.pts)
        offset += index.duration
    return tuple(files)


def _by_clock(parts: Sequence[tuple[Path, FileIndex, datetime]]) -> tuple[VideoFile, ...]:
    """Each file at its own start; one that begins less than a second before the last has ended is moved to its end."""
    files: list[VideoFile] = []
    frame = 0
    first = before = end = parts[0][2]
    for path, index, start in parts:
        if files and (start == before or end - start >= NAMED_TO):
            raise QueryError(
                f"'{files[-1].path.name}' and '{path.name}' overlap in time: the first lasts until "
                f"{end:%Y-%m-%d %H:%M:%S}, the second starts at {start:%Y-%m-%d %H:%M:%S}"
            )
        before = start
        start = max(start, end)
        files.append(VideoFile(path, index, frame, (start - first).total_seconds(), start))
        frame += len(index.pts)
        end = start + timedelta(seconds=index.duration)
    return tuple(files)
