"""events() and STABLE against loops over the pinned labels."""

# ruff: noqa: E501  (a query and what it is compared with stand on one line)

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from oracle import Span, events, moment, places, seconds, stable, truth_of
from pinned import CAMERAS, Camera

import vqe

COLUMNS = "start_frame, end_frame, start_seconds, end_seconds"


def rows(db: vqe.Connection, query: str) -> list[Any]:
    relation = db.sql(query)
    assert relation is not None
    return relation.fetchall()


def same(found: list[Any], expected: list[tuple[int, int, float, float]]) -> None:
    assert [r[:2] for r in found] == [e[:2] for e in expected]
    assert [r[2:4] for r in found] == [pytest.approx(e[2:]) for e in expected]


# --- GAP and MINIMUM ------------------------------------------------------------------------------------------------

CASES = [
    ("cam1", "contains('bus')"),
    ("cam1", "contains('car')"),
    ("cam1", "contains('person')"),
    ("cam1", "contains('dog')"),
    ("cam1", "contains('cat')"),
    ("cam1", "contains('zebra')"),
    ("cam2", "contains('person')"),
    ("yard", "contains('bus')"),
    ("yard", "contains('person')"),
    ("yard", "contains('car')"),
    ("parts", "contains('bus')"),
    ("vfr", "contains('bus')"),
    ("vfr", "contains('person')"),
    ("dot", "contains('bus')"),
    ("dot", "contains('car')"),
]
GAPS = [
    ("", Span(seconds=1)),
    ("GAP '2s'", Span(seconds=2)),
    ("GAP '300ms'", Span(seconds=0.3)),
    ("GAP '0s'", Span(seconds=0)),
    ("GAP INTERVAL 500 MILLISECONDS", Span(seconds=0.5)),
    ("GAP '1m'", Span(seconds=60)),
    ("GAP 1", Span(frames=1)),
    ("GAP 3", Span(frames=3)),
]
MINIMA = [
    ("MINIMUM '500ms'", Span(seconds=0.5)),
    ("MINIMUM '1s'", Span(seconds=1)),
    ("MINIMUM 1", Span(frames=1)),
    ("MINIMUM 4", Span(frames=4)),
    ("MINIMUM '10m'", Span(seconds=600)),
]


@pytest.mark.parametrize(("camera", "call"), CASES)
@pytest.mark.parametrize(("clause", "gap"), GAPS)
def test_gap(db: vqe.Connection, camera: str, call: str, clause: str, gap: Span) -> None:
    expected = events(CAMERAS[camera], truth_of(CAMERAS[camera], call), gap)
    same(rows(db, f"SELECT {COLUMNS} FROM events({camera} WHERE {call} {clause}) ORDER BY event"), expected)


@pytest.mark.parametrize(("camera", "call"), CASES[:3] + CASES[7:8] + CASES[11:14])
@pytest.mark.parametrize(("clause", "minimum"), MINIMA)
def test_minimum(db: vqe.Connection, camera: str, call: str, clause: str, minimum: Span) -> None:
    expected = events(CAMERAS[camera], truth_of(CAMERAS[camera], call), Span(seconds=0.2), minimum)
    same(rows(db, f"SELECT {COLUMNS} FROM events({camera} WHERE {call} GAP '200ms' {clause}) ORDER BY event"), expected)


def test_oracle_finds_events_that_differ() -> None:
    """The cases above could not fail if all gaps gave the same events."""
    truth = truth_of(CAMERAS["cam1"], "contains('bus')")
    assert len({len(events(CAMERAS["cam1"], truth, gap)) for _, gap in GAPS}) >= 3
    yard = truth_of(CAMERAS["yard"], "contains('bus')")
    assert {len(events(CAMERAS["yard"], yard, gap)) for _, gap in GAPS} >= {1, 4, 5}


