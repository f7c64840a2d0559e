"""The statements that are ours alone: videos, regions, settings."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqe import models
from vqe.catalog import Region, VideoEntry, unknown
from vqe.errors import QueryError, RunError
from vqe.library import Source
from vqe.parser import ast
from vqe.profile import forget

if TYPE_CHECKING:
    from vqe.engine import Engine


def execute(engine: Engine, statement: ast.Statement) -> Any | None:
    """Run one of them: an Arrow table where it has rows. TypeError for a statement that is not ours alone."""
    match statement:
        case ast.CreateVideo():
            create_video(engine, statement)
        case ast.DropVideo():
            drop_video(engine, statement)
        case ast.CreateRegion():
            create_region(engine, statement)
        case ast.DropRegion():
            drop_region(engine, statement)
        case ast.Show():
            return show(engine, statement)
        case _:
            raise TypeError(f"{type(statement).__name__} is not ours alone")
    return None


def create_video(engine: Engine, statement: ast.CreateVideo) -> None:
    name = _simple(statement.name, "video")
    videos = engine.catalog.videos()
    if name.lower() in videos and not statement.or_replace:
        if statement.if_not_exists:
            return
        raise QueryError(f"video '{name}' exists already", statement.name.span, "CREATE OR REPLACE VIDEO, or DROP it")
    if engine.session.table_exists(name):
        raise QueryError(f"there is a table '{name}': a video and a table may not share a name", statement.name.span)
    paths = tuple(str(Path(str(p.value)).expanduser().absolute()) for p in statement.paths)
    entry = VideoEntry(name, paths, {o.name: str(o.value.value) for o in statement.options})
    try:
        engine.library.check_entry(entry)
    except (QueryError, RunError) as fault:
        fault.span = fault.span or _blame(fault, statement)
        raise
    engine.catalog.put_video(entry)


def _blame(fault: QueryError | RunError, statement: ast.CreateVideo) -> Any:
    """Where to point: at the option that the message names, else at the paths."""
    for option in statement.options:
        named = re.search(rf"'{option.name}'|^(a )?{option.name}\b", fault.message)
        if named or str(option.value.value) in fault.message:
            return option.span
    return statement.paths[0].span.to(statement.paths[-1].span)


def drop_video(engine: Engine, statement: ast.DropVideo) -> None:
    name = _simple(statement.name, "video")
    if _known_video(engine, name, statement.name, missing_ok=statement.if_exists):
        forget(engine.library.folder, name.lower())  # another camera may get the name
        engine.catalog.drop_video(name)


def create_region(engine: Engine, statement: ast.CreateRegion) -> None:
    name, video = _simple(statement.name, "region"), _simple(statement.video, "video")
    _known_video(engine, video, statement.video)
    if name.lower() in engine.catalog.regions(video) and not statement.or_replace:
        if statement.if_not_exists:
            return
        raise QueryError(
            f"region '{name}' on '{video}' exists already", statement.name.span, "CREATE OR REPLACE REGION"
        )
    engine.catalog.put_region(video, Region(name, statement.shape.kind, statement.shape.points))


def drop_region(engine: Engine, statement: ast.DropRegion) -> None:
    name, video = _simple(statement.name, "region"), _simple(statement.video, "video")
    _known_video(engine, video, statement.video)
    regions = engine.catalog.regions(video)
    if name.lower() in regions:
        engine.catalog.drop_region(video, name)
    elif not statement.if_exists:
        fault = unknown("region", name, [r.name for r in regions.values()])
        fault.span = statement.name.span
        raise fault


def show(engine: Engine, statement: ast.Show) -> Any:
    """The listing as an Arrow table."""
    import pyarrow as pa

    match statement.what:
        case "videos":
            return listing(engine)
        case "regions":
            rows = [
                (v.name, r.name, r.text())
                for v in engine.catalog.videos().values()
                for r in engine.catalog.regions(v.name).values()
            ]
            return _table(("video", "region", "shape"), rows)
        case "settings":
            return _table(("name", "value", "default", "description"), engine.settings.rows())
        case "models":
            default = models.default_model()
            known = models.known_models(engine.library.models_home)
            models_rows = [(m.name, len(m.classes), m.name == default, str(m.path or "")) for m in known]
            schema = pa.schema(
                [("model", pa.string()), ("classes", pa.int64()), ("default", pa.bool_()), ("path", pa.string())]
            )
            return pa.table([list(c) for c in zip(*models_rows, strict=True)] or [[], [], [], []], schema=schema)
        case "runs":
            return past_runs(engine)


def past_runs(engine: Engine) -> Any:
    """How the latest queries that were not answered exactly were answered, the newest last, as an Arrow table.

    `at` is UTC.
    """
    import pyarrow as pa

    from vqe.accuracy import Interval
    from vqe.report import RATES

    whole, real, text = pa.int64(), pa.float64(), pa.string()
    columns = [("id", whole), *((name, text) for name in ("at", "query", "video", "predicate", "plan"))]
    columns += [("frames", whole), ("calls", whole), ("seconds", real), ("predicted", real), ("budget", text)]
    columns += [(name, text) for name in (*RATES, "notes")]
    rows = [
        asdict(run)
        | {name: str(Interval(*bounds)) for name, bounds in run.rates.items()}
        | {"notes": "; ".join(run.notes) or None}
        for run in engine.catalog.runs()
    ]
    return pa.Table.from_pylist(rows, pa.schema(columns))


def listing(engine: Engine) -> Any:
    """SHOW VIDEOS and videos(): an Arrow table. A video whose files cannot be opened keeps its line."""
    from vqe.logical.froms import LISTING
    from vqe.relational.columns import arrow_schema

    rows = [_listed(engine, entry) for entry in engine.catalog.videos().values()]
    import pyarrow as pa

    schema = arrow_schema(LISTING)
    return pa.table([pa.array([r[i] for r in rows], schema.types[i]) for i in range(len(schema))], schema=schema)


def _listed(engine: Engine, entry: VideoEntry) -> tuple[Any, ...]:
    paths = ", ".join(entry.paths)
    model = entry.options.get("model") or str(engine.settings.value("model")) or models.default_model()
    try:
        source = engine.library.open(entry)
    except (QueryError, RunError):
        return entry.name, f"{paths} (cannot be opened)", *[None] * 6, model, None
    video = source.video
    first = video.files[0].index
    rate = sum(f.frame_count for f in video.files) / sum(f.index.duration for f in video.files)
    codecs = ", ".join(dict.fromkeys(f.index.codec for f in video.files))
    labels = _labels(engine, source, model)
    return (
        entry.name,
        paths,
        video.frame_count,
        first.width,
        first.height,
        rate,
        video.end_seconds,
        codecs,
        video.start,
        model,
        labels,
    )


def _labels(engine: Engine, source: Source, model: str) -> int | None:
    """How many frames the video's reference model has labels of; None where that model is not there."""
    try:
        info = engine.library.model(model)
    except (QueryError, RunError):
        return None
    floor = engine.settings.number("detection_confidence")
    files = source.video.files
    return sum(engine.library.store.open(f.index.fingerprint, info.key, floor).count() for f in files)


