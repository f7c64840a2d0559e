"""The pipeline: AST → logical plan → optimised plan (prepare) → operators → Arrow → DuckDB (running).

The text has become an AST in `connection.py`, which also sends statements without a video straight to DuckDB.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vqe.catalog import Catalog
from vqe.errors import RunError, VqeError, VqeWarning, attached
from vqe.knowledge import Knowledge
from vqe.library import Library
from vqe.logical.bind import Bound, bind
from vqe.logical.frames import FrameSet
from vqe.logical.node import walk
from vqe.logical.plan import Filter, Learn, Query, Resolve, Task
from vqe.optimizer.optimize import Context, optimize
from vqe.optimizer.situation import Candidate
from vqe.parser import ast
from vqe.profile import check_room
from vqe.relational.faults import MissingTableError, no_such_table
from vqe.relational.interrupt import interruptible
from vqe.relational.session import Session
from vqe.settings import Settings

if TYPE_CHECKING:
    from vqe.execution import Execution
    from vqe.physical.operator import Progress, Run


@dataclass
class Prepared:
    """A statement that is bound and optimised, ready to run as often as wanted.

    `steps`: the plan after each rule; `choices`: what was considered for each predicate, and what was chosen;
    `guessed`: predicates for which it is not known yet what the reference model takes;
    `tables`, `variables`: what has to be brought into DuckDB's reach to run it.
    """

    statement: ast.QueryStatement
    text: str
    bound: Bound
    steps: list[tuple[str, Query]]
    choices: list[tuple[list[Candidate], Candidate]]
    guessed: list[Task]
    tables: bool
    variables: Mapping[str, object]

    @property
    def plan(self) -> Query:
        return self.steps[-1][1]


class Engine:
    """Everything behind one connection."""

    def __init__(self, folder: Path, catalog: Catalog, settings: Settings, session: Session) -> None:
        self.catalog = catalog
        self.settings = settings
        self.session = session
        self.library = Library(folder, catalog, settings)
        self.knowledge = Knowledge(self.library)
        self.progress: Progress | None = None

    def prepare(self, statement: ast.QueryStatement, text: str, variables: Mapping[str, object]) -> Prepared | None:
        """Bind and optimise; None where the statement names no video."""
        cancelled = threading.Event()

        def stop() -> None:
            cancelled.set()
            self.session.connection.interrupt()

        with (
            attached(text),
            interruptible(stop),
            self.library.cancellable(cancelled),
            self._bound(statement, text, variables) as (bound, tables, used),
        ):
            if bound is None:
                return None
            prepared = Prepared(statement, text, bound, [], [], [], tables, used)
            self._optimize(prepared)
            return prepared

    def _optimize(self, prepared: Prepared, learns: bool = True) -> None:
        """Make the plan from what is known now. `learns`: something may be learnt first."""
        self.knowledge.begin(learns)
        prepared.steps = optimize(prepared.bound.plan, self._context(), self._disabled())
        prepared.choices, prepared.guessed = self.knowledge.choices, self.knowledge.guessed

    @contextmanager
    def _bound(
        self, statement: ast.QueryStatement, text: str, variables: Mapping[str, object]
    ) -> Iterator[tuple[Bound | None, bool, Mapping[str, object]]]:
        """Bind, bringing tables and Python variables into reach as DuckDB asks for them, and keep them there."""
        used: dict[str, object] = {}
        with ExitStack() as stack:
            while True:
                try:
                    bound = bind(statement, text, self.library, self.session)
                    break
                except MissingTableError as fault:
                    if not self.session.bring(fault.table, variables, stack):
                        raise no_such_table(fault, self.catalog) from None
                    if fault.table in variables:
                        used[fault.table] = variables[fault.table]
            yield bound, self.session.attached, used

    def _context(self) -> Context:
        from vqe.relational.evaluate import matching

        connection = self.session.connection
        return Context(
            lambda video, p: FrameSet.numbers(matching(connection, video, p), video.frame_count),
            self.settings.number("detection_confidence"),
            self.knowledge.choose,
        )

    def _disabled(self) -> frozenset[str]:
        exact = self.settings.value("plan_space") == "exact"
        return self.settings.disabled_rules | ({"place_cascade"} if exact else set())

    # --- running ----------------------------------------------------------------------------------------------------

    @contextmanager
    def running(self, prepared: Prepared) -> Iterator[Execution]:
        """The relations of the plan in DuckDB's reach; inside, the statement's text can be run."""
        from vqe.execution import execution

        cancelled = threading.Event()
        with ExitStack() as stack:
            stack.enter_context(attached(prepared.text))
            if prepared.tables:
                stack.enter_context(self.session.tables())
            stack.enter_context(self.session.streams(prepared.variables))
            if _may_have_changed(prepared):
                self._optimize(prepared)
            self.measure(prepared)
            with interruptible(cancelled.set):
                self._learn(prepared, cancelled)
            started = execution(prepared.plan, prepared.bound, self.library, self.progress)
            stack.callback(started.close)
            stack.enter_context(self.session.streams({**started.streams, **self._listings(prepared)}))
            stack.enter_context(self.session.scalar_functions(started.functions))
            stack.enter_context(interruptible(lambda: self._stop(started)))
            try:
                yield started
            except (VqeError, KeyboardInterrupt) as fault:
                original = started.failure()
                if original is not None and original is not fault:
                    raise original from None
                raise

    def measure(self, prepared: Prepared) -> None:
        """Measure what the choices rest on, where that was a guess so far, and choose anew."""
        if not prepared.guessed:
            return
        from vqe.learning import measure

        cancelled = threading.Event()
        with interruptible(cancelled.set), self._run(cancelled) as run:
            for task in prepared.guessed:
                measure(task, run)
        self._optimize(prepared)

    def _learn(self, prepared: Prepared, cancelled: threading.Event) -> None:
        """Learn what the plan wants to know first, and make it anew."""
        wanted = [node for node in walk(prepared.plan) if isinstance(node, Learn)]
        if not wanted:
            return
        from vqe.learning import learn

        try:
            check_room(self.library.folder)
        except RunError as fault:
            warnings.warn(f"{fault.message}; so nothing is learnt", VqeWarning, stacklevel=2)
            self._optimize(prepared, learns=False)
            return
        for node in wanted:
            with self._run(cancelled) as run:
                learn(node.task, node.budget, run, node.worth)
        self._optimize(prepared)

    @contextmanager
    def _run(self, cancelled: threading.Event) -> Iterator[Run]:
        """What is done before the plan's own operators run."""
        from vqe.physical.operator import Run
        from vqe.relational.evaluate import Evaluator

        run = Run(self.library, Evaluator(), self.progress, cancelled)
        try:
            yield run
        finally:
            run.close()

    def _listings(self, prepared: Prepared) -> Mapping[str, object]:
        """The rows of videos(), for each time that the statement names it."""
        from vqe.statements import listing

        return {name: listing(self) for name in prepared.bound.listings}

    def _stop(self, started: Execution) -> None:
        started.run.cancelled.set()
        self.session.connection.interrupt()


def _may_have_changed(prepared: Prepared) -> bool:
    """Whether planning would come out otherwise now: tables change, and more may have been learnt or labelled."""
    reads_tables = any(isinstance(n, Filter) and n.predicate.tables for n in walk(prepared.bound.plan))
    return reads_tables or any(isinstance(n, Learn | Resolve) for n in walk(prepared.plan))
