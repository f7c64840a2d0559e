"""What a user sees who made a mistake: the whole text of the error, caret and hint included."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import golden
import pytest

import vqe

CASES = golden.cases(Path(__file__).parent)
MARKED = [
    pytest.param(c, marks=pytest.mark.xfail(strict=True, reason=c.settings["xfail"])) if "xfail" in c.settings else c
    for c in CASES
]
OURS = ("parameters", "xfail")  # settings of a block that are not the database's


@pytest.mark.parametrize("case", MARKED, ids=lambda c: c.id)
def test_error(case: golden.Case, guarded: SimpleNamespace, own_folder: Path, update: bool) -> None:
    text = case.query.replace("→", "\t")  # a tab, to be seen in the file
    settings = {k: v for k, v in case.settings.items() if k not in OURS}
    with pytest.raises(vqe.VqeError) as caught, vqe.connect(own_folder, settings) as db:
        for relation in db.run(text, eval(case.settings.get("parameters", "None"))):
            if relation is not None:
                relation.arrow()
    shown = str(caught.value).replace("\t", "→")
    for folder, name in ((guarded.clips, "CLIPS"), (own_folder, "DB")):
        shown = shown.replace(str(folder), name)
    assert "vqe_" not in shown.replace("vqe_error", ""), "a name of our own making shows"
    golden.check(case, shown, update and "xfail" not in case.settings)


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
