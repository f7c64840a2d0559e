"""How a specialised network is trained. Imports torch: to be imported when that is needed."""

from __future__ import annotations

import contextlib
import copy
import functools
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vqe.models.specialised.architecture import Architecture
from vqe.models.specialised.network import filled, network, pictures

EPOCHS = 20
EPOCHS_ON = 8  # from a network that knows most of it
RATE, RATE_ON = 3e-3, 1e-3
BATCH = 64
DECAY = 1e-2
SHIFT = 2  # pixels
CONTRAST = 0.1  # standard deviation of the factor
MOST_BALANCE = 20.0  # however rare the true ones are, none counts for more of the false
HELD_BACK = 8  # one block in so many
BLOCKS = 40
PATIENCE = 0.5  # of all epochs, without a better loss


@dataclass(frozen=True)
class Examples:
    """What the network sees (float32 [n, channels, height, width]), what it should say, and how much that matters."""

    seen: Tensor
    targets: Tensor
    weights: Tensor

    def at(self, places: Tensor) -> Examples:
        return Examples(self.seen[places], self.targets[places], self.weights[places])

    def loss(self, logits: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], self.targets, self.weights)


class Clock:
    """How much of a training is done: by its steps, or by the time it may take where that runs out earlier."""

    def __init__(self, seconds: float | None) -> None:
        self._begun = time.monotonic()
        self._seconds = seconds

    def progress(self, steps: float) -> float:
        """steps: the part of all steps that is done; the result is 1 where the training should end."""
        if self._seconds is None:
            return steps
        return min(1.0, max(steps, (time.monotonic() - self._begun) / max(self._seconds, 1e-3)))


def fit(
    architecture: Architecture,
    thumbnails: NDArray[np.uint8],
    backgrounds: NDArray[np.uint8],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    seed: int,
    start: Mapping[str, NDArray[np.float32]] | None,
    seconds: float | None,
) -> dict[str, NDArray[np.float32]]:
    """See `model.train`, which checks what is given."""
    clock = Clock(seconds)
    with _own_state(seed):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        net = network(architecture)
        net = (net if start is None else filled(net, start)).to(device).to(memory_format=torch.channels_last)
        seen = _seen(architecture, thumbnails, backgrounds).to(device, memory_format=torch.channels_last)
        balanced = torch.from_numpy(balance(targets, weights)).to(device)
        examples = Examples(seen, torch.from_numpy(targets.astype(np.float32)).to(device), balanced)
        best = _train(net, examples, held_back(targets), start is not None, clock)
    return {name: best[name].cpu().numpy() for name in architecture.shapes()}


def balance(targets: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights, float32 with a mean of about one, such that true and false ones weigh the same if they can."""
    true = targets >= 0.5
    shares = weights / weights.sum()
    factors = np.where(true, min(MOST_BALANCE, 0.5 / shares[true].sum()), 0.5 / shares[~true].sum())
    return np.asarray(shares * factors * len(shares), np.float32)


def held_back(targets: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which examples tell when to stop: whole blocks in time, since neighbouring frames are nearly the same.

    The blocks are spread over the true ones as over the false ones, so that both kinds are on either side; none is
    held back where there are too few to tell anything.
    """
    held = np.zeros(len(targets), np.bool_)
    for kind in (targets >= 0.5, targets < 0.5):
        places = np.flatnonzero(kind)
        if len(places) >= BLOCKS:
            blocks = np.arange(len(places)) * BLOCKS // len(places)
            held[places[blocks % HELD_BACK == HELD_BACK // 2]] = True
    return held


@contextlib.contextmanager
def _own_state(seed: int) -> Iterator[None]:
    """Inside, torch's random numbers come from the seed and all cores work; after, both are as they were."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.set_num_threads(_cores())
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def _seen(architecture: Architecture, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> Tensor:
    parts = [
        pictures(architecture, torch.tensor(thumbnails[i : i + BATCH]), torch.tensor(backgrounds[i : i + BATCH]))
        for i in range(0, len(thumbnails), BATCH)
    ]
    return torch.cat(parts)


def _train(
    net: nn.Sequential, examples: Examples, held: NDArray[np.bool_], going_on: bool, clock: Clock
) -> dict[str, Tensor]:
    """The state of the epoch that did best on what was held back, or of the last where nothing was."""
    epochs, rate = (EPOCHS_ON, RATE_ON) if going_on else (EPOCHS, RATE)
    device = examples.seen.device
    places = torch.from_numpy(np.flatnonzero(~held)).to(device)
    test = examples.at(torch.from_numpy(np.flatnonzero(held)).to(device))
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=DECAY)
    best, lowest, since = copy.deepcopy(net.state_dict()), math.inf, 0
    for epoch in range(epochs):
        order = places[torch.randperm(len(places)).to(device)]
        _epoch(net, examples, order, optimizer, functools.partial(_rate, rate, clock, epoch, epochs))
        loss = _loss(net, test) if held.any() else -epoch
        since = 0 if loss < lowest else since + 1
        if loss < lowest:
            best, lowest = copy.deepcopy(net.state_dict()), loss
        if since > epochs * PATIENCE or clock.progress(0) == 1:
            break
    return best


def _epoch(
    net: nn.Sequential,
    examples: Examples,
    order: Tensor,
    optimizer: torch.optim.Optimizer,
    rate: Callable[[float], float],
) -> None:
    """rate: the learning rate after a part of the epoch; nothing more is learnt where that is none."""
    net.train()
    # A batch of one has no spread to normalise by.
    batches = [part for part in torch.split(order, BATCH) if len(part) > 1]
    for i, places in enumerate(batches):
        optimizer.param_groups[0]["lr"] = rate(i / len(batches))
        if not optimizer.param_groups[0]["lr"]:
            return
        batch = examples.at(places)
        loss = batch.loss(net(varied(batch.seen))).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


def _rate(highest: float, clock: Clock, epoch: int, epochs: int, part: float) -> float:
    return highest * one_cycle(clock.progress((epoch + part) / epochs))


def one_cycle(progress: float) -> float:
    """The part of the highest learning rate at a part of the training (Smith & Topin, 2018): up, then down to none."""
    rise = 0.3
    if progress < rise:
        return 0.04 + 0.96 * (0.5 - 0.5 * math.cos(math.pi * progress / rise))
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (progress - rise) / (1 - rise)))


def varied(seen: Tensor) -> Tensor:
    """The pictures moved by up to SHIFT pixels, the edges repeated, each with a contrast of its own."""
    height, width = seen.shape[2:]
    padded = nn.functional.pad(seen, (SHIFT, SHIFT, SHIFT, SHIFT), mode="replicate")
    y, x = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    factors = 1 + CONTRAST * torch.randn(len(seen), 1, 1, 1)
    return padded[:, :, y : y + height, x : x + width] * factors.to(seen.device)


def _loss(net: nn.Sequential, examples: Examples) -> float:
    net.eval()
    with torch.inference_mode():
        parts = torch.split(examples.seen, 4 * BATCH)
        logits = torch.cat([net(part) for part in parts])
        return float(examples.loss(logits).sum() / examples.weights.sum())
