"""The nodes of a plan, logical and optimised alike: an optimised plan is one whose every choice is a field.

Read from the bottom: a Scan names frames, filters drop some, Detect asks the reference model, and one of Frames, Boxes
and Events makes of them the rows of a relation that DuckDB reads for the rest of the statement (Query).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from vqe.logical.budget import Budget
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.node import Node, shown, unseen
from vqe.logical.window import Window
from vqe.models import ModelInfo
from vqe.video import Video, fewest_within


@dataclass(frozen=True)
class Task:
    """A predicate that the frames of a video are to be decided by, as often as it is asked: what is learnt of it once
    serves later.

    camera     what the video is known by, over the days
    window     that the predicate is a majority over; `gap`: files no further apart are one recording to it
    minimum, event_gap  of the events that are made of the frames; None where none are
    """

    camera: str
    video: Video
    info: ModelInfo
    confidence: float
    predicate: Predicate
    window: Window | None
    gap: Window
    minimum: Window | None
    frames: FrameSet
    event_gap: Window | None = None

    def frames_in(self, window: Window | None) -> int:
        """About how many frames a window has."""
        if window is None or window.microseconds is None:
            return (window.frames or 0) if window is not None else 0
        return round(window.microseconds / 1e6 * self.video.files[0].index.rate)

    @cached_property
    def fewest_in_window(self) -> int:
        """How many the task's own has where there are few."""
        if self.window is None or self.window.microseconds is None:
            return self.frames_in(self.window)
        return fewest_within(self.video, self.window.microseconds / 1e6)


@dataclass(frozen=True)
class Proxy:
    """A small model, in a profile's file. `key`: of its weights."""

    path: Path
    model: str
    key: str


@dataclass(frozen=True)
class Learnt:
    """The profile that a plan goes by. `key`: of what it knew then; `term`: it is of a term of the predicate only."""

    path: Path
    key: str
    term: bool = False


@dataclass(frozen=True)
class Predicted:
    """What a plan is expected to cost and to get wrong.

    seconds      of all of it
    asked        calls of the reference model to decide what is undecided; `checked`: and those of the audit
    fnr, false   the estimates on held-out time for missed true frames, and for false ones in the measure of the budget;
                 None where nothing has been measured
    shares       of all frames, those that are left undecided, and those decided true; () without a small model
    true         of all frames, those for which the predicate is true; None where nothing has been measured
    """

    seconds: float
    asked: float
    fnr: float | None = None
    false: float | None = None
    shares: tuple[float, ...] = ()
    checked: float = 0.0
    true: float | None = None


@dataclass(frozen=True)
class Audit:
    """Of the frames decided without the reference model, such shares are drawn at random and asked too: of those
    dropped, and of those returned. `lottery`: whose numbers are drawn; `subjects`: what to remember that for."""

    dropped: float
    returned: float
    lottery: str = ""
    subjects: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{100 * self.dropped:.2g} % of false, {100 * self.returned:.2g} % of true"


# --- frames in, frames out ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scan(Node):
    """These frames of a video, in order. Nothing is decoded for it: numbers and times come from the index."""

    name: str
    frames: FrameSet = shown("({})")
    video: Video = unseen()
    camera: str = unseen("")  # what the video is known by, over the days


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
class Learn(Node):
    """Before the statement runs, some frames are asked of the reference model, and a small model learns from them.

    The plan is then made anew, from what that has shown. Learning ends early where the small model would leave a larger
    share of the frames than `worth` undecided. `seconds`: what learning is expected to take, and `after` the plan that
    comes of it.
    """

    input: Node
    predicate: Predicate
    labels: int = shown("from ~{} labels")
    worth: float = shown("while under {:.0%} stay undecided", 1.0)
    task: Task = unseen()
    budget: Budget = unseen()
    seconds: float = unseen(0.0)
    after: float = unseen(0.0)


