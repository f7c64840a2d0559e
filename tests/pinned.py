"""A database whose every answer is known: small clips, and labels written by hand in the place of a model's.

Nothing here runs a model. What a frame holds is told by one function a camera; the database is made of it through the
label store, and the oracle of tests/results makes plain tables of the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from clips import make_clip

import vqe
from vqe.differences import Background, Differences, Earlier
from vqe.labels import Labels, LabelStore
from vqe.logical.node import walk
from vqe.logical.plan import Learn
from vqe.models import ModelInfo, describe
from vqe.packets import Packets
from vqe.profile import Profile, Samples, path_of, save

MODEL = "ssd_mobilenet_v2_coco"
IDS = {"person": 1, "car": 3, "bus": 6, "truck": 8, "boat": 9, "cat": 17, "dog": 18}
FLOOR = 0.05  # pinned labels hold boxes down to this score
RATE = 10


@dataclass(frozen=True)
class Box:
    """A detection; corners in pixels."""

    name: str
    score: float
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class File:
    """A clip; `times`: when each frame shows, in seconds from the file's first."""

    path: str
    times: tuple[float, ...]
    size: tuple[int, int] = (64, 48)
    start: datetime | None = None


@dataclass(frozen=True)
class Camera:
    """A registered video: its files in order, and what its frames hold (None: no labels are pinned)."""

    name: str
    source: str
    files: tuple[File, ...]
    holds: Callable[[int], list[Box]]
    options: str = ""
    labelled: int | None = None  # only the first so many frames have labels

    @property
    def frames(self) -> int:
        return sum(len(f.times) for f in self.files)

    @property
    def dated(self) -> bool:
        return self.files[0].start is not None


def steady(frames: int, rate: int = RATE) -> tuple[float, ...]:
    return tuple(n / rate for n in range(frames))


def bus(x: float, y: float, score: float = 0.9) -> Box:
    """A bus of 16×12 pixels, a sixteenth of the picture, with this centre."""
    return Box("bus", score, x - 8, y - 6, x + 8, y + 6)


def person(x: float, y: float, score: float = 0.75) -> Box:
    return Box("person", score, x - 2, y - 4, x + 2, y + 4)


def car(place: int, score: float) -> Box:
    """One of twelve places for cars of 8×8 pixels."""
    row, column = divmod(place % 12, 4)
    return Box("car", score, 4 + 14 * column, 2 + 15 * row, 12 + 14 * column, 10 + 15 * row)


def _noise(seed: str) -> list[Box]:
    """Up to four cars with scores in steps of 1/16 on both sides of the thresholds: the same for the same seed."""
    chance = random.Random(seed)
    places = chance.sample(range(12), chance.choice([0, 0, 1, 2, 3, 4]))
    return [car(p, chance.randrange(1, 16) / 16) for p in places]


def _cam1(n: int) -> list[Box]:
    """Every edge that a predicate has, at frames of its own; see the comments."""
    boxes = _noise(f"cam1 {n}")
    if 40 <= n < 100 and n % 7 != 3:
        boxes.append(bus(12 + (n - 40) / 2, 20))  # passes, flickering
    if 200 <= n < 204:
        boxes.append(bus(32, 20, 0.4))  # just counts
    if 205 <= n < 209:
        boxes.append(bus(32, 20, 0.39))  # just does not
    if 210 <= n < 214:
        boxes.append(bus(32, 20, 0.25))  # the least that detections() holds
    if 215 <= n < 219:
        boxes.append(bus(32, 20, 0.1))  # only for those who ask for it
    if 100 <= n < 110:
        boxes.append(Box("truck", 0.8, 0, 0, 16, 12))  # covers 1/16
    if 110 <= n < 115:
        boxes.append(Box("truck", 0.8, 0, 0, 16, 11.75))  # covers less
    if 120 <= n < 130:
        boxes.append(person(16, 36))  # on the left edge of gate
    if 130 <= n < 140:
        boxes.append(person(15.75, 36))  # a quarter of a pixel outside
    if 140 <= n < 145:
        boxes.append(person(16, 24))  # on the corner of gate
    if 145 <= n < 150:
        boxes.append(person(32, 48))  # on the corner of gate and the tip of lane
    if 150 <= n < 155:
        boxes.append(person(32, 12))  # on the upper edge of lane
    if 155 <= n < 160:
        boxes.append(person(20, 30))  # on the left edge of lane, in gate
    if 160 <= n < 165:
        boxes.append(person(19.5, 30))  # outside lane, in gate
    if 240 <= n < 300 and n % 20 < 10:
        boxes += [person(6, 6), person(60, 6, 0.5), person(60, 40, 0.3)]  # until the last frame
    if n == 0:
        boxes.append(Box("cat", 0.9, 1, 1, 5, 5))
    if n == 299:
        boxes.append(Box("dog", 0.9, 1, 1, 5, 5))
    if n % 50 == 25:
        boxes.append(Box("boat", 0.3, 10, 10, 20, 20))  # never counts at the default confidence
    return boxes


