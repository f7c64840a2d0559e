"""A result as text: its head, what each plan cost, and how wrong its answer was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich import box
from rich.console import Console
from rich.table import Table

from vqe.bench.result import Result, titled
from vqe.bench.summary import Summary, summaries

WIDTH = 100  # columns, where the terminal does not say or has less: a line that wraps is better than a number cut

Column = tuple[str, Callable[[Summary], str]]  # title, text of a cell


def show(result: Result) -> None:
    """Print it on standard output."""
    console = Console(markup=False, highlight=False, emoji=False)
    console.width = max(console.width, WIDTH)
    for line in head(result):
        console.print(line, soft_wrap=True)
    rows = summaries(result)
    if not rows:
        console.print("nothing was measured")
        return
    console.print(_table(rows, _COSTS))
    console.print(_table(rows, _errors(result, rows)))
    for line in notes(result, rows):
        console.print(line, soft_wrap=True)


def head(result: Result) -> Iterator[str]:
    facts = result.facts
    files = f"{facts['files']} files, " if facts["files"] > 1 else ""
    needed = "" if result.frames == facts["frames"] else f"{result.frames:,} needed of "
    yield facts["query"]
    yield (
        f"video {facts['video']}: {files}{needed}{facts['frames']:,} frames, {facts['width']}×{facts['height']}, "
        f"{facts['codec']}, {facts['seconds']:,.1f} s"
    )
    yield f"predicate {facts['predicate']}; budget: {facts['budget']}"
    loading = facts["loading_seconds"]
    yield f"model {facts['model']}, {'not loaded' if loading is None else f'loaded beforehand in {loading:.1f} s'}"
    if facts["replayed"]:
        yield _replayed(**facts["replayed"])
    yield (
        f"{facts['cpus']} CPUs, load average {facts['load_begin']:.1f} to {facts['load_end']:.1f}; "
        f"{_count(facts['rounds'], 'round')}{', interrupted' if result.interrupted else ''}"
    )


def _replayed(call_seconds: float, plain_call_seconds: float, measured_calls: int) -> str:
    """Where the model's answers come from, and what they are charged."""
    charged = f"{1000 * plain_call_seconds:,.1f} ms in the plain way, {1000 * call_seconds:,.1f} ms in vqe"
    source = f"measured by {measured_calls} calls each" if measured_calls else "as given"
    return f"replayed: its answers are labels of the database folder; a frame is charged {charged} ({source})"


def notes(result: Result, rows: list[Summary]) -> Iterator[str]:
    """What has to be said below the numbers."""
    names: dict[str, list[str]] = {}
    for row in rows:
        how = row.how + ("" if row.turn else f", decoded by {result.facts['plain_decoder']}")
        names.setdefault(how, []).append(_name(row))
    yield from (f"{', '.join(group)}: {how}" for how, group in names.items())
    for row in rows:
        if row.predicted_at_first is not None:
            yield (
                f"{_name(row)}: {_number(row.predicted_at_first)} s were predicted of learning and answering; "
                "predicted seconds above, and their ratio, are of answering alone"
            )
    if any(row.sampled for row in rows):
        yield "~ sampled and scaled: timed on stretches of the video, since every frame would have taken over a minute"
    if result.facts["replayed"]:
        yield "seconds: those that went by, and what was charged; CPU s: without the model"
    yield f"truth: {result.truth}" if result.truth else f"truth: {result.hint}"
    yield f"peak memory: {result.facts['peak_memory_mb']:,.0f} MB, the plain way included"


def _table(rows: list[Summary], columns: tuple[Column, ...]) -> Table:
    """Without the columns that say nothing."""
    cells = {title: [cell(row) for row in rows] for title, cell in columns}
    told = [title for title in cells if any(cells[title])]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("plan", no_wrap=True)
    for title in told:
        table.add_column(title, justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(_name(row), *(cells[title][number] for title in told))
    return table


_COSTS: tuple[Column, ...] = (
    ("seconds", lambda r: f"{'~' if r.sampled else ''}{_number(r.seconds)}"),
    ("CPU s", lambda r: _number(r.cpu_seconds)),
    ("cores\nbusy", lambda r: _number(r.cores_busy)),
    ("frames/s", lambda r: f"{r.frames_per_second:,.0f}"),
    ("× real\ntime", lambda r: _number(r.times_real_time)),
    ("× plain", lambda r: _number(r.times_plain)),
    ("× exact", lambda r: _number(r.times_exact)),
    ("calls", lambda r: f"{r.calls:,.0f}"),
    ("predicted\nseconds", lambda r: _number(r.predicted_seconds)),
    ("predicted /\nmeasured", lambda r: _number(r.predicted_by_measured)),
)


def _errors(result: Result, rows: list[Summary]) -> tuple[Column, ...]:
    """FPR or FDR, as budgeted; of several rounds the worst FNR too."""
    columns: list[Column] = [
        ("FNR", lambda r: _rate(r, "fnr")),
        ("FDR", lambda r: _rate(r, "fdr")) if "fdr" in result.rates else ("FPR", lambda r: _rate(r, "fpr")),
        ("precision", lambda r: _rate(r, "precision")),
        ("FNR reported\n(95 %)", _reported),
    ]
    if any(r.rounds > 1 for r in rows):
        columns.insert(1, ("worst", lambda r: _percent(r.fnr_worst)))
    return tuple(columns)


def _rate(row: Summary, name: str) -> str:
    if row.errors is not None:
        return _percent(getattr(row.errors, name))
    return "not known" if row.turn else ""


def _reported(row: Summary) -> str:
    if row.reported_fnr is None:
        return ""
    low, high = row.reported_fnr
    return "not known" if (low, high) == (0, 1) else f"{_percent(low)} to {_percent(high)}"


def _name(row: Summary) -> str:
    return titled(row.plan, row.turn)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.2f} %"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
