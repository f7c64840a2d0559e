"""The nodes of a plan, logical and optimised alike: an optimised plan is one whose every choice is a field.

Read from the bottom: a Scan names frames, filters drop some, Detect asks the reference model, and one of Frames, Boxes
and Events makes of them the rows of a relation that DuckDB reads for the rest of the statement (Query).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from vqe.logical.budget import Budget
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node, shown, unseen
from vqe.models import ModelInfo
from vqe.video import Video


@dataclass(frozen=True)
class Window:
    """A stretch of time or a number of frames; exactly one is given."""

    microseconds: int | None = None
    frames: int | None = None

    def __bool__(self) -> bool:
        return bool(self.microseconds or self.frames)

    def __str__(self) -> str:
        if self.microseconds is None:
            return f"{self.frames} frames"
        seconds = self.microseconds / 1e6
        return f"{seconds:g} s"


# --- frames in, frames out ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scan(Node):
    """These frames of a video, in order. Nothing is decoded for it: numbers and times come from the index."""

    name: str
    frames: FrameSet = shown("({})")
    video: Video = unseen()


@dataclass(frozen=True)
class Filter(Node):
    """The frames for which the predicate is true."""

    input: Node
    predicate: Predicate


@dataclass(frozen=True)
class Restrict(Node):
    """Of the frames that arrive those of a known set."""

    input: Node
    frames: FrameSet = shown("to {}")


@dataclass(frozen=True)
class Detect(Node):
    """Every frame with what the reference model finds in it: from the label store, else by running the model."""

    input: Node
    model: str
    confidence: float = shown("≥ {:g}")
    masks: bool = shown("with masks", False)
    info: ModelInfo = unseen()
    video: Video = unseen()

    @property
    def key(self) -> str:
        """Under which labels and costs are kept: those with masks, large and slower to make, apart from the others."""
        return f"{self.info.key}-masks" if self.masks else self.info.key


@dataclass(frozen=True)
class Stable(Node):
    """The frames for which the predicate is true in most frames of the window around them (a tie is false).

    Windows end at a file's edge, unless the next file follows within `gap` by the clock.
    """

    input: Node
    predicate: Predicate
    window: Window = shown("over {}")
    gap: Window = unseen()
    video: Video = unseen()


@dataclass(frozen=True)
class Track(Node):
    """Every box with the number of the object that it belongs to, followed from frame to frame within a file."""

    input: Node
    video: Video = unseen()


@dataclass(frozen=True)
class Limit(Node):
    """The first `count` frames; whatever feeds it stops there."""

    input: Node
    count: int


# --- frames in, rows of a relation out ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frames(Node):
    """A row a frame: the columns that the statement reads, and the values of the calls outside WHERE.

    `enough`: the statement needs no more rows than this (a LIMIT that nothing stands before); None where it may.
    """

    input: Node
    alias: str
    columns: tuple[str, ...] = shown("[{}]")
    calls: tuple[ModelCall, ...] = shown("with {}")
    video: Video = unseen()
    info: ModelInfo = unseen()
    enough: int | None = unseen()
    budget: Budget | None = unseen()


@dataclass(frozen=True)
class Boxes(Node):
    """A row an object: the frame's columns and the box; scores from `confidence` up."""

    input: Node
    alias: str
    columns: tuple[str, ...] = shown("[{}]")
    calls: tuple[ModelCall, ...] = shown("with {}")
    confidence: float = shown("≥ {:g}")
    video: Video = unseen()
    info: ModelInfo = unseen()
    budget: Budget | None = unseen()


@dataclass(frozen=True)
class Events(Node):
    """A row a run of frames: runs no further apart than `gap` are joined, then those under `minimum` dropped.

    `per_file`, where there is no condition: every file is an event, however closely the next follows.
    """

    input: Node
    alias: str
    columns: tuple[str, ...] = shown("[{}]")
    gap: Window = shown("gap {}")
    minimum: Window | None = shown("minimum {}")
    per_file: str = shown("{}", "")
    video: Video = unseen()
    info: ModelInfo = unseen()
    budget: Budget | None = unseen()


Relation: TypeAlias = Frames | Boxes | Events


@dataclass(frozen=True)
class Query(Node):
    """The rest of the statement, which DuckDB runs over the relations below (its names for them: vqe_1, vqe_2, …).

    `names` are all the lower-cased words of the text; `everything`, that it may read columns that it does not name.
    """

    text: str
    relations: tuple[Relation, ...] = ()
    names: frozenset[str] = unseen(frozenset())
    everything: bool = unseen(True)
