"""What all nodes of the syntax tree share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from vqe.errors import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in the text. `span` covers the node without surrounding blanks or comments."""

    span: Span


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below this one, in field order."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (v for v in value if isinstance(v, Node))


def descendants(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from descendants(child)
