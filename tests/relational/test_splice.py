"""Replacing pieces of a text, and finding the way back."""

from __future__ import annotations

import datetime
import random
from itertools import pairwise

import duckdb
import pytest

from vqe.errors import Span
from vqe.relational.splice import literal, quote, splice

TEXT = "SELECT a, b FROM cam WHERE p AND q"


def span(word: str) -> Span:
    start = TEXT.index(word)
    return Span(start, start + len(word))


WHOLE = Span(0, len(TEXT))


def test_nothing_to_replace() -> None:
    spliced = splice(TEXT, WHOLE, {})
    assert spliced.text == TEXT
    assert spliced.origin(7, 8) == Span(7, 8)


def test_edits() -> None:
    spliced = splice(TEXT, WHOLE, {span("cam"): 'vqe_1 AS "cam"', span("p "): "TRUE "})
    assert spliced.text == 'SELECT a, b FROM vqe_1 AS "cam" WHERE TRUE AND q'


def test_the_way_back() -> None:
    spliced = splice(TEXT, WHOLE, {span("cam"): 'vqe_1 AS "cam"'})
    place = spliced.text.index("vqe_1")
    assert spliced.origin(place, place + 5) == span("cam")
    place = spliced.text.index(" q") + 1
    assert spliced.origin(place, place + 1) == span("q")
    assert spliced.origin(0, len(spliced.text)) == WHOLE


def test_an_edit_inside_a_larger_one_does_not_count() -> None:
    assert splice("0123456789", Span(0, 10), {Span(2, 8): "x", Span(3, 4): "y", Span(2, 3): "z"}).text == "01x89"


def test_an_empty_span_inserts() -> None:
    assert splice("0123", Span(0, 4), {Span(2, 2): "x"}).text == "01x23"
    assert splice("0123", Span(0, 4), {Span(4, 4): "x"}).text == "0123x"


def test_outside_of_the_span() -> None:
    assert splice("0123456789", Span(2, 6), {Span(0, 1): "x", Span(5, 7): "y", Span(6, 8): "z"}).text == "2345"


@pytest.mark.parametrize("seed", range(10))
def test_copied_characters_point_at_themselves(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice("abcdefghijklm ü🚌") for _ in range(60))
    cuts = sorted(chance.sample(range(61), 8))
    edits = {Span(a, b): "#" * chance.randrange(4) for a, b in list(pairwise(cuts))[::2]}
    spliced = splice(text, Span(0, 60), edits)
    for place, character in enumerate(spliced.text):
        origin = spliced.origin(place, place + 1)
        if character == "#":
            assert origin in edits
        else:
            assert origin.of(text) == character
            assert not any(e.start <= origin.start < e.end for e in edits)


@pytest.mark.parametrize("name", ["a", "A b", 'with "quotes"', "ü", "select", "a.b"])
def test_quote(name: str) -> None:
    assert duckdb.sql(f"SELECT 1 AS {quote(name)}").columns == [name]


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -7, 2**40, 1.5, -0.1, 1e300, float("inf"), "", "it's", "ü🚌\n", [1, 2], ["a", None],
     (1.5, 2.5), datetime.datetime(2026, 11, 23, 8, 0, 0, 5),
     datetime.date(2026, 11, 23), datetime.timedelta(seconds=-1.5)],
)  # fmt: skip
def test_literal(value: object) -> None:
    ((found,),) = duckdb.sql(f"SELECT {literal(value)}").fetchall()
    expected = list(value) if isinstance(value, tuple) else value
    assert found == expected
    assert type(found) is type(expected)


def test_nan() -> None:
    ((found,),) = duckdb.sql(f"SELECT {literal(float('nan'))}").fetchall()
    assert found != found


@pytest.mark.parametrize("value", [object(), {"a": 1}, b"x", [object()]])
def test_no_literal(value: object) -> None:
    with pytest.raises(TypeError):
        literal(value)