@pytest.mark.parametrize(
    "query",
    [
        "FROM events(cam1 WHERE contains('bus') GAP '2s' MINIMUM '500ms')",
        "FROM events(cam1) WHERE contains('bus') GAP '2s' MINIMUM '500ms'",
        "FROM events(cam1) WHERE contains('bus') MINIMUM '500ms' GAP '2s'",
        "FROM events(cam1 c) WHERE contains('bus') GAP '2s' MINIMUM '500ms'",
        "FROM events(cam1 c WHERE contains(c, 'bus') AND c.frame >= 0 GAP '2s' MINIMUM '500ms')",
        "FROM events(cam1 AS c) WHERE contains(c, 'bus') GAP '2s' MINIMUM '500ms'",
        "FROM events('cam1.mp4' WHERE contains('bus') GAP '2s' MINIMUM '500ms')",
        "FROM events(frames(cam1) WHERE contains('bus') GAP '2s' MINIMUM '500ms')",
        "FROM EVENTS (CAM1 WHERE contains('bus') gap '2s' minimum '500ms')",
        "FROM events(cam1 WHERE contains('bus') GAP INTERVAL '2' SECOND MINIMUM INTERVAL 500 MILLISECOND) AS e",
        "FROM events(cam1 WHERE contains('bus') GAP '2000ms' MINIMUM '0.5s') e",
        "FROM (FROM events(cam1 WHERE contains('bus') GAP '2s' MINIMUM '500ms'))",
    ],
)
def test_ways_to_say_it(db: vqe.Connection, query: str) -> None:
    truth = truth_of(CAMERAS["cam1"], "contains('bus')")
    expected = events(CAMERAS["cam1"], truth, Span(seconds=2), Span(seconds=0.5))
    assert len(expected) == 1
    same(rows(db, f"SELECT {COLUMNS} {query} ORDER BY ALL"), expected)


@pytest.mark.parametrize("camera", ["cam1", "cam2", "yard", "parts", "vfr", "dot"])
def test_every_column(db: vqe.Connection, camera: str) -> None:
    made = CAMERAS[camera]
    expected = events(made, truth_of(made, "contains('bus')"))
    found = rows(db, f"FROM events({camera} WHERE contains('bus'))")
    assert len(found) == len(expected) > 0
    for number, (row, (first, last, start, end)) in enumerate(zip(found, expected, strict=True), 1):
        video, file, event, start_frame, end_frame, start_time, end_time, _, _, duration, frames = row
        assert (video, event, start_frame, end_frame, frames) == (camera, number, first, last, last - first + 1)
        assert file.endswith(made.files[places(made)[first][0]].path)
        assert (start_time, end_time) == (moment(made, start), moment(made, end))
        assert duration == end_time - start_time > timedelta(0)


def test_columns_and_types(db: vqe.Connection) -> None:
    relation = db.sql("FROM events(cam2 WHERE contains('bus'))")
    assert relation is not None
    assert list(zip(relation.columns, relation.types, strict=True)) == [
        ("video", "VARCHAR"),
        ("file", "VARCHAR"),
        ("event", "BIGINT"),
        ("start_frame", "BIGINT"),
        ("end_frame", "BIGINT"),
        ("start_time", "TIMESTAMP"),
        ("end_time", "TIMESTAMP"),
        ("start_seconds", "DOUBLE"),
        ("end_seconds", "DOUBLE"),
        ("duration", "INTERVAL"),
        ("frames", "BIGINT"),
    ]


@pytest.mark.parametrize(
    ("camera", "files"),
    [
        ("cam1", 1),
        ("yard", 3),
        ("parts", 2),
        ("dot", 1),
    ],
)
def test_one_event_a_file_without_a_condition(db: vqe.Connection, camera: str, files: int) -> None:
    made = CAMERAS[camera]
    first = [n for n, (_, place) in enumerate(places(made)) if place == 0]
    found = rows(db, f"SELECT start_frame, end_frame FROM events({camera}) ORDER BY 1")
    assert len(first) == files
    assert found == list(zip(first, [*(n - 1 for n in first[1:]), made.frames - 1], strict=True))


