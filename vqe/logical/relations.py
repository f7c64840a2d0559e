"""The columns of the three relations that a video has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from vqe.errors import QueryError

Schema: TypeAlias = Sequence[tuple[str, str]]


def timestamp_type(dated: bool) -> str:
    """A dated video has points in time, an undated one times since its beginning."""
    return "TIMESTAMP" if dated else "INTERVAL"


def frame_columns(dated: bool) -> list[tuple[str, str]]:
    return [
        ("video", "VARCHAR"),
        ("file", "VARCHAR"),
        ("frame", "BIGINT"),
        ("timestamp", timestamp_type(dated)),
        ("seconds", "DOUBLE"),
        ("width", "INTEGER"),
        ("height", "INTEGER"),
    ]


def box_columns(dated: bool, tracked: bool = True, masked: bool = True) -> list[tuple[str, str]]:
    boxes = [("class", "VARCHAR")] + [(c, "DOUBLE") for c in ("confidence", "x1", "y1", "x2", "y2", "area")]
    tracks = [("track", "BIGINT")] if tracked else []
    masks = [("mask", "STRUCT(x DOUBLE, y DOUBLE)[]")] if masked else []
    return frame_columns(dated) + boxes + tracks + masks


def event_columns(dated: bool) -> list[tuple[str, str]]:
    return [
        ("video", "VARCHAR"),
        ("file", "VARCHAR"),
        ("event", "BIGINT"),
        ("start_frame", "BIGINT"),
        ("end_frame", "BIGINT"),
        ("start_time", timestamp_type(dated)),
        ("end_time", timestamp_type(dated)),
        ("start_seconds", "DOUBLE"),
        ("end_seconds", "DOUBLE"),
        ("duration", "INTERVAL"),
        ("frames", "BIGINT"),
    ]


_ELSEWHERE = {
    **dict.fromkeys(("class", "confidence", "x1", "y1", "x2", "y2", "area"), "detections(…)"),
    "track": "detections(…, track => true)",
    "mask": "detections(…, mask => true)",
    **dict.fromkeys(("start_time", "end_time", "start_seconds", "end_seconds", "duration", "event"), "events(…)"),
}


def elsewhere(fault: QueryError, text: str) -> QueryError:
    """An unknown column that another relation of a video has: the hint says which."""
    name = fault.span.of(text).strip('"').lower() if fault.span is not None else ""
    relation = _ELSEWHERE.get(name.rpartition(".")[2])
    if relation and "not found" in fault.message:
        also = "; contains('bus') asks a frame" if name == "class" else ""
        if relation == "events(…)":
            also = ": events(cam1 WHERE …) WHERE … asks events, events(cam1) WHERE … the frames they are made of"
        fault.hint = f"{name} is a column of {relation}{also}"
    return fault
