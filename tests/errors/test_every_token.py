"""A mistake at every token of the README's queries: an answer or an error of ours, never another exception."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

import vqe

README = Path(__file__).parents[2] / "README.md"
TOKEN = re.compile(r"'[^']*'|\w+|=>|>=|\S")
MISTAKES = {"left out": "", "a strange sign": "§", "a strange word": "zzz", "a bracket": "("}


def queries() -> list[str]:
    blocks = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    text = re.sub(r"--[^\n]*", "", "\n".join(blocks))
    return [" ".join(q.split()) for q in text.split(";") if q.strip().lower().startswith("select")]


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("query", queries())
def test_a_mistake_at_every_token(db: vqe.Connection, query: str, mistake: str) -> None:
    query = query.replace("'gate.mp4'", "'cam1.mp4'")
    refused = 0
    for token in TOKEN.finditer(query):
        text = query[: token.start()] + MISTAKES[mistake] + query[token.end() :]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                db.sql(text)  # binds; what still means something is not run
        except vqe.QueryError as fault:
            refused += 1
            assert str(fault).startswith("error: "), text
            assert fault.span is None or 0 <= fault.span.start <= len(text), text
            assert fault.span is None or "^" in str(fault), text
    assert refused > 5