def _cam2(n: int) -> list[Box]:
    boxes = _noise(f"cam2 {n}")
    if 20 <= n < 40 or 60 <= n < 70:
        boxes.append(bus(30, 30))
    if n % 2:
        boxes.append(person(50, 30))  # flickers on every second frame
    return boxes


def _yard(n: int) -> list[Box]:
    """Files are of 45, 50 and 40 frames: they begin at 0, 45 and 95."""
    boxes = _noise(f"yard {n}")
    if 40 <= n < 50 or 90 <= n < 100 or 130 <= n < 135:
        boxes.append(bus(30, 30))  # over the first edge, over the second, at the end
    if n in (44, 45, 46, 47, 94, 95):
        boxes.append(person(20, 20))
    return boxes


def _parts(n: int) -> list[Box]:
    return [bus(30, 30)] if 25 <= n < 35 else []


def _vfr(n: int) -> list[Box]:
    boxes = [bus(30, 30)] if n % 8 < 4 else []
    return boxes + ([person(10, 10)] if n % 3 == 0 else [])


def _dot(_: int) -> list[Box]:
    return [bus(30, 30)]


def _fresh(n: int) -> list[Box]:
    return [bus(30, 30)] if 10 <= n < 50 else []


MORNING = datetime(2026, 11, 23, 8)
_JUMPS = (0.1, 0.04, 0.3, 0.06, 1.5, 0.1, 0.1, 0.02)
_UNEVEN = tuple(round(sum(_JUMPS[k % 8] for k in range(n)), 3) for n in range(40))

_YARD = (
    File("yard/yard_20261123080000.mp4", steady(45), start=MORNING),
    File("yard/yard_20261123080005.mp4", steady(50), start=MORNING + timedelta(seconds=5)),
    File("yard/yard_20261123080100.mp4", steady(40), (80, 60), MORNING + timedelta(seconds=60)),
)

CAMERAS = {
    c.name: c
    for c in (
        Camera("cam1", "cam1.mp4", (File("cam1.mp4", steady(300)),), _cam1),
        Camera(
            "cam2",
            "cam2.mp4",
            (File("cam2.mp4", steady(120), start=MORNING),),
            _cam2,
            "WITH (start = '2026-11-23 08:00:00')",
        ),
        Camera("yard", "yard/*.mp4", _YARD, _yard, "WITH (start = 'filename', pattern = '%Y%m%d%H%M%S')"),
        Camera(
            "parts",
            "parts/*.mp4",
            (File("parts/part2.mp4", steady(30)), File("parts/part10.mp4", steady(30))),
            _parts,
        ),
        Camera("vfr", "vfr.mkv", (File("vfr.mkv", _UNEVEN),), _vfr),
        Camera("dot", "dot.mp4", (File("dot.mp4", steady(1)),), _dot),
        Camera("fresh", "fresh.mp4", (File("fresh.mp4", steady(60)),), _fresh, labelled=20),
    )
}

REGIONS = (
    "CREATE REGION gate ON cam1 AS BOX(0.25, 0.5, 0.5, 1.0)",
    "CREATE REGION lane ON cam1 AS POLYGON((0.125, 0.25), (0.875, 0.25), (0.5, 1.0))",
    "CREATE REGION gate ON cam2 AS BOX(0.5, 0.5, 1.0, 1.0)",
)


# In no catalogue and without labels, but with a profile of contains('bus'): for plans with a cascade.
STREET = File("fresh_street.mp4", steady(1500))


def make_clips(folder: Path) -> None:
    for number, file in enumerate([*(f for camera in CAMERAS.values() for f in camera.files), STREET]):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        even = all(abs(t - n / RATE) < 1e-9 for n, t in enumerate(file.times))
        # Files of the same content would share their labels, so each has pictures of its own.
        make_clip(
            path,
            len(file.times),
            file.size,
            RATE,
            gop=30,
            times=None if even else file.times,
            options={"crf": str(20 + number)},
        )


def make_database(folder: Path, clips: Path, models: Path) -> None:
    """Register the cameras and regions, and pin the labels."""
    with vqe.connect(folder) as db:
        for camera in CAMERAS.values():
            db.sql(f"CREATE VIDEO {camera.name} FROM '{clips / camera.source}' {camera.options}")
        for region in REGIONS:
            db.sql(region)
        info = describe(MODEL, models)
        for camera in CAMERAS.values():
            _pin(db, camera, info)
    with vqe.connect(folder, {"plan_space": "noscope"}) as db:
        for window in ("", "STABLE '1s'"):
            _pin_profile(db, f"SELECT frame FROM '{clips / STREET.path}' WHERE contains('bus') {window}")
        for name, model in (("dog", "cnn 48×48"), ("cat", "")):
            _pin_profile(
                db, f"SELECT frame FROM '{clips / STREET.path}' WHERE contains('{name}')", _still(model), model
            )
        _pin_profile(db, f"SELECT frame FROM '{clips / STREET.path}' WHERE contains('boat')", packets=_moving())


