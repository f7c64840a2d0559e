"""A trained specialised network and what runs it. Importing this loads no framework."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vqe.models.specialised.architecture import Architecture

Tensors = dict[str, NDArray[np.float32]]


class Runner(Protocol):
    """Scores thumbnails of one side: uint8 [n, side, side] and as many backgrounds → logits, float32 [n]; n ≥ 1."""

    def __call__(self, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class SpecialisedModel:
    """Says how likely a predicate holds of a thumbnail. One thread at a time."""

    def __init__(
        self, architecture: Architecture, tensors: Mapping[str, NDArray[np.float32]], lone: bool = False
    ) -> None:
        """`lone`: on one core, where others are at work on the others."""
        self.architecture = architecture
        self._lone = lone
        self._tensors = {name: np.ascontiguousarray(tensors[name]) for name in architecture.shapes()}
        self._runners: dict[int, Runner] = {}  # by the side of the thumbnails

    def scores(self, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A logit a thumbnail, float32 [n]: the higher, the likelier. The same whatever else is in the batch.

        thumbnails   uint8 [n, S, S], S a multiple of the architecture's size
        backgrounds  uint8 [n, S, S], or [1, S, S] for all; unread where the architecture takes no difference
        The first call of a size compiles the network. Raises ValueError on other shapes.
        """
        check_pictures(self.architecture, thumbnails, backgrounds)
        if not len(thumbnails):
            return np.zeros(0, np.float32)
        side = thumbnails.shape[1]
        if side not in self._runners:
            self._runners[side] = _runner(self.architecture, self._tensors, side, self._lone)
        return self._runners[side](thumbnails, np.broadcast_to(backgrounds, thumbnails.shape))

    def probabilities(self, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `scores`, from 0 to 1 (their logistic)."""
        logits = self.scores(thumbnails, backgrounds).astype(np.float64)
        with np.errstate(over="ignore"):  # beyond what exp can hold it is 0
            return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def tensors(self) -> Tensors:
        """All there is to keep of it beside the architecture: float32 arrays, shaped as `Architecture.shapes` says."""
        return dict(self._tensors)

    @staticmethod
    def from_tensors(
        architecture: Architecture, tensors: Mapping[str, NDArray[np.float32]], lone: bool = False
    ) -> SpecialisedModel:
        """The inverse of `tensors`; other arrays may be among them. Raises ValueError where one is missing or bad."""
        for name, shape in architecture.shapes().items():
            if name not in tensors:
                raise ValueError(f"no specialised model: '{name}' is missing")
            tensor = tensors[name]
            if tensor.shape != shape or tensor.dtype != np.float32:
                raise ValueError(
                    f"no specialised model: '{name}' is {tensor.dtype} {list(tensor.shape)}, not float32 {list(shape)}"
                )
            if not np.isfinite(tensor).all():
                raise ValueError(f"no specialised model: '{name}' holds values that are no numbers")
        return SpecialisedModel(architecture, tensors, lone)


def train(
    architecture: Architecture,
    thumbnails: NDArray[np.uint8],
    backgrounds: NDArray[np.uint8],
    targets: NDArray[np.float32],
    *,
    seed: int,
    start: SpecialisedModel | None = None,
) -> SpecialisedModel:
    """A network that says of thumbnails what the targets say: some seconds for a thousand. Needs torch.

    thumbnails   uint8 [n, S, S], in time order
    backgrounds  uint8 [n, S, S], or [1, S, S] for all
    targets      float32 [n], 0 to 1: how sure the reference model is (Hinton et al., 2015); 0.5 and more is true, and
                 both kinds together weigh the same
    seed         decides all that is random: the same data and seed give the same network on the same machine
    start        a network of the same architecture to go on from, which takes a part of the time
    Raises ValueError on other shapes, and where no target is true or none is false.
    """
    check_pictures(architecture, thumbnails, backgrounds)
    _check_examples(len(thumbnails), targets)
    if start is not None and start.architecture != architecture:
        raise ValueError("cannot go on from a network of another architecture")
    from vqe.models.specialised.training import fit

    beside = np.broadcast_to(backgrounds, thumbnails.shape)
    known = None if start is None else start.tensors()
    tensors = fit(architecture, thumbnails, beside, targets, seed, known)
    return SpecialisedModel.from_tensors(architecture, tensors)


def check_pictures(architecture: Architecture, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> None:
    """Raises ValueError where the network cannot see such pictures."""
    shape = thumbnails.shape
    if len(shape) != 3 or shape[1] != shape[2] or thumbnails.dtype != np.uint8:
        raise ValueError(f"thumbnails are uint8 [n, S, S], not {thumbnails.dtype} {list(shape)}")
    if backgrounds.dtype != np.uint8 or backgrounds.shape not in (shape, (1, *shape[1:])):
        raise ValueError(f"backgrounds are as the thumbnails, not {backgrounds.dtype} {list(backgrounds.shape)}")
    architecture.pooling(shape[1])


def _check_examples(n: int, targets: NDArray[np.float32]) -> None:
    if targets.shape != (n,):
        raise ValueError(f"{n} thumbnails need as many targets, not {targets.shape}")
    if not ((targets >= 0) & (targets <= 1)).all():
        raise ValueError("targets are between 0 and 1")
    true = int((targets >= 0.5).sum())
    if true in (0, n):
        raise ValueError(f"{true} of {n} examples are true: a network learns from both kinds only")


def _runner(architecture: Architecture, tensors: Tensors, side: int, lone: bool) -> Runner:
    if _has_cuda():
        from vqe.models.specialised.network import TorchRunner

        return TorchRunner(architecture, tensors, "cuda")
    from vqe.models.specialised.graph import OpenvinoRunner

    return OpenvinoRunner(architecture, tensors, side, lone)


@functools.cache
def _has_cuda() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")  # without a driver there is no need for torch, which takes seconds to import
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()
