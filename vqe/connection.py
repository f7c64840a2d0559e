"""vqe from Python: `vqe.connect(folder)` → `.sql(text)` → a relation."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from vqe import statements
from vqe.engine import Engine, Prepared, attached, whole
from vqe.errors import NotSupportedError, QueryError
from vqe.parser import ast
from vqe.physical.operator import Progress
from vqe.relation import DuckQuery, Finished, Relation
from vqe.relational.faults import MissingTableError
from vqe.relational.splice import Spliced, literal

_READS = {"SELECT", "MULTI"}
_NOT_YET = re.compile(
    r"\s*(create\s+(or\s+replace\s+)?(temp\w*\s+)?(view|macro|function)|update|delete|merge|pivot|unpivot)\b", re.I
)
_CREATES = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?(\"[^\"]+\"|\w+)", re.I
)


def connect(path: str | os.PathLike[str] | None = None, settings: Mapping[str, object] | None = None) -> Connection:
    """Open a database folder (default: VQE_DB, else .vqe where you stand); the first write creates it.

    `settings` hold for this connection only. Raises QueryError for a setting that does not exist.
    """
    folder = Path(path if path is not None else os.environ.get("VQE_DB") or ".vqe").expanduser().absolute()
    return Connection(folder, {k: str(v) for k, v in (settings or {}).items()})


class Connection:
    """One user of a database folder. Not for several threads at once; other processes may use the folder meanwhile."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._engine = Engine(folder, settings)
        self._transaction = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.session.close()

    @property
    def folder(self) -> Path:
        return self._engine.folder

    @property
    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection behind this one, with the folder's tables; they are held until this one is closed."""
        self._engine.session.hold()
        return self._engine.session.connection

    @property
    def progress(self) -> Progress | None:
        """Told of the progress of long work; None for silence."""
        return self._engine.progress

    @progress.setter
    def progress(self, progress: Progress | None) -> None:
        self._engine.progress = progress

    def register(self, name: str, table: object) -> None:
        """Let statements read an Arrow, pandas or polars table by this name."""
        if name.lower() in self._engine.catalog.videos():
            raise QueryError(f"there is a video '{name}': a video and a table may not share a name")
        self._engine.session.register(name, table)

    def sql(self, text: str, parameters: object = None) -> Relation | None:
        """Run a script; the relation of its last statement, None where that has no rows.

        A SELECT is bound at once and run when it is read; everything else runs now. `parameters` (a list for ? and $1,
        a dict for $name) go with a single statement. Raises QueryError, RunError; KeyboardInterrupt after Ctrl-C.
        """
        results = list(self.run(text, parameters, _callers_variables()))
        return results[-1] if results else None

    def run(
        self, text: str, parameters: object = None, variables: Mapping[str, object] | None = None
    ) -> Iterator[Relation | None]:
        """As `sql`, statement by statement: each is run when the next result is asked for."""
        parsed = self._engine.parse(text)
        for statement in parsed:
            with attached(text):
                yield self._statement(statement, text, parameters, variables or {})

    # --- one statement ----------------------------------------------------------------------------------------------

    def _statement(
        self, statement: ast.Statement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> Relation | None:
        engine = self._engine
        match statement:
            case ast.CreateVideo():
                statements.create_video(engine, statement)
            case ast.DropVideo():
                statements.drop_video(engine, statement)
            case ast.CreateRegion():
                statements.create_region(engine, statement)
            case ast.DropRegion():
                statements.drop_region(engine, statement)
            case ast.Show():
                return self._finished(statements.show(engine, statement))
            case ast.Set() if statements.set_setting(engine, statement, text):
                pass
            case ast.Reset() if statements.reset_setting(engine, statement):
                pass
            case ast.Describe() if (table := statements.describe(engine, statement)) is not None:
                return self._finished(table)
            case ast.Explain(statement=ast.QueryStatement()):
                return self._explain(statement, text, parameters, variables)
            case ast.QueryStatement():
                return self._query(statement, text, parameters, variables)
            case ast.Other():
                self._refuse_videos(statement, text)
                return self._pass(statement, text, parameters, variables)
            case _:
                return self._pass(statement, text, parameters, variables)
        return None

    def _finished(self, table: Any) -> Relation:
        return Relation(Finished(table, self._engine.session), self._engine.session)

    def _prepare(
        self, statement: ast.QueryStatement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> tuple[Prepared | None, str]:
        """The prepared statement, and the text that its spans point into (parameters are written into it)."""
        if parameters is not None:
            text = with_parameters(whole(text, statement).text, parameters)
            again = self._engine.parse(text)[0]
            if not isinstance(again, ast.QueryStatement):
                return None, text
            statement = again
        return self._engine.prepare(statement, text, variables), text

    def _query(
        self, statement: ast.QueryStatement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> Relation | None:
        prepared, bound_text = self._prepare(statement, text, parameters, variables)
        if prepared is None:
            return self._pass(statement, text, parameters, variables)
        from vqe import video_query

        if statement.kind == "select":
            return Relation(video_query.VideoQuery(self._engine, prepared), self._engine.session)
        return video_query.run_now(self._engine, prepared, bound_text)

    def _explain(
        self, statement: ast.Explain, text: str, parameters: object, variables: Mapping[str, object]
    ) -> Relation | None:
        inner = statement.statement
        assert isinstance(inner, ast.QueryStatement)
        prepared, _ = self._prepare(inner, text, parameters, variables)
        if prepared is None:
            if statement.mode != "verbose":
                return self._pass(statement, text, parameters, variables)
            plain = "EXPLAIN " + whole(text, inner).text  # EXPLAIN VERBOSE is not DuckDB's
            return self._run_text(Spliced(plain, ()), "EXPLAIN", parameters)
        import pyarrow as pa

        from vqe.video_query import VideoQuery

        plan = VideoQuery(self._engine, prepared).explain(statement.mode)
        return self._finished(pa.table({"explain_key": ["plan"], "explain_value": [plan]}))

    # --- DuckDB's own -----------------------------------------------------------------------------------------------

    def _refuse_videos(self, statement: ast.Other, text: str) -> None:
        """Statements that may not read videos yet say so, rather than that there is no such table."""
        not_yet = _NOT_YET.match(statement.span.of(text))
        if statement.fault is None and not not_yet:
            return
        known = self._engine.catalog.videos()
        from vqe.library import is_video_path

        named: list[ast.Node] = [n for n in statement.names if n.parts[-1].lower() in known]
        named += [s for s in statement.strings if is_video_path(str(s.value))]
        if not named:
            return
        if statement.fault is not None:
            raise statement.fault
        assert not_yet is not None
        what = " ".join(not_yet[1].upper().split())
        raise NotSupportedError(f"{what} cannot read a video yet", named[0].span, "CREATE TABLE … AS SELECT … can")

    def _pass(
        self, statement: ast.Statement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> Relation | None:
        source = whole(text, statement)
        kind = self._engine.session.kind(source.text)
        creates = _CREATES.match(source.text)
        if creates and creates[1].strip('"').lower() in self._engine.catalog.videos():
            raise QueryError(
                f"there is a video '{creates[1]}': a video and a table may not share a name", statement.span
            )
        if kind != "SELECT":
            return self._run_text(source, kind, parameters)
        query = DuckQuery(
            source.text,
            parameters,
            self._engine.session,
            lambda stack: self._reach(source, kind, parameters, variables, stack),
        )
        return Relation(query, self._engine.session)

    def _reach(
        self, source: Spliced, kind: str, parameters: object, variables: Mapping[str, object], stack: ExitStack
    ) -> list[tuple[str, str]]:
        """Bind a SELECT, bringing what it lacks into reach."""
        session = self._engine.session
        stack.enter_context(session.reach(source.text, kind))
        while True:
            try:
                return session.describe(source, parameters=parameters)
            except MissingTableError as fault:
                if not session.bring(fault.table, variables, stack):
                    raise self._engine.no_such_table(fault) from None

    def _run_text(self, source: Spliced, kind: str, parameters: object) -> Relation | None:
        session = self._engine.session
        if kind == "TRANSACTION":
            self._transact(source)
            return None
        with session.reach(source.text, kind):
            table = session.run(source, kind, parameters)
        return None if table is None else self._finished(table)

    def _transact(self, source: Spliced) -> None:
        """BEGIN holds the tables until COMMIT or ROLLBACK."""
        session = self._engine.session
        begins = re.match(r"\s*(begin|start)", source.text, re.I)
        if begins:
            session.hold()
        try:
            session.run(source, "TRANSACTION", None)
        finally:
            if not begins:
                session.release()


def with_parameters(text: str, parameters: object) -> str:
    """The text with its parameters written as constants: the planner reads them as such.

    QueryError where one is missing or has no SQL form.
    """
    skipped = r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$"
    count = 0

    def value(match: re.Match[str]) -> str:
        nonlocal count
        if match[1] is None:
            return match[0]
        name = match[1].lstrip("$?")
        if not name:
            count += 1
            name = str(count)
        try:
            if isinstance(parameters, Mapping):
                return literal(parameters[name])
            return literal(list(parameters)[int(name) - 1])  # type: ignore[call-overload]
        except (KeyError, IndexError, ValueError):
            raise QueryError(f"no value for parameter {match[1]}") from None
        except TypeError as fault:
            raise QueryError(f"parameter {match[1]} cannot be {fault}") from None

    return re.sub(rf"{skipped}|(\?|\$\w+)", value, text, flags=re.S)


def _callers_variables() -> Mapping[str, object]:
    """The variables where `sql` was called: Python tables in reach of a statement, after videos and tables."""
    frame = sys._getframe(2)
    found = {**frame.f_globals, **frame.f_locals}
    return {name: v for name, v in found.items() if hasattr(v, "__arrow_c_stream__") or type(v).__name__ == "DataFrame"}
