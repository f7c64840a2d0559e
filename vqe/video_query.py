"""A query over videos, ready to run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vqe.engine import Engine, Prepared
from vqe.errors import QueryError, RunError, Span
from vqe.explain import estimates, explain, explain_analyze, explain_verbose
from vqe.relation import Relation
from vqe.relational.results import FORMATS, format_of
from vqe.relational.splice import Spliced, literal, quote, splice
from vqe.report import Report, keep

if TYPE_CHECKING:
    from vqe.execution import Execution

TRIES = 4  # at an answer within its budget, as far as can be told
T = TypeVar("T")


class VideoQuery:
    """The rows of a SELECT over videos."""

    def __init__(self, engine: Engine, prepared: Prepared) -> None:
        self._engine = engine
        self._prepared = prepared
        self.columns = list(prepared.bound.columns)
        self.cheap = False
        self.reports: tuple[Report, ...] | None = None
        self._complete = False
        self._better = False
        self._tries = 0

    @contextmanager
    def reading(self) -> Iterator[Any]:
        self._complete = self._better = False
        with self._running() as (execution, relation):
            yield relation
        if self._complete:
            self.reports, self._better = _kept(self._engine, self._prepared, execution, self._tries)

    def completed(self) -> None:
        self._complete = True

    def better(self) -> bool:
        again = self._better and self._tries + 1 < TRIES
        self._better = False
        self._tries = self._tries + 1 if again else 0
        return again

    @contextmanager
    def _running(self) -> Iterator[tuple[Execution, Any]]:
        session = self._engine.session
        with self._engine.running(self._prepared) as execution, session.faults(None):
            yield execution, session.connection.sql(self._prepared.bound.query.text)

    def explain(self, mode: str) -> str:
        known = self._engine.knowledge.measured()
        plan = self._prepared.plan
        if mode == "plain":
            return explain(plan, known, self._prepared.choices)
        if mode == "verbose":
            text = self._prepared.bound.query.text
            return explain_verbose(self._prepared.steps, known, text, self._prepared.choices)
        start, busy = time.perf_counter(), time.process_time()
        with self._running() as (execution, relation):
            plan = self._prepared.plan  # made anew, if something had to be learnt
            guesses = estimates(plan, known)
            rows = sum(len(batch) for batch in relation.to_arrow_reader(10_000))
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        self.reports, _ = _kept(self._engine, self._prepared, execution)
        return explain_analyze(plan, guesses, list(execution.operators), execution.run.tallies, rows, seconds, busy)


def _kept(engine: Engine, prepared: Prepared, execution: Execution, before: int = 0) -> tuple[tuple[Report, ...], bool]:
    """What a finished run has to say of itself; it is written down, and its notes are told. See Execution.assess."""
    reports, better = execution.assess(before)
    keep(engine.catalog, prepared.statement.span.of(prepared.text), reports)
    return reports, better


def repeated(
    engine: Engine,
    prepared: Prepared,
    work: Callable[[Execution], T],
    assess: Callable[[Execution, int], tuple[tuple[Report, ...], bool]],
    again: Callable[[], bool] = lambda: True,
) -> tuple[T, tuple[Report, ...]]:
    """Do what runs the query, and do it again where its answer was not good enough and may be had better: the last
    result, and what is said of it. `assess`: see Execution.assess."""
    for before in range(TRIES):
        with engine.running(prepared) as execution:
            result = work(execution)
        reports, better = assess(execution, before)
        if not better or not again():
            break
    return result, reports


def _run(engine: Engine, prepared: Prepared, work: Callable[[], T], again: Callable[[], bool] = lambda: True) -> T:
    """The same, written down and told."""
    return repeated(engine, prepared, lambda _: work(), partial(_kept, engine, prepared), again)[0]


def run_now(engine: Engine, prepared: Prepared, text: str) -> Any | None:
    """Run a statement around a query: CREATE TABLE AS, INSERT, COPY, DESCRIBE, SUMMARIZE; rows as an Arrow table."""
    match prepared.statement.kind:
        case "describe":
            with engine.session.empty_relations(prepared.bound.schemas), _stand_ins(engine, prepared):
                return engine.session.run(prepared.bound.statement, "SELECT")
        case "summarize":
            return _run(engine, prepared, lambda: engine.session.run(prepared.bound.statement, "SELECT"))
        case "copy":
            _copy(engine, prepared, text)
        case _:
            return _write(engine, prepared, text)
    return None


def _stand_ins(engine: Engine, prepared: Prepared) -> Any:
    functions = {n: ((lambda frame: frame), call.type) for n, (_, call) in prepared.bound.functions.items()}
    return engine.session.scalar_functions(functions)


def _copy(engine: Engine, prepared: Prepared, text: str) -> None:
    """COPY (query) TO 'file': Arrow by us, the other formats with all their options by DuckDB."""
    statement = prepared.statement
    target = statement.target
    options = statement.options.of(text).lower() if statement.options is not None else ""
    format = None
    if target is not None:
        place = _place(prepared, text, f"({re.escape(literal(target))})")
        if not Path(target).expanduser().absolute().parent.is_dir():
            raise RunError(f"cannot write {target}: there is no folder {Path(target).parent}", place)
        if "format" not in options:
            try:
                format = format_of(target)
            except QueryError as fault:
                fault.span = place
                fault.hint = f"a result is copied to {', '.join(FORMATS)}; or name it: TO '…' (FORMAT csv)"
                raise
    if target is not None and format == "arrow":
        Relation(VideoQuery(engine, prepared)).write(target, "arrow")
        return
    parquet = format == "parquet" or "parquet" in options
    source = _with_microseconds(prepared, text) if parquet else prepared.bound.statement
    file = Path(target or "").expanduser()  # rows that went into a pipe or a folder are there already
    _run(engine, prepared, lambda: engine.session.run(source, "COPY", None), file.is_file)


def _place(prepared: Prepared, text: str, pattern: str) -> Span:
    """Where the first group of a pattern, outside the statement's query, stands."""
    statement, query = prepared.statement.span, prepared.statement.query.span
    outside = text[: query.start] + " " * (query.end - query.start) + text[query.end : statement.end]
    found = re.compile(pattern, re.I).search(outside, statement.start)
    return Span(*found.span(1)) if found else statement