def describe(engine: Engine, statement: ast.Describe) -> Any:
    """The columns of a video (a registered name, or a path) as an Arrow table, in DuckDB's form."""
    from vqe.logical.relations import frame_columns

    name = statement.name
    if isinstance(name, ast.Constant):
        source: Source | None = engine.library.open_path(str(name.value))
    else:
        source = engine.library.find(name.parts[0])
    assert source is not None
    rows = [(c, t, "YES", None, None, None) for c, t in frame_columns(source.video.dated)]
    return _table(("column_name", "column_type", "null", "key", "default", "extra"), rows)


def _table(names: tuple[str, ...], rows: list[Any]) -> Any:
    import pyarrow as pa

    return pa.table({n: pa.array([row[i] for row in rows], pa.string()) for i, n in enumerate(names)})


def _simple(name: ast.Name, kind: str) -> str:
    if len(name.parts) != 1:
        raise QueryError(f"a {kind} has a name without a schema", name.span)
    return name.parts[0]


def _known_video(engine: Engine, name: str, node: ast.Name, *, missing_ok: bool = False) -> bool:
    videos = engine.catalog.videos()
    if name.lower() in videos:
        return True
    if missing_ok:
        return False
    fault = unknown("video", name, [v.name for v in videos.values()])
    fault.span = node.span
    raise fault
