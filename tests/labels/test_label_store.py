"""The label store: what goes in comes out, for every higher floor, in any order, in little memory."""

from __future__ import annotations

import os
import time
from dataclasses import fields

import numpy as np
import pyarrow.parquet as pq
import pytest
from label_samples import make, opened, parts, same

from vqe.errors import VqeWarning
from vqe.labels import FileLabels, Labels, LabelStore
from vqe.labels import compaction as compaction_module
from vqe.labels.compaction import compact, smallest
from vqe.labels.files import TEMPORARY
from vqe.labels.parquet import ROWS, Part


def test_nothing_is_written_before_the_first_label(store: LabelStore) -> None:
    file = opened(store)
    assert not file.known(np.arange(5)).any()
    same(file.read(np.arange(5)), Labels.empty())
    file.append(Labels.empty(), 0.0)
    assert (file.count(), file.seconds_per_frame()) == (0, None)
    assert not store.folder.exists()


def test_round_trip_in_any_order(store: LabelStore) -> None:
    labels = make(np.arange(3, 20_000, 2))
    file = opened(store)
    file.append(labels.take(np.arange(6000)), 60.0)
    file.append(labels.take(np.arange(6000, len(labels))), 0.0)
    for reader in (file, opened(store)):
        np.testing.assert_array_equal(reader.known(np.array([3, 4, 19_999, 20_001, 0, -1])), [1, 0, 1, 0, 0, 0])
        same(reader.read(labels.frames), labels)
        positions = np.random.default_rng(1).permutation(len(labels))[:3000]
        same(reader.read(labels.frames[positions]), labels.take(positions))
    assert opened(store).count() == len(labels)
    assert opened(store).seconds_per_frame() == pytest.approx(60.0 / len(labels))


def test_frames_without_boxes_are_known(store: LabelStore) -> None:
    labels = make(np.arange(10), most=0)
    opened(store).append(labels, 1.0)
    assert opened(store).known(np.arange(10)).all()
    same(opened(store).read(np.arange(10)), labels)


def test_unknown_frames_are_left_out(store: LabelStore) -> None:
    labels = make(np.arange(10, 20))
    opened(store).append(labels, 1.0)
    same(opened(store).read(np.array([25, 12, 3, 11])), labels.take(np.array([2, 1])))
    same(opened(store).read(np.array([30])), Labels.empty())
    same(opened(store).read(np.empty(0, np.int64)), Labels.empty())


def test_a_lower_floor_serves_a_higher_one_and_not_the_reverse(store: LabelStore) -> None:
    labels = make(np.arange(100), floor=0.1)
    opened(store, 0.1).append(labels, 1.0)
    file = opened(store, 0.5)
    assert file.known(np.arange(100)).all()
    cut = file.read(np.arange(100))
    np.testing.assert_array_equal(cut.frames, labels.frames)
    np.testing.assert_array_equal(cut.scores, labels.scores[labels.scores >= 0.5])
    np.testing.assert_array_equal(cut.boxes, labels.boxes[labels.scores >= 0.5])
    np.testing.assert_array_equal(cut.owners(), labels.owners()[labels.scores >= 0.5])
    assert not opened(store, 0.05).known(np.arange(100)).any()


def test_a_floor_keeps_all_its_digits(store: LabelStore) -> None:
    labels = make(np.arange(5))
    for floor in (1e-7, 0.1 + 0.2, 0.0, 1.0):
        opened(store, floor).append(labels, 1.0)
    assert sorted(compaction_module.listing(store.folder / "key" / "print").values()) == [0.0, 1e-7, 0.1 + 0.2, 1.0]


def test_of_two_labels_of_a_frame_the_lowest_floor_wins(store: LabelStore) -> None:
    low, high = make(np.arange(50), 1, floor=0.1), make(np.arange(50), 2, floor=0.6)
    opened(store, 0.5).append(high, 1.0)
    opened(store, 0.1).append(low, 1.0)
    found = opened(store, 0.5).read(np.arange(50))
    np.testing.assert_array_equal(found.scores, low.scores[low.scores >= 0.5])
    assert opened(store, 0.5).count() == 50


def test_files_and_models_do_not_mix(store: LabelStore) -> None:
    store.open("print", "key", 0.25).append(make(np.arange(5)), 1.0)
    assert not store.open("other", "key", 0.25).known(np.arange(5)).any()
    assert not store.open("print", "other", 0.25).known(np.arange(5)).any()


def test_an_open_file_sees_what_others_append(store: LabelStore) -> None:
    reader, labels = opened(store), make(np.arange(200))
    assert not reader.known(np.arange(200)).any()
    for start in range(0, 200, 50):
        opened(store).append(labels.take(np.arange(start, start + 50)), 1.0)
        time.sleep(0.01)  # a folder's time stamp may be that coarse
        assert reader.known(np.arange(200)).sum() == start + 50
    same(reader.read(np.arange(200)), labels)