def test_null_is_false(db: vqe.Connection) -> None:
    query = "SELECT start_frame, end_frame FROM events(cam1 WHERE CASE WHEN frame = 7 THEN TRUE WHEN frame > 9 THEN NULL END)"
    assert rows(db, query) == [(7, 7)]


def test_event_of_the_last_frame(db: vqe.Connection) -> None:
    query = (
        "SELECT start_frame, end_frame, start_seconds, end_seconds, duration FROM events(cam1) WHERE contains('dog')"
    )
    same(rows(db, query), [(299, 299, 29.9, 30.0)])
    assert rows(db, query)[0][4] == timedelta(seconds=0.1)


def test_number_goes_on_over_files(db: vqe.Connection) -> None:
    assert rows(db, "SELECT list(event ORDER BY start_frame) FROM events(yard WHERE contains('bus'))") == [
        ([1, 2, 3, 4],)
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count(*) FROM events(cam1 WHERE contains('zebra'))", 0),
        ("SELECT count(*) FROM events(cam1 WHERE frame < 0)", 0),
        ("SELECT count(*) FROM events(cam1 WHERE contains('bus') AND frame < 90 GAP '0s')", 8),
        ("SELECT count(*) FROM events(cam1 WHERE contains('bus') GAP '0s') WHERE duration >= INTERVAL 600 MILLISECOND", 7),
        ("SELECT count(*) FROM events(cam1 WHERE contains('bus') GAP '0s') WHERE frames = 6", 7),
        ("SELECT max(frames) FROM events(cam1 WHERE contains('bus') GAP '0s')", 6),
        ("SELECT event FROM events(cam1 WHERE contains('bus') GAP '0s') ORDER BY start_frame DESC LIMIT 1", 10),
        ("SELECT count(*) FROM events(cam1 WHERE contains('bus')) a JOIN events(cam2 WHERE contains('bus')) b ON a.event = b.event", 2),
        ("SELECT count(*) FROM events(cam1 WHERE contains('bus') GAP '0s') e JOIN cam1 f ON f.frame BETWEEN e.start_frame AND e.end_frame"
         " WHERE contains(f, 'bus')", 56),
        ("SELECT count(*) FROM cam1 WHERE frame IN (SELECT start_frame FROM events(cam1 WHERE contains('bus') GAP '0s'))", 10),
        ("WITH e AS (FROM events(cam1 WHERE contains('bus') GAP '0s')) SELECT count(*) FROM e x JOIN e y ON y.event = x.event + 1", 9),
        ("SELECT sum(frames) FROM events(cam1) WHERE contains('bus') GAP '0s'", 56),
        ("SELECT count(*) AS n FROM events(cam1) WHERE contains('bus') GAP '0s' GROUP BY frames HAVING frames = 6", 7),
        ("SELECT events.event FROM events(cam1 WHERE contains('bus')) ORDER BY 1 DESC LIMIT 1", 2),
        ("SELECT count(*) FROM events(cam1 WHERE contains('bus') OR contains('truck') GAP '0s')", 10),
    ],
)  # fmt: skip
def test_as_a_table(db: vqe.Connection, query: str, expected: int) -> None:
    assert rows(db, query) == [(expected,)]


# --- STABLE ---------------------------------------------------------------------------------------------------------

WINDOWS = [
    ("STABLE '1s'", Span(seconds=1)),
    ("STABLE '500ms'", Span(seconds=0.5)),
    ("STABLE '3s'", Span(seconds=3)),
    ("STABLE INTERVAL 2 SECONDS", Span(seconds=2)),
    ("STABLE 3", Span(frames=3)),
    ("STABLE 7", Span(frames=7)),
    ("STABLE 1", Span(frames=1)),
    ("STABLE 1001", Span(frames=1001)),
    ("STABLE '1h'", Span(seconds=3600)),
]
RANGES = [
    "frame BETWEEN 41 AND 46",
    "frame = 47",
    "frame IN (0, 44, 45, 94, 95, 119)",
    "seconds >= 4.4",
    "frame % 9 < 2",
]


