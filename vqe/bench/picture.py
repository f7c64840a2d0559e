"""A result as a picture: cost against error, a point a plan."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from vqe.bench.result import Result, titled
from vqe.bench.summary import summaries
from vqe.errors import QueryError, RunError
from vqe.labels.files import explained, write_atomically

ENDINGS = (".png", ".svg")
_MARKS = {"": "s", "first": "o", "next": "^"}


def check(path: Path) -> None:
    """What would fail when all is measured fails now: QueryError for another ending, RunError without matplotlib."""
    if path.suffix.lower() not in ENDINGS:
        raise QueryError(f"cannot draw '{path}': a picture ends in {' or '.join(ENDINGS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise RunError("matplotlib is not installed", hint="pip install 'vqe[bench]'") from None


def draw(result: Result, path: Path) -> None:
    """Write the picture. RunError where that cannot be."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    rows = [row for row in summaries(result) if row.errors is not None or not row.turn]
    colours = {plan: f"C{i}" for i, plan in enumerate(dict.fromkeys(row.plan for row in rows))}
    for row in rows:
        missed = 100 * row.errors.fnr if row.errors else 0.0  # the plain way is the truth
        name, colour = titled(row.plan, row.turn), colours[row.plan]
        axes.plot(row.seconds, missed, _MARKS[row.turn], color=colour, linestyle="", label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    charged = "; the model is replayed and charged" if result.facts["replayed"] else ""
    axes.set_xlabel(f"seconds, decoding and learning included{charged}")
    axes.set_ylabel("true ones missed (FNR), %")
    if "fnr" in result.rates:
        axes.axhline(100 * result.rates["fnr"], linestyle="--", color="grey", label="allowed")
    axes.set_ylim(bottom=0 - axes.get_ylim()[1] * 0.03)
    axes.set_title(f"{result.facts['video']}, {result.frames:,} frames: {result.facts['predicate']}", fontsize=10)
    axes.legend(fontsize=8)
    content = BytesIO()
    figure.savefig(content, format=path.suffix[1:].lower(), dpi=150)
    with explained("write the picture", path.parent):
        write_atomically(path, content.getvalue())