def test_frames_must_rise(store: LabelStore) -> None:
    with pytest.raises(ValueError, match="must rise"):
        opened(store).append(make(np.array([3, 2])), 1.0)


def test_closed_and_used_again(store: LabelStore) -> None:
    file, labels = opened(store), make(np.arange(10))
    file.append(labels, 1.0)
    file.close()
    same(file.read(np.arange(10)), labels)


def test_many_small_batches_become_few_files(store: LabelStore) -> None:
    labels, file = make(np.arange(3000)), opened(store)
    for start in range(0, 3000, 10):
        file.append(labels.take(np.arange(start, start + 10)), 0.1)
    assert len(parts(store)) <= compaction_module.MOST + 1
    for reader in (file, opened(store)):
        same(reader.read(np.arange(3000)), labels)
        assert reader.count() == 3000
        assert reader.seconds_per_frame() == pytest.approx(0.01)


def test_a_frame_is_rewritten_few_times(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0

    def counted(chosen: list[Part]) -> Labels:
        nonlocal written
        merged = plain(chosen)
        written += len(merged)
        return merged

    plain = compaction_module.merge
    monkeypatch.setattr(compaction_module, "merge", counted)
    monkeypatch.setattr(compaction_module, "MOST", 8)
    labels, file = make(np.arange(3000), most=1), opened(store)
    for start in range(0, 3000, 10):
        file.append(labels.take(np.arange(start, start + 10)), 0.1)
    assert written < 12 * 3000  # all anew each time would be 56 times
    same(opened(store).read(np.arange(3000)), labels)


def test_large_parts_are_left_alone(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction_module, "_LARGEST", 100)
    for start in range(0, 400, 80):
        opened(store).append(make(np.arange(start, start + 80)), 1.0)
    chosen = smallest([Part.open(path, 0.25) for path in parts(store)])
    assert len(chosen) == 1
    assert compact(store.folder / "key" / "print", 0.25)
    assert len(parts(store)) == 5


def test_merging_counts_a_frame_once(store: LabelStore) -> None:
    labels = make(np.arange(50))
    for _ in range(3):
        opened(store).append(labels, 1.0)
    assert compact(store.folder / "key" / "print", 0.25)
    assert len(parts(store)) == 1
    same(opened(store).read(np.arange(50)), labels)


def test_parts_can_be_read_by_any_parquet_reader(store: LabelStore) -> None:
    labels = make(np.arange(20))
    opened(store).append(labels, 1.0)
    table = pq.read_table(parts(store)[0])
    assert table.column_names == ["frame", "classes", "scores", "boxes"]
    assert [len(row) for row in table["classes"].to_pylist()] == np.diff(labels.offsets).tolist()
    np.testing.assert_array_equal(np.concatenate(table["boxes"].to_pylist()), labels.boxes.reshape(-1))


def test_old_leftovers_are_swept_and_new_ones_kept(store: LabelStore) -> None:
    opened(store).append(make(np.arange(5)), 1.0)
    folder = store.folder / "key" / "print"
    for name, age in (("old", 7200), ("new", 10)):
        (folder / f"{TEMPORARY}{name}").write_bytes(b"half a")
        os.utime(folder / f"{TEMPORARY}{name}", times=(time.time() - age,) * 2)
    opened(store).append(make(np.arange(5, 10)), 1.0)
    assert [path.name for path in folder.glob(f"{TEMPORARY}*")] == [f"{TEMPORARY}new"]


def held(file: FileLabels) -> int:
    """Bytes of labels that stay in memory; not by tracemalloc: Arrow's threads crash where that is switched off."""
    arrays = [getattr(labels, f.name) for labels in file._groups.values() for f in fields(labels)]
    return sum(array.nbytes for array in arrays if array is not None)


def test_reading_is_quick_and_lazy(store: LabelStore) -> None:
    """Ten hours' worth of frames at a tenth: a stretch of it costs its own row groups only."""
    count = 26 * ROWS
    for start in range(0, count, 13 * ROWS):
        opened(store).append(make(np.arange(start, start + 13 * ROWS), most=16), 1.0)
    file = opened(store)
    file.known(np.arange(10))
    start = time.perf_counter()
    for first in range(0, count, 512):
        assert len(file.read(np.arange(first, first + 64))) == 64
        assert 0 < held(file) < 4e6  # all labels are 24 MB
    assert time.perf_counter() - start < 5


def test_36000_frames(store: LabelStore) -> None:
    opened(store).append(make(np.arange(36_000), most=16), 1.0)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        assert len(opened(store).read(np.arange(36_000))) == 36_000
        took.append(time.perf_counter() - start)
    assert min(took) < 0.25  # 40 ms on a quiet machine


def test_no_warning_in_daily_use(store: LabelStore, recwarn: pytest.WarningsRecorder) -> None:
    opened(store).append(make(np.arange(5)), 1.0)
    opened(store).read(np.arange(9))
    assert not [warning for warning in recwarn if issubclass(warning.category, VqeWarning)]
