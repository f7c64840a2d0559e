"""The estimate of each node, and of one that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import get_args

import pytest

from vqe.errors import Span
from vqe.logical import plan
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node
from vqe.logical.window import Window
from vqe.optimizer.cost import Measured, estimate
from vqe.optimizer.optimize import PLACEMENTS, REWRITES, Context, optimize
from vqe.optimizer.situation import Candidate

SCAN = plan.Scan("cam", FrameSet.all(100))
BUS = Predicate("contains('bus')", "x", "c", (), (ModelCall("contains", ("bus",), 0.4),), span=Span(0, 3))
EARLY = Predicate("frame < 5", "frame < 5", "c", span=Span(4, 9))


def known(stored: int) -> Measured:
    """A store that has labels of so many frames, each other frame costing half a second."""
    return Measured(lambda *_: stored, lambda *_: 0.5)


@dataclass(frozen=True)
class Strange(Node):
    input: Node


@pytest.mark.parametrize("node", [Strange(SCAN), plan.Limit(Strange(SCAN), 3), plan.Query("", (Strange(SCAN),))])
def test_an_unknown_node_is_an_error(node: Node) -> None:
    with pytest.raises(TypeError, match="Strange"):
        estimate(node, known(0))


def test_scan_costs_nothing() -> None:
    found = estimate(SCAN, known(0))
    assert (found.rows, found.seconds) == (100, 0)


@pytest.mark.parametrize(("stored", "calls"), [(0, 100), (30, 70), (100, 0), (1000, 0)])
def test_detect_costs_what_is_not_stored(stored: int, calls: int) -> None:
    found = estimate(plan.Detect(SCAN, "m", 0.25), known(stored))
    assert (found.rows, found.seconds, found.stored) == (100, calls * 0.5, min(stored, 100))


def test_limit_takes_its_share() -> None:
    found = estimate(plan.Limit(plan.Detect(SCAN, "m", 0.25), 10), known(0))
    assert (found.rows, found.seconds) == (10, pytest.approx(5))
    assert estimate(plan.Limit(SCAN, 1000), known(0)).rows == 100
    assert estimate(plan.Limit(plan.Scan("cam", FrameSet.ranges([], 100)), 5), known(0)).rows == 0


def test_cost_never_falls_towards_the_top_but_for_limit() -> None:
    detect = plan.Detect(SCAN, "m", 0.25)
    for node in (plan.Filter(detect, BUS), plan.Boxes(detect, "c", ("frame",), ()), plan.Track(detect)):
        assert estimate(node, known(0)).seconds >= estimate(detect, known(0)).seconds


def test_a_query_is_the_sum_of_its_relations() -> None:
    detect = plan.Detect(SCAN, "m", 0.25)
    one = plan.Frames(detect, "a", ("frame",))
    assert estimate(plan.Query("", (one, one)), known(0)).seconds == 100


def test_every_node_of_plan_is_known() -> None:
    names = {n for n, c in vars(plan).items() if isinstance(c, type) and issubclass(c, Node) and c is not Node}
    video = SimpleNamespace(
        files=[SimpleNamespace(index=SimpleNamespace(keyframes=range(0, 100, 10)))], frame_count=100
    )
    detect = plan.Detect(SCAN, "m", 0.25)
    made: dict[str, Node] = {
        "Scan": SCAN,
        "Detect": detect,
        "Filter": plan.Filter(detect, BUS),
        "Restrict": plan.Restrict(SCAN, FrameSet.ranges([(0, 5)], 100)),
        "Stable": plan.Stable(detect, BUS, Window(1)),
        "Track": plan.Track(detect),
        "Limit": plan.Limit(SCAN, 3),
        "Frames": plan.Frames(SCAN, "c", ("frame",)),
        "Boxes": plan.Boxes(detect, "c", ("frame",)),
        "Events": plan.Events(SCAN, "c", ("event",), Window(1)),
        "Query": plan.Query(""),
        "Learn": plan.Learn(SCAN, BUS, 100),
        "PacketFilter": plan.PacketFilter(SCAN, -0.5, 0.1, 0.2, video=video),
        "Thumbnails": plan.Thumbnails(SCAN, 96),
        "Difference": plan.Difference(SCAN, "earlier", 8, 1.5),
        "Specialise": plan.Specialise(SCAN, "cnn", 0.1, 0.9),
        "Resolve": plan.Resolve(SCAN, BUS, "m", predicted=plan.Predicted(1.0, 10)),
    }
    assert names <= set(made), "a new node needs an estimate, and a line here"
    for node in made.values():
        assert estimate(node, known(0)).seconds >= 0
    assert {c.__name__ for c in get_args(plan.Relation)} <= set(made)


# --- rules ----------------------------------------------------------------------------------------------------------


def context(selected: FrameSet) -> Context:
    return Context(lambda *_: selected, 0.25, lambda *_: Candidate("exact", 0.0, ""))


def query(chain: Node, columns: tuple[str, ...] = ("frame", "width"), enough: int | None = None) -> plan.Query:
    info = SimpleNamespace(name="m")
    frames = plan.Frames(chain, "c", columns, (), None, info, enough)  # type: ignore[arg-type]
    return plan.Query("", (frames,), frozenset({"frame"}), False)


def test_steps_name_the_rules_that_changed_something() -> None:
    steps = optimize(
        query(plan.Filter(plan.Filter(SCAN, BUS), EARLY), enough=3), context(FrameSet.ranges([(0, 5)], 100))
    )
    assert [name for name, _ in steps] == ["bound", "select_frames", "limit_scan", "prune_columns", "place_reference"]
    chain = list(_chain(steps[-1][1]))
    assert chain == ["Query", "Frames", "Limit", "Filter", "Detect", "Scan"]


@pytest.mark.parametrize("disabled", [r.__name__ for r in REWRITES])
def test_a_disabled_rule_is_left_out(disabled: str) -> None:
    chain = query(plan.Filter(plan.Filter(plan.Filter(SCAN, BUS), BUS), EARLY), enough=3)
    steps = optimize(chain, context(FrameSet.ranges([(0, 5)], 100)), frozenset({disabled}))
    names = [name for name, _ in steps]
    assert disabled not in names
    assert names[1:-1] == [r.__name__ for r in REWRITES if r.__name__ != disabled]


def test_a_placement_cannot_be_disabled() -> None:
    disabled = frozenset(r.__name__ for r in PLACEMENTS)
    steps = optimize(query(plan.Filter(SCAN, BUS)), context(FrameSet.all(100)), disabled)
    assert "Detect" in list(_chain(steps[-1][1]))


def test_one_detect_below_all_that_need_it() -> None:
    steps = optimize(
        query(plan.Filter(plan.Filter(SCAN, BUS), EARLY)),
        context(FrameSet.all(100)),
        frozenset({"select_frames", "merge_filters"}),
    )
    assert list(_chain(steps[-1][1])) == ["Query", "Frames", "Filter", "Filter", "Detect", "Scan"]


def _chain(node: Node) -> list[str]:
    from vqe.logical.node import walk

    return [type(n).__name__ for n in walk(node)]
