"""What a result is to be read with: the query, its video, and the machine."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from vqe import __version__
from vqe.bench.question import Needs
from vqe.logical.node import walk
from vqe.logical.plan import Events, Filter, Stable


def of_query(needs: Needs, text: str) -> dict[str, Any]:
    relation = needs.relation
    video = relation.video
    return {
        "vqe": __version__,
        "query": " ".join(text.split()),
        "video": video.name,
        "files": len(video.files),
        "frames": video.frame_count,
        "width": video.width,
        "height": video.height,
        "codec": video.files[0].index.codec,
        "seconds": sum(f.index.duration for f in video.files),  # without the time between files
        "predicate": predicate(needs),
        "budget": "exact" if relation.budget is None else str(relation.budget),
        "model": needs.detect.info.name,
    }


def predicate(needs: Needs) -> str:
    """What WHERE asks of the model, and over which windows."""
    nodes = list(walk(needs.relation))
    words = [str(n.predicate) for n in nodes if isinstance(n, Filter | Stable)]
    windows = [f"STABLE {n.window}" for n in nodes if isinstance(n, Stable)]
    if isinstance(needs.relation, Events):
        windows.append(f"GAP {needs.relation.gap}")
        windows += [f"MINIMUM {needs.relation.minimum}"] if needs.relation.minimum else []
    return " ".join([" AND ".join(words) or "(nothing: values of every frame)", *windows])


def duration(needs: Needs) -> float:
    """Seconds for which the needed frames show."""
    frames = needs.needed.array()
    video = needs.relation.video
    return float(np.sum(video.frame_end_seconds(frames) - video.seconds(frames)))


def load() -> float:
    """How many threads wanted a processor, over the last minute."""
    return os.getloadavg()[0]


def of_machine(load_before: float) -> Mapping[str, Any]:
    """To be asked when all is done. Megabytes are of this process, the plain way included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"cpus": os.cpu_count(), "load_begin": load_before, "load_end": load(), "peak_memory_mb": peak / 1e6}
