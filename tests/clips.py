"""Small clips for tests, made with PyAV alone; each picture bears its frame's number, readable after lossy coding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

# The number is a grid of bright and dark blocks: 16 bits, then the inverse of its lowest four.
ROWS, COLUMNS = 4, 5
BRIGHT = np.array([170, 200, 230], np.uint8)  # blue, green, red: the order of colours shows too
DARK = np.array([40, 25, 15], np.uint8)

ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
FASTEST: dict[str, dict[str, str]] = {
    "libx264": {"preset": "ultrafast", "sc_threshold": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "scenecut=0:log-level=none:pools=none:frame-threads=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "10", "svtav1-params": "pred-struct=1:lp=1"},  # preset 12 writes broken streams
}


def make_clip(
    path: Path,
    frames: int = 50,
    size: tuple[int, int] = (160, 120),
    rate: int = 25,
    codec: str = "h264",
    gop: int = 10,
    bframes: int = 0,
    pictures: Callable[[int], Picture] | None = None,
    times: Sequence[float] | None = None,
    start_pts: int = 0,
    audio: bool = False,
    rotation: int = 0,
    pixels: str | None = None,
    options: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
) -> Path:
    """Write a clip, its format by the path's ending, and return the path.

    `size`: width and height as stored. `pictures(n)`: the bgr24 picture [height, width, 3] of frame n as stored; by
    default one that bears the number when upright. `times`: when each frame shows, in seconds (variable frame rate).
    `start_pts`: the first frame's time in frames. `rotation`: degrees counter-clockwise that a player has to turn the
    picture. `pixels`: FFmpeg's pixel format. `options` go to the encoder, `container` to the muxer.
    """
    turned = size[::-1] if rotation % 180 else size
    pictures = pictures or (lambda n: np.ascontiguousarray(np.rot90(number_picture(n, turned), -rotation // 90)))
    base = Fraction(1, rate) if times is None else Fraction(1, 1000)
    with av.open(str(path), "w", container_options=dict(container or {})) as out:
        stream = _video_stream(out, codec, rate, size, gop, bframes, pixels, base, options or {})
        if rotation:
            stream.set_display_rotation(rotation)
        sound = out.add_stream("aac" if path.suffix != ".webm" else "libopus", rate=48000) if audio else None
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(pictures(n), format="bgr24")
            frame.pts = start_pts + (n if times is None else round(times[n] * 1000))
            frame.time_base = base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            _mux_tone(out, sound, (times[-1] if times else frames / rate) + 1)
    return path


def make_files(folder: Path, files: Sequence[Mapping[str, Any]], frames: int) -> list[Path]:
    """Small clips of so many frames in a folder, one for each of these: what `make_clip` is given, and a `suffix`."""
    paths = []
    for n, how in enumerate(files):
        given = {"frames": frames, "suffix": ".mp4", "size": (96, 72), **how}
        paths.append(make_clip(folder / f"part{n}{given.pop('suffix')}", **given))
    return paths


def _video_stream(
    out: Any,
    codec: str,
    rate: int,
    size: tuple[int, int],
    gop: int,
    bframes: int,
    pixels: str | None,
    base: Fraction,
    options: Mapping[str, str],
) -> Any:
    encoder = ENCODERS.get(codec, codec)
    stream = out.add_stream(encoder, rate=rate, options={**FASTEST.get(encoder, {}), **options})
    stream.width, stream.height = size
    stream.pix_fmt = pixels or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
    context = stream.codec_context
    context.gop_size = gop
    context.max_b_frames = bframes
    context.time_base = base
    context.thread_count = 1
    return stream


def _mux_tone(out: Any, sound: Any, seconds: float) -> None:
    wave = np.sin(np.arange(1024, dtype=np.float32) * 0.05)
    for n in range(int(seconds * 48000) // 1024):
        frame = av.AudioFrame.from_ndarray(wave[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = 48000
        frame.pts = n * 1024
        out.mux(sound.encode(frame))
    out.mux(sound.encode(None))


def number_picture(number: int, size: tuple[int, int] = (160, 120)) -> Picture:
    """The bgr24 picture [height, width, 3] that bears a number below 65,536."""
    width, height = size
    bits = [number >> k & 1 for k in range(16)] + [1 - (number >> k & 1) for k in range(4)]
    grid = np.array(bits, dtype=bool).reshape(ROWS, COLUMNS)
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return np.where(grid[np.ix_(rows, columns)][..., np.newaxis], BRIGHT, DARK)


def read_number(picture: Picture) -> int:
    """The number that a picture bears; ValueError where it bears none (or is turned or mirrored)."""
    height, width = picture.shape[:2]
    bits = []
    for block in range(ROWS * COLUMNS):
        row, column = divmod(block, COLUMNS)
        # The middle of a block: its edges are blurred.
        rows = slice((4 * row + 1) * height // (4 * ROWS), (4 * row + 3) * height // (4 * ROWS))
        columns = slice((4 * column + 1) * width // (4 * COLUMNS), (4 * column + 3) * width // (4 * COLUMNS))
        bits.append(int(picture[rows, columns].mean() > 112))
    number = sum(bit << k for k, bit in enumerate(bits[:16]))
    if any(bits[16 + k] == bits[k] for k in range(4)):
        raise ValueError("the picture bears no number")
    return number
