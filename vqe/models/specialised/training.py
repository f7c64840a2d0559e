"""How a specialised network is trained. Imports torch: to be imported when that is needed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vqe.cores import cores
from vqe.models.specialised.architecture import Architecture
from vqe.models.specialised.network import filled, network, pictures

SHOWN = 32_000  # examples in all, each many times
FEWEST_EPOCHS, MOST_EPOCHS = 12, 40
ON = 0.4  # of that, and of the learning rate, where a network that knows most of it goes on
RATE = 5e-3
BATCH = 64
DECAY = 1e-3
SHIFT = 48  # a picture moves by up to one in so many of its side
CONTRAST = 0.1  # standard deviation of the factor
MOST_BALANCE = 20.0  # however rare the true ones are, none counts for more of the false
HELD_BACK = 16  # one block in so many
BLOCKS = 48
PATIENCE = 0.2  # of all epochs, without a better loss
RISE, FALL = 0.3, 0.5  # the parts of the training after which the rate is highest, and after which it falls for good


@dataclass(frozen=True)
class Examples:
    """What the network sees, with a margin to move in, what it should say, and how much that matters.

    seen      float32 [n, channels, height + 2 margin, width + 2 margin]
    targets   float32 [n]
    weights   float32 [n]
    """

    seen: Tensor
    targets: Tensor
    weights: Tensor
    margin: int

    def loss(self, net: nn.Sequential, places: Tensor, *, varied: bool) -> Tensor:
        """The weighted cross entropy at each of these places; varied: of pictures a little other than they are."""
        seen = self._moved(places) if varied else self._window(places, [(self.margin, self.margin)] * len(places))
        logits = net(seen)[:, 0]
        return nn.functional.binary_cross_entropy_with_logits(
            logits, self.targets[places], self.weights[places], reduction="none"
        )

    def _moved(self, places: Tensor) -> Tensor:
        """Each moved by a few pixels and with a contrast of its own. (Brightness is taken off all pictures.)"""
        shifts = torch.randint(2 * self.margin + 1, (len(places), 2)).tolist()
        factors = 1 + CONTRAST * torch.randn(len(places), 1, 1, 1)
        return self._window(places, [(y, x) for y, x in shifts]) * factors.to(self.seen.device)

    def _window(self, places: Tensor, corners: list[tuple[int, int]]) -> Tensor:
        height, width = (side - 2 * self.margin for side in self.seen.shape[2:])
        at = zip(places.tolist(), corners, strict=True)
        parts = [self.seen[i, :, y : y + height, x : x + width] for i, (y, x) in at]
        return torch.stack(parts).contiguous(memory_format=torch.channels_last)


def fit(
    architecture: Architecture,
    thumbnails: NDArray[np.uint8],
    backgrounds: NDArray[np.uint8],
    targets: NDArray[np.float32],
    seed: int,
    start: Mapping[str, NDArray[np.float32]] | None,
) -> dict[str, NDArray[np.float32]]:
    """See `model.train`, which checks what is given."""
    with _own_state(seed):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        net = network(architecture)
        net = (net if start is None else filled(net, start)).to(device).to(memory_format=torch.channels_last)
        margin = max(1, architecture.size // SHIFT)
        examples = Examples(
            _seen(architecture, thumbnails, backgrounds, margin).to(device),
            torch.from_numpy(targets.astype(np.float32)).to(device),
            torch.from_numpy(balance(targets)).to(device),
            margin,
        )
        _train(net, examples, held_back(targets), 1.0 if start is None else ON)
        state = net.state_dict()
        return {name: state[name].cpu().numpy() for name in architecture.shapes()}


def balance(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights, float32 [n] with a mean of about one, such that true and false ones weigh the same if they can."""
    true = targets >= 0.5
    weights = np.where(true, min(MOST_BALANCE, 0.5 / true.mean()), 0.5 / (~true).mean())
    return np.asarray(weights, np.float32)


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
    with torch.random.fork_rng(), torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
        torch.manual_seed(seed)
        torch.set_num_threads(cores())
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _seen(
    architecture: Architecture, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8], margin: int
) -> Tensor:
    """What the network sees, with its edges repeated around it."""
    parts = []
    for i in range(0, len(thumbnails), BATCH):
        part = slice(i, i + BATCH)
        seen = pictures(architecture, torch.tensor(thumbnails[part]), torch.tensor(backgrounds[part]))
        parts.append(nn.functional.pad(seen, (margin, margin, margin, margin), mode="replicate"))
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def _train(net: nn.Sequential, examples: Examples, held: NDArray[np.bool_], scale: float) -> None:
    """Until FALL, at most, with a part held back, whose loss tells when nothing more is learnt; then with all.

    The rest of the training, in which the rate falls, is what makes a good network: it is never left out.
    """
    epochs = scale * min(MOST_EPOCHS, max(FEWEST_EPOCHS, SHOWN / len(held)))
    optimizer = torch.optim.AdamW(net.parameters(), scale * RATE, weight_decay=DECAY)
    shown, test = (torch.from_numpy(np.flatnonzero(kind)) for kind in (~held, held))
    progress, lowest, since = 0.0, math.inf, 0
    while progress < 1:
        places = shown if progress < FALL else torch.arange(len(held))
        for batch in _batches(places):
            optimizer.param_groups[0]["lr"] = scale * RATE * one_cycle(progress)
            _step(net, examples, batch, optimizer)
            progress += len(batch) / (epochs * len(places))
            if progress >= 1:
                return
        if len(test) and progress < FALL:
            loss = _loss(net, examples, test)
            since = 0 if loss < lowest else since + 1
            lowest = min(lowest, loss)
            if since > PATIENCE * epochs:
                progress = FALL


def _batches(places: Tensor) -> list[Tensor]:
    """In random order; one example alone has no spread to normalise by, and joins the batch before."""
    order = places[torch.randperm(len(places))]
    return list(torch.tensor_split(order, max(1, len(order) // BATCH)))


def _step(net: nn.Sequential, examples: Examples, places: Tensor, optimizer: torch.optim.Optimizer) -> None:
    net.train()
    loss = examples.loss(net, places, varied=True).mean()
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


def one_cycle(progress: float) -> float:
    """The part of the highest learning rate at a part of the training (Smith & Topin, 2018): up, then down to none."""
    if progress < RISE:
        return 0.04 + 0.96 * (0.5 - 0.5 * math.cos(math.pi * progress / RISE))
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (progress - RISE) / (1 - RISE)))


def _loss(net: nn.Sequential, examples: Examples, places: Tensor) -> float:
    net.eval()
    with torch.inference_mode():
        losses = [examples.loss(net, part, varied=False).sum() for part in torch.tensor_split(places, 4) if len(part)]
        return float(sum(losses)) / float(examples.weights[places].sum())
