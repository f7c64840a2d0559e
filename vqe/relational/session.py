"""The DuckDB side of a connection.

An in-memory DuckDB runs the statements. The user's tables live in a DuckDB file in the database folder, which is
attached only for the length of a statement that needs it, because an attached file shuts other processes out.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from duckdb.func import PythonUDFType

from vqe.errors import RunError
from vqe.relational.faults import translate
from vqe.relational.interrupt import interruptible
from vqe.relational.splice import Spliced, quote

FILE = "tables.duckdb"  # in the folder
TABLES = "tables"  # the name under which the file is attached
LOCK_WAIT = 10.0  # seconds to wait for another process to let go of the file

_READS_CATALOG = re.compile(
    r"\b(show|describe|desc|summarize|information_schema|duckdb_\w+|pragma\w*|sqlite_\w+)\b", re.I
)
_WRITES = {"INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "COPY", "MERGE_INTO", "ANALYZE", "VACUUM", "CALL"}
_SILENT = (_WRITES - {"CALL"}) | {"SET", "TRANSACTION", "ATTACH", "DETACH", "LOAD", "PREPARE", "CREATE_TABLE"}


class Session:
    """One DuckDB connection and the tables of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": "false", "python_enable_replacements": "false"}
        )
        # DuckDB reads ahead until this buffer is full: by default a hundred batches before the first row leaves.
        self.connection.execute("SET streaming_buffer_size = '1B'")
        self.registered: dict[str, object] = {}
        self._held: ExitStack | None = None  # an attachment that outlives one statement,
        self._holders = 0  # and how many wait for its end
        self.attached = False
        self.generation = 0  # of the names of functions
        self.transaction = False  # between BEGIN and COMMIT or ROLLBACK

    def close(self) -> None:
        self._holders = 0
        self.release()
        for name in list(self.registered):
            self.connection.unregister(name)
        self.connection.close()

    def register(self, name: str, table: object) -> None:
        """Let statements read a Python table (Arrow, pandas, polars) by this name."""
        self.connection.register(name, table)
        self.registered[name] = table

    # --- the tables' file -------------------------------------------------------------------------------------------

    @property
    def _file(self) -> Path:
        return self.folder / FILE

    @contextmanager
    def tables(self, *, write: bool = False) -> Iterator[None]:
        """The user's tables in reach, as the default place for names, until the block ends."""
        if self.attached or (not write and not self._file.exists()):
            yield
            return
        self._attach(write)
        current = self.connection.execute("SELECT current_database(), current_schema()").fetchone()
        assert current is not None
        if current[0] == "memory":  # unless the user said USE something else
            self.connection.execute(f"USE {TABLES}")
        self.attached = True
        try:
            yield
        finally:
            self.attached = False
            where = self.connection.execute("SELECT current_database()").fetchone()
            if where == (TABLES,):
                self.connection.execute("USE memory")
            self.connection.execute(f"DETACH {TABLES}")

    def _attach(self, write: bool) -> None:
        path = str(self._file).replace("'", "''")
        deadline = time.monotonic() + LOCK_WAIT
        while True:
            try:
                if write:
                    self.folder.mkdir(parents=True, exist_ok=True)
                self.connection.execute(f"ATTACH '{path}' AS {TABLES}{'' if write else ' (READ_ONLY)'}")
                return
            except (duckdb.Error, OSError) as fault:
                # Another process holds it, or another connection of this one.
                locked = "lock" in str(fault) or "already attached" in str(fault)
                if locked and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                hint = "another process is using the tables; try again when it has finished" if locked else None
                raise RunError(
                    f"cannot open the tables in {self.folder}: {str(fault).splitlines()[0]}", None, hint
                ) from None

    def hold(self, *, write: bool = True) -> None:
        """Keep the tables attached until `release` (inside BEGIN … COMMIT, or while the connection is lent)."""
        if self._held is None:
            held = ExitStack()
            held.enter_context(self.tables(write=write))
            self._held = held
        self._holders += 1

    def release(self) -> None:
        """The end of one `hold`; the last one lets go."""
        self._holders = max(0, self._holders - 1)
        if self._held is not None and not self._holders:
            held, self._held = self._held, None
            held.close()

    # --- statements -------------------------------------------------------------------------------------------------

    @contextmanager
    def faults(self, source: Spliced | None, shift: int = 0) -> Iterator[None]:
        """Errors inside come out as ours. JSON errors are on only in between: the connection may be lent."""
        self._errors_as_json(True)
        try:
            yield
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as fault:
            raise translate(fault, source, shift) from fault
        finally:
            self._errors_as_json(False)

    def _errors_as_json(self, wanted: bool) -> None:
        """In a transaction that an error has ended nothing can be set, and ROLLBACK must still get through."""
        with suppress(duckdb.TransactionException):
            self.connection.execute(f"SET errors_as_json = {str(wanted).lower()}")

    def describe(
        self, query: Spliced, before: str = "", after: str = "", parameters: object = None
    ) -> list[tuple[str, str]]:
        """Bind a query (of ours around a piece of the user's) without running it: its columns' names and types."""
        prefix = "DESCRIBE " + before
        with self.faults(query, len(prefix.encode())):
            rows = self.connection.execute(prefix + query.text + after, parameters).fetchall()
        return [(row[0], row[1]) for row in rows]

    def run(self, source: Spliced, kind: str, parameters: object = None) -> Any | None:
        """Run one statement of DuckDB's `kind` now: its rows as an Arrow table, None where it has none to show."""
        with interruptible(self.connection.interrupt), self.faults(source):
            result = self.connection.execute(source.text, parameters)
            names = [column[0] for column in result.description or ()]
            if not names or (kind in _SILENT and names in (["Count"], ["Success"])):  # RETURNING has other columns
                result.fetchall()
                return None
            with warnings.catch_warnings():  # about a copy of the rows; these are few
                warnings.simplefilter("ignore", UserWarning)
                return result.to_arrow_table()

    def kind(self, text: str) -> str:
        """DuckDB's own word for a statement: SELECT, CREATE, …; '' where it does not parse or is several."""
        try:
            statements = self.connection.extract_statements(text)
        except duckdb.Error:
            return ""
        return statements[0].type.name if len(statements) == 1 else "MULTI" if statements else ""

    @contextmanager
    def reach(self, text: str, kind: str) -> Iterator[None]:
        """The tables' file, where a statement of this kind is sure to need it."""
        if kind in _WRITES:
            with self.tables(write=kind in ("CREATE", "CALL") or self._file.exists()):
                yield
        elif _READS_CATALOG.search(text):
            with self.tables():
                yield
        else:
            yield

    def bring(self, name: str, variables: Mapping[str, object], stack: ExitStack) -> bool:
        """Bring a table that a statement lacks into reach until the stack closes; False where there is none."""
        if not self.attached and self._file.exists():
            stack.enter_context(self.tables())
        elif name in variables and name not in self.registered:
            self.connection.register(name, variables[name])
            stack.callback(self.connection.unregister, name)
        else:
            return False
        return True

    @cached_property
    def _functions(self) -> list[tuple[str, str, str | None]]:
        """name, type and stability of DuckDB's functions; asking takes 20 ms."""
        return self.connection.execute(
            "SELECT DISTINCT lower(function_name), function_type, stability FROM duckdb_functions()"
        ).fetchall()

    def ascends(self) -> bool:
        """Whether ORDER BY without a direction means ascending (the user may SET default_order)."""
        row = self.connection.execute("SELECT current_setting('default_order')").fetchone()
        return row is not None and str(row[0]).upper().startswith("ASC")

    def scalar_function_names(self) -> set[str]:
        """Lower-cased names that mean a function of one row and nothing else."""
        scalar = {name for name, kind, _ in self._functions if kind == "scalar"}
        return scalar - {name for name, kind, _ in self._functions if kind != "scalar"}

    def may_be_volatile(self, name: str) -> bool:
        """Whether a function may give other values when it is asked again.

        A macro may, whatever it calls. What is no function at all has a syntax of its own: extract, coalesce, if.
        """
        found = [(kind, stability or "") for known, kind, stability in self._functions if known == name]
        return any(kind == "macro" or stability.startswith("VOLATILE") for kind, stability in found)

    def table_exists(self, name: str) -> bool:
        with self.tables():
            rows = self.connection.execute(
                "SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = ? UNION ALL"
                " SELECT 1 FROM duckdb_views() WHERE lower(view_name) = ? AND NOT internal",
                [name.lower(), name.lower()],
            ).fetchall()
        return bool(rows)

    @contextmanager
    def probing(self) -> Iterator[Session]:
        """Where a statement may fail in vain: inside a transaction, which an error ends, on a connection beside it."""
        if not self.transaction:
            yield self
            return
        beside = copy(self)
        beside.connection = self.connection.cursor()
        try:
            yield beside
        finally:
            beside.connection.close()

    # --- stand-ins for the relations of videos ----------------------------------------------------------------------

    @contextmanager
    def empty_relations(self, schemas: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[None]:
        """Views without rows under these names, for binding: name → (column, SQL type)."""
        try:
            for name, columns in schemas.items():
                body = ", ".join(f"NULL::{type} AS {quote(column)}" for column, type in columns)
                self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS SELECT {body} WHERE FALSE")
            yield
        finally:
            with suppress(duckdb.TransactionException):  # it has ended by an error, and takes them along
                for name in schemas:
                    self.connection.execute(f"DROP VIEW IF EXISTS temp.{quote(name)}")

    @contextmanager
    def scalar_functions(self, functions: Mapping[str, tuple[Any, str]]) -> Iterator[None]:
        """Functions from a BIGINT (the frame) to a type, over Arrow arrays: name → (function, SQL type)."""
        made: list[str] = []
        try:
            for name, (function, type) in functions.items():
                self.connection.create_function(name, function, ["BIGINT"], type, type=PythonUDFType.ARROW)
                made.append(name)
            yield
        finally:
            try:
                for name in made:
                    self.connection.remove_function(name)
            except duckdb.TransactionException:
                # It has ended by an error. ROLLBACK will take the functions along, but their names stay taken.
                self.generation += 1

    @contextmanager
    def streams(self, tables: Mapping[str, object]) -> Iterator[None]:
        """Objects with `__arrow_c_stream__` in reach of statements under these names."""
        made: list[str] = []
        try:
            for name, table in tables.items():
                self.connection.register(name, table)
                made.append(name)
            yield
        finally:
            with suppress(duckdb.TransactionException):
                for name in made:
                    self.connection.unregister(name)