@dataclass(frozen=True)
class PacketFilter(Node):
    """Frames that need no decoding to be called false, since their packets and the key frames around them show nothing.

    busy     the score of packets from which on something may come into view or go out of it; None where none tells
    seen     the small model's score of a key frame from which on something may be in it
    minimum  of events: packets do not matter between key frames no further apart; `left`: the share that is decoded
    weights  of what packets' sizes tell; `size`: of the key frames' thumbnails
    """

    input: Node
    busy: float | None = shown("packets < {:.3g}")
    seen: float = shown("key frames < {:.3g}")
    left: float = unseen(1.0)
    weights: tuple[float, ...] = unseen()
    size: int = unseen(0)
    proxy: Proxy = unseen()
    video: Video = unseen()
    minimum: Window | None = shown("between them < {}")


@dataclass(frozen=True)
class Thumbnails(Node):
    """Every frame with a small grey picture of it, but for those that are idle.

    window  so many frames are looked at closely together
    proxy   the small model that looks at them while others are decoded, on all cores: Specialise goes by its scores.
            Pictures of frames that score within `closer`, as means over `smooth` frames, and of those that the
            `audit` will draw are kept at hand for the reference model
    skim    it looks at every so many frames first, and then at those, the share `left`, that are near to where there
            may be something. `skimmed`: the share for which decoding is paid so, twice for what lies on the way there;
            `rough`: before that frame what is looked at first need not be exact
    """

    input: Node
    size: int = shown("{0}×{0}")
    video: Video = unseen()
    window: int = unseen(0)
    proxy: Proxy | None = unseen()
    smooth: int | None = unseen()
    closer: tuple[float, float] = unseen((0.0, 1.0))
    audit: Audit | None = unseen()
    skim: int | None = shown("every {} first", None)
    left: float = unseen(1.0)
    skimmed: float = unseen(0.0)
    rough: int = unseen(0)


@dataclass(frozen=True)
class Difference(Node):
    """A difference detector: frames that are no further than `delta` from what they are compared with need no look.

    against  'background', of that time: such frames are false; 'earlier', the last frame that did differ: they take
             over whatever its answer comes to
    blocks   the picture is compared in so many by so many parts, each with its weight; None: as a whole
    delta    in grey levels squared
    left     of the frames that arrive undecided, the share that is expected to need a look all the same
    Above Specialise it compares those frames with each other that the small model was unsure of.
    """

    input: Node
    against: Literal["background", "earlier"] = shown("from {}")
    blocks: int | None = shown("in {0}×{0} blocks")
    delta: float = shown("≤ {:.3g}")
    weights: tuple[float, ...] | None = unseen()
    left: float = unseen(1.0)


@dataclass(frozen=True)
class Specialise(Node):
    """A small model made for this camera and predicate decides the frames whose score is below `low` or above `high`.

    Scores are means over `smooth` frames, from 0 to 1.
    """

    input: Node
    model: str
    low: float = shown("false < {:.3g}")
    high: float = shown("true > {:.6g}")
    smooth: int | None = shown("mean of {} frames", None)
    proxy: Proxy = unseen()
    predicted: Predicted = unseen()


@dataclass(frozen=True)
class Resolve(Node):
    """The frames for which the predicate is true: the undecided ones are asked of the reference model.

    `every`: first every so many of them, then more where neighbours disagree or, over a `window`, the vote is unclear.
    `edges`: of events, a start or an end so near is right, so that frames between are not asked for it.
    `values`: every frame that leaves has its labels.
    """

    input: Node
    predicate: Predicate
    model: str = shown("by {}")
    every: int | None = shown("every {}", None)
    window: Window | None = shown("over {}", None)
    edges: Window | None = shown("edges within {}", None)
    audit: Audit | None = shown("audit {}", None)
    values: bool = unseen(False)
    budget: Budget | None = unseen()
    learnt: Learnt | None = unseen()
    task: Task = unseen()
    predicted: Predicted = unseen()


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
