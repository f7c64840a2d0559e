"""A detector of bright squares."""

from __future__ import annotations

from ruled import Picture, Ruled

from vqe.models import ModelInfo


class Squares(Ruled):
    """Calls a bright square a bus."""

    def __init__(self, info: ModelInfo, seconds: float = 0.0) -> None:
        super().__init__(_bright, info, seconds)


def _bright(picture: Picture) -> bool:
    return bool((picture[:, :, 0] > 190).sum() > 60)
