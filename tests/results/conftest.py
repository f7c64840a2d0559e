"""The oracle, and the comparison of its rows with vqe's."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from oracle import Check, Oracle

import vqe


@pytest.fixture(scope="session")
def oracle(pinned_database: SimpleNamespace) -> Oracle:
    return Oracle(pinned_database.clips)


@pytest.fixture
def check(db: vqe.Connection, oracle: Oracle) -> Check:
    """`check(query)`: vqe and the oracle agree on its rows; `instead`: what the oracle is asked, where that differs."""

    def check(query: str, instead: str | None = None, *, some: bool = True) -> None:
        expected = oracle.rows(instead or query)
        relation = db.sql(query)
        assert relation is not None
        found = relation.fetchall()
        assert normal(found, query) == normal(expected, query)
        assert expected or not some, "the oracle has no rows: this test could not fail"

    return check


def normal(rows: list[tuple[Any, ...]], query: str) -> list[tuple[Any, ...]]:
    """Rows that can be compared: floats rounded, sorted where the query does not order them."""
    rounded = [tuple(_rounded(v) for v in row) for row in rows]
    return rounded if ordered(query) else sorted(rounded, key=repr)


def ordered(query: str) -> bool:
    """Whether the statement itself has an ORDER BY, not something inside brackets."""
    inner = r"\([^()]*\)"
    while re.search(inner, query):
        query = re.sub(inner, "", query)
    return "order by" in query.lower()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) + 0.0
    return [_rounded(v) for v in value] if isinstance(value, list) else value
