"""Golden files: blocks of title, query and the text that is expected, in a form that is read in a review.

    == title
    @ setting = value
    @ xfail = why what comes out is not yet what is expected
    SELECT …
    ----
    expected text

Lines before the first block are a comment. `pytest --update` rewrites what is expected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Case:
    """One block; `place` is where it stands in its file."""

    file: Path
    place: int
    title: str
    settings: dict[str, str]
    query: str
    expected: str

    @property
    def known_fault(self) -> str | None:
        return self.settings.get("xfail")

    @property
    def for_database(self) -> dict[str, str]:
        """The settings that are vqe's own."""
        return {k: v for k, v in self.settings.items() if k not in ("xfail", "parameters")}

    @property
    def id(self) -> str:
        return f"{self.file.stem}: {self.title}"


def read(file: Path) -> list[Case]:
    _, *blocks = re.split(r"^== ", file.read_text("utf-8"), flags=re.M)
    return [_case(file, place, block) for place, block in enumerate(blocks)]


def _case(file: Path, place: int, block: str) -> Case:
    head, _, expected = block.partition("\n----\n")
    title, *lines = head.split("\n")
    settings = dict(re.split(r"\s*=\s*", line[2:], maxsplit=1) for line in lines if line.startswith("@ "))
    query = "\n".join(line for line in lines if not line.startswith("@ "))
    return Case(file, place, title, settings, query, expected.rstrip("\n"))


def cases(folder: Path) -> list[Case]:
    return [case for file in sorted(folder.glob("*.txt")) for case in read(file)]


def marked(cases: list[Case]) -> list[Any]:
    """The same as parameters of a test, those with a known fault marked to fail."""
    return [
        pytest.param(c, marks=pytest.mark.xfail(strict=True, reason=c.known_fault)) if c.known_fault else c
        for c in cases
    ]


def write(case: Case, text: str) -> None:
    """Put another expected text into the case's file."""
    preamble = re.split(r"^== ", case.file.read_text("utf-8"), maxsplit=1, flags=re.M)[0]
    blocks = read(case.file)
    blocks[case.place] = replace(case, expected=text)
    case.file.write_text(preamble + "\n".join(map(_text, blocks)), "utf-8")


def _text(case: Case) -> str:
    settings = "".join(f"@ {name} = {value}\n" for name, value in case.settings.items())
    return f"== {case.title}\n{settings}{case.query}\n----\n{case.expected}\n"


def check(case: Case, text: str, update: bool) -> None:
    """The text is the expected one, or becomes it."""
    if update and not case.known_fault:
        if text != case.expected:
            write(case, text)
    else:
        assert text == case.expected
