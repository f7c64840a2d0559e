"""An independent answer to every query over the pinned database: plain tables in a plain DuckDB, and loops in Python.

A call is, by the language, a hidden column of its FROM item. So the oracle's tables have one column for each call that
a test uses, worked out box by box, and a query is answered by writing that column in the place of the call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from pinned import CAMERAS, RATE, Box, Camera

Point = tuple[float, float]
REGIONS: dict[tuple[str, str], tuple[str, list[Point]]] = {
    ("cam1", "gate"): ("box", [(0.25, 0.5), (0.5, 1.0)]),
    ("cam2", "gate"): ("box", [(0.5, 0.5), (1.0, 1.0)]),
    ("cam1", "lane"): ("polygon", [(0.125, 0.25), (0.875, 0.25), (0.5, 1.0)]),
}

Check = Callable[..., None]  # what the fixture `check` gives


@dataclass(frozen=True)
class Call:
    function: str
    classes: tuple[str, ...] = ()
    region: str | None = None
    confidence: float = 0.4
    min_area: float = 0.0


# --- frames ---------------------------------------------------------------------------------------------------------


def starts(camera: Camera) -> list[float]:
    """Seconds from the camera's start to each file's first frame."""
    if camera.dated and len(camera.files) > 1:
        return [(f.start - camera.files[0].start).total_seconds() for f in camera.files]  # type: ignore[operator]
    found = [0.0]
    for file in camera.files:
        found.append(found[-1] + lasts(file.times))
    return found[:-1]


def lasts(times: tuple[float, ...]) -> float:
    """From the first frame until the last stops showing: the median frame lasts as long."""
    steps = [b - a for a, b in pairwise(times)]
    return times[-1] + (float(np.median(steps)) if steps else 1 / RATE)


@lru_cache
def places(camera: Camera) -> list[tuple[int, int]]:
    """(number of the file, number in it) of each frame."""
    return [(i, n) for i, file in enumerate(camera.files) for n in range(len(file.times))]


def seconds(camera: Camera) -> list[float]:
    begins = starts(camera)
    return [begins[i] + camera.files[i].times[n] for i, n in places(camera)]


def ends(camera: Camera) -> list[float]:
    """When each frame stops showing."""
    begins = starts(camera)
    found = []
    for i, n in places(camera):
        times = camera.files[i].times
        found.append(begins[i] + (times[n + 1] if n + 1 < len(times) else lasts(times)))
    return found


def moment(camera: Camera, at: float) -> datetime | timedelta:
    """A time as the column `timestamp` has it."""
    since = timedelta(microseconds=round(at * 1e6))
    return since if camera.files[0].start is None else camera.files[0].start + since


# --- calls ----------------------------------------------------------------------------------------------------------


def value(call: Call, camera: Camera, frame: int) -> bool | int | None:
    """What the call is on a frame: None where the camera has no such region."""
    if call.region is not None and region_of(call.region, camera) is None:
        return None
    size = camera.files[places(camera)[frame][0]].size
    found = sum(counts(call, box, camera, size) for box in camera.holds(frame))
    return found > 0 if call.function == "contains" else found


def counts(call: Call, box: Box, camera: Camera, size: tuple[int, int]) -> bool:
    if call.classes and box.name not in call.classes:
        return False
    if np.float32(box.score) < np.float32(call.confidence) or area(box, size) < call.min_area:
        return False
    if call.region is None:
        return True
    region = region_of(call.region, camera)
    assert region is not None
    return inside(region, ((box.x1 + box.x2) / 2 / size[0], (box.y1 + box.y2) / 2 / size[1]))


def area(box: Box, size: tuple[int, int]) -> float:
    return (box.x2 - box.x1) * (box.y2 - box.y1) / (size[0] * size[1])


def region_of(text: str, camera: Camera) -> tuple[str, list[Point]] | None:
    if text.startswith("'"):
        return REGIONS.get((camera.name, text.strip("'").lower()))
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", text)]
    return text[: text.index("(")].strip().lower(), list(zip(numbers[::2], numbers[1::2], strict=True))


def inside(region: tuple[str, list[Point]], point: Point) -> bool:
    kind, corners = region
    if kind == "box":
        (x1, y1), (x2, y2) = corners
        return x1 <= point[0] <= x2 and y1 <= point[1] <= y2
    crossings = 0
    for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
        if _on_edge(a, b, point):
            return True
        if (a[1] > point[1]) != (b[1] > point[1]):
            crossings += point[0] < (b[0] - a[0]) * (point[1] - a[1]) / (b[1] - a[1]) + a[0]
    return crossings % 2 == 1


def _on_edge(a: Point, b: Point, p: Point) -> bool:
    across = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
    along = (p[0] - a[0]) * (p[0] - b[0]) + (p[1] - a[1]) * (p[1] - b[1])
    return abs(across) < 1e-9 and along <= 1e-9


# --- from the text of a query to the oracle's -----------------------------------------------------------------------

_CALL = re.compile(r"\b(contains|objects)\s*\(", re.I)


def calls_in(text: str) -> list[tuple[int, int, str, Call]]:
    """Each call of the text: start, end, alias ('' where none), meaning."""
    found = []
    position = 0
    while match := _CALL.search(text, position):
        end = _closing(text, match.end())
        arguments = _split(text[match.end() : end])
        alias = arguments.pop(0) if arguments and re.fullmatch(r'\w+|"[^"]+"', arguments[0]) else ""
        found.append((match.start(), end + 1, alias, _meaning(match[1].lower(), arguments)))
        position = end
    return found


def _closing(text: str, start: int) -> int:
    depth, quoted = 1, False
    for i in range(start, len(text)):
        quoted ^= text[i] == "'"
        depth += 0 if quoted else (text[i] in "([") - (text[i] in ")]")
        if depth == 0:
            return i
    raise ValueError(text)


def _split(text: str) -> list[str]:
    """At the commas outside of brackets and strings."""
    parts, depth, quoted = [""], 0, False
    for c in text:
        quoted ^= c == "'"
        depth += 0 if quoted else (c in "([") - (c in ")]")
        if c == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts if p.strip()]


def _meaning(function: str, arguments: list[str]) -> Call:
    named = dict(re.split(r"\s*(?:=>|:=)\s*", a, maxsplit=1) for a in arguments if re.match(r"\w+\s*(=>|:=)", a))
    plain = [a for a in arguments if not re.match(r"\w+\s*(=>|:=)", a)]
    classes = tuple(sorted({c.lower() for a in plain for c in re.findall(r"'([^']*)'", a)}))
    return Call(
        function,
        classes,
        named.get("region"),
        float(named.get("confidence", 0.4)),
        float(named.get("min_area", 0)),
    )


class Oracle:
    """A DuckDB with a table for each camera (`cam1`), its detections (`detections_cam1`), and both without the hidden
    columns (`plain_cam1`, `plain_detections_cam1`), made when a query names the camera."""

    def __init__(self, clips: Path, detection_confidence: float = 0.25) -> None:
        self.clips = clips
        self.floor = detection_confidence
        self.connection = duckdb.connect(":memory:")
        self._calls: list[Call] = []
        self._made: dict[str, int] = {}  # camera → how many of the calls its tables have
        self._hidden: dict[str, dict[str, pa.Array]] = {name: {} for name in CAMERAS}

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        translated = self.translate(text)
        for camera in CAMERAS.values():
            if re.search(rf"(\b|_){camera.name}\b", text) and self._made.get(camera.name) != len(self._calls):
                self._make(camera)
        return self.connection.sql(translated).fetchall()

    def translate(self, text: str) -> str:
        """The text with columns in the place of calls."""
        out, position = "", 0
        for start, end, alias, call in calls_in(text):
            out += text[position:start] + (f"{alias}." if alias else "") + f'"{self._column(call)}"'
            position = end
        text = out + text[position:]
        return re.sub(r"\bdetections\(\s*(\w+)\s*\)", r"detections_\1", text)

    def _column(self, call: Call) -> str:
        if call not in self._calls:
            self._calls.append(call)
        return f"call {self._calls.index(call)}"

    def _make(self, camera: Camera) -> None:
        hidden = self._hidden[camera.name]
        for number in range(len(hidden), len(self._calls)):
            call = self._calls[number]
            values = [value(call, camera, n) for n in range(camera.frames)]
            hidden[f"call {number}"] = pa.array(values, pa.bool_() if call.function == "contains" else pa.int64())
        frames = frame_columns(camera, self.clips)
        owners, boxes = box_columns(camera, self.floor)
        taken = {name: column.take(owners) for name, column in {**frames, **hidden}.items()}
        plain = {name: taken[name] for name in frames}
        self._table(camera.name, {**frames, **hidden})
        self._table(f"plain_{camera.name}", frames)
        self._table(f"detections_{camera.name}", {**taken, **boxes})
        self._table(f"plain_detections_{camera.name}", {**plain, **boxes})
        self._made[camera.name] = len(self._calls)

    def _table(self, name: str, columns: dict[str, pa.Array]) -> None:
        self.connection.register("made", pa.table(columns))
        # Durations come out of Arrow as intervals.
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM made")
        self.connection.unregister("made")


@lru_cache
def frame_columns(camera: Camera, clips: Path) -> dict[str, pa.Array]:
    files = [camera.files[i] for i, _ in places(camera)]
    times = [moment(camera, s) for s in seconds(camera)]
    return {
        "video": pa.array([camera.name] * camera.frames),
        "file": pa.array([str(clips / f.path) for f in files]),
        "frame": pa.array(range(camera.frames), pa.int64()),
        "timestamp": pa.array(times, pa.timestamp("us") if camera.dated else pa.duration("us")),
        "seconds": pa.array(seconds(camera), pa.float64()),
        "width": pa.array([f.size[0] for f in files], pa.int32()),
        "height": pa.array([f.size[1] for f in files], pa.int32()),
    }


@lru_cache
def box_columns(camera: Camera, floor: float) -> tuple[pa.Array, dict[str, pa.Array]]:
    """For each box from the floor up its frame, and its columns."""
    owners: list[int] = []
    boxes: list[Box] = []
    areas: list[float] = []
    for n, (i, _) in enumerate(places(camera)):
        for box in camera.holds(n):
            if np.float32(box.score) >= np.float32(floor):
                owners.append(n)
                boxes.append(box)
                areas.append(area(box, camera.files[i].size))
    columns: dict[str, Callable[[Box], float | str]] = {
        "class": lambda b: b.name,
        "confidence": lambda b: float(np.float32(b.score)),
        "x1": lambda b: b.x1,
        "y1": lambda b: b.y1,
        "x2": lambda b: b.x2,
        "y2": lambda b: b.y2,
    }
    made = {
        name: pa.array([f(b) for b in boxes], pa.string() if name == "class" else pa.float64())
        for name, f in columns.items()
    }
    return pa.array(owners, pa.int64()), made | {"area": pa.array(areas, pa.float64())}


# --- stable truth and events ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """A duration: seconds, or frames."""

    seconds: float | None = None
    frames: int | None = None


def segments(camera: Camera, gap: float) -> list[list[int]]:
    """Frames whose files follow each other within the gap by the clock."""
    begins, numbers = starts(camera), places(camera)
    found: list[list[int]] = []
    for i, file in enumerate(camera.files):
        own = [n for n, (j, _) in enumerate(numbers) if j == i]
        close = i > 0 and begins[i] - (begins[i - 1] + lasts(camera.files[i - 1].times)) <= gap + 1e-6
        if camera.dated and close:
            found[-1] += own
        else:
            found.append(own)
        assert len(own) == len(file.times)
    return found


def stable(camera: Camera, truth: list[bool], window: Span, gap: float = 1.0) -> list[bool]:
    """The majority around each frame; a tie is false."""
    times = seconds(camera)
    out = [False] * camera.frames
    for segment in segments(camera, gap):
        for n in segment:
            if window.frames is not None:
                around = [m for m in segment if abs(m - n) <= window.frames // 2]
            else:
                assert window.seconds is not None
                around = [m for m in segment if abs(times[m] - times[n]) <= window.seconds / 2 + 2e-6]
            out[n] = 2 * sum(truth[m] for m in around) > len(around)
    return out


def events(
    camera: Camera, truth: list[bool], gap: Span = Span(seconds=1.0), minimum: Span | None = None
) -> list[tuple[int, int, float, float]]:
    """First and last frame, start and end in seconds of each event."""
    begin, end = seconds(camera), ends(camera)
    found: list[tuple[int, int, float, float]] = []
    for segment in segments(camera, gap.seconds or 0.0):
        runs: list[list[int]] = []
        for n in (n for n in segment if truth[n]):
            if runs and _close(runs[-1][1], n, gap, begin, end):
                runs[-1][1] = n
            else:
                runs.append([n, n])
        found += [(a, b, begin[a], end[b]) for a, b in runs if _long(a, b, minimum, begin, end)]
    return found


def _close(last: int, now: int, gap: Span, begin: list[float], end: list[float]) -> bool:
    if now == last + 1:
        return True
    if gap.frames is not None:
        return now - last - 1 <= gap.frames
    assert gap.seconds is not None
    return begin[now] - end[last] <= gap.seconds + 1e-6


def _long(first: int, last: int, minimum: Span | None, begin: list[float], end: list[float]) -> bool:
    if minimum is None:
        return True
    if minimum.frames is not None:
        return last - first + 1 >= minimum.frames
    assert minimum.seconds is not None
    return end[last] - begin[first] >= minimum.seconds - 1e-6


def truth_of(camera: Camera, call: str) -> list[bool]:
    """A call on each frame, as written in a query."""
    ((_, _, _, meaning),) = calls_in(call)
    return [bool(value(meaning, camera, n)) for n in range(camera.frames)]