def numbers(camera: Camera, truth: list[bool], window: Span, gap: float = 1.0) -> list[int]:
    return [n for n, true in enumerate(stable(camera, truth, window, gap)) if true]


@pytest.mark.parametrize(("camera", "call"), [c for c in CASES if c[1] not in ("contains('zebra')", "contains('cat')")])
@pytest.mark.parametrize(("clause", "window"), WINDOWS)
def test_stable(db: vqe.Connection, camera: str, call: str, clause: str, window: Span) -> None:
    expected = numbers(CAMERAS[camera], truth_of(CAMERAS[camera], call), window)
    found = rows(db, f"SELECT frame FROM {camera} WHERE {call} {clause}")
    assert [r[0] for r in found] == expected


@pytest.mark.parametrize("camera", ["cam1", "yard", "parts", "vfr"])
@pytest.mark.parametrize("where", RANGES)
@pytest.mark.parametrize(("clause", "window"), [WINDOWS[0], WINDOWS[4], WINDOWS[2]])
def test_stable_in_a_range(db: vqe.Connection, camera: str, where: str, clause: str, window: Span) -> None:
    """A range takes rows away and changes none of those that stay."""
    made = CAMERAS[camera]
    asked = {r[0] for r in rows(db, f"SELECT frame FROM {camera} WHERE {where}")}
    expected = [n for n in numbers(made, truth_of(made, "contains('bus')"), window) if n in asked]
    found = rows(db, f"SELECT frame FROM {camera} WHERE contains('bus') AND {where} {clause}")
    assert sorted(r[0] for r in found) == expected


def test_a_tie_is_false(db: vqe.Connection) -> None:
    """Persons of cam2 are on every odd frame: a whole window of three has two around an even one, one around an odd;
    the windows of two frames at both ends have one of two."""
    found = [r[0] for r in rows(db, "SELECT frame FROM cam2 WHERE contains('person') STABLE 3")]
    assert found == list(range(2, 119, 2))


def test_stable_is_of_the_whole_condition(db: vqe.Connection) -> None:
    made = CAMERAS["cam1"]
    both = [
        a and not b for a, b in zip(truth_of(made, "contains('bus')"), truth_of(made, "contains('car')"), strict=True)
    ]
    found = rows(db, "SELECT frame FROM cam1 WHERE contains('bus') AND NOT contains('car') STABLE '1s'")
    assert [r[0] for r in found] == numbers(made, both, Span(seconds=1))


@pytest.mark.parametrize("clause", ["GAP '0s'", "GAP '1s'", "GAP '400ms'", "GAP '2s' MINIMUM '1s'"])
@pytest.mark.parametrize("camera", ["cam1", "yard", "parts", "vfr"])
def test_stable_before_gap_before_minimum(db: vqe.Connection, camera: str, clause: str) -> None:
    made = CAMERAS[camera]
    gap = {"GAP '0s'": 0.0, "GAP '1s'": 1.0, "GAP '400ms'": 0.4}.get(clause, 2.0)
    minimum = Span(seconds=1) if "MINIMUM" in clause else None
    truth = stable(made, truth_of(made, "contains('bus')"), Span(seconds=1), gap)
    found = rows(
        db, f"SELECT {COLUMNS} FROM events({camera} WHERE contains('bus') {clause} STABLE '1s') ORDER BY event"
    )
    same(found, events(made, truth, Span(seconds=gap), minimum))


@pytest.mark.parametrize(
    ("gap", "seconds_"), [("GAP '0s'", 0.0), ("GAP '400ms'", 0.4), ("GAP '500ms'", 0.5), ("", 1.0)]
)
def test_window_ends_where_a_file_follows_later_than_gap(db: vqe.Connection, gap: str, seconds_: float) -> None:
    made = CAMERAS["yard"]
    truth = stable(made, truth_of(made, "contains('person')"), Span(seconds=0.4), seconds_)
    found = rows(db, f"SELECT {COLUMNS} FROM events(yard WHERE contains('person') {gap} STABLE '400ms') ORDER BY event")
    same(found, events(made, truth, Span(seconds=seconds_)))


