"""What settings take, and what they are then."""

from __future__ import annotations

import pytest

import vqe
from vqe.settings import SETTINGS


def shown(db: vqe.Connection) -> dict[str, str]:
    relation = db.sql("SHOW SETTINGS")
    assert relation is not None
    return {name: value for name, value, _, _ in relation.fetchall()}


def test_every_default_is_allowed() -> None:
    for setting in SETTINGS.values():
        assert setting.parse(setting.default) is not None


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("audit", "0", 0.0),
        ("audit", "10%", 0.1),
        ("plan_space", "'NoScope'", "noscope"),
        ("plan_space", "exact", "exact"),
        ("seed", "17", 17),
        ("disabled_rules", "'limit_scan, merge_filters,'", "limit_scan, merge_filters,"),
        ("disabled_rules", "''", ""),
    ],
)
def test_value(own: vqe.Connection, name: str, written: str, expected: object) -> None:
    own.sql(f"SET {name} = {written}")
    assert own._engine.settings.value(name) == expected
    own.sql(f"RESET {name}")
    assert shown(own)[name] == SETTINGS[name].default


def test_of_the_session(own_folder: object) -> None:
    with vqe.connect(str(own_folder), {"seed": 3, "plan_space": "sampling", "disabled_rules": "limit_scan"}) as db:
        assert db._engine.settings.value("seed") == 3
        assert shown(db)["plan_space"] == "sampling"
