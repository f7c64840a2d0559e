"""The exact answer: from the labels that a folder has, else by asking about every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vqe.bench.answer import Numbers
from vqe.bench.measure import Case, measure
from vqe.bench.sample import short

REMEDY = "run the query with EXACT at its end once, or give --truth"
HINT = f"errors are not known: {REMEDY}"


@dataclass(frozen=True)
class Truth:
    """`frames` that the exact plan delivers, and where they come from; None and why, where that is not known."""

    frames: Numbers | None
    source: str | None
    hint: str = ""


def truth(
    case: Case,
    base: Path,
    labels: Path,
    missing: int,
    seconds: float,
    wanted: bool,
    say: Callable[[str], None],
) -> Truth:
    """`base`: a folder with the query's video; `labels`: of the user's folder, added to where it is `wanted`.

    What is `missing` there is asked for where that is `wanted` or short; asking about all frames takes `seconds`.
    """
    if missing and not (short(seconds) or wanted):
        return Truth(None, None, f"{HINT} (about {_minutes(seconds)})")
    if missing:
        say(f"the exact answer, for comparison: {missing:,} frames, about {_minutes(seconds)}")
    found = measure(case, base, "exact", 0, labels=labels if wanted or not missing else None).found
    return Truth(found, "by asking about every frame" if missing else "from the labels of the database folder")


def unlabelled(case: Case, base: Path, labels: Path) -> int:
    """How many of the needed frames have no labels."""
    with case.engine(base, "exact", 0, labels) as engine:
        stored = engine.knowledge.measured().stored(case.needs.detect)
    return len(case.needs.needed) - stored


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
