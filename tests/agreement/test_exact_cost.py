"""What exactness costs: vqe against the plain loop over decord, alternately, decoding included."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vqe

SHARED = Path(__file__).parents[3] / "shared"
MODEL = SHARED / "models" / "yolo11n_int8_openvino_model"
CLIP = SHARED / "footage" / "intersection.mp4"
FRAMES, ROUNDS = 150, 7
QUERY = f"SELECT count(*) FROM '{CLIP}' WHERE contains('bus') AND frame < {FRAMES}"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not MODEL.exists(), reason="needs the development footage"),
]


def test_exact_costs_no_more_than_the_plain_loop(tmp_path: Path) -> None:
    decord = pytest.importorskip("decord")
    plain = _plain_loop(decord, tmp_path)
    seconds: dict[str, list[float]] = {"plain": [], "vqe": []}
    with vqe.connect(tmp_path / "warm", {"model": str(MODEL)}) as warm:
        warm.sql(QUERY).fetchall()  # type: ignore[union-attr]
        plain()
        for number in range(ROUNDS):
            start = time.perf_counter()
            expected = plain()
            seconds["plain"].append(time.perf_counter() - start)
            with vqe.connect(tmp_path / f"round{number}", {"model": str(MODEL)}) as db:
                db._engine.library.share_models(warm._engine.library)  # models are loaded on both sides
                start = time.perf_counter()
                found = db.sql(QUERY).fetchone()  # type: ignore[union-attr]
                seconds["vqe"].append(time.perf_counter() - start)
            assert found == (expected,)
    each = {name: statistics.median(s) / FRAMES * 1000 for name, s in seconds.items()}
    ratio = statistics.median(v / p for v, p in zip(seconds["vqe"], seconds["plain"], strict=True))
    print(f"\nms a frame: {each}; vqe / plain {ratio:.3f} (median of {ROUNDS}); load {os.getloadavg()[0]:.1f}")
    assert ratio <= 1.1


def _plain_loop(decord: Any, tmp_path: Path) -> Callable[[], int]:
    """How many of the first frames hold a bus, the plain way."""
    os.environ |= {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(tmp_path)}
    from ultralytics import YOLO

    yolo = YOLO(str(MODEL), task="detect")

    def loop() -> int:
        reader = decord.VideoReader(str(CLIP))
        found = 0
        for _ in range(FRAMES):
            picture = reader.next().asnumpy()[:, :, ::-1]
            boxes = yolo.predict(picture, conf=0.25, verbose=False)[0].boxes
            found += any(yolo.names[int(c)] == "bus" for c, s in zip(boxes.cls, boxes.conf, strict=True) if s >= 0.4)
        return found

    return loop
