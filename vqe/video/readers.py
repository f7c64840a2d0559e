"""Open readers of a video's files, shared by all who decode parts of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from vqe.cores import cores
from vqe.video.demux import opened
from vqe.video.frames import FrameReader
from vqe.video.stretches import apart, independent
from vqe.video.video import Video, VideoFile


@dataclass(frozen=True, eq=False)
class _Open:
    file: VideoFile
    reader: FrameReader
    closing: ExitStack


class Readers:
    """At most `most`, in use or not: no more is decoded at once than there are cores, and no more files stay open, each
    of which takes tens of megabytes where it is long. Whoever wants another one waits for it, so nobody who has one may
    wait for somebody who wants one.

    lone  each by one thread, as many of them are at work at once; otherwise FFmpeg brings its own threads
    Those that are not in use stay open, to go on where they are; `close` closes them.
    """

    def __init__(self, most: int, lone: bool) -> None:
        self._most = most
        self._lone = lone
        self._room = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._idle: list[_Open] = []
        self._open = 0

    @classmethod
    def of(cls, video: Video) -> Self:
        """For work on all cores."""
        return cls(cores(), apart(video))

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._close_one()

    @contextmanager
    def reader(self, file: VideoFile, first: int) -> Iterator[FrameReader]:
        """A reader of the file for one thread, to read from its frame `first` on. RunError where that cannot be
        opened."""
        with self._room:
            own = self._idle_one(file, first) or self._opened(file)
            try:
                yield own.reader
            finally:
                with self._lock:
                    self._idle.append(own)

    def _idle_one(self, file: VideoFile, first: int) -> _Open | None:
        """The one that stands closest before the frame; else one that goes back; None where the file is not open."""
        with self._lock:
            own = [idle for idle in self._idle if idle.file is file]
            if not own:
                return None
            best = max(own, key=lambda idle: (idle.reader.stop <= first, idle.reader.stop))
            self._idle.remove(best)
        if best.reader.stop > first:
            best.reader.go_back()
        return best

    def _opened(self, file: VideoFile) -> _Open:
        with self._lock:
            while self._idle and self._open >= self._most:
                self._close_one()
            self._open += 1
        index, closing = file.index, ExitStack()
        try:
            source = closing.enter_context(opened(file.path, index.damaged, self._lone))
        except BaseException:
            with self._lock:
                self._open -= 1
            raise
        reader = FrameReader(source, index.pts, index.keyframes, index.timed, independent(file))
        return _Open(file, reader, closing)

    def _close_one(self) -> None:
        self._idle.pop(0).closing.close()
        self._open -= 1
