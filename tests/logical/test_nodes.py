"""What all plan nodes share: children, rewriting, labels, the printed tree."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from vqe.catalog import Region
from vqe.errors import Span
from vqe.logical.expr import ModelCall, Predicate, conjunction
from vqe.logical.node import Node, children, label, map_children, shown, transform, tree, unseen, walk
from vqe.logical.window import Window


@dataclass(frozen=True)
class Leaf(Node):
    name: str
    size: int = shown("of {}", 0)
    secret: str = unseen("")


@dataclass(frozen=True)
class Pair(Node):
    left: Node
    right: Node
    words: tuple[str, ...] = shown("[{}]", ())
    flag: str | None = None


@dataclass(frozen=True)
class Many(Node):
    parts: tuple[Node, ...] = ()


A, B, C = Leaf("a"), Leaf("b", 3), Leaf("c", 0, "hidden")
PLAN = Many((Pair(A, Pair(B, C), ("x", "y")), Many((C,)), A))


def test_children_and_walk() -> None:
    assert children(A) == ()
    assert children(Pair(A, B)) == (A, B)
    assert [label(n) for n in walk(PLAN)] == [
        "Many", "Pair [x, y]", "Leaf a of 0", "Pair", "Leaf b of 3", "Leaf c of 0",
        "Many", "Leaf c of 0", "Leaf a of 0",
    ]  # fmt: skip


def test_unseen_fields_do_not_count() -> None:
    assert Leaf("c", 0, "hidden") == Leaf("c", 0, "other")
    assert "hidden" not in repr(C)


def test_nothing_changed_is_the_same_node() -> None:
    assert map_children(PLAN, lambda n: n) is PLAN
    assert transform(PLAN, lambda n: n) is PLAN


def test_transform_reaches_every_node_deepest_first() -> None:
    seen: list[str] = []

    def change(node: Node) -> Node:
        seen.append(label(node))
        return Leaf("z") if node == B else node

    changed = transform(PLAN, change)
    assert [label(n) for n in walk(changed)].count("Leaf z of 0") == 1
    assert B in list(walk(PLAN))
    assert B not in list(walk(changed))
    assert seen[-1] == "Many"
    assert seen[0] == "Leaf a of 0"


def test_change_of_an_unseen_field_is_kept() -> None:
    """An equal node may hold another secret."""
    other = transform(Pair(A, C), lambda n: Leaf("c", 0, "new") if n == C else n)
    assert isinstance(other, Pair)
    assert isinstance(other.right, Leaf)
    assert other.right.secret == "new"


def test_tree() -> None:
    lines = tree(PLAN, lambda n: "!" if n == B else "")
    assert [text for text, _ in lines] == [
        "Many",
        "├─ Pair [x, y]",
        "│  ├─ Leaf a of 0",
        "│  └─ Pair",
        "│     ├─ Leaf b of 3",
        "│     └─ Leaf c of 0",
        "├─ Many",
        "│  └─ Leaf c of 0",
        "└─ Leaf a of 0",
    ]
    assert [note for _, note in lines].index("!") == 4


@pytest.mark.parametrize(
    ("window", "text", "true"),
    [
        (Window(1_000_000), "1 s", True),
        (Window(250_000), "0.25 s", True),
        (Window(0), "0 s", False),
        (Window(frames=3), "3 frames", True),
        (Window(frames=0), "0 frames", False),
        (Window(), "None frames", False),
    ],
)
def test_window(window: Window, text: str, true: bool) -> None:
    assert bool(window) is true
    if window != Window():
        assert str(window) == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (ModelCall("contains", ("bus",), 0.4), "contains('bus')"),
        (ModelCall("contains", ("bus", "truck"), 0.4), "contains(['bus', 'truck'])"),
        (ModelCall("objects", (), 0.4), "objects()"),
        (ModelCall("objects", (), 0.25, 0.01), "objects(confidence => 0.25, min_area => 0.01)"),
        (
            ModelCall("contains", ("bus",), 0.4, 0.0, Region("gate", "box", ((0, 0), (1, 1)))),
            "contains('bus', region => gate)",
        ),
        (
            ModelCall("contains", ("bus",), 0.4, 0.0, Region("", "box", ((0, 0.25), (1, 1)))),
            "contains('bus', region => BOX(0, 0.25, 1, 1))",
        ),
        (
            ModelCall("contains", ("bus",), 0.4, 0.0, Region("", "polygon", ((0, 0), (1, 0), (0.5, 1)))),
            "contains('bus', region => POLYGON((0, 0), (1, 0), (0.5, 1)))",
        ),
    ],
)
def test_call_as_text(call: ModelCall, text: str) -> None:
    assert str(call) == text


def test_conjunction() -> None:
    bus, car = ModelCall("contains", ("bus",), 0.4), ModelCall("contains", ("car",), 0.4)
    one = Predicate("a OR b", "a OR b", "c", (), (bus,), span=Span(3, 9))
    two = Predicate("d", "d", "c", (), (car, bus), span=Span(20, 21))
    both = conjunction([one, two])
    assert both.sql == "(a OR b) AND (d)"
    assert both.calls == (bus, car)
    assert both.span == Span(3, 21)
    assert conjunction([one]) is one
    third = Predicate("e", "e", "c", (), (car,), span=Span(30, 31))
    assert both.terms == (one, two) and conjunction([both, third]).terms == (one, two, third)
