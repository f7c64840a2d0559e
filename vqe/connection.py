"""vqe from Python: `vqe.connect(folder)` → `.sql(text)` → a relation."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb

from vqe.catalog import Catalog, is_video_path
from vqe.errors import QueryError, attached, nearest
from vqe.logical.mentions import may_name_video
from vqe.parser import ast
from vqe.parser.parse import parse, split
from vqe.relation import Finished, Relation
from vqe.relational.faults import MissingTableError, no_such_table
from vqe.relational.parameters import with_parameters
from vqe.relational.passthrough import PassThrough
from vqe.relational.session import Session
from vqe.relational.splice import Spliced, literal, splice
from vqe.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from vqe.engine import Engine, Prepared
    from vqe.physical.operator import Progress

# What a statement has that our grammar must read: a statement, function or clause of ours, or a file in quotes.
_OUR_WORDS = re.compile(
    r"\b(videos?|regions?|settings|models?|frames|detections|events|set|reset|show|desc\w*|summarize|verbose"
    r"|within|target|confidence|gap|minimum|stable)\b|\.\w{2,4}'",
    re.I,
)


def connect(path: str | os.PathLike[str] | None = None, settings: Mapping[str, object] | None = None) -> Connection:
    """Open a database folder (default: VQE_DB, else .vqe where you stand); the first write creates it.

    `settings` hold for this connection only. Raises QueryError for a setting that does not exist.
    """
    folder = Path(path if path is not None else os.environ.get("VQE_DB") or ".vqe").expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise QueryError(f"{folder} is a file, not a database folder")
    return Connection(folder, {k: str(v) for k, v in (settings or {}).items()})


class Connection:
    """One user of a database folder. Not for several threads at once; other processes may use the folder meanwhile."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.progress: Progress | None = None  # told of the progress of long work; None for silence
        self._catalog = Catalog(folder)
        self._settings = Settings(self._catalog, settings, _rules)
        self._session = Session(folder)
        self._lent = False
        self._passthrough = PassThrough(self._session, self._catalog)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    @property
    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection behind this one, with the folder's tables; they are held until this one is closed."""
        if not self._lent:
            self._session.hold()
            self._lent = True
        return self._session.connection

    @cached_property
    def _planner(self) -> Engine:
        """All that knows of videos; statements without one do not wait for its imports."""
        from vqe.engine import Engine

        return Engine(self.folder, self._catalog, self._settings, self._session)

    @property
    def _engine(self) -> Engine:
        self._planner.progress = self.progress
        self._planner.library.indexing = self.progress.update if self.progress is not None else None
        return self._planner

    def register(self, name: str, table: object) -> None:
        """Let statements read an Arrow, pandas or polars table by this name."""
        if name.lower() in self._catalog.videos():
            raise QueryError(f"there is a video '{name}': a video and a table may not share a name")
        self._session.register(name, table)

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
        with attached(text):
            if any("\ud800" <= c <= "\udfff" for c in text):
                raise QueryError("the text is not valid Unicode")
            parsed = parse(text) if self._may_be_ours(text) else split(text)
        for statement in parsed:
            with attached(text):
                result = self._statement(statement, text, parameters, variables or {})
            yield result

    def _may_be_ours(self, text: str) -> bool:
        """Whether a word of a script is one of ours: reading our grammar takes longer than most statements do."""
        names = {word.lower() for word in re.findall(r"\w+", text)}
        videos = {word for name in self._catalog.videos() for word in re.findall(r"\w+", name)}
        return bool(_OUR_WORDS.search(text) or names & videos)

    # --- one statement ----------------------------------------------------------------------------------------------

    def _statement(
        self, statement: ast.Statement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> Relation | None:
        match statement:
            case ast.QueryStatement() | ast.Explain(statement=ast.QueryStatement()):
                if may_name_video(statement, self._catalog.videos()):
                    return self._video_statement(statement, text, parameters, variables)
            case ast.Set() | ast.Reset():
                if self._setting(statement, text):
                    return None
            case ast.Describe():
                if self._is_video(statement.name):
                    from vqe import statements

                    return self._finished(statements.describe(self._engine, statement))
            case ast.Other():
                self._passthrough.refuse_names_of_videos(splice(text, statement.span, {}))
                self._passthrough.refuse_videos(statement, text)
            case ast.Explain():
                pass
            case _:
                from vqe import statements

                table = statements.execute(self._engine, statement)
                return None if table is None else self._finished(table)
        return self._pass(statement, text, parameters, variables)

    def _is_video(self, name: ast.Name | ast.Constant) -> bool:
        if isinstance(name, ast.Constant):
            return is_video_path(str(name.value))
        return len(name.parts) == 1 and name.parts[0].lower() in self._catalog.videos()

    def _setting(self, statement: ast.Set | ast.Reset, text: str) -> bool:
        """Set or reset one of our settings; False where it is DuckDB's."""
        name = statement.name.parts[0].lower()
        if len(statement.name.parts) != 1 or name not in SETTINGS:
            self._check_setting(statement.name)
            return False
        if isinstance(statement, ast.Reset):
            self._settings.reset(name)
            return True
        value = statement.value
        written = str(value.value) if isinstance(value, ast.Constant) else value.span.of(text)
        try:
            if name == "model" and written:
                self._engine.library.model(written)  # an unknown model is told of now
            self._settings.set(name, written)
        except QueryError as fault:
            fault.span = fault.span or value.span
            raise
        return True

    def _check_setting(self, name: ast.Name) -> None:
        """A name that is no setting of DuckDB's and nearly one of ours is a slip."""
        hint = nearest(name.parts[0], SETTINGS)
        known = self._session.connection.execute("SELECT name FROM duckdb_settings()").fetchall() if hint else []
        if hint and (name.parts[0].lower(),) not in known:
            raise QueryError(f"no setting '{name.parts[0]}'", name.span, hint)

    def _finished(self, table: Any) -> Relation:
        return Relation(Finished(table, self._session))

    # --- videos -----------------------------------------------------------------------------------------------------

    def _video_statement(
        self,
        statement: ast.QueryStatement | ast.Explain,
        text: str,
        parameters: object,
        variables: Mapping[str, object],
    ) -> Relation | None:
        from vqe import video_query

        inner = statement if isinstance(statement, ast.QueryStatement) else statement.statement
        assert isinstance(inner, ast.QueryStatement)
        prepared, bound_text = self._prepare(inner, text, parameters, variables)
        if prepared is None:
            return self._pass(statement, text, parameters, variables)
        query = video_query.VideoQuery(self._engine, prepared)
        if isinstance(statement, ast.Explain):
            plan = literal(query.explain(statement.mode))
            rows = self._session.connection.sql(f"SELECT 'plan' AS explain_key, {plan} AS explain_value")
            return self._finished(rows.to_arrow_table())
        if statement.kind == "select":
            return Relation(query)
        table = video_query.run_now(self._engine, prepared, bound_text)
        return None if table is None else self._finished(table)

    def _prepare(
        self, statement: ast.QueryStatement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> tuple[Prepared | None, str]:
        """The prepared statement, and the text that its spans point into (parameters are written into it)."""
        if parameters is not None:
            text = with_parameters(statement.span.of(text), parameters, statement.span.start)
            again = parse(text)[0]
            if not isinstance(again, ast.QueryStatement):
                return None, text
            statement = again
        return self._engine.prepare(statement, text, variables), text

    # --- DuckDB's own -----------------------------------------------------------------------------------------------

    def _pass(
        self, statement: ast.Statement, text: str, parameters: object, variables: Mapping[str, object]
    ) -> Relation | None:
        source = splice(text, statement.span, {})
        if isinstance(statement, ast.Explain) and statement.mode == "verbose":  # a word of ours only
            source = Spliced("EXPLAIN " + statement.statement.span.of(text), ())
        kind = self._session.kind(source.text)
        if kind == "SELECT":
            return Relation(self._passthrough.query(source, parameters, variables))
        self._passthrough.refuse_names_of_videos(source)
        try:
            table = self._passthrough.run(source, kind, parameters)
        except MissingTableError as fault:
            if isinstance(statement, ast.Other):
                self._passthrough.refuse_videos(statement, text, fault.table)
            raise no_such_table(fault, self._catalog) from None
        return None if table is None else self._finished(table)


def _rules() -> tuple[str, ...]:
    """The names of the rules that may be disabled, and of kinds of operators that cascades may do without."""
    from vqe.optimizer.cascades import OPTIONAL_PARTS
    from vqe.optimizer.optimize import OPTIONAL_RULES

    return (*(rule.__name__ for rule in OPTIONAL_RULES), *OPTIONAL_PARTS)


class _Variables(dict[str, object]):
    """Python tables in reach of a statement. A relation of ours is computed first: it needs the same connection."""

    def __getitem__(self, name: str) -> object:
        value = super().__getitem__(name)
        return value.arrow() if isinstance(value, Relation) else value


def _callers_variables() -> Mapping[str, object]:
    """The variables where `sql` was called, which names mean after videos and tables."""
    frame = sys._getframe(2)
    found = {**frame.f_globals, **frame.f_locals}
    tables = {n: v for n, v in found.items() if hasattr(v, "__arrow_c_stream__") or type(v).__name__ == "DataFrame"}
    return _Variables(tables)
