"""`vqe bench`: checks before the work, shows after it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

from vqe.bench.export import as_json
from vqe.bench.picture import check, draw
from vqe.bench.ready import SPACES, Wanted
from vqe.bench.rounds import bench
from vqe.bench.table import show
from vqe.cli.script import Options, check_writable, opened
from vqe.errors import QueryError, nearest
from vqe.labels.files import explained, write_atomically


def run_bench(
    text: str,
    options: Options,
    *,
    repeat: int,
    spaces: str | None,
    truth: bool,
    replay: bool,
    call_seconds: float | None,
    json: str | None,
    picture: str | None,
) -> None:
    """Measure and show. After Ctrl-C what was measured is shown all the same, and KeyboardInterrupt raised."""
    if options.output or options.format:
        raise QueryError("-o and --format are for results of queries", hint="--json FILE, or --picture FILE")
    if "plan_space" in map(str.lower, options.pairs):
        raise QueryError("a benchmark goes through the plan spaces by itself", hint="--spaces chooses some of them")
    if call_seconds is not None and not replay:
        raise QueryError("--call-seconds is what a call counts for that is not made", hint="give --replay too")
    if call_seconds is not None and not 0 < call_seconds < inf:
        raise QueryError(f"--call-seconds cannot be {call_seconds:g}", hint="give a number above 0")
    for target in filter(None, (json, picture)):
        check_writable(target, "json")
    if picture:
        check(Path(picture))
    wanted = Wanted(repeat, _spaces(spaces), truth, picture is not None, replay, call_seconds)
    with _ended_as_by_ctrl_c(), opened(options) as (connection, bar):

        def say(line: str) -> None:
            bar.stop()
            print(line, file=sys.stderr, flush=True)

        result = bench(text, connection.folder, options.pairs, wanted, say, connection.progress)
    show(result)
    if json:
        with explained("write the rounds", Path(json).parent):
            write_atomically(Path(json), as_json(result).encode())
    if picture and result.runs:
        draw(result, Path(picture))
    if result.interrupted:
        raise KeyboardInterrupt


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """`kill` and `timeout` end long runs: the temporary folders go then too, and what was measured is shown."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _spaces(text: str | None) -> tuple[str, ...]:
    """Each once, in the order given."""
    names = tuple(dict.fromkeys(filter(None, (n.strip().lower() for n in (text or "").split(",")))))
    for name in names:
        if name not in SPACES:
            raise QueryError(f"no plan space '{name}'", hint=nearest(name, SPACES) or f"there are {', '.join(SPACES)}")
    return names or SPACES
