"""Statements that name no video: DuckDB runs the user's text, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import duckdb

from vqe.catalog import Catalog, is_video_path
from vqe.errors import NotSupportedError, QueryError
from vqe.parser import ast
from vqe.relational.faults import MissingTableError, no_such_table, translate
from vqe.relational.interrupt import interruptible
from vqe.relational.session import Session
from vqe.relational.splice import Spliced

_NOT_YET = re.compile(
    r"\s*(create\s+(or\s+replace\s+)?(temp\w*\s+)?(view|macro|function)|update|delete|merge|pivot|unpivot)\b", re.I
)
_CREATES = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?(\"[^\"]+\"|\w+)", re.I
)


class DuckQuery:
    """The rows of a SELECT of DuckDB's. `reach` binds it and brings what it reads into reach until the stack closes."""

    def __init__(
        self, text: str, parameters: object, session: Session, reach: Callable[[ExitStack], list[tuple[str, str]]]
    ) -> None:
        self._text = text
        self._parameters = parameters
        self._session = session
        self._reach = reach
        self.cheap = True
        self.reports = ()
        with ExitStack() as stack:
            self.columns = reach(stack)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with ExitStack() as stack:
            self._reach(stack)
            stack.enter_context(interruptible(self._session.connection.interrupt))
            try:
                yield self._session.connection.sql(self._text, params=self._parameters)
            except duckdb.InterruptException:
                raise KeyboardInterrupt from None
            except duckdb.Error as fault:
                raise translate(fault) from fault

    def completed(self) -> None:
        pass

    def better(self) -> bool:
        return False

    def explain(self, mode: str) -> str:
        words = {"plain": "EXPLAIN", "verbose": "EXPLAIN", "analyze": "EXPLAIN ANALYZE"}
        with ExitStack() as stack:
            self._reach(stack)
            rows = self._session.connection.execute(f"{words[mode]} {self._text}", self._parameters).fetchall()
        return "\n".join(row[-1] for row in rows)


class PassThrough:
    """Runs DuckDB's own statements, with the folder's tables and the caller's variables in their reach."""

    def __init__(self, session: Session, catalog: Catalog) -> None:
        self._session = session
        self._catalog = catalog

    def query(self, source: Spliced, parameters: object, variables: Mapping[str, object]) -> DuckQuery:
        """A SELECT, bound now and run when it is read."""
        return DuckQuery(
            source.text,
            parameters,
            self._session,
            lambda stack: self._reach(source, parameters, variables, stack),
        )

    def _reach(
        self, source: Spliced, parameters: object, variables: Mapping[str, object], stack: ExitStack
    ) -> list[tuple[str, str]]:
        stack.enter_context(self._session.reach(source.text, "SELECT"))
        while True:
            try:
                return self._session.describe(source, parameters=parameters)
            except QueryError as fault:
                table = fault.table if isinstance(fault, MissingTableError) else ""
                if self._session.bring(table, variables, stack):  # the file may hold a macro or type as well
                    continue
                if isinstance(fault, MissingTableError):
                    raise no_such_table(fault, self._catalog) from None
                raise

    def run(self, source: Spliced, kind: str, parameters: object) -> Any | None:
        """Any other statement, now: its rows as an Arrow table, None where it has none."""
        if kind == "TRANSACTION":
            self._transact(source)
            return None
        with self._session.reach(source.text, kind):
            return self._session.run(source, kind, parameters)

    def _transact(self, source: Spliced) -> None:
        """BEGIN holds the tables until COMMIT or ROLLBACK."""
        begins = re.match(r"\s*(begin|start)", source.text, re.I)
        if begins:
            if not self._session.transaction:
                self._session.hold()
            self._session.run(source, "TRANSACTION")
            self._session.transaction = True
            return
        try:
            self._session.run(source, "TRANSACTION")
        finally:
            if self._session.transaction:
                self._session.transaction = False
                self._session.release()

    def refuse_names_of_videos(self, source: Spliced) -> None:
        """A table or view may not be called like a video."""
        creates = _CREATES.match(source.text)
        if creates and creates[1].strip('"').lower() in self._catalog.videos():
            span = source.origin(creates.start(1), creates.end(1))
            raise QueryError(f"there is a video '{creates[1]}': a video and a table may not share a name", span)

    def refuse_videos(self, statement: ast.Other, text: str, missing: str | None = None) -> None:
        """Statements that may not read videos yet say so, rather than that there is no such table.

        `missing`: the table that DuckDB looked for in vain; before it was asked, a macro alone is refused, since DuckDB
        would only look when it is called.
        """
        not_yet = _NOT_YET.match(statement.span.of(text))
        if statement.fault is None and (not not_yet or (missing is None and "macro" not in not_yet[1].lower())):
            return
        known = self._catalog.videos()
        named: list[ast.Node] = [n for n in statement.names if n.parts[-1].lower() in known]
        if missing is not None:
            named = [n for n in statement.names if n.parts[-1].lower() == missing.lower() in known]
        named += [s for s in statement.strings if is_video_path(str(s.value))]
        if named and statement.fault is not None:
            raise statement.fault
        if named and not_yet is not None:
            what = " ".join(not_yet[1].upper().split())
            raise NotSupportedError(f"{what} cannot read a video yet", named[0].span, "CREATE TABLE … AS SELECT … can")
