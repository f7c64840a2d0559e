"""The label store under several processes, and under kill -9."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from label_samples import make, opened, parts, same

from vqe.labels import LabelStore
from vqe.labels.compaction import compact

WRITER = """
import sys, pathlib
sys.path.insert(0, {tests!r})
import numpy as np
from label_samples import make, opened
from vqe.labels import LabelStore, compaction

compaction.MOST = {most}
labels = make(np.arange({count}), most=3)
file = opened(LabelStore(pathlib.Path({folder!r})))
for start in range({first}, {count}, {step}):
    file.append(labels.take(np.arange(start, min(start + 10, {count}))), 0.1)
    print(start + 10, flush=True)
"""


def writer(store: LabelStore, count: int, first: int = 0, step: int = 10, most: int = 8) -> subprocess.Popen[str]:
    code = WRITER.format(
        tests=str(Path(__file__).parent), folder=str(store.folder), count=count, first=first, step=step, most=most
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_two_writers_and_a_reader_while_parts_are_merged(store: LabelStore) -> None:
    """One writes the even batches and the other the odd ones; both merge; whoever reads sees only right labels."""
    count = 3000
    labels = make(np.arange(count), most=3)
    writers = [writer(store, count, first, 20) for first in (0, 10)]
    reader, seen = opened(store), 0
    while any(each.poll() is None for each in writers):
        found = reader.read(np.arange(count))
        same(found, labels.take(found.frames))
        assert len(found) >= seen  # what was known stays known
        seen = len(found)
    for each in writers:
        each.communicate()
        assert each.returncode == 0
    same(opened(store).read(np.arange(count)), labels)
    assert len(parts(store)) < 40


def test_two_writers_of_the_same_frames(store: LabelStore) -> None:
    writers = [writer(store, 500) for _ in range(2)]
    for each in writers:
        each.communicate()
        assert each.returncode == 0
    same(opened(store).read(np.arange(500)), make(np.arange(500), most=3))
    assert opened(store).count() == 500


def test_a_part_that_another_process_merges_under_a_reader(store: LabelStore) -> None:
    labels = make(np.arange(100))
    for start in range(0, 100, 10):
        opened(store).append(labels.take(np.arange(start, start + 10)), 1.0)
    reader = opened(store)
    assert reader.known(np.arange(100)).all()  # the parts are listed now, and gone when they are read
    assert compact(store.folder / "key" / "print", 0.25)
    same(reader.read(np.arange(100)), labels)


@pytest.mark.parametrize("rounds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_at_any_moment(store: LabelStore, rounds: int) -> None:
    labels = make(np.arange(100_000), most=3)
    random = np.random.default_rng(rounds)
    for _ in range(rounds):
        with writer(store, 100_000, most=4) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it has begun
            time.sleep(random.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            said = process.stdout.read().split()
        found = opened(store).read(np.arange(100_000))
        same(found, labels.take(found.frames))
        # All that it reported as kept is there; of the batch that it was writing, nothing or all.
        assert len(found) >= int(said[-1] if said else 10)
        assert len(found) % 10 == 0
    assert not list(store.folder.rglob("*.damaged"))
    opened(store).append(labels.take(np.arange(99_990, 100_000)), 1.0)  # a dead process holds no lock
    assert compact(store.folder / "key" / "print", 0.25)
