"""A result as JSON: what it is of, the medians of each plan, and every run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from vqe.bench.result import Result, Run
from vqe.bench.summary import summaries

_MEASURED = ("calls", "learnt", "learning_seconds", "predicted_at_first", "predicted_seconds", "how")


def as_json(result: Result) -> str:
    """Rates from 0 to 1, times in seconds; what is not known is null."""
    found = dict(result.facts) | {
        "frames_needed": result.frames,
        "seconds_needed": result.duration,
        "truth": result.truth,
        "interrupted": result.interrupted,
        "plans": [asdict(summary) for summary in summaries(result)],
        "runs": [_run(run) for run in result.runs],
    }
    return json.dumps(found, indent=1, ensure_ascii=False, default=float) + "\n"


def _run(run: Run) -> dict[str, Any]:
    found = {"round": run.round, "plan": run.plan, "turn": run.turn, "seed": run.seed}
    found |= {"seconds": run.spent.seconds, "charged_seconds": run.spent.charged, "cpu_seconds": run.spent.cpu}
    found |= {"sampled": run.sampled}
    if run.measured is not None:
        found |= {name: getattr(run.measured, name) for name in _MEASURED}
        found["reported"] = {name: asdict(rate) for name, rate in run.measured.reported.items()}
    return found | {"errors": None if run.errors is None else asdict(run.errors)}
