"""A row an object."""

# ruff: noqa: E501  (a query and what it is compared with stand on one line)

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from oracle import Check, Oracle
from pinned import CAMERAS

import vqe

BOXES = "frame, class, confidence, x1, y1, x2, y2, area"


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT {BOXES} FROM detections(cam1)",
        f"SELECT {BOXES} FROM detections(yard)",
        f"SELECT {BOXES} FROM detections(vfr) d WHERE d.class = 'person'",
        "SELECT frame, seconds, timestamp, width, height, class FROM detections(cam2)",
        "SELECT class, count(*), min(confidence), max(area) FROM detections(cam1) GROUP BY class ORDER BY class",
        "SELECT frame, class FROM detections(cam1) WHERE confidence > 0.6",
        "SELECT frame FROM detections(cam1) WHERE confidence = 0.25",
        "SELECT frame FROM detections(cam1) WHERE class = 'truck' AND area >= 0.0625",
        "SELECT frame FROM detections(cam1) WHERE class = 'person' AND x1 < 15",
        "SELECT frame, class FROM detections(cam1) WHERE contains('bus') AND class <> 'bus'",
        "SELECT frame, class FROM detections(cam1) WHERE objects('car') > 2 AND frame BETWEEN 20 AND 80",
        "SELECT frame, class, objects('car') FROM detections(cam1) WHERE class = 'bus'",
        "SELECT frame, class, objects() FROM detections(cam1) WHERE NOT contains('car', confidence => 0.3)",
        "SELECT d.frame, d.class, c.seconds FROM detections(cam1) d JOIN cam1 c USING (frame) WHERE contains(c, 'bus')",
        "SELECT d.frame, d.class FROM detections(cam1) d JOIN cam1 c USING (frame) WHERE contains(d, 'bus') AND objects(c, 'car') > 1",
        "SELECT frame, count(*) FROM detections(cam1) WHERE class = 'car' GROUP BY frame HAVING count(*) > 2 ORDER BY frame",
        "SELECT frame, class, confidence FROM detections(cam1) ORDER BY confidence DESC, frame, class, x1, y1 LIMIT 12",
        "SELECT frame FROM cam1 WHERE frame IN (SELECT frame FROM detections(cam1) WHERE class = 'boat')",
        "SELECT a.frame, a.x1, b.x1 FROM detections(cam1) a JOIN detections(cam1) b ON b.frame = a.frame + 1"
        " AND a.class = b.class WHERE a.class = 'bus'",
        "SELECT count(*) FROM detections(cam1) c, detections(dot) x WHERE x.class = c.class",
        "SELECT class FROM detections(cam1) WHERE frame < 0 UNION ALL SELECT class FROM detections(dot)",
    ],
)
def test_rows(check: Check, query: str) -> None:
    check(query)


def test_star(check: Check) -> None:
    check("SELECT * FROM detections(cam1)", "SELECT * FROM plain_detections_cam1")


def test_path(check: Check) -> None:
    check("SELECT cam1.class FROM detections('cam1.mp4')", "SELECT class FROM detections_cam1")


@pytest.mark.parametrize("floor", ["0.05", "0.1", "0.4", "0.75", "90%"])
def test_setting(guarded: SimpleNamespace, floor: str) -> None:
    """Lower than the default shows what is stored below it; higher cuts."""
    value = float(floor.rstrip("%")) / (100 if "%" in floor else 1)
    expected = Oracle(guarded.clips, value).rows(f"SELECT {BOXES} FROM detections(cam1)")
    with vqe.connect(guarded.folder, {"detection_confidence": floor}) as db:
        found = _rows(db, f"SELECT {BOXES} FROM detections(cam1)")
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_a_lower_call_does_not_lower_the_boxes(check: Check) -> None:
    """contains() with a confidence below the boxes' own floor makes the model's floor lower, not what is shown."""
    check("SELECT frame, class, confidence FROM detections(cam1) WHERE contains('bus', confidence => 0.1)")


def test_falling_scores_in_a_frame(db: vqe.Connection) -> None:
    rows = _rows(db, "SELECT frame, confidence FROM detections(cam1)")
    assert rows == sorted(rows, key=lambda r: (r[0], -r[1]))


def test_columns_and_types(db: vqe.Connection) -> None:
    relation = db.sql("FROM detections(cam2)")
    assert relation is not None
    assert relation.columns[7:] == ["class", "confidence", "x1", "y1", "x2", "y2", "area"]
    assert relation.types[7:] == ["VARCHAR", *["DOUBLE"] * 6]


# --- tracks ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def tracked(db: vqe.Connection) -> list[Any]:
    pytest.importorskip("ultralytics")
    return _rows(
        db, "SELECT frame, class, x1, y1, track FROM detections(cam1, track => true) ORDER BY frame, class, x1, y1"
    )


def test_same_boxes_with_tracks(db: vqe.Connection, tracked: list[Any]) -> None:
    plain = _rows(db, "SELECT frame, class, x1, y1 FROM detections(cam1) ORDER BY frame, class, x1, y1")
    assert [r[:4] for r in tracked] == plain


def test_a_bus_that_passes_is_one_object(tracked: list[Any]) -> None:
    tracks = {track for frame, name, *_, track in tracked if name == "bus" and frame < 100 and track is not None}
    assert len(tracks) == 1


def test_persons_far_apart_are_two_objects(tracked: list[Any]) -> None:
    rows = [r for r in tracked if r[1] == "person" and 242 <= r[0] < 250 and r[4] is not None]
    assert (
        len({track for _, _, x1, _, track in rows if x1 < 10} & {track for _, _, x1, _, track in rows if x1 > 50}) == 0
    )
    assert rows


@pytest.mark.parametrize("where", ["frame BETWEEN 60 AND 70", "seconds > 25", "contains('bus') AND frame > 50"])
def test_tracks_of_a_range_are_those_of_the_whole(db: vqe.Connection, tracked: list[Any], where: str) -> None:
    query = f"SELECT frame, class, x1, y1, track FROM detections(cam1, track => true) WHERE {where} ORDER BY frame, class, x1, y1"
    found = _rows(db, query)
    frames = {r[0] for r in _rows(db, f"SELECT frame FROM cam1 WHERE {where}")}
    assert found == [r for r in tracked if r[0] in frames]
    assert found


def test_numbers_go_on_from_file_to_file(db: vqe.Connection) -> None:
    pytest.importorskip("ultralytics")
    rows = _rows(
        db, "SELECT file, list(DISTINCT track) FROM detections(yard, track => true) WHERE track IS NOT NULL GROUP BY 1"
    )
    tracks = [t for _, ts in rows for t in ts]
    assert len(rows) == len(CAMERAS["yard"].files)
    assert sorted(tracks) == list(range(1, len(tracks) + 1))


def test_track_is_false(db: vqe.Connection) -> None:
    relation = db.sql("FROM detections(cam1, track => false)")
    assert relation is not None
    assert "track" not in relation.columns


def _rows(db: vqe.Connection, query: str) -> list[Any]:
    relation = db.sql(query)
    assert relation is not None
    return relation.fetchall()
