"""One run of the query with one plan space, in one folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from vqe.accuracy import Interval
from vqe.bench import database
from vqe.bench.answer import Numbers, Recording
from vqe.bench.clock import Charges, Clock, Spent
from vqe.bench.question import Needs, Script
from vqe.bench.sample import Sample
from vqe.engine import Engine, Prepared
from vqe.errors import QueryError
from vqe.execution import Execution
from vqe.labels import LabelStore
from vqe.library import Library
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node, transform, walk
from vqe.logical.plan import Detect, Query, Scan
from vqe.optimizer.cost import estimate
from vqe.optimizer.situation import Candidate
from vqe.physical.operator import Progress
from vqe.video_query import repeated


@dataclass(frozen=True)
class Case:
    """What all runs share: the query and what it needs, the user's settings, and the loaded models.

    charges: what counts as spent beside the seconds that go by
    """

    script: Script
    needs: Needs
    settings: Mapping[str, str]
    models: Library
    progress: Progress | None = None
    charges: Charges = field(default_factory=Charges)

    @contextmanager
    def engine(self, folder: Path, space: str, seed: int, labels: Path | None = None) -> Iterator[Engine]:
        """The engine of a folder. `labels`: where what the model said is kept, if not there."""
        settings = {**self.settings, "plan_space": space, "seed": str(seed)}
        with database.opened(folder, settings, self.models) as engine:
            engine.progress = self.progress
            if labels is not None:
                engine.library.store = LabelStore(labels)
            yield engine

    def labelled(self, library: Library) -> int:
        """How many frames the model has been asked about, as far as the folder knows."""
        detect = self.needs.detect
        files = detect.video.files
        return sum(library.store.open(f.index.fingerprint, detect.key, detect.confidence).count() for f in files)


@dataclass(frozen=True)
class Measured:
    """One run.

    scaled     it asks about every frame, and its time was taken on a sample
    learnt     something had to be, before the plan that answers could be chosen
    learning_seconds  went by before the first row could be worked on
    calls      frames that the reference model was asked about, learning included
    found      the frames that the relation delivered; None where it was `scaled`
    predicted_at_first, predicted_seconds  before anything was learnt, and for what was left to do then
    reported   rates by their names, as the answer itself says
    how        what was chosen, in words; and what then, where an audit had the query run again
    """

    spent: Spent
    scaled: bool
    learnt: bool
    learning_seconds: float
    calls: int
    found: Numbers | None
    predicted_at_first: float
    predicted_seconds: float
    reported: Mapping[str, Interval]
    how: str


def measure(
    case: Case, folder: Path, space: str, seed: int, sample: Sample | None = None, labels: Path | None = None
) -> Measured:
    """Run it as a user would who opens the folder, asks once and reads all rows.

    With a sample, a plan that asks about every frame is run on that alone. `labels`: see `Case.engine`.
    """
    clock = Clock(case.charges)
    with case.engine(folder, space, seed, labels) as engine:
        prepared = prepared_by(engine, case.script)
        engine.measure(prepared)
        before = _choice(engine, prepared)
        begun: list[tuple[float, Candidate]] = []  # a try each: after so many seconds, by what was chosen then

        def scaled() -> bool:
            return sample is not None and _asks_of_every_frame(prepared)

        def answer(execution: Execution) -> Numbers | None:
            begun.append((clock.read().seconds, _choice(engine, prepared)))
            return None if scaled() else rows(engine, prepared, execution)

        found, reports = repeated(engine, prepared, answer, Execution.assess)
        spent = clock.read()
        if sample is not None and scaled():
            spent += _on(sample, case, engine, prepared)
        return Measured(
            spent,
            scaled(),
            before.kind == "learn",
            begun[0][0],
            len(case.needs.needed) if scaled() else case.labelled(engine.library),
            found,
            before.seconds,
            begun[0][1].seconds,
            {name: rate for report in reports for name, rate in report.rates.items()},
            ("learnt; " if before.kind == "learn" else "")
            + "; then ".join(f"{choice.kind}: {choice.description}" for _, choice in begun),
        )


def prepared_by(engine: Engine, script: Script) -> Prepared:
    """QueryError where the query names no video."""
    prepared = engine.prepare(script.query, script.text, {})
    if prepared is None:
        raise QueryError("the query names no video", script.query.query.span)
    return prepared


def rows(engine: Engine, prepared: Prepared, execution: Execution) -> Numbers:
    """Read all rows: the frames that the one relation delivered. QueryError where DuckDB had enough before the end."""
    recording = Recording(execution.operators[0])
    with engine.session.faults(None):
        for _ in engine.session.connection.sql(prepared.bound.query.text).to_arrow_reader(10_000):
            pass
    if recording.frames is None:
        raise QueryError(
            "the statement reads only a part of what WHERE selects: that cannot be measured", hint="leave LIMIT out"
        )
    return recording.frames


def _on(sample: Sample, case: Case, engine: Engine, prepared: Prepared) -> Spent:
    """Ask about the frames of a sample: the time, scaled to all needed frames that have no labels yet."""
    before = case.labelled(engine.library)
    clock = Clock(case.charges)
    narrow = _narrowed(prepared, sample.frames)
    with engine.running(narrow) as execution:
        rows(engine, narrow, execution)
    spent = clock.read()
    return spent * ((len(case.needs.needed) - before) / max(1, case.labelled(engine.library) - before))


def _narrowed(prepared: Prepared, frames: FrameSet) -> Prepared:
    """The same plan over some of its frames."""

    def change(node: Node) -> Node:
        return replace(node, frames=node.frames & frames) if isinstance(node, Scan) else node

    bound, plan = (transform(p, change) for p in (prepared.bound.plan, prepared.plan))
    assert isinstance(bound, Query) and isinstance(plan, Query)
    return replace(prepared, bound=replace(prepared.bound, plan=bound), steps=[("sample", plan)])


def _asks_of_every_frame(prepared: Prepared) -> bool:
    return any(isinstance(node, Detect) for node in walk(prepared.plan))


def _choice(engine: Engine, prepared: Prepared) -> Candidate:
    """What was chosen for the predicate; the plain plan, where there was no choice."""
    if prepared.choices:
        return prepared.choices[-1][1]
    seconds = estimate(prepared.plan, engine.knowledge.measured()).seconds
    return Candidate("exact", seconds, "the reference model on every frame")
