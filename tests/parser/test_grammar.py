"""The grammar itself: no conflicts, found where it lies, its tables kept and read back."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import lark
import pytest

from vqe.parser import parse
from vqe.parser.parse import _parser, grammar_text

REPOSITORY = Path(__file__).parents[2]


def test_the_grammar_of_the_checkout_is_used() -> None:
    assert grammar_text() == (REPOSITORY / "grammar" / "vqe.lark").read_text(encoding="utf-8")


def test_no_lalr_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    lark.logger.addHandler(caplog.handler)
    level = lark.logger.level
    lark.logger.setLevel(logging.DEBUG)
    try:
        lark.Lark(grammar_text(), parser="lalr", g_regex_flags=re.IGNORECASE, debug=True)
    finally:
        lark.logger.setLevel(level)
        lark.logger.removeHandler(caplog.handler)
    assert "conflict" not in caplog.text.lower()


def test_every_terminal_is_used() -> None:
    used = set(re.findall(r"\b_?[A-Z][A-Z_]+\b", re.sub(r"//.*|/(?:\\.|[^/\n])+/", "", grammar_text())))
    defined = re.findall(r"^(_?[A-Z][A-Z_]+)(?:\.\d)?:", grammar_text(), re.MULTILINE)
    uses = re.sub(r"^_?[A-Z][A-Z_]+(?:\.\d)?:", "", grammar_text(), flags=re.MULTILINE)
    assert not [name for name in defined if name in used and not re.search(rf"\b{name}\b", uses)]


@pytest.fixture
def fresh_parser() -> object:
    _parser.cache_clear()
    yield
    _parser.cache_clear()


@pytest.mark.usefixtures("fresh_parser")
def test_tables_are_kept_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VQE_CACHE", str(tmp_path))
    first = parse("SELECT objects('car') FROM cam1")
    (kept,) = tmp_path.iterdir()
    _parser.cache_clear()
    monkeypatch.setattr(lark.Lark, "__init__", None)  # it must not be built again
    assert parse("SELECT objects('car') FROM cam1") == first
    assert kept.suffix == ".bin"


@pytest.mark.usefixtures("fresh_parser")
@pytest.mark.parametrize("content", [b"", b"not a pickle", b"\x80\x04N."])
def test_broken_tables_are_built_anew(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VQE_CACHE", str(tmp_path))
    parse("SELECT 1")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    _parser.cache_clear()
    parse("SELECT 1")
    assert kept.stat().st_size > 10_000


@pytest.mark.usefixtures("fresh_parser")
def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("VQE_CACHE", str(blocked))
    assert parse("SELECT 1")
