"""Which members of the family of small models are tried beside the first: some see only where things are found."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vqe.labels import Labels
from vqe.learning.family import MARGIN, others, part_seen
from vqe.learning.pool import Pool
from vqe.logical.expr import ModelCall, Predicate
from vqe.logical.frames import FrameSet
from vqe.logical.plan import Task
from vqe.logical.window import Window
from vqe.models.specialised import FAMILY, WHOLE
from vqe.video import Video, VideoFile

WIDTH, HEIGHT, FRAMES = 200, 100, 40
BUS, CAR = 5, 2
Boxes = dict[int, tuple[int, float, float, float, float]]  # frame → class and corners, as fractions


def task(*calls: ModelCall, rotation: int = 0) -> Task:
    index: Any = SimpleNamespace(pts=np.arange(FRAMES), width=WIDTH, height=HEIGHT, rotation=rotation)
    video = Video("cam", (VideoFile(Path("cam.mp4"), index, 0, 0.0, None),))
    info: Any = SimpleNamespace(classes={BUS: "bus", CAR: "car"})
    predicate = Predicate("p", "x", "c", (), calls or (ModelCall("contains", ("bus",), 0.4),))
    return Task("cam", video, info, 0.25, predicate, None, Window(frames=0), None, FrameSet.all(FRAMES))


def pool(boxes: Boxes) -> Pool:
    """The second half of the frames is held out."""
    frames = np.arange(FRAMES)
    blank = np.zeros(FRAMES, np.bool_)
    own = sorted(boxes)
    labels = Labels(
        np.array(own, np.int64),
        np.arange(len(own) + 1),
        np.array([boxes[n][0] for n in own], np.int16),
        np.full(len(own), 0.9, np.float32),
        np.array([boxes[n][1:] for n in own], np.float32).reshape(-1, 4) * [WIDTH, HEIGHT, WIDTH, HEIGHT],
    )
    none = np.empty((0, 0, 0), np.uint8)
    scene = np.zeros(FRAMES, np.int32)
    soft, chance = np.zeros(FRAMES, np.float32), np.zeros(FRAMES)
    return Pool(frames, none, none, scene, blank, blank, soft, chance, blank, frames >= FRAMES // 2, [labels])


CORNERS = {1: (BUS, 0.2, 0.5, 0.3, 0.6), 7: (BUS, 0.4, 0.45, 0.5, 0.7)}


def test_the_part_is_around_all_that_counts() -> None:
    others_there = {3: (CAR, 0.0, 0.0, 1.0, 1.0), 25: (BUS, 0.9, 0.9, 1.0, 1.0)}  # nothing asked for; held-out time
    found = part_seen(task(), pool(CORNERS | others_there))
    assert found == pytest.approx((0.2 - MARGIN, 0.45 - MARGIN, 0.5 + MARGIN, 0.7 + MARGIN))


def test_the_part_ends_with_the_picture() -> None:
    assert part_seen(task(), pool({1: (BUS, 0.0, 0.01, 0.1, 0.2)}))[:2] == (0.0, 0.0)


def test_every_call_counts() -> None:
    calls = ModelCall("contains", ("bus",), 0.4), ModelCall("objects", ("car",), 0.4, min_area=0.5)
    small, large = {3: (CAR, 0.0, 0.9, 0.1, 1.0)}, {3: (CAR, 0.0, 0.0, 1.0, 1.0)}
    assert part_seen(task(*calls), pool(CORNERS | small)) == part_seen(task(), pool(CORNERS))
    assert part_seen(task(*calls), pool(CORNERS | large)) == WHOLE


@pytest.mark.parametrize("boxes", [{}, {1: (CAR, 0.1, 0.1, 0.2, 0.2)}, {1: (BUS, 0.0, 0.0, 0.9, 0.9)}])
def test_nothing_found_or_everywhere_is_the_whole_picture(boxes: Boxes) -> None:
    assert part_seen(task(), pool(boxes)) == WHOLE
    assert list(others(task(), pool(boxes))) == list(FAMILY[1:])


def test_those_that_see_a_part_come_first_and_are_cheaper() -> None:
    found = list(others(task(), pool(CORNERS)))
    assert len(found) == 2 * len(FAMILY[1:])
    for own, whole in zip(found[: len(FAMILY) - 1], FAMILY[1:], strict=True):
        assert own.crop != WHOLE and own.products < whole.products
        assert own.name == f"{whole.name} of a part"


def test_of_a_turned_recording_no_part_is_taken() -> None:
    """Its thumbnails are not turned back, where boxes are."""
    assert list(others(task(rotation=90), pool(CORNERS))) == list(FAMILY[1:])
