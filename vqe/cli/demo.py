"""`vqe demo`: the main job on a fresh machine, without internet."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.cli.render import Bar, finish, plural
from vqe.connection import connect
from vqe.errors import RunError

MODEL = "ssd_mobilenet_v2_coco"
FRAMES, RATE, WIDTH, HEIGHT = 150, 10, 640, 480
BUS_IN, BUS_OUT = 50, 100  # frames between which the bus stands in the picture

QUERIES = (
    ("When does a bus stand there?", "SELECT frame, timestamp FROM street WHERE contains('bus') LIMIT 5"),
    (
        "As events: from when to when?",
        "SELECT * EXCLUDE (video, file) FROM events(street) WHERE contains('bus') GAP '1s'",
    ),
    (
        "What else is there? (Nothing runs twice: labels are kept.)",
        "SELECT class, count(*) AS boxes, max(confidence) AS best FROM detections(street)"
        " WHERE confidence >= 0.4 GROUP BY class ORDER BY boxes DESC",
    ),
)


def demo() -> None:
    """Make a clip of a street, ask three queries, print query, plan, result and time."""
    with tempfile.TemporaryDirectory(prefix="vqe-demo-") as folder:
        clip = Path(folder) / "street.mp4"
        make_clip(clip)
        print(f"A clip of {FRAMES} frames, {WIDTH}×{HEIGHT}: a street in which a bus stops for five seconds.\n")
        with connect(Path(folder) / "db", {"model": MODEL}) as db:
            db.progress = Bar() if sys.stderr.isatty() else None
            db.sql(f"CREATE VIDEO street FROM '{clip}'")
            for title, query in QUERIES:
                _ask(db, title, query)
        print(
            "Now your own:\n"
            "  vqe -c \"CREATE VIDEO cam1 FROM 'gate.mp4'; SELECT timestamp FROM cam1 WHERE contains('bus')\""
        )


def _ask(db: Any, title: str, query: str) -> None:
    print(f"-- {title}\n{query};\n")
    relation = db.sql(query)
    print(relation.explain() + "\n")
    start = time.perf_counter()
    rows = len(relation.arrow())
    finish(db)
    print(f"{relation.text()}\n{plural(rows, 'row')} in {time.perf_counter() - start:.2f} s\n")


def make_clip(path: Path) -> None:
    """Encode the clip with PyAV, out of the street picture that ultralytics carries."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "veryfast", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in _pictures():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def _pictures() -> Iterator[NDArray[np.uint8]]:
    """An empty place under a grey sky, sensor noise, and for a while the street with the bus."""
    bus = _street()
    noise = np.random.default_rng(7)
    shade = np.linspace(150, 90, HEIGHT, dtype=np.float32)[:, None, None]
    left = (WIDTH - bus.shape[1]) // 2
    for number in range(FRAMES):
        picture = np.broadcast_to(shade, (HEIGHT, WIDTH, 3)).copy()
        if BUS_IN <= number < BUS_OUT:
            picture[HEIGHT - bus.shape[0] :, left : left + bus.shape[1]] = bus
        picture += noise.normal(0, 2, picture.shape)
        yield picture.clip(0, 255).astype(np.uint8)


def _street() -> NDArray[np.uint8]:
    """The picture at nine tenths of the height of ours: smaller, and the small built-in model wavers."""
    import av

    spec = importlib.util.find_spec("ultralytics")
    path = (
        Path(spec.submodule_search_locations[0]) / "assets" / "bus.jpg"
        if spec and spec.submodule_search_locations
        else None
    )
    if path is None or not path.exists():
        raise RunError("ultralytics' sample picture bus.jpg is missing", hint="reinstall ultralytics")
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    height = HEIGHT * 9 // 10 // 2 * 2
    small = frame.reformat(frame.width * height // frame.height // 2 * 2, height, "rgb24")
    return np.asarray(small.to_ndarray(), np.uint8)
