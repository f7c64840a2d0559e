"""What a specialised network looks like: enough to plan with, to check kept weights against and to build it from."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import TypeAlias

Crop: TypeAlias = tuple[float, float, float, float]  # x1, y1, x2, y2 as fractions of width and height
WHOLE: Crop = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network over luma thumbnails: convolutions of 3×3 in steps of two, a dense layer, one logit.

    size        side of the picture that the network sees; thumbnails of a multiple of it are averaged down
    widths      channels of each convolution
    hidden      units of the dense layer
    crop        the part that is seen
    difference  whether the difference from the background is a channel beside the picture
    """

    size: int = 48
    widths: tuple[int, ...] = (16, 32, 64, 64)
    hidden: int = 32
    crop: Crop = WHOLE
    difference: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError where there is no such network."""
        x1, y1, x2, y2 = self.crop
        if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
            raise ValueError(f"no crop of a picture: {self.crop}")
        if self.size < 1 or self.hidden < 1 or not self.widths or min(self.widths) < 1:
            raise ValueError(f"no network: {self}")

    @property
    def name(self) -> str:
        """As plans show it."""
        part = "" if self.crop == WHOLE else " of a part"
        return f"cnn {self.size}×{self.size} {'-'.join(map(str, self.widths))}{part}"

    @property
    def channels(self) -> int:
        return 1 + self.difference

    @property
    def window(self) -> tuple[int, int, int, int]:
        """The crop in pixels of the averaged picture: x1, y1, x2, y2; never empty."""
        x1, y1, x2, y2 = (fraction * self.size for fraction in self.crop)
        return math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)

    @property
    def products(self) -> int:
        """Multiplications a picture: what a frame costs, relative to other members of the family."""
        x1, y1, x2, y2 = self.window
        height, width, before, products = y2 - y1, x2 - x1, self.channels, 0
        for after in self.widths:
            height, width = _halved(height), _halved(width)
            products += height * width * before * after * 9
            before = after
        return products + (height * width * before + 1) * self.hidden

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays (all float32) that make up a trained network, by name."""
        shapes: dict[str, tuple[int, ...]] = {}
        x1, y1, x2, y2 = self.window
        height, width, before = y2 - y1, x2 - x1, self.channels
        for i, after in enumerate(self.widths):
            shapes[f"conv{i}.weight"] = after, before, 3, 3
            for name in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"norm{i}.{name}"] = (after,)
            height, width, before = _halved(height), _halved(width), after
        shapes["dense.weight"] = self.hidden, height * width * before
        shapes["dense.bias"] = (self.hidden,)
        shapes["logit.weight"] = 1, self.hidden
        shapes["logit.bias"] = (1,)
        return shapes

    def pooling(self, side: int) -> int:
        """How many pixels of a thumbnail's side make one of the network's. Raises ValueError where it is no whole."""
        if side < self.size or side % self.size:
            raise ValueError(f"thumbnails of {side}×{side} do not suit a network of {self.size}×{self.size}")
        return side // self.size

    def to_text(self) -> str:
        """As JSON, for metadata and keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @staticmethod
    def from_text(text: str) -> Architecture:
        """The inverse of `to_text`. Raises ValueError where the text is none of its."""
        try:
            fields = json.loads(text)
            return Architecture(
                size=int(fields["size"]),
                widths=tuple(map(int, fields["widths"])),
                hidden=int(fields["hidden"]),
                crop=_four(fields["crop"]),
                difference=bool(fields["difference"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no architecture of a specialised model: {text[:100]!r}") from error


def _halved(side: int) -> int:
    """The side after a convolution of 3×3 in steps of two, padded by one."""
    return (side + 1) // 2


def _four(numbers: list[float]) -> Crop:
    x1, y1, x2, y2 = map(float, numbers)
    return x1, y1, x2, y2


# From cheapest to dearest. The first is tried first, the others where it leaves much undecided.
FAMILY: tuple[Architecture, ...] = (
    Architecture(),
    Architecture(size=96, widths=(8, 16, 32, 64, 64)),
    Architecture(size=96),
)
