"""What all plan nodes share, written once over dataclass fields: children, rewriting, the printed tree.

A node is a frozen dataclass. A field made with `shown` appears in the node's label by its format, one made with
`unseen` never does (it holds what a reader cannot use: arrays, paths, handles) and does not count in comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar


@dataclass(frozen=True)
class Node:
    """A step of a plan; the steps that it reads from are its fields that are nodes."""


N = TypeVar("N", bound=Node)


def shown(format: str, default: Any = None) -> Any:
    """A field printed as `format` with its value, unless that is empty or False."""
    return field(default=default, metadata={"format": format})


def unseen(default: Any = None) -> Any:
    """A field that is neither printed nor compared."""
    return field(default=default, compare=False, repr=False, metadata={"format": ""})


def children(node: Node) -> tuple[Node, ...]:
    found: list[Node] = []
    for f in fields(node):
        value = getattr(node, f.name)
        found += [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, Node)]
    return tuple(found)


def map_children(node: N, change: Callable[[Node], Node]) -> N:
    """The same node over changed children (the node itself, where none changed)."""
    changed: dict[str, Any] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Node):
            new: Any = change(value)
        elif isinstance(value, tuple) and any(isinstance(v, Node) for v in value):
            new = tuple(change(v) if isinstance(v, Node) else v for v in value)
        else:
            continue
        if (new is not value and new != value) or (isinstance(new, Node) and new is not value):
            changed[f.name] = new
    return replace(node, **changed) if changed else node


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """Apply `change` to every node, the deepest first."""
    return change(map_children(node, lambda child: transform(child, change)))


def replaced(node: Node, old: Node, new: Node) -> Node:
    """The plan with one node, itself and not its like, replaced."""
    return transform(node, lambda own: new if own is old else own)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, from the top."""
    yield node
    for child in children(node):
        yield from walk(child)


def label(node: Node) -> str:
    """One line for this node alone: its name and its shown fields."""
    words = [type(node).__name__]
    for f in fields(node):
        value = getattr(node, f.name)
        format = f.metadata.get("format", "{}")
        if isinstance(value, Node) or not format or value is None or value is False or value in ("", ()):
            continue
        if isinstance(value, tuple):
            if any(isinstance(v, Node) for v in value):
                continue
            value = ", ".join(map(str, value))
        words.append(format.format(value))
    return " ".join(words)


def tree(node: Node, note: Callable[[Node], str] = lambda _: "") -> list[tuple[str, str]]:
    """The plan as lines of (indented label, note), the node that the user reads from first."""
    lines = [(label(node), note(node))]
    below = children(node)
    for i, child in enumerate(below):
        last = i == len(below) - 1
        for j, (text, remark) in enumerate(tree(child, note)):
            lines.append((("└─ " if last else "├─ ") * (j == 0) + ("   " if last else "│  ") * (j > 0) + text, remark))
    return lines
