"""A made-up street whose detector is a rule about pixels, and a small model for it that is made by hand.

Nothing is learnt here: what the profile claims is measured on one recording, and may be wrong of another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import av
import numpy as np
from by_hand import ARCHITECTURE, tensors
from numpy.typing import NDArray
from returned import Answer, returned

import vqe
from vqe.logical.node import walk
from vqe.logical.plan import Learn, Task
from vqe.models.specialised import SpecialisedModel
from vqe.profile import Profile, Samples, path_of, save
from vqe.video import Thumbnails, open_video

FRAMES, WIDTH, HEIGHT = 1500, 128, 96
TRUE = np.array([n % 250 < 40 for n in range(FRAMES)])
QUERY = "SELECT frame FROM street WHERE contains('bus')"
WHITE = (230, 230, 230)
BLUE = (230, 60, 60)  # as bright as the street: a thumbnail, which is grey, does not show it

Picture = NDArray[np.float32]
Change = Callable[[int, Picture], Picture]


def make_street(
    path: Path, seed: int, bus: Callable[[int], tuple[int, int, int]], change: Change = lambda _, p: p
) -> Path:
    """For 40 frames in 250 a bus crosses, of a colour (blue, green, red) by the frame; `change` alters pictures."""
    chance = np.random.default_rng(seed)
    scene = np.random.default_rng(1).integers(55, 85, (HEIGHT, WIDTH, 1)).astype(np.float32)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "18", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for n in range(FRAMES):
            picture = np.repeat(scene * (1 + 0.1 * np.sin(n / 300)) + chance.normal(0, 2, scene.shape), 3, axis=2)
            if TRUE[n]:
                x = 2 * (n % 250) + 8
                picture[40:56, x : x + 16] = bus(n)
            frame = av.VideoFrame.from_ndarray(change(n, picture).clip(0, 255).astype(np.uint8), "bgr24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def white(_: int) -> tuple[int, int, int]:
    return WHITE


def task_of(db: vqe.Connection) -> Task:
    relation = db.sql(QUERY)
    assert relation is not None
    (learn,) = (n for n in walk(relation._source._prepared.plan) if isinstance(n, Learn))  # type: ignore[attr-defined]
    return learn.task


@cache
def _claimed(recording: Path) -> NDArray[np.float32]:
    """What `tensors()` say of each frame."""
    numbers = np.arange(FRAMES)
    with Thumbnails(open_video("street", [recording], {}, cache=None), 96) as reader:
        _, small = reader.read(numbers)
        return SpecialisedModel(ARCHITECTURE, tensors()).probabilities(small, reader.backgrounds(numbers))


def pin_profile(db: vqe.Connection, kept: Mapping[str, NDArray[np.float32]]) -> None:
    """A profile that claims what `tensors()` are worth on this video, and has the tensors that are given."""
    task = task_of(db)
    scores = _claimed(task.video.files[0].path)
    chosen = np.arange(FRAMES)[::3]
    profile = Profile(
        predicate="contains('bus')",
        samples=Samples(scores[chosen], TRUE[chosen], np.full(len(chosen), 3.0)),
        population=np.sort(scores),
        labels=len(chosen),
        positives=int(TRUE[chosen].sum()),
        files=(),
        model="by hand",
        smooth=0,
        size=96,
    )
    save(path_of(db.folder, task), profile, kept, ARCHITECTURE.to_text())


def frames_of(db: vqe.Connection, query: str = QUERY) -> Answer:
    """Which frames a query returns, bool [FRAMES], and what is said of that."""
    return returned(db, query, FRAMES)


def rates(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> dict[str, float]:
    """The true rates of an answer."""
    missed, false = int((true & ~found).sum()), int((found & ~true).sum())
    return {
        "fnr": missed / max(1, true.sum()),
        "fpr": false / max(1, (~true).sum()),
        "fdr": false / max(1, found.sum()),
    }
