"""detections(…, mask => true): outlines from the model to the result, computed once and only where they are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from clips import Picture, make_clip

import vqe
from vqe.errors import QueryError
from vqe.labels import Labels, Masks
from vqe.library import Library
from vqe.models.settings import MOST_BOXES
from vqe.physical.batch import Batch, joined
from vqe.video import read_frames

FRAMES = 4
FLOOR = 0.4
CORNERS = pa.list_(pa.struct([("x", pa.float64()), ("y", pa.float64())]))


@pytest.fixture(scope="module")
def made(segmentation: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """`db` over a clip of a few frames, their `rows` with masks from a first run, and how many `pictures` it took."""
    folder = tmp_path_factory.mktemp("masks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VQE_CACHE", str(segmentation.cache))
        patch.delenv("VQE_DB", raising=False)
        clip = make_clip(folder / "clip.mp4", FRAMES, (640, 480), pictures=_passing(), options={"crf": "10"})
        with vqe.connect(folder / "db") as db:
            db.sql(f"SET detection_confidence = {FLOOR}")
            db.sql(f"CREATE VIDEO cam FROM '{clip}' WITH (model = '{segmentation.weights}')")
            seen = _counted(patch)
            rows = _all(db, "SELECT * FROM detections(cam, mask => true)")
            yield SimpleNamespace(db=db, rows=rows, pictures=len(seen), folder=folder, labels=folder / "db" / "labels")


def _passing() -> Any:
    """A picture of a bus that moves to the left."""
    from ultralytics.utils import ASSETS

    bus = cv2.imread(str(ASSETS / "bus.jpg"))
    assert bus is not None

    def picture(number: int) -> Picture:
        return np.ascontiguousarray(bus[300:780, 20 * number : 640 + 20 * number])

    return picture


def _counted(patch: pytest.MonkeyPatch) -> list[bool]:
    """For every picture that a model is shown from now on, whether masks were asked for."""
    from vqe.models.yolo import YoloModel

    seen: list[bool] = []
    plain = YoloModel.detect

    def detect(self: YoloModel, pictures: Any, confidence: float, masks: bool = False) -> Any:
        seen.extend([masks] * len(pictures))
        return plain(self, pictures, confidence, masks)

    patch.setattr(YoloModel, "detect", detect)
    return seen


@pytest.fixture
def db(made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> vqe.Connection:
    """After the first run: a model is asked no more."""

    def refuse(_library: Library, info: object) -> None:
        raise AssertionError(f"the test would run a model: {info}")

    monkeypatch.setattr(Library, "reference", refuse)
    return made.db  # type: ignore[no-any-return]


def _all(db: vqe.Connection, query: str) -> list[tuple[Any, ...]]:
    relation = db.sql(query)
    assert relation is not None
    return relation.fetchall()


def test_every_box_has_the_outline_that_the_model_gives(made: SimpleNamespace) -> None:
    assert made.pictures == FRAMES
    library = made.db._engine.library
    source = library.find("cam")
    assert source is not None
    model = library.reference(library.model(source.model))
    rows = iter(made.rows)
    for _, picture in read_frames(source.video, np.arange(FRAMES)):
        (found,) = model.detect([picture], FLOOR, True)
        assert len(found) < MOST_BOXES
        assert found.masks is not None
        for score, (first, stop) in zip(found.scores, pairwise(found.masks.offsets), strict=True):
            row = next(rows)
            assert row[8] == float(score)
            assert row[-1] == [{"x": float(x), "y": float(y)} for x, y in found.masks.points[first:stop]]
    assert next(rows, None) is None


def test_outlines_lie_around_their_boxes(made: SimpleNamespace) -> None:
    for *_, x1, y1, x2, y2, _, mask in made.rows:
        assert all(x1 - 2 <= c["x"] <= x2 + 2 and y1 - 2 <= c["y"] <= y2 + 2 for c in mask)


def test_a_second_run_asks_no_model(made: SimpleNamespace, db: vqe.Connection) -> None:
    assert _all(db, "SELECT * FROM detections(cam, mask => true)") == made.rows
    with vqe.connect(made.folder / "db") as again:
        again.sql(f"SET detection_confidence = {FLOOR}")
        assert _all(again, "SELECT * FROM detections(cam, mask => true)") == made.rows


def test_columns_and_types(db: vqe.Connection) -> None:
    relation = db.sql("SELECT * FROM detections(cam, track => true, mask => true)")
    assert relation is not None
    assert relation.columns[-3:] == ["area", "track", "mask"]
    assert relation.types[-1] == "STRUCT(x DOUBLE, y DOUBLE)[]"
    assert relation.arrow().schema.field("mask").type == CORNERS
    assert "mask" not in _columns(db, "SELECT * FROM detections(cam, mask => false)")


def _columns(db: vqe.Connection, query: str) -> list[str]:
    relation = db.sql(query)
    assert relation is not None
    return relation.columns


def test_tracks_beside_masks(made: SimpleNamespace, db: vqe.Connection) -> None:
    found = _all(db, "SELECT * FROM detections(cam, track => true, mask => true)")
    assert [(*row[:-2], row[-1]) for row in found] == made.rows
    assert any(row[-2] is not None for row in found)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("frame BETWEEN 2 AND 3", lambda row: 2 <= row[2] <= 3),
        ("class = '63' OR confidence > 0.9", lambda row: row[7] == "63" or row[8] > 0.9),
        ("len(mask) > 20", lambda row: len(row[-1]) > 20),
        ("list_max([c.x FOR c IN mask]) < x2", lambda row: max(c["x"] for c in row[-1]) < row[11]),
    ],
)
def test_where(made: SimpleNamespace, db: vqe.Connection, query: str, kept: Any) -> None:
    found = _all(db, f"SELECT * FROM detections(cam, mask => true) WHERE {query}")
    assert found == [row for row in made.rows if kept(row)] != []


def test_where_the_model_is_asked_too(made: SimpleNamespace, db: vqe.Connection) -> None:
    for name in {row[7] for row in made.rows}:
        frames = {row[2] for row in made.rows if row[7] == name}
        where = f"contains('{name}', confidence => {FLOOR}) AND seconds < 1"
        found = _all(db, f"SELECT * FROM detections(cam, mask => true) WHERE {where}")
        assert found == [row for row in made.rows if row[2] in frames]


def test_limit_and_calls(made: SimpleNamespace, db: vqe.Connection) -> None:
    assert _all(db, "SELECT frame, mask FROM detections(cam, mask => true) LIMIT 5") == [
        (row[2], row[-1]) for row in made.rows[:5]
    ]
    found = _all(db, f"SELECT mask, objects(confidence => {FLOOR}) FROM detections(cam, mask => true) AS c(v, f, n)")
    counts = np.bincount([row[2] for row in made.rows])
    assert found == [(row[-1], counts[row[2]]) for row in made.rows]


def test_a_higher_confidence_is_served(made: SimpleNamespace, db: vqe.Connection) -> None:
    db.sql("SET detection_confidence = 0.7")
    try:
        found = _all(db, "SELECT * FROM detections(cam, mask => true)")
    finally:
        db.sql(f"SET detection_confidence = {FLOOR}")
    assert found == [row for row in made.rows if row[8] >= np.float32(0.7)] != []


def test_results_go_everywhere(made: SimpleNamespace, db: vqe.Connection, tmp_path: Path) -> None:
    query = "SELECT frame, mask FROM detections(cam, mask => true)"
    wanted = [(row[2], row[-1]) for row in made.rows]
    for name in ("a.parquet", "a.arrow"):
        db.sql(f"COPY ({query}) TO '{tmp_path / name}'")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.field("mask").type.value_type == CORNERS.value_type
    assert list(zip(table["frame"].to_pylist(), table["mask"].to_pylist(), strict=True)) == wanted
    with pa.ipc.open_stream(tmp_path / "a.arrow") as reader:
        assert reader.read_all()["mask"].to_pylist() == [mask for _, mask in wanted]
    db.sql(f"CREATE OR REPLACE TABLE outlines AS {query}")
    assert _all(db, "SELECT * FROM outlines") == wanted
    relation = db.sql(query)
    assert relation is not None
    assert relation.pl()["mask"].to_list() == [mask for _, mask in wanted]


def test_the_plan_says_so(db: vqe.Connection) -> None:
    asked = str(_all(db, "EXPLAIN SELECT frame, mask FROM detections(cam, mask => true)"))
    assert "Detect outlines ≥ 0.4 with masks" in asked
    assert f"{FRAMES} stored" in asked
    assert "with masks" not in str(_all(db, "EXPLAIN SELECT frame FROM detections(cam, mask => true)"))
    assert "with masks" not in str(_all(db, "EXPLAIN SELECT * FROM detections(cam)"))


def test_labels_with_and_without_are_kept_apart(made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing reads the masks none are computed; the boxes are the same."""
    seen = _counted(monkeypatch)
    (with_masks,) = made.labels.iterdir()
    assert with_masks.name.endswith("-masks")
    assert _all(made.db, "SELECT * FROM detections(cam)") == [row[:-1] for row in made.rows]
    assert seen == [False] * FRAMES
    assert {path.name for path in made.labels.iterdir()} == {with_masks.name, with_masks.name.removesuffix("-masks")}
    count = f"SELECT count(*) FROM detections(cam, mask => true) WHERE contains('63', confidence => {FLOOR})"
    assert _all(made.db, count) == _all(made.db, count.replace(", mask => true", ""))
    assert len(seen) == FRAMES, "nothing reads the masks: the plain labels serve"


