"""Simulated audits of a video of 36,000 frames: how often the intervals hold the true rates, and how wide they are.

`pytest tests/accuracy/test_coverage.py -n 0 -s` prints the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.accuracy import FrameAccuracy, Stratum, counts, frame_accuracy

FRAMES, RUNS = 36_000, 100
AUDITS = (30, 180, 1200)  # frames, on average
FALSE, TRUE, ASKED = 0, 1, 2  # how a frame was decided
LABELS = Path(__file__).parents[3] / "shared" / "labels" / "crossing.parquet"


@pytest.fixture(scope="module", autouse=True)
def _remembered() -> Iterator[None]:
    """Of 100 runs many draw the same numbers."""
    plain = counts.most_true

    @cache
    def remembered(size: int, sampled: int, found: int, limits: bytes) -> NDArray[np.int64]:
        return plain(size, sampled, found, np.frombuffer(limits))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "most_true", lambda s, n, k, limits: remembered(s, n, k, limits.tobytes()))
        yield


def events_of(frames: int, count: int) -> NDArray[np.bool_]:
    """Truth with so many true frames in `count` runs, far apart."""
    truth = np.zeros(FRAMES, bool)
    for i, length in enumerate(np.diff(np.linspace(0, frames, count + 1).astype(int))):
        start = (2 * i + 1) * FRAMES // (2 * count)
        truth[start : start + length] = True
    return truth


def edges(truth: NDArray[np.bool_], share: float) -> NDArray[np.intp]:
    """This share of the true frames, from the starts of their runs."""
    frames = np.flatnonzero(truth)
    starts = np.flatnonzero(truth & ~np.roll(truth, 1))
    into = frames - starts[np.searchsorted(starts, frames, "right") - 1]
    return frames[np.argsort(into, kind="stable")[: round(share * len(frames))]]


def decided(truth: NDArray[np.bool_], missed: NDArray[np.intp]) -> NDArray[np.int8]:
    """These frames missed, every fifth other true frame asked and as many false ones; 12 false frames returned."""
    decision = np.where(truth, TRUE, FALSE).astype(np.int8)
    decision[missed] = FALSE
    decision[np.flatnonzero(decision == TRUE)[::5]] = ASKED
    quiet = np.flatnonzero(~truth)
    decision[quiet[:: len(quiet) // 130]] = ASKED
    decision[quiet[1 :: len(quiet) // 12][:12]] = TRUE
    return decision


def audited(
    truth: NDArray[np.bool_], decision: NDArray[np.int8], frames: int, rng: np.random.Generator
) -> tuple[FrameAccuracy, tuple[float, float, float]]:
    """What one audit says, and the true FNR, FPR and FDR once its frames are put right."""
    drawn = (rng.random(FRAMES) < frames / FRAMES) & (decision != ASKED)
    strata = []
    for kind in (FALSE, TRUE):
        of = decision == kind
        sample = truth[of & drawn]
        strata.append(Stratum(kind == TRUE, int(of.sum()), len(sample), sum(sample), len(sample), sum(sample)))
    asked = truth[decision == ASKED]
    answer = np.where(drawn | (decision == ASKED), truth, decision == TRUE)
    missed, spurious = int((truth & ~answer).sum()), int((answer & ~truth).sum())
    rates = missed / truth.sum(), spurious / (~truth).sum(), spurious / answer.sum()
    return frame_accuracy(strata, int(asked.sum()), int((~asked).sum())), rates


def check(name: str, truth: NDArray[np.bool_], decision: NDArray[np.int8], frames: int) -> None:
    rng = np.random.default_rng([20_260, frames, int((decision == FALSE).sum())])
    got = [audited(truth, decision, frames, rng) for _ in range(RUNS)]
    for i, rate in enumerate(("fnr", "fpr", "fdr")):
        intervals = [getattr(accuracy, rate) for accuracy, _ in got]
        held = sum(s.low <= true[i] <= s.high for s, (_, true) in zip(intervals, got, strict=True))
        width, high = (np.median([s.high - w * s.low for s in intervals]) for w in (1, 0))
        print(f"{name:>22} {frames:5} frames: {rate} held in {held:3} of {RUNS}, width {width:.2%}, high {high:.2%}")
        assert held >= 90, rate


@pytest.mark.parametrize("frames", AUDITS)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.05])
def test_missed_frames_at_the_edges(share: float, frames: int) -> None:
    truth = events_of(684, 14)
    check(f"FNR {share:.0%}", truth, decided(truth, edges(truth, share)), frames)


@pytest.mark.parametrize("frames", AUDITS)
def test_one_of_six_events_lost(frames: int) -> None:
    truth = events_of(684, 6)
    check("FNR 16 %, one event", truth, decided(truth, np.flatnonzero(truth)[:114]), frames)


@pytest.mark.shared
@pytest.mark.skipif(not LABELS.exists(), reason="needs the development footage")
@pytest.mark.parametrize("frames", AUDITS)
def test_real_labels(frames: int) -> None:
    """Contains a bus, by the reference model; what was missed are the frames in which it is least sure."""
    import pyarrow.parquet as pq

    table = pq.read_table(LABELS, filters=[("class", "=", "bus"), ("score", ">=", 0.4)])
    best = np.zeros(FRAMES)
    np.maximum.at(best, table["frame"].to_numpy(), table["score"].to_numpy())
    missed = np.flatnonzero(best)[np.argsort(best[best > 0], kind="stable")[:40]]
    check("crossing, buses", best > 0, decided(best > 0, missed), frames)