def _with_microseconds(prepared: Prepared, text: str) -> Spliced:
    """INTERVAL columns as whole microseconds: Parquet's INTERVAL is read by few programs."""
    columns = prepared.bound.columns
    if not any(type == "INTERVAL" for _, type in columns):
        return prepared.bound.statement
    names = [f"c{i}" for i in range(len(columns))]
    select = ", ".join(
        f"{f'epoch_us({c})' if type == 'INTERVAL' else c} AS {quote(name)}"
        for c, (name, type) in zip(names, columns, strict=True)
    )
    query = f"SELECT {select} FROM ({prepared.bound.query.text}\n) AS vqe_result({', '.join(names)})"
    return _around(prepared, text, query)


def _around(prepared: Prepared, text: str, query: str) -> Spliced:
    """The statement with another query in the place of its own."""
    statement = prepared.statement
    edits: dict[Span, str] = {a.span: "" for a in statement.query.accuracy}
    edits[statement.query.span] = query
    return splice(text, statement.span, edits)


def _write(engine: Engine, prepared: Prepared, text: str) -> Any | None:
    """CREATE TABLE AS and INSERT: compute first, so that the tables are held for the writing alone."""
    session = engine.session
    statement = prepared.statement
    _check_target(engine, prepared, text)
    result = "vqe_result_of_this_statement"
    try:
        computed = Spliced(f"CREATE OR REPLACE TEMP TABLE {result} AS {prepared.bound.query.text}", ())
        _run(engine, prepared, lambda: session.run(computed, "CREATE", None))
        with session.tables(write=True):
            return session.run(_around(prepared, text, f"SELECT * FROM temp.{result}"), statement.kind.upper())
    finally:
        session.connection.execute(f"DROP TABLE IF EXISTS temp.{result}")


def _check_target(engine: Engine, prepared: Prepared, text: str) -> None:
    """What would fail at the end of an hour's work fails now."""
    statement = prepared.statement
    if statement.kind == "create_table" and statement.target is not None:
        name = statement.target
        place = _place(prepared, text, rf'\btable\b.*?("?\b{re.escape(name)}\b"?)')
        if name.lower() in engine.catalog.videos():
            raise QueryError(f"there is a video '{name}': a video and a table may not share a name", place)
        head = text[statement.span.start : statement.query.span.start].lower()
        free = re.search(r"\bor\s+replace\b|\bif\s+not\s+exists\b", head) or not engine.session.table_exists(name)
        if not free:
            raise QueryError(f"table '{name}' exists already", place, "CREATE OR REPLACE TABLE …")
    if statement.kind == "insert":
        with ExitStack() as stack:
            stack.enter_context(engine.session.tables(write=True))
            stack.enter_context(engine.session.empty_relations(prepared.bound.schemas))
            stack.enter_context(_stand_ins(engine, prepared))
            explained = splice(text, statement.span, {statement.query.span: prepared.bound.query.text})
            engine.session.run(Spliced("EXPLAIN " + explained.text, ()), "EXPLAIN", None)
