"""What a user sees who made a mistake: the whole text of the error, caret and hint included."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import golden
import pytest

import vqe

CASES = golden.cases(Path(__file__).parent)


@pytest.mark.parametrize("case", golden.marked(CASES), ids=lambda c: c.id)
def test_error(case: golden.Case, guarded: SimpleNamespace, own_folder: Path, update: bool) -> None:
    text = case.query.replace("→", "\t")  # a tab, to be seen in the file
    with pytest.raises(vqe.VqeError) as caught, vqe.connect(own_folder, case.for_database) as db:
        for relation in db.run(text, eval(case.settings.get("parameters", "None"))):
            if relation is not None:
                relation.arrow()
    shown = str(caught.value).replace("\t", "→")
    for folder, name in ((guarded.clips, "CLIPS"), (own_folder, "DB")):
        shown = shown.replace(str(folder), name)
    assert "vqe_" not in shown.replace("vqe_error", ""), "a name of our own making shows"
    golden.check(case, shown, update)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_form(case: golden.Case) -> None:
    """One line that says what is wrong, perhaps a place, perhaps a hint."""
    lines = case.expected.split("\n")
    assert re.match(r"error: \S", lines[0])
    place = [line for line in lines if re.match(r"  +(\d+ )?\| ", line)]
    assert len(place) in (0, 2)
    assert len(lines) == 1 + len(place) + lines[-1].startswith("hint: ")
    if place:
        assert set(place[1].split("|", 1)[1]) <= {" ", "^", "→"}
        assert "^" in place[1]


def test_enough_cases() -> None:
    assert len(CASES) >= 40
    assert len({case.id for case in CASES}) == len(CASES)
