"""What identifies a video file, whatever it is called and wherever it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

SAMPLES = 16
SAMPLE_BYTES = 4096


def sampled_bytes(path: Path) -> bytes:
    """A digest of the file's size and of 16 pieces of 4 kB spread over it, the first and last bytes included."""
    digest = hashlib.blake2b(digest_size=16)
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        for n in range(SAMPLES):
            file.seek(max(0, size - SAMPLE_BYTES) * n // (SAMPLES - 1))
            digest.update(file.read(SAMPLE_BYTES))
    return digest.digest()


def fingerprint(path: Path, table: NDArray[Any], codec: str) -> str:
    """32 hex digits from all packets' times, sizes and key flags, the codec, and sampled bytes."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(codec.encode())
    digest.update(sampled_bytes(path))
    digest.update(table.data.cast("B"))
    return digest.hexdigest()
