"""Simulated audits that go on from query to query: the intervals of every query hold, and grow narrower.

`pytest tests/accuracy/test_accumulation.py -n 0 -s` prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.accuracy import FrameAccuracy
from vqe.optimizer.audits import fresh, raised
from vqe.physical.tally import Tally

FRAMES, RUNS, QUERIES, SHARE = 3000, 200, 3, 0.04
MISSED = 0.1  # of the true frames, by scores
RATES = ("fnr", "fpr", "fdr", "wrong")
Bools = NDArray[np.bool_]


def scene(chance: np.random.Generator) -> tuple[Bools, NDArray[np.float64]]:
    """Truth, true in runs, and the scores of a small model that is wrong of the first frames of each."""
    truth = np.arange(FRAMES) % 500 < 40
    score = np.where(truth, 0.95, 0.02) + chance.normal(0, 0.01, FRAMES)
    score[np.arange(FRAMES) % 500 < MISSED * 40] = 0.1
    score[np.arange(FRAMES) % 500 == 200] = 0.97  # false, and looks true
    return truth, score


@dataclass
class Owner:
    """Who asks the same again and again of one video; what is known of its frames is kept."""

    truth: Bools
    score: NDArray[np.float64]
    chance: np.random.Generator
    low: float = 0.2
    high: float = 0.9
    levels: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))  # of frames dropped, and returned

    def __post_init__(self) -> None:
        self.known = self.chance.random(FRAMES) < 0.02
        self.known |= (self.score > 0.05) & (self.score < 0.2) & (self.chance.random(FRAMES) < 0.2)  # looked for
        self.luck = self.chance.random(FRAMES)

    def ask(self, share: float) -> tuple[FrameAccuracy, tuple[float, ...]]:
        """What the audit says, and the true rates, of an answer that draws so much more of the frames."""
        self.levels = np.array(
            [raised([(FRAMES, float(level))], part * share) for level, part in zip(self.levels, (1, 8), strict=True)]
        )
        result = self.score > self.high
        rest = result | (self.score < self.low)
        drawn = rest & (self.luck < self.levels[result.astype(int)])
        self.known |= ~rest | drawn
        tally = Tally(int((~rest & self.truth).sum()), int((~rest & ~self.truth).sum()))
        for counts, side in ((tally.dropped, rest & ~result), (tally.returned, rest & result)):
            counts.add(drawn[side], self.known[side], self.truth[side] & self.known[side])
        answer = np.where(self.known, self.truth, result)
        missed, false = (self.truth & ~answer).sum(), (answer & ~self.truth).sum()
        of = self.truth.sum(), (~self.truth).sum(), max(1, answer.sum()), FRAMES
        return tally.accuracy(0.95), tuple(np.array([missed, false, false, missed + false]) / of)

    def learn(self) -> None:
        """Know by heart what is known to be wrong, and nothing else."""
        self.score[self.known] = np.where(self.truth, 0.95, 0.02)[self.known]


def held(accuracy: FrameAccuracy, true: tuple[float, ...]) -> list[bool]:
    intervals = [getattr(accuracy, rate) for rate in RATES]
    return [i.low - 1e-12 <= t <= i.high + 1e-12 for i, t in zip(intervals, true, strict=True)]


def owners(runs: int) -> list[Owner]:
    chance = np.random.default_rng(20_261)
    return [Owner(*scene(chance), chance) for _ in range(runs)]


def test_the_intervals_of_every_query_hold_and_grow_narrower() -> None:
    everyone = owners(RUNS)
    width = []
    for query in range(QUERIES):
        if query == QUERIES - 1:
            for owner in everyone:
                owner.low, owner.high = 0.5, 0.8  # a wider budget: other thresholds, chosen without a look at the audit
        got = [owner.ask(SHARE) for owner in everyone]
        holds = np.sum([held(*one) for one in got], axis=0)
        width.append(np.median([accuracy.fnr.high - accuracy.fnr.low for accuracy, _ in got]))
        print(f"query {query + 1}: FNR, FPR, FDR, all errors held in {holds} of {RUNS}, FNR's width {width[-1]:.2%}")
        assert holds.min() >= 0.95 * RUNS
    assert width[1] < 0.8 * width[0]


@pytest.mark.parametrize(("anew", "runs"), [(True, 100), (False, 40)])
def test_who_has_learnt_from_an_audit_is_judged_by_another_lottery(anew: bool, runs: int) -> None:
    """In the old one what is wrong has been cleared away just where it would be drawn."""
    everyone = owners(runs)
    for owner in everyone:
        owner.ask(0.25)
        owner.learn()
        if anew:
            owner.luck, owner.levels = owner.chance.random(FRAMES), np.zeros(2)
    holds = np.sum([held(*owner.ask(0.25 * anew)) for owner in everyone], axis=0)
    print(f"{'another' if anew else 'the same'} lottery: held in {holds} of {runs}")
    if anew:
        assert holds.min() >= 0.95 * runs
    else:
        assert holds[0] < 0.5 * runs


def test_a_level_draws_what_was_asked_for() -> None:
    assert raised([(1000, 0.0)], 0.02) == pytest.approx(0.02)
    assert raised([(1000, 0.1)], 0.02) == pytest.approx(0.12)
    assert raised([(900, 0.1), (100, 0.0)], 0.02) == pytest.approx(0.11)  # 100 × 0.11 + 900 × 0.01 = 20
    assert raised([(900, 0.5), (100, 0.0)], 0.02) == pytest.approx(0.2)  # the others are far ahead
    assert raised([(1000, 0.99)], 0.5) == 1
    assert raised([], 0.5) == 0.5
    for files, share in (([(10, 0.3), (700, 0.0), (5, 0.9), (80, 0.31)], 0.05), ([(5, 0.2), (9, 0.2)], 0.3)):
        assert fresh(files, raised(files, share)) == pytest.approx(share)