def _pin(db: vqe.Connection, camera: Camera, info: ModelInfo) -> None:
    source = db._engine.library.find(camera.name)
    assert source is not None
    store = LabelStore(db.folder / "labels")
    first = 0
    for made, file in zip(source.video.files, camera.files, strict=True):
        frames = range(first, min(first + len(file.times), camera.labelled or first + len(file.times)))
        labels = as_labels([camera.holds(n) for n in frames])
        store.open(made.index.fingerprint, info.key, FLOOR).append(labels, 0.04 * len(frames))
        first += len(file.times)


_POSITIONS = np.concatenate([np.arange(0, 450, 1.5), np.linspace(450, 499, 100)]).astype(np.int32)  # of the samples


def _still(model: str) -> Differences:
    """What comparing 500 frames of that clip might have shown: every tenth differs from the one before it, be it by a
    little; true ones are far from the background."""
    place, samples = np.arange(500), np.arange(400)
    false, true = np.linspace(0, 0.9, 450) ** 4, 1 - np.linspace(0, 0.9, 50) ** 4
    scores = np.concatenate([false, true]) if model else np.full(500, 0.5)
    origins = np.stack([place // 10 * 10] * 2).astype(np.int32)
    truth = np.repeat([False, True], [300, 100])
    earlier = Earlier(
        np.array([3.5, 7], np.float32),
        origins,
        np.stack([truth] * 2),
        np.where(origins[:, :400] == samples, 0.0, 1350 / 300),
        (1 / 64,) * 64,
    )
    distances = np.concatenate([np.linspace(1, 40, 450), np.linspace(30, 90, 50)]).astype(np.float32)
    return Differences(scores.astype(np.float32), _POSITIONS, 3, (Background(distances, None),), earlier)


def _moving() -> Packets:
    """What packets might have told of 500 frames of that clip: true ones come in its last five groups of pictures."""
    place = np.arange(500)
    false, true = np.linspace(0, 0.9, 450) ** 4, 1 - np.linspace(0, 0.9, 50) ** 4
    busy = np.concatenate([np.linspace(-4, -1, 450), np.full(50, 2.0)]).astype(np.float32)
    empty = np.full(500, 0.01, np.float32)
    return Packets(
        frames=3 * place,
        weights=np.array([1.0, *[0.0] * 8]),
        rest=busy,
        whole=busy,
        before=empty,
        after=np.where(place < 490, empty, np.float32(np.inf)),
        scores=np.concatenate([false, true]).astype(np.float32),
        true=place >= 450,
        groups=3 * (place // 10 * 10),
        positions=_POSITIONS,
        fitted=busy,
    )


def _pin_profile(
    db: vqe.Connection,
    query: str,
    differences: Differences | None = None,
    model: str = "cnn 48×48",
    packets: Packets | None = None,
) -> None:
    """What learning the query's predicate might have shown: of ten frames one is true, and most scores are clear."""
    relation = db.sql(query)
    assert relation is not None
    (learn,) = (n for n in walk(relation._source._prepared.plan) if isinstance(n, Learn))  # type: ignore[attr-defined]
    false, true = np.linspace(0, 0.9, 300) ** 4, 1 - np.linspace(0, 0.9, 100) ** 4
    samples = Samples(
        np.concatenate([false, true]).astype(np.float32),
        np.repeat([False, True], [300, 100]),
        np.repeat([1350 / 300, 150 / 100], [300, 100]),
    )
    population = np.sort(np.concatenate([np.linspace(0, 0.9, 1350) ** 4, 1 - np.linspace(0, 0.9, 150) ** 4]))
    profile = Profile(
        predicate=learn.predicate.text,
        samples=samples,
        population=population.astype(np.float32),
        labels=400,
        positives=100,
        files=(),
        model=model,
        smooth=9 if learn.task.window else 0,
        size=96,
        reason="" if model else "training would not pay",
        differences=differences,
        packets=packets,
    )
    save(path_of(db.folder, learn.task), profile, {}, "")


def as_labels(frames: Sequence[list[Box]], first: int = 0) -> Labels:
    """What the store keeps of these frames, numbered from `first`; in a frame by falling score, as models give it."""
    boxes = [sorted(f, key=lambda b: -b.score) for f in frames]
    flat = [b for f in boxes for b in f]
    return Labels(
        np.arange(first, first + len(frames), dtype=np.int64),
        np.cumsum([0, *map(len, boxes)]).astype(np.int64),
        np.array([IDS[b.name] for b in flat], np.int16),
        np.array([b.score for b in flat], np.float32),
        np.array([(b.x1, b.y1, b.x2, b.y2) for b in flat], np.float32).reshape(-1, 4),
    )
