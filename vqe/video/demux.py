"""A file opened with PyAV, and its packets as one table; no av exception leaves this module."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.video.mp4 import Mp4Boxes, mp4_boxes
from vqe.video.sparing import Skip

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

NO_PTS = np.iinfo(np.int64).min
PACKET = np.dtype([("pts", "<i8"), ("size", "<i4"), ("key", "?"), ("discard", "?"), ("corrupt", "?")])
READ_ERRORS_IN_A_ROW = 8


@dataclass(slots=True)
class Opened:
    """An open file, its video stream, and what went wrong so far while reading it."""

    path: Path
    container: InputContainer
    stream: VideoStream
    faults: int = 0  # packets that did not decode, and places that could not be read
    steady: bool = False  # after the next rewind, decode as PyAV does by default, without threads over frames
    lone: bool = False  # by one thread: where others decode elsewhere, that takes a third less of the processor
    used: bool = False  # something was read or sought: decoding would not begin at the file's start

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """The video packets from here on, without the flushing one; goes on behind damage where FFmpeg can."""
        import av

        self.used = True
        failures = 0
        while failures < READ_ERRORS_IN_A_ROW:
            try:
                for packet in self.container.demux(self.stream):
                    # An empty packet would tell the decoder that the stream ends.
                    if packet.size:
                        failures = 0
                        yield packet
                return
            except av.FFmpegError:
                failures += 1
                self.faults += 1

    def frames(self, from_key: bool = False, skip: Callable[[int | None], Skip] | None = None) -> Iterator[VideoFrame]:
        """The frames shown from here on; packets that do not decode are counted and left out.

        from_key  skip to the first key packet, for after a seek: some decoders show grey pictures before it
        skip      by the stamp of a packet, what of it need not be decoded
        """
        import av

        for packet in self.packets():
            if from_key and not packet.is_keyframe:
                continue
            from_key = False
            if skip is not None:
                self.stream.codec_context.skip_frame = skip(packet.pts)
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self.faults += 1
        # The frames that the decoder still holds.
        try:
            yield from self.stream.decode(None)
        except av.FFmpegError:
            self.faults += 1

    def seek(self, pts: int) -> bool:
        """Go to a key frame at or before `pts` as the demuxer sees it; False where it cannot."""
        import av

        self.used = True
        try:
            self.container.seek(pts, stream=self.stream)
        except av.FFmpegError:
            return False
        return True

    def rewind(self) -> None:
        """Begin again at the file's start, whatever state reading has left."""
        if self.used:
            self.close()
            self.container, self.stream = _open(self.path)
            self.used = False
        # Threads over frames are faster, but patch damaged pictures in another way.
        self.stream.thread_type = "SLICE" if self.steady else "AUTO"
        if self.lone and not self.steady:
            self.stream.codec_context.thread_count = 1

    def close(self) -> None:
        self.container.close()

    @property
    def time_base(self) -> Fraction:
        return self.stream.time_base or Fraction(1, 1000)


@contextmanager
def opened(path: Path, steady: bool = False, lone: bool = False) -> Iterator[Opened]:
    """Open a video file for reading. `steady`: decode as PyAV does by default, for damaged files. `lone`: see `Opened`.

    RunError where the file is missing, unreadable, not a video, or has no video stream.
    """
    file = Opened(path, *_open(path), steady=steady, lone=lone)
    try:
        file.rewind()
        yield file
    finally:
        file.close()


def check_readable(path: Path) -> os.stat_result:
    """The file's status; RunError where there is no file with something in it that may be read."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise RunError(f"'{path}' is a folder, not a video file")
        if not stat.S_ISREG(status.st_mode):
            raise RunError(f"'{path}' is not a file")
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise RunError(f"there is no file '{path}'") from None
    except PermissionError:
        raise RunError(f"no permission to read '{path}'") from None
    except OSError as error:
        raise RunError(f"'{path}' cannot be read: {error.strerror or error}") from None
    if status.st_size == 0:
        raise RunError(f"'{path}' is empty (0 bytes)")
    return status


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    import av

    check_readable(path)
    layout = mp4_boxes(path)
    # FFmpeg copies its tables to apply an edit list, of ten hours 40 MB, even where the list hides nothing.
    options = {"advanced_editlist": "0"} if layout and layout.plain_edits else {}
    try:
        # A `file:` name is never read as a URL or a pattern, whatever characters it has.
        container = av.open(f"file:{path}", "r", container_options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(path, layout, error) from None
    stream = _video_stream(container)
    if stream is None:
        container.close()
        raise RunError(f"'{path}' has no video in it")
    return container, stream


def _unreadable(path: Path, layout: Mp4Boxes | None, error: Exception) -> RunError:
    if layout is not None and b"moov" not in layout.kinds:
        message = (
            f"'{path}' is an MP4 that was cut short before its index was written (it has no 'moov' box): "
            "none of its frames can be read"
        )
        return RunError(message, hint="record to MKV, TS or fragmented MP4: these survive a cut")
    reason = getattr(error, "strerror", None) or str(error)
    return RunError(f"'{path}' is not a video that can be read ({reason})")


def _video_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is not the cover picture of a sound file."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not Disposition(stream.disposition) & Disposition.attached_pic:
            return stream
    return None


def packet_table(file: Opened) -> NDArray[Any]:
    """Every video packet of a file just opened, in file order: [p] of PACKET."""
    table = _mp4_table(file)
    if table is not None:
        return table
    rows = (
        (NO_PTS if p.pts is None else p.pts, p.size, p.is_keyframe, p.is_discard, p.is_corrupt) for p in file.packets()
    )
    return np.fromiter(rows, dtype=PACKET)


def _mp4_table(file: Opened) -> NDArray[Any] | None:
    """The packets of an MP4 from the index that FFmpeg holds already, three times as fast as demuxing.

    That index has decoding times; without a 'ctts' box these are the presentation times too.
    """
    if "mp4" not in file.container.format.name:
        return None
    entries = getattr(file.stream, "index_entries", None)
    layout = mp4_boxes(file.path)
    if not entries or layout is None or not layout.plain_times:
        return None
    size = file.path.stat().st_size
    whole = True

    def rows() -> Iterator[tuple[int, int, bool, bool, bool]]:
        nonlocal whole
        for e in entries:
            whole = whole and e.pos + e.size <= size
            yield e.timestamp, e.size, e.is_keyframe, e.is_discard, False

    table = np.fromiter(rows(), dtype=PACKET, count=len(entries))
    return table if whole and (table["size"] > 0).all() else None
