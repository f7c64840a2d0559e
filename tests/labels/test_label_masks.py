"""Labels with masks: kept, cut, joined and merged with their boxes; labels without stay what they were."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from label_samples import make, opened, parts, same
from numpy.typing import NDArray

from vqe.errors import VqeWarning
from vqe.labels import Labels, LabelStore, Masks, concatenate
from vqe.labels import compaction as compaction_module
from vqe.labels.compaction import compact, smallest
from vqe.labels.parquet import MASK_ROWS, ROWS, Part


def masked(frames: NDArray[np.int64], seed: int = 0, most: int = 6, floor: float = 0.25, corners: int = 9) -> Labels:
    """Random labels with an outline of 0 to `corners` corners a box."""
    labels = make(frames, seed, most, floor)
    random = np.random.default_rng(seed)
    return replace(labels, masks=Masks.of([outline(random, corners) for _ in labels.scores]))


def outline(random: np.random.Generator, corners: int) -> NDArray[np.float32]:
    return random.uniform(0, 1920, (int(random.integers(0, corners + 1)), 2)).astype(np.float32)


def outlines(labels: Labels) -> list[list[list[list[float]]]]:
    """By frame and box, the slow way."""
    assert labels.masks is not None
    offsets, points = labels.masks.offsets, labels.masks.points
    boxes = [points[a:b].tolist() for a, b in pairwise(offsets)]
    return [boxes[a:b] for a, b in pairwise(labels.offsets)]


def alike(a: Labels, b: Labels) -> None:
    same(a, b)
    assert a.masks is not None
    assert b.masks is not None
    for left, right in ((a.masks.offsets, b.masks.offsets), (a.masks.points, b.masks.points)):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


def test_outlines_travel_with_their_boxes() -> None:
    labels = masked(np.arange(40))
    positions = np.random.default_rng(1).permutation(40)[:25]
    assert outlines(labels.take(positions)) == [outlines(labels)[i] for i in positions]
    assert outlines(concatenate([labels, labels.take(positions)])) == outlines(labels) + outlines(
        labels.take(positions)
    )
    high = labels.from_score(0.6)
    kept = np.split(labels.scores >= 0.6, labels.offsets[1:-1])
    assert outlines(high) == [
        [o for o, wanted in zip(own, mine, strict=True) if wanted]
        for own, mine in zip(outlines(labels), kept, strict=True)
    ]


def test_no_outlines_at_all() -> None:
    none = Masks.of([])
    assert (none.offsets.tolist(), none.points.shape, none.points.dtype) == ([0], (0, 2), np.float32)
    labels = masked(np.arange(5), most=0)
    alike(concatenate([labels, labels]).take(np.arange(5)), labels)
    assert concatenate([make(np.arange(3))]).masks is None


def test_round_trip_in_any_order(store: LabelStore) -> None:
    labels = masked(np.arange(3, 5000, 2))
    file = opened(store)
    file.append(labels.take(np.arange(1000)), 1.0)
    file.append(labels.take(np.arange(1000, len(labels))), 1.0)
    for reader in (file, opened(store)):
        alike(reader.read(labels.frames), labels)
        positions = np.random.default_rng(1).permutation(len(labels))[:700]
        alike(reader.read(labels.frames[positions]), labels.take(positions))


def test_frames_and_boxes_without_outlines(store: LabelStore) -> None:
    labels = concatenate([masked(np.arange(5), most=0), masked(np.arange(5, 9), corners=0)])
    opened(store).append(labels, 1.0)
    alike(opened(store).read(np.arange(9)), labels)


def test_a_lower_floor_serves_a_higher_one(store: LabelStore) -> None:
    labels = masked(np.arange(100), floor=0.1)
    opened(store, 0.1).append(labels, 1.0)
    alike(opened(store, 0.5).read(np.arange(100)), labels.from_score(0.5))


def test_many_small_batches_become_few_files(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction_module, "MOST", 8)
    labels, file = masked(np.arange(600)), opened(store)
    for start in range(0, 600, 10):
        file.append(labels.take(np.arange(start, start + 10)), 0.1)
    assert len(parts(store)) <= 9
    for reader in (file, opened(store)):
        alike(reader.read(np.arange(600)), labels)
        assert reader.seconds_per_frame() == pytest.approx(0.01)


def test_parts_with_masks_are_full_sooner(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merging takes memory: as many row groups, so fewer frames."""
    monkeypatch.setattr(compaction_module, "_LARGEST", 100 * ROWS // MASK_ROWS)
    for start in range(0, 400, 80):
        opened(store).append(masked(np.arange(start, start + 80)), 1.0)
    assert len(smallest([Part.open(path, 0.25) for path in parts(store)])) == 1
    assert compact(store.folder / "key" / "print", 0.25)
    assert len(parts(store)) == 5


def test_a_damaged_part_is_set_aside(store: LabelStore) -> None:
    labels, file = masked(np.arange(20)), opened(store)
    file.append(labels.take(np.arange(10)), 1.0)
    (whole,) = parts(store)
    file.append(labels.take(np.arange(10, 20)), 1.0)
    (broken,) = set(parts(store)) - {whole}
    content = bytearray(broken.read_bytes())
    column = pq.read_metadata(broken).row_group(0).column(4)
    content[(column.dictionary_page_offset + column.data_page_offset) // 2] ^= 0xFF
    broken.write_bytes(content)
    with pytest.warns(VqeWarning, match="damaged labels were set aside"):
        alike(opened(store).read(np.arange(20)), labels.take(np.arange(10)))


def test_parts_can_be_read_by_any_parquet_reader(store: LabelStore) -> None:
    labels = masked(np.arange(2 * MASK_ROWS + 1))
    opened(store).append(labels, 1.0)
    (part,) = parts(store)
    table = pq.read_table(part)
    assert table.column_names == ["frame", "classes", "scores", "boxes", "masks"]
    assert table["masks"].to_pylist() == [
        [[float(number) for corner in box for number in corner] for box in frame] for frame in outlines(labels)
    ]
    assert pq.read_metadata(part).num_row_groups == 3


def test_labels_without_masks_have_none(store: LabelStore) -> None:
    labels = make(np.arange(20))
    opened(store).append(labels, 1.0)
    assert pq.read_table(parts(store)[0]).column_names == ["frame", "classes", "scores", "boxes"]
    assert opened(store).read(np.arange(20)).masks is None
