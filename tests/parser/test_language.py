"""Every query by which the language is described parses, and none of them is left to DuckDB by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqe.parser import is_complete, parse
from vqe.parser.ast import Other
from vqe.parser.scan import scan

SCRIPT = (Path(__file__).parent / "language.sql").read_text(encoding="utf-8")
QUERIES = [piece.span.of(SCRIPT) for piece in scan(SCRIPT)[1]]


@pytest.mark.parametrize("text", QUERIES)
def test_query(text: str) -> None:
    (statement,) = parse(text)
    assert isinstance(statement, Other) == (text in ("DROP TABLE t", "SHOW TABLES"))
    assert statement.span.of(text) == text
    assert is_complete(text)


def test_the_whole_script() -> None:
    statements = parse(SCRIPT)
    assert [statement.span.of(SCRIPT) for statement in statements] == QUERIES
