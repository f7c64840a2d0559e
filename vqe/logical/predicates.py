"""WHERE terms that one video can decide for itself, found by asking DuckDB whether they bind over it alone."""

from __future__ import annotations

from vqe.errors import QueryError
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.relations import frame_columns
from vqe.logical.scope import Item
from vqe.parser import ast
from vqe.relational.session import Session
from vqe.relational.splice import Spliced, quote, splice

_PROBE = "vqe_probe"


def terms(where: ast.Expr) -> list[ast.Expr]:
    """The terms that WHERE joins by AND, brackets around ANDs opened."""
    if isinstance(where, ast.And):
        return [t for term in where.terms for t in terms(term)]
    if isinstance(where, ast.Group) and isinstance(where.inner, ast.And):
        return terms(where.inner)
    return [where]


class Probe:
    """Makes Predicates of terms of one statement's text."""

    def __init__(self, text: str, session: Session) -> None:
        self.text = text
        self.session = session

    def predicate(
        self, term: ast.Expr, item: Item, calls: list[tuple[ast.Call, ModelCall]], ctes: frozenset[str]
    ) -> Predicate | None:
        """The term as a predicate of the item's frames; None where it needs more than those. `ctes`: in its reach."""
        nodes = list(ast.descendants(term))
        if any(isinstance(n, ast.TableRef) and n.name[-1].lower() in ctes for n in nodes):
            return None  # a table of that name would be read in its stead
        if item.kind != "frames" and any(_reads_rows(n, item) for n in nodes):
            return None
        asked = {id(n) for c, _ in calls for n in ast.descendants(c)}
        others = [n.name for n in nodes if isinstance(n, ast.Call) and id(n) not in asked]
        if any(self.session.may_be_volatile(name) for name in others):
            return None  # decided twice, random() < 0.1 would keep one in a hundred
        tables = any(isinstance(n, ast.Query) for n in nodes)
        if calls and tables:
            return None
        spliced = self._splice(term, calls)
        try:
            self._describe(spliced, item, calls)
        except QueryError:
            return None
        meanings = tuple(dict.fromkeys(m for _, m in calls))
        shown = " ".join(term.span.of(self.text).split())
        return Predicate(shown, spliced.text, item.alias, item.columns[:7], meanings, tables, term.span)

    def explain(self, term: ast.Expr, item: Item, calls: list[tuple[ast.Call, ModelCall]]) -> None:
        """Raise the reason why the term is no predicate of these frames."""
        self._describe(self._splice(term, calls), item, calls)
        raise QueryError(
            "this condition cannot be decided from the frames of one video",
            term.span,
            "no random() and no subquery beside contains() or objects(); join its terms by AND",
        )

    def _splice(self, term: ast.Expr, calls: list[tuple[ast.Call, ModelCall]]) -> Spliced:
        return splice(self.text, term.span, {call.span: quote(str(meaning)) for call, meaning in calls})

    def _describe(self, condition: Spliced, item: Item, calls: list[tuple[ast.Call, ModelCall]]) -> None:
        schema = frame_columns(item.source.video.dated)
        schema += list({str(m): m.type for _, m in calls}.items())
        prefix = f"SELECT 1 FROM {_PROBE} AS {aliased(item.alias, item.columns[:7])} WHERE ("
        with self.session.probing() as session, session.empty_relations({_PROBE: schema}):
            session.describe(condition, prefix, ")")


def _reads_rows(node: ast.Node, item: Item) -> bool:
    """Whether a node may read columns that it does not name: of a box it would see those of the frame alone."""
    if isinstance(node, ast.Name):
        return node.parts[-1].lower() == item.alias.lower()
    return isinstance(node, ast.Star) or (isinstance(node, ast.Call) and node.name == "columns")


def aliased(alias: str, columns: tuple[str, ...]) -> str:
    """`a` or `a(x, y)` as SQL."""
    return quote(alias) + (f"({', '.join(map(quote, columns))})" if columns else "")