def test_stable_as_a_setting(guarded: Any) -> None:
    made = CAMERAS["cam1"]
    expected = numbers(made, truth_of(made, "contains('bus')"), Span(seconds=1))
    with vqe.connect(guarded.folder, {"stable": "1s"}) as db:
        assert [r[0] for r in rows(db, "SELECT frame FROM cam1 WHERE contains('bus')")] == expected
        plain = [n for n, true in enumerate(truth_of(made, "contains('bus')")) if true]
        assert [r[0] for r in rows(db, "SELECT frame FROM cam1 WHERE contains('bus') STABLE 0")] == plain
        assert plain != expected
        event = rows(db, "SELECT start_frame FROM events(cam1 WHERE contains('bus'))")
        assert [r[0] for r in event] == [
            e[0] for e in events(made, stable(made, truth_of(made, "contains('bus')"), Span(seconds=1)))
        ]


def test_values_are_the_model_s_own(db: vqe.Connection) -> None:
    """STABLE is about WHERE: a call in the SELECT list stays what the model says."""
    truth = truth_of(CAMERAS["cam1"], "contains('bus')")
    found = rows(db, "SELECT frame, contains('bus') FROM cam1 WHERE contains('bus') STABLE '1s'")
    assert found == [(n, truth[n]) for n in numbers(CAMERAS["cam1"], truth, Span(seconds=1))]
    assert not all(value for _, value in found)


@pytest.mark.parametrize(
    "call",
    [
        "contains('person', region => 'gate')",
        pytest.param("contains('person', region => BOX(0.25, 0.5, 0.5, 1))"),
        pytest.param("contains('person', region => POLYGON((0, 0), (1, 0), (0, 1)))"),
        "contains(['person', 'truck'], confidence => 0.3, min_area => 0.01)",
    ],
)
def test_stable_with_arguments(db: vqe.Connection, call: str) -> None:
    expected = numbers(CAMERAS["cam1"], truth_of(CAMERAS["cam1"], call), Span(seconds=1))
    assert expected
    assert [r[0] for r in rows(db, f"SELECT frame FROM cam1 WHERE {call} STABLE '1s'")] == expected
    found = rows(db, f"SELECT start_frame FROM events(cam1 WHERE {call} STABLE '1s')")
    truth = [n in set(expected) for n in range(300)]
    assert [r[0] for r in found] == [e[0] for e in events(CAMERAS["cam1"], truth)]


def test_stable_with_two_videos(db: vqe.Connection) -> None:
    buses = [numbers(CAMERAS[c], truth_of(CAMERAS[c], "contains('bus')"), Span(seconds=1)) for c in ("cam1", "cam2")]
    found = rows(
        db,
        "SELECT frame FROM cam1 a JOIN cam2 b USING (frame) WHERE contains(a, 'bus') AND contains(b, 'bus') STABLE '1s'",
    )
    assert sorted(r[0] for r in found) == sorted(set(buses[0]) & set(buses[1]))


@pytest.mark.parametrize("clause", ["LIMIT 4", "LIMIT 3 OFFSET 5", "ORDER BY frame DESC LIMIT 2"])
def test_stable_with_limit(db: vqe.Connection, clause: str) -> None:
    expected = numbers(CAMERAS["cam1"], truth_of(CAMERAS["cam1"], "contains('bus')"), Span(seconds=1))
    cut = {"LIMIT 4": expected[:4], "LIMIT 3 OFFSET 5": expected[5:8]}.get(clause, expected[:-3:-1])
    assert [r[0] for r in rows(db, f"SELECT frame FROM cam1 WHERE contains('bus') STABLE '1s' {clause}")] == cut


def test_times_of_frames(db: vqe.Connection) -> None:
    for camera in CAMERAS.values():
        found = rows(db, f"SELECT seconds, timestamp FROM {camera.name} ORDER BY frame")
        assert [r[0] for r in found] == pytest.approx(seconds(camera))
        assert [r[1] for r in found] == [moment(camera, s) for s in seconds(camera)]
