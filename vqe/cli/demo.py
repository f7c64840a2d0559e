"""`vqe demo`: the main job on a fresh machine, without internet."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqe.cli.render import Bar, plural
from vqe.connection import Connection, connect
from vqe.errors import RunError
from vqe.models import ssd_graph

FRAMES, RATE, WIDTH, HEIGHT = 150, 10, 640, 480
BUS_IN, BUS_OUT = 50, 100  # frames between which the bus stands in the picture

QUERIES = (
    ("When does a bus stand there?", "SELECT frame, timestamp FROM street WHERE contains('bus') LIMIT 5"),
    (
        "From when to when, as events?",
        "SELECT event, start_frame, end_frame, start_time, end_time, duration\n"
        "FROM events(street) WHERE contains('bus') GAP '1s'",
    ),
    (
        "What else is there? (The model runs no more: what it says is kept.)",
        "SELECT class, count(*) AS boxes, round(max(confidence), 2) AS best\n"
        "FROM detections(street) WHERE confidence >= 0.6 GROUP BY class ORDER BY class",
    ),
)
GOODBYE = """Now your own:
  vqe -c "CREATE VIDEO cam1 FROM 'gate.mp4'"
  vqe -c "SELECT timestamp FROM cam1 WHERE contains('bus')\""""


def demo() -> None:
    """Make a clip of a street, ask three queries, print query, plan, result and time."""
    ssd_graph.require()
    with tempfile.TemporaryDirectory(prefix="vqe-demo-") as folder:
        clip = Path(folder) / "street.mp4"
        make_clip(clip)
        print(f"A clip of {FRAMES} frames, {WIDTH}×{HEIGHT}: a place where a bus stops for five seconds.\n", flush=True)
        with connect(Path(folder) / "db", {"model": ssd_graph.NAME}) as db, Bar() as bar:
            db.progress = bar if sys.stderr.isatty() else None
            db.sql(f"CREATE VIDEO street FROM '{clip}'")
            for title, query in QUERIES:
                _ask(db, bar, title, query)
    print(GOODBYE)


def _ask(db: Connection, bar: Bar, title: str, query: str) -> None:
    print(f"-- {title}\n{query};\n")
    relation = db.sql(query)
    assert relation is not None
    print(relation.explain() + "\n", flush=True)
    start = time.perf_counter()
    rows = len(relation)
    seconds = time.perf_counter() - start
    bar.stop()
    print(f"{relation.text()}\n{plural(rows, 'row')} in {seconds:.2f} s\n", flush=True)


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
    """The picture at nine tenths of the height of ours: the smaller it is, the less sure is the small model."""
    import av

    spec = importlib.util.find_spec("ultralytics")  # which does not import it
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = next((p for f in folders if (p := Path(f) / "assets" / "bus.jpg").exists()), None)
    if path is None:
        raise RunError("ultralytics' sample picture bus.jpg is missing", hint="reinstall ultralytics")
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    height = HEIGHT * 9 // 10 // 2 * 2
    small = frame.reformat(frame.width * height // frame.height // 2 * 2, height, "rgb24")
    return np.asarray(small.to_ndarray(), np.uint8)
