"""DuckDB's statements pass: each shape of duckdb_shapes.sql parses, keeps its text, and means the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from vqe.errors import Span
from vqe.parser import parse
from vqe.parser.ast import And, Comparison, Expr, Node, Not, Or, Other, QueryStatement, Select, children
from vqe.parser.scan import scan

SCRIPT = (Path(__file__).parent / "duckdb_shapes.sql").read_text(encoding="utf-8")
SHAPES = [piece.span.of(SCRIPT) for piece in scan(SCRIPT)[1]]
# Statements that are DuckDB's whole, however they read.
NO_QUERIES = re.compile(
    "(SHOW|DESCRIBE|(RE)?SET|PRAGMA|UPDATE|DELETE|(UN)?PIVOT|ATTACH|BEGIN|DROP|CALL|ALTER)|CREATE (VIEW|MACRO|INDEX)"
    "|FROM t PIVOT|WITH .* DELETE"
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def test_there_are_many_shapes() -> None:
    assert len(SHAPES) >= 150
    assert len(parse(SCRIPT)) == len(SHAPES)


@pytest.mark.parametrize("text", SHAPES)
def test_shape(text: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert len(connection.extract_statements(text)) == 1, "not DuckDB's"
    (statement,) = parse(text)
    assert statement.span.of(text) == text
    if isinstance(statement, Other):
        assert statement.fault is None, statement.fault
        assert NO_QUERIES.match(text)
    check_spans(statement, text)


def check_spans(node: Node, text: str) -> None:
    """Every node lies within its parent, in order, and its text begins and ends with something."""
    for child in children(node):
        assert node.span.start <= child.span.start <= child.span.end <= node.span.end, (node, child)
        assert child.span.of(text) == child.span.of(text).strip()
        check_spans(child, text)
    places = [value for field in fields(node) if isinstance(value := getattr(node, field.name), Span)]
    assert all(0 <= place.start <= place.end <= len(text) for place in places)


def conjuncts(where: Expr | None) -> int:
    return 0 if where is None else len(where.terms) if isinstance(where, And) else 1


def kind_of(where: Expr | None) -> str:
    match where:
        case And():
            return "CONJUNCTION_AND"
        case Or():
            return "CONJUNCTION_OR"
        case Not():
            return "OPERATOR_NOT"
        case Comparison():
            return "COMPARE"
    return ""


def selects() -> list[str]:
    found = []
    for text in SHAPES:
        (statement,) = parse(text)
        if isinstance(statement, QueryStatement) and statement.kind == "select":
            body = statement.query.body
            if isinstance(body, Select) and body.where is not None:
                found.append(text)
    return found


def test_conjuncts_agree_with_duckdb(connection: duckdb.DuckDBPyConnection) -> None:
    texts = selects()
    assert len(texts) >= 36
    for text in texts:
        (row,) = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
        theirs = json.loads(row[0])["statements"][0]["node"]["where_clause"]
        (statement,) = parse(text)
        assert isinstance(statement, QueryStatement) and isinstance(statement.query.body, Select)
        ours = statement.query.body.where
        expected = len(theirs["children"]) if theirs["type"] == "CONJUNCTION_AND" else 1
        assert conjuncts(ours) == expected, text
        assert theirs["type"].startswith(kind_of(ours)), text
