"""AST → logical plan: names become videos, models and classes; the rest of the text becomes SQL for DuckDB.

The binder walks the blocks of a statement, replaces every video in FROM by a relation vqe_1, vqe_2, … and every call
outside WHERE by a function of that relation's frame numbers, and moves the WHERE terms that name one video only into
that video's part of the plan. What is left is bound by DuckDB over empty relations, so that a mistake costs
milliseconds and is reported in DuckDB's words at the user's text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from vqe.errors import NotSupportedError, QueryError, Span
from vqe.library import Library
from vqe.logical import node as tree
from vqe.logical.budget import budget, check_clauses
from vqe.logical.calls import resolve_call
from vqe.logical.expr import ModelCall, conjunction
from vqe.logical.frames import FrameSet
from vqe.logical.froms import FromBinder
from vqe.logical.limits import enough_rows
from vqe.logical.mentions import may_name_video
from vqe.logical.plan import Boxes, Events, Filter, Frames, Query, Relation, Scan, Stable, Track
from vqe.logical.predicates import Probe, terms
from vqe.logical.relations import Schema, elsewhere
from vqe.logical.scope import Environment, Item, Scope, owner
from vqe.logical.times import check_times
from vqe.logical.window import Window
from vqe.parser import ast
from vqe.relational.session import Session
from vqe.relational.splice import Spliced, quote, splice


@dataclass(frozen=True)
class Bound:
    """A statement that is ready to be optimised.

    `query` is the text of the query alone for DuckDB, `statement` that of the whole statement; `schemas` and
    `functions` say what both read: relation → columns, function → (relation, call). `relations` are the names of
    the plan's relations, in their order, `listings` those under which videos() is read. `columns` is the schema of
    the result.
    """

    plan: Query
    query: Spliced
    statement: Spliced
    schemas: Mapping[str, Schema]
    functions: Mapping[str, tuple[str, ModelCall]]
    relations: tuple[str, ...]
    listings: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


def bind(statement: ast.QueryStatement, text: str, library: Library, session: Session) -> Bound | None:
    """None where the statement names no video. QueryError (or what opening a video raises) where it is wrong."""
    binder = Binder(text, library, session, _model(statement.query))
    binder.query(statement.query, Environment())
    if not binder.items and not binder.froms.listings:
        return None
    check_clauses(statement.query.accuracy, bool(binder.items) and all(i.kind == "events" for i in binder.items))
    return binder.finish(statement)


def _model(query: ast.Query) -> ast.Accuracy | None:
    return next((a for a in query.accuracy if a.kind == "model"), None)


class Binder:
    """The state of one binding: the edits of the text, and the items found so far."""

    def __init__(self, text: str, library: Library, session: Session, model: ast.Accuracy | None) -> None:
        self.text = text
        self.library = library
        self.session = session
        self.edits: dict[Span, str] = {}
        self.items: list[Item] = []
        self.froms = FromBinder(text, library, model, self.edits, self.items)
        self.functions: dict[str, tuple[str, ModelCall]] = {}
        self.decided: set[Span] = set()  # terms decided from the index; DuckDB must find no fault in them either
        self.orphan: QueryError | None = None  # a call without a video: an error only if the statement has a video
        self._probe = Probe(text, session)

    # --- blocks -----------------------------------------------------------------------------------------------------

    def query(self, query: ast.Query, environment: Environment) -> None:
        names = [c.name for c in query.ctes]
        for i, cte in enumerate(query.ctes):
            if cte.query is not None:
                self.query(cte.query, environment.knowing(names[: i + 1] if query.recursive else names[:i]))
        environment = environment.knowing(names)
        scope = self.body(query.body, environment)
        inside = environment.within(scope) if scope else environment
        for expression in (*query.order, *(query.limit.parts if query.limit else ())):
            self.values(expression, inside)
        if isinstance(query.body, ast.Select) and scope and len(scope.items) == 1:
            scope.items[0].enough = enough_rows(query, scope.items[0], self.text, self.session)

    def body(self, body: ast.Body, environment: Environment) -> Scope | None:
        match body:
            case ast.Select():
                return self.select(body, environment)
            case ast.SetOperation():
                self.body(body.left, environment)
                self.body(body.right, environment)
            case ast.NestedQuery():
                self.query(body.query, environment)
            case ast.OtherBody():
                for part in body.parts:
                    self.values(part, environment)
        return None

    def select(self, select: ast.Select, environment: Environment) -> Scope:
        scope = Scope()
        inside = environment.within(scope)
        shorthand = self._shorthand(select)
        if select.source is not None:
            self.froms.bind(select.source, scope, environment, self, "sample" not in select.has)
        if shorthand:
            self.events_shorthand(select, scope.items[0], environment)
        else:
            self.clauses(select, scope)
            if select.where is not None:
                self.where(select.where, inside)
        smoothed = any(p.calls for i in scope.items for p in i.filters)
        if select.clauses.stable is not None and not smoothed and any(i.values for i in scope.items):
            raise QueryError(
                "STABLE smooths what WHERE asks the model, and it asks nothing",
                select.clauses.stable.span,
                "contains() and objects() in ON are the model's own answers, frame by frame",
            )
        if isinstance(select.source, ast.EventsRef):  # until here its frames went by the video's name
            scope.items[0].alias = select.source.alias or "events"
        for item in select.items:
            self.select_item(item, inside)
        for expression in select.rest:
            self.values(expression, inside)
        return scope

    @staticmethod
    def _shorthand(select: ast.Select) -> bool:
        """FROM events(cam1) WHERE p GAP d: WHERE is then about frames."""
        source = select.source
        bare = isinstance(source, ast.EventsRef) and source.where is None
        given = select.where is not None or any((select.clauses.gap, select.clauses.minimum, select.clauses.stable))
        return bare and given

    def events_shorthand(self, select: ast.Select, item: Item, environment: Environment) -> None:
        self.froms.event_clauses(item, select.clauses)
        self.edits[select.clauses.span] = ""
        if select.where is not None:
            self.event_condition(select.where, item, environment)
            self.edits[select.where.span] = "TRUE"

    def clauses(self, select: ast.Select, scope: Scope) -> None:
        """STABLE of a SELECT over frames; GAP and MINIMUM there are an error."""
        given = select.clauses
        for clause, word in ((given.gap, "GAP"), (given.minimum, "MINIMUM")):
            if clause is not None:
                raise QueryError(f"{word} is for events", clause.span, "FROM events(…) WHERE … GAP …")
        if given.stable is not None:
            if not scope.with_frames():
                raise QueryError("STABLE needs a video in FROM", given.stable.span)
            self.edits[given.span] = ""
        for item in scope.with_frames():
            item.stable = self.froms.stable(given.stable)

    def select_item(self, item: ast.SelectItem, environment: Environment) -> None:
        """An item with a call in it is named as the user wrote it, not by our function's name."""
        before = len(self.edits)
        self.values(item.expression, environment)
        if len(self.edits) > before and item.alias is None and not isinstance(item.expression, ast.Star):
            name = " ".join(item.span.of(self.text).split())
            self.edits[Span(item.span.end, item.span.end)] = f" AS {quote(name)}"

    # --- expressions ------------------------------------------------------------------------------------------------

    def values(self, expression: ast.Node, environment: Environment) -> None:
        """Replace the calls in an expression outside of WHERE by functions, and go into its subqueries."""
        if isinstance(expression, ast.Query):
            self.query(expression, environment)
            return
        if isinstance(expression, ast.Call):
            found = self.resolve(expression, environment)
            if found is not None:
                self.as_value(expression, *found)
                return
        for child in ast.children(expression):
            self.values(child, environment)

    def resolve(self, call: ast.Call, environment: Environment) -> tuple[Item, ModelCall] | None:
        """The item and meaning of a call that is ours."""
        if call.name not in ("contains", "objects"):
            return None
        try:
            found = owner(call, environment)
        except QueryError as fault:
            if any(scope.items for scope in environment.scopes):
                raise
            self.orphan = self.orphan or fault
            return None
        if found is None:
            return None
        item, arguments = found
        key = item.source.key
        regions = self.library.catalog.regions(key) if key else None
        confidence = self.library.settings.number("confidence")
        return item, resolve_call(call, arguments, item.model, regions, confidence)

    def as_value(self, call: ast.Call, item: Item, meaning: ModelCall) -> None:
        function = item.values.get(meaning)
        if function is None:
            generation = f"_{self.session.generation}" if self.session.generation else ""
            function = f"{item.name}_{meaning.function}_{len(item.values) + 1}{generation}"
            item.values[meaning] = function
            self.functions[function] = (item.name, meaning)
        self.edits[call.span] = f"{function}({quote(item.alias)}.{quote(item.column('frame'))})"

    # --- WHERE ------------------------------------------------------------------------------------------------------

    def where(self, where: ast.Expr, environment: Environment) -> None:
        """Move each term that names one item only into that item; leave the others to DuckDB."""
        scope = environment.scopes[-1]
        for term in terms(where):
            calls = self.calls_in(term, environment)
            check_times(term, environment.scopes[-1].items, self.text)
            owners = {id(item): item for _, item, _ in calls}
            candidates = list(owners.values()) if calls else scope.with_frames()
            target = next((i for i in candidates if self._moves(term, i, calls, environment)), None)
            if target is not None:  # decided before DuckDB sees the frames
                self.edits[term.span] = "TRUE"
                if not calls:
                    self.decided.add(term.span)
            else:
                self.values(term, environment)
                self._check_stable(calls)

    def _moves(
        self, term: ast.Expr, item: Item, calls: list[tuple[ast.Call, Item, ModelCall]], environment: Environment
    ) -> bool:
        if not item.movable or item not in environment.scopes[-1].items or any(i is not item for _, i, _ in calls):
            return False
        predicate = self._probe.predicate(term, item, [(c, m) for c, _, m in calls], environment.ctes)
        if predicate is not None:
            item.filters.append(predicate)
        return predicate is not None

    @staticmethod
    def _check_stable(calls: list[tuple[ast.Call, Item, ModelCall]]) -> None:
        for call, item, _ in calls:
            if item.stable:
                raise QueryError(
                    "STABLE needs terms of WHERE that name one video only",
                    call.span,
                    "put this term in a block of its own: FROM (SELECT … FROM one video WHERE … STABLE …)",
                )

    def calls_in(self, term: ast.Node, environment: Environment) -> list[tuple[ast.Call, Item, ModelCall]]:
        """The calls of a term, those inside its subqueries left out."""
        if isinstance(term, ast.Query):
            return []
        if isinstance(term, ast.Call):
            found = self.resolve(term, environment)
            if found is not None:
                return [(term, *found)]
        return [c for child in ast.children(term) for c in self.calls_in(child, environment)]

    def event_condition(self, where: ast.Expr, item: Item, environment: Environment) -> None:
        """The WHERE of events(…): all of it is about the frames of one video."""
        frames = replace(item, kind="frames", columns=())
        inside = environment.within(Scope([frames]))
        for term in terms(where):
            check_times(term, inside.scopes[-1].items, self.text)
            self._refuse_other_videos(term)
            calls = [(c, m) for c, i, m in self.calls_in(term, inside) if i is frames]
            predicate = self._probe.predicate(term, frames, calls, environment.ctes)
            if predicate is None:
                try:
                    self._probe.explain(term, frames, calls)
                except QueryError as fault:
                    raise elsewhere(fault, self.text) from fault.__cause__
            else:
                item.filters.append(predicate)

    def _refuse_other_videos(self, term: ast.Expr) -> None:
        videos = self.library.catalog.videos()
        for node in ast.descendants(term):
            if isinstance(node, ast.Subquery) and may_name_video(node, videos):
                raise NotSupportedError(
                    "the WHERE of events(…) cannot read another video yet",
                    node.span,
                    "CREATE TABLE … AS that subquery first, and read the table here",
                )

    # --- the whole --------------------------------------------------------------------------------------------------

    def finish(self, statement: ast.QueryStatement) -> Bound:
        if self.orphan is not None:
            raise self.orphan
        if statement.query.span in self.edits:  # SUMMARIZE cam1: a name stands for the query
            self.edits[statement.query.span] = "FROM " + self.edits[statement.query.span]
        query = splice(self.text, statement.query.span, self.edits)
        edits = dict(self.edits)
        for clause in statement.query.accuracy:
            edits[clause.span] = ""
        schemas: dict[str, Schema] = {i.name: i.schema for i in self.items} | self.froms.listings
        functions = {name: (lambda frame: frame, call.type) for name, (_, call) in self.functions.items()}
        with self.session.empty_relations(schemas), self.session.scalar_functions(functions):
            try:
                written = {span: new for span, new in self.edits.items() if span not in self.decided}
                columns = self.session.describe(splice(self.text, statement.query.span, written))
            except QueryError as fault:
                raise elsewhere(fault, self.text) from fault.__cause__
        plan = Query(
            " ".join(statement.query.span.of(self.text).split()),
            tuple(self._relation(item, statement.query.accuracy) for item in self.items),
            names=frozenset(word.lower() for word in re.findall(r"\w+", query.text)),
            everything=self._reads_everything(statement, query.text),
        )
        whole = splice(self.text, statement.span, edits)
        return Bound(
            plan,
            query,
            whole,
            schemas,
            self.functions,
            tuple(i.name for i in self.items),
            tuple(self.froms.listings),
            tuple(columns),
        )

    def _reads_everything(self, statement: ast.QueryStatement, query: str) -> bool:
        """Whether a star, a whole row or NATURAL may read columns that the text does not name (or so it looks)."""
        bare = re.sub(r"count\s*\(\s*\*\s*\)", "", query, flags=re.I)
        if any(i.columns for i in self.items):  # renamed: the text has other names
            return True
        if statement.kind == "summarize" or re.search(r"\*|\b(columns|natural)\b", bare, re.I):
            return True
        if any(isinstance(n, ast.Select) and not n.items for n in ast.descendants(statement)):
            return True
        return self._names_a_row(statement, {i.alias.lower() for i in self.items})

    def _names_a_row(self, node: ast.Node, aliases: set[str]) -> bool:
        """Whether an alias stands where a column may: for the whole row."""
        if not isinstance(node, ast.Query | ast.Select) and node.span in self.edits:  # decided, or contains(a, 'bus')
            return False
        if isinstance(node, ast.FunctionRef) and node.source in self.edits:
            return False
        if isinstance(node, ast.Name) and node.parts[-1].lower() in aliases:
            return True
        return any(self._names_a_row(child, aliases) for child in ast.children(node))

    def _relation(self, item: Item, clauses: tuple[ast.Accuracy, ...]) -> Relation:
        video = item.source.video
        chain: tree.Node = Scan(video.name, FrameSet.all(video.frame_count), video, item.source.camera)
        filters = item.filters
        if item.tracked:
            chain = Track(chain, video)
        if item.stable:
            asked = [p for p in filters if p.calls]
            filters = [p for p in filters if not p.calls]
            if asked:
                chain = Stable(chain, conjunction(asked), item.stable, item.gap or Window(1_000_000), video)
        for predicate in filters:
            chain = Filter(chain, predicate)
        columns = tuple(name for name, _ in item.schema)
        allowed = budget(clauses, item.kind == "events", self.library.settings)
        if item.kind == "events":
            per_file = "" if item.filters else "one a file"
            return Events(chain, item.alias, columns, item.gap, item.minimum, per_file, video, item.model, allowed)
        calls = tuple(item.values)
        if item.kind == "frames":
            return Frames(chain, item.alias, columns, calls, video, item.model, item.enough, allowed)
        floor = self.library.settings.number("detection_confidence")
        return Boxes(chain, item.alias, columns, calls, floor, video, item.model, allowed)