def test_a_model_without_masks(made: SimpleNamespace) -> None:
    folder = made.folder / "boxes_openvino_model"
    folder.mkdir()
    (folder / "model.xml").write_text("<net/>")
    (folder / "metadata.yaml").write_text(yaml.safe_dump({"task": "detect", "names": {0: "person"}}), "utf-8")
    query = f"SELECT * FROM detections(cam, mask => true) USING MODEL '{folder}'"
    with pytest.raises(QueryError, match="error: boxes has no masks\n") as caught:
        made.db.sql(query)
    assert caught.value.span is not None
    assert caught.value.span.of(query) == "mask => true"
    assert caught.value.hint == "use a segmentation model: USING MODEL 'yolo11n-seg.pt'"
    made.db.sql(query.replace("true", "false"))


def test_a_column_of_another_call(db: vqe.Connection) -> None:
    with pytest.raises(QueryError) as caught:
        db.sql("SELECT mask FROM detections(cam)")
    assert caught.value.hint == "mask is a column of detections(…, mask => true)"


def test_batches_are_cut_and_joined_with_their_masks() -> None:
    batch = Batch(np.arange(3), _labels(), np.array([5, -1, 6]))
    parts = [batch.take(np.array([i])) for i in range(3)]
    whole = joined(parts)
    assert whole.labels is not None
    assert whole.labels.masks is not None
    assert batch.labels is not None
    assert batch.labels.masks is not None
    np.testing.assert_array_equal(whole.labels.masks.offsets, batch.labels.masks.offsets)
    np.testing.assert_array_equal(whole.labels.masks.points, batch.labels.masks.points)
    assert parts[2].labels is not None
    assert parts[2].labels.masks is not None
    assert parts[2].labels.masks.points.tolist() == [[7, 8]]


def _labels() -> Labels:
    """Two boxes, none, and one: outlines of two corners, of none, of one."""
    corners = [np.array([[1, 2], [3, 4]], np.float32), np.empty((0, 2), np.float32), np.array([[7, 8]], np.float32)]
    return Labels(
        np.arange(3),
        np.array([0, 2, 2, 3]),
        np.zeros(3, np.int16),
        np.ones(3, np.float32),
        np.zeros((3, 4), np.float32),
        Masks.of(corners),
    )
