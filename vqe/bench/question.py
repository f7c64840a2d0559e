"""The query that is measured: what its file holds, and what it needs of which video."""

from __future__ import annotations

from dataclasses import dataclass

from vqe.errors import QueryError
from vqe.logical.frames import FrameSet
from vqe.logical.node import walk
from vqe.logical.plan import Detect, Events, Frames, Limit, Query, Restrict, Scan
from vqe.parser import ast, parse


@dataclass(frozen=True)
class Script:
    """The text, the statements that come before the query, and the query."""

    text: str
    before: tuple[ast.CreateVideo | ast.CreateRegion, ...]
    query: ast.QueryStatement


@dataclass(frozen=True)
class Needs:
    """What an exact plan says of the query.

    needed   the frames that the reference model has to see
    judged   the frames that WHERE decides: with STABLE fewer, since windows reach beyond them
    """

    relation: Frames | Events
    detect: Detect
    needed: FrameSet
    judged: FrameSet


def read(text: str) -> Script:
    """QueryError where the text is anything but CREATE VIDEO and CREATE REGION statements and one SELECT."""
    statements = parse(text)
    query = statements[-1] if statements else None
    if not isinstance(query, ast.QueryStatement) or query.kind != "select":
        raise QueryError("there is no SELECT to measure", query.span if query else None, "it comes last in the file")
    return Script(text, tuple(map(_before, statements[:-1])), query)


def _before(statement: ast.Statement) -> ast.CreateVideo | ast.CreateRegion:
    """A statement that may come before the query."""
    if isinstance(statement, ast.CreateVideo | ast.CreateRegion):
        return statement
    hint = "give settings with --set NAME=VALUE" if isinstance(statement, ast.Set | ast.Reset) else None
    raise QueryError("before the query only CREATE VIDEO and CREATE REGION may stand", statement.span, hint)


def needs(plan: Query) -> Needs:
    """QueryError for a query that cannot be measured."""
    if len(plan.relations) != 1:
        raise QueryError(
            f"the query reads {len(plan.relations)} relations of videos, and one can be measured at a time",
            hint="measure each in a query of its own",
        )
    (relation,) = plan.relations
    if not isinstance(relation, Frames | Events):
        raise QueryError("detections(…) cannot be measured", hint="measure a query over frames, or events(…)")
    nodes = list(walk(relation))
    detect = next((n for n in nodes if isinstance(n, Detect)), None)
    if detect is None:
        raise QueryError("the query asks nothing of the reference model", hint="contains(…) and objects(…) do")
    if any(isinstance(n, Limit) for n in nodes):
        raise QueryError(
            "a LIMIT that stops at the first rows cannot be measured: there is no telling what it missed",
            hint="leave LIMIT out",
        )
    needed = next(n.frames for n in nodes if isinstance(n, Scan))
    if not len(needed):
        raise QueryError("the query needs no frame: nothing can be measured")
    judged = next((n.frames for n in nodes if isinstance(n, Restrict)), needed)
    return Needs(relation, detect, needed, judged)
