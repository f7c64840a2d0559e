"""Which FROM items are videos, and what they turn into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vqe.catalog import is_video_path, unknown
from vqe.errors import QueryError, Span, VqeError, nearest
from vqe.library import Library, Source
from vqe.logical.relations import Schema
from vqe.logical.scope import Environment, Item, Kind, Scope
from vqe.logical.times import check_times
from vqe.logical.window import Window
from vqe.models import ModelInfo
from vqe.parser import ast
from vqe.relational.splice import quote

if TYPE_CHECKING:
    from vqe.logical.bind import Binder

# For each kind of join: may a WHERE term about the left (right) side be decided before the join?
_MOVABLE = {
    "inner": (True, True),
    "cross": (True, True),
    "left": (True, False),
    "right": (False, True),
    "full": (False, False),
    "semi": (True, False),
    "anti": (True, False),
    "asof": (True, False),
    "asof left": (True, False),
    "positional": (False, False),
}

LISTING: Schema = [(c, "VARCHAR") for c in ("video", "files")] + [
    ("frames", "BIGINT"),
    ("width", "INTEGER"),
    ("height", "INTEGER"),
    ("rate", "DOUBLE"),
    ("seconds", "DOUBLE"),
    ("codec", "VARCHAR"),
    ("start", "TIMESTAMP"),
    ("model", "VARCHAR"),
    ("labels", "BIGINT"),
]


class FromBinder:
    """Opens the videos of FROM clauses and writes their names for DuckDB into `edits`."""

    def __init__(
        self, text: str, library: Library, model: ast.Accuracy | None, edits: dict[Span, str], items: list[Item]
    ) -> None:
        self.text = text
        self.library = library
        self.model = model
        self.edits = edits
        self.items = items
        self.prefix = "vqe_"  # of our relations' names, which no table that the statement names may have
        while self.prefix in text.lower():
            self.prefix += "_"
        self.listings: dict[str, Schema] = {}  # names under which videos() is read

    def bind(self, source: ast.From, scope: Scope, environment: Environment, binder: Binder, movable: bool) -> None:
        """Add the videos of one FROM clause to the scope, the leftmost first."""
        before = len(scope.items)
        self._bind(source, scope, environment, binder, movable)
        if len(scope.items) == before and isinstance(source, ast.FromItem):
            name = source.alias or (source.name[-1] if isinstance(source, ast.TableRef) else None)
            scope.others |= {name.lower()} if name else set()

    def _bind(self, source: ast.From, scope: Scope, environment: Environment, binder: Binder, movable: bool) -> None:
        match source:
            case ast.Join():
                left, right = _MOVABLE.get(source.kind, (False, False))
                self.bind(source.left, scope, environment, binder, movable and left)
                self.bind(source.right, scope, environment, binder, movable and right)
                if source.condition is not None:
                    check_times(source.condition, scope.items, self.text)
                    binder.values(source.condition, environment.within(scope))
            case ast.SubqueryRef():
                binder.query(source.query, environment.within(scope))
            case ast.TableRef():
                found = self._table(source, environment)
                if found is not None:
                    self._add("frames", source, found, source.name[-1], scope, movable)
            case ast.FileRef():
                if is_video_path(source.path):
                    self._add("frames", source, self._path(source.path, source.source), None, scope, movable)
            case ast.EventsRef():
                self._events(source, scope, environment, binder)
            case ast.FunctionRef():
                self._function(source, scope, environment, binder, movable)
            case ast.OtherRef():
                for part in source.parts:
                    binder.values(part, environment.within(scope))

    # --- sources ----------------------------------------------------------------------------------------------------

    def _table(self, source: ast.TableRef, environment: Environment) -> Source | None:
        if len(source.name) != 1 or source.name[0].lower() in environment.ctes:
            return None
        return self._at(source.source, lambda: self.library.find(source.name[0]))

    def _path(self, path: str, span: Span) -> Source:
        found = self._at(span, lambda: self.library.open_path(path))
        assert found is not None
        return found

    @staticmethod
    def _at(span: Span, open: Callable[[], Source | None]) -> Source | None:
        """Errors of opening a video point at its name."""
        try:
            return open()
        except VqeError as fault:
            fault.span = fault.span or span
            raise

    def _argument(self, value: ast.Expr, function: str) -> Source:
        """The video that a table function is given: a name, or a path of any ending."""
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return self._path(value.value, value.span)
        if isinstance(value, ast.Name) and len(value.parts) == 1:
            found = self._at(value.span, lambda: self.library.find(value.parts[0]))
            if found is None:
                fault = unknown("video", value.parts[0], [v.name for v in self.library.catalog.videos().values()])
                fault.span = value.span
                raise fault
            return found
        raise QueryError(f"{function}() takes a video's name or a path", value.span)

    def _function(
        self, source: ast.FunctionRef, scope: Scope, environment: Environment, binder: Binder, movable: bool
    ) -> None:
        if source.name == "videos" and not source.arguments:
            name = f"{self.prefix}videos_{len(self.listings) + 1}"
            self.listings[name] = LISTING
            self.edits[source.source] = name + ("" if source.alias else " AS videos")
            return
        if source.name not in ("frames", "detections"):
            for argument in source.arguments:
                binder.values(argument.value, environment.within(scope))
            return
        positional = [a for a in source.arguments if a.name is None]
        if len(positional) != 1:
            raise QueryError(f"{source.name}() takes one video", source.source)
        found = self._argument(positional[0].value, source.name)
        options = self._options(source)
        kind: Kind = "frames" if source.name == "frames" else "boxes"
        item = self._add(kind, source, found, found.video.name, scope, movable)
        item.tracked, item.masked = "track" in options, "mask" in options
        if item.masked and not item.model.masks:
            raise QueryError(
                f"{item.model.name} has no masks",
                options["mask"],
                "use a segmentation model: USING MODEL 'yolo11n-seg.pt'",
            )

    @staticmethod
    def _options(source: ast.FunctionRef) -> dict[str, Span]:
        """The named arguments that are true, and where they stand."""
        known = ("track", "mask") if source.name == "detections" else ()
        options: dict[str, Span] = {}
        for argument in source.arguments:
            if argument.name is None:
                continue
            if argument.name not in known:
                hint = nearest(argument.name, known) or (f"it has {', '.join(known)}" if known else None)
                raise QueryError(f"{source.name}() has no argument '{argument.name}'", argument.span, hint)
            value = argument.value.value if isinstance(argument.value, ast.Constant) else None
            if not isinstance(value, bool):
                raise QueryError(f"{argument.name} is true or false", argument.value.span)
            if value:
                options[argument.name] = argument.span
        return options

    # --- events -----------------------------------------------------------------------------------------------------

    def _events(self, source: ast.EventsRef, scope: Scope, environment: Environment, binder: Binder) -> None:
        inner = source.video
        if isinstance(inner, ast.FunctionRef) and inner.name == "frames" and len(inner.arguments) == 1:
            found = self._argument(inner.arguments[0].value, "frames")
        elif isinstance(inner, ast.FileRef):
            found = self._path(inner.path, inner.source)
        elif isinstance(inner, ast.TableRef) and len(inner.name) == 1:
            found = self._argument(ast.Name(inner.source, inner.name), "events")
        else:
            raise QueryError("events() takes a video's name or a path", inner.span)
        alias = found.video.name
        if isinstance(inner, ast.TableRef | ast.FileRef | ast.FunctionRef) and inner.alias:
            alias = inner.alias
        item = self._add("events", source, found, "events", scope, False)
        frames_alias, item.alias = item.alias, alias
        self.event_clauses(item, source.clauses)
        if source.where is not None:
            binder.event_condition(source.where, item, environment)
        if source.where is not None or source.alias:
            item.alias = frames_alias

    def event_clauses(self, item: Item, clauses: ast.EventClauses) -> None:
        item.gap = window(clauses.gap) if clauses.gap else Window(1_000_000)
        item.minimum = window(clauses.minimum) if clauses.minimum else None
        item.stable = self.stable(clauses.stable)

    def stable(self, given: ast.Duration | None) -> Window:
        """The window of STABLE: as given, else the setting."""
        return window(given) if given else Window(int(self.library.settings.number("stable")))

    # --- items ------------------------------------------------------------------------------------------------------

    def _add(
        self, kind: Kind, source: ast.FromItem, found: Source, name: str | None, scope: Scope, movable: bool
    ) -> Item:
        alias = source.alias or name or found.video.name
        if scope.named(alias) is not None:
            raise QueryError(
                f"two videos of this FROM are called '{alias}'", source.span, "give one of them an alias: FROM … AS b"
            )
        model = self._model(found, source.source)
        item = Item(kind, f"{self.prefix}{len(self.items) + 1}", alias, source.columns, found, model, movable)
        self.items.append(item)
        scope.items.append(item)
        self.edits[source.source] = item.name + ("" if source.alias else f" AS {quote(alias)}")
        return item

    def _model(self, found: Source, span: Span) -> ModelInfo:
        """The model of USING MODEL, else of the video, else of the setting; a fault points where it was named."""
        given = self.model
        try:
            return self.library.model(str(given.value) if given else found.model)
        except QueryError as fault:
            if given or found.model:
                fault.span = given.span if given else span
            else:
                fault.message += " (the setting 'model')"
            raise


def window(duration: ast.Duration) -> Window:
    """A duration of the text as a window; an INTERVAL is read by DuckDB."""
    if duration.interval is None:
        return Window(duration.microseconds, duration.frames)
    import duckdb

    try:
        row = duckdb.connect(":memory:").execute(f"SELECT epoch_us({duration.interval})").fetchone()
    except duckdb.Error:
        row = None
    if row is None or row[0] is None or row[0] < 0:
        raise QueryError("not a duration", duration.span, "for example '2s', '500ms', INTERVAL 2 SECOND, or frames: 30")
    return Window(int(row[0]))
