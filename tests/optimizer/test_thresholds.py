"""What thresholds leave undecided for what samples do not show."""

from __future__ import annotations

import numpy as np
import pytest

from vqe.logical.budget import Budget
from vqe.optimizer.thresholds import choose, undecided, unseen_share, widened
from vqe.profile import Samples

BUDGET = Budget(0.01, 0.01, None, None)


def samples(true: int) -> Samples:
    """As many false ones, which stand for 49 times as much; scores tell them apart."""
    scores = np.concatenate([np.linspace(0.9, 0.99, true), np.linspace(0.01, 0.1, true)])
    kind = np.arange(2 * true) < true
    return Samples(scores.astype(np.float32), kind, np.where(kind, 1.0, 49.0))


def test_from_few_true_samples_much_is_not_seen() -> None:
    assert unseen_share(samples(15), 0.01) == pytest.approx((3 / 15 - 0.01) * 0.02)
    assert unseen_share(samples(100), 0.01) == pytest.approx((3 / 100 - 0.01) * 0.02)
    assert unseen_share(samples(300), 0.01) == unseen_share(samples(15), 0.2) == 0


def test_widened_by_shares_of_all_frames() -> None:
    known = samples(50)
    found = choose(known, BUDGET)
    assert found is not None and 0.1 < found.low <= found.high < 0.9
    population = np.linspace(0, 1, 10_001, dtype=np.float32)
    before, above = undecided(found, population)
    wider = widened(found, population, 0.02, 0.01, known, BUDGET)
    after, left = undecided(wider, population)
    assert after - before == pytest.approx(0.03, abs=3e-4)
    assert above - left == pytest.approx(0.01, abs=2e-4)
    assert (wider.fnr, wider.false) == (0, 0)
