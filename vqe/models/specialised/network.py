"""A specialised network in torch, for training and for CUDA. Imports torch: to be imported when that is needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vqe.models.specialised.architecture import Architecture
from vqe.models.specialised.settings import DIFFERENCE_SCALE, NORM_EPSILON, PICTURE_SCALE

DROPOUT = 0.2
_BATCH = 256


def network(architecture: Architecture) -> nn.Sequential:
    """From what `pictures` returns to logits [n, 1]; its state is named as `Architecture.shapes` has it."""
    shapes = architecture.shapes()
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(len(architecture.widths)):
        after, before, _, _ = shapes[f"conv{i}.weight"]
        layers[f"conv{i}"] = nn.Conv2d(before, after, 3, 2, 1, bias=False)
        layers[f"norm{i}"] = nn.BatchNorm2d(after, NORM_EPSILON)
        layers[f"relu{i}"] = nn.ReLU(inplace=True)
    layers["flatten"] = nn.Flatten()
    layers["dropout"] = nn.Dropout(DROPOUT)
    layers["dense"] = nn.Linear(shapes["dense.weight"][1], architecture.hidden)
    layers["relu"] = nn.ReLU(inplace=True)
    layers["logit"] = nn.Linear(architecture.hidden, 1)
    return nn.Sequential(layers)


def filled(net: nn.Sequential, tensors: Mapping[str, NDArray[np.float32]]) -> nn.Sequential:
    """The network with these arrays in it."""
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()}, strict=False)
    return net


def pictures(architecture: Architecture, thumbnails: Tensor, backgrounds: Tensor) -> Tensor:
    """What the network sees, float32 [n, channels, height, width], of two times uint8 [n, S, S]."""
    centred = _centred(architecture, thumbnails)
    channels = [centred / PICTURE_SCALE]
    if architecture.difference:
        channels.append((centred - _centred(architecture, backgrounds)) / DIFFERENCE_SCALE)
    return torch.stack(channels, 1)


def _centred(architecture: Architecture, pixels: Tensor) -> Tensor:
    """Averaged down, cropped and without its mean, so that a change of brightness is not seen."""
    seen = pixels.float()
    factor = architecture.pooling(pixels.shape[1])
    if factor > 1:
        seen = nn.functional.avg_pool2d(seen, factor)
    x1, y1, x2, y2 = architecture.window
    seen = seen[:, y1:y2, x1:x2]
    return seen - seen.mean((1, 2), keepdim=True)


class TorchRunner:
    """See `Runner`: on a CUDA device, as many pictures at a time so that sums round alike.

    With the process's own settings: other threads run other networks meanwhile, and there is one set for all.
    """

    def __init__(self, architecture: Architecture, tensors: Mapping[str, NDArray[np.float32]], device: str) -> None:
        self._architecture = architecture
        self._device = device
        self._net = filled(network(architecture), tensors).eval().to(device)

    def __call__(self, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = np.empty(len(thumbnails), np.float32)
        with torch.inference_mode():
            for start in range(0, len(scores), _BATCH):
                part = slice(start, start + _BATCH)
                seen = pictures(self._architecture, self._moved(thumbnails[part]), self._moved(backgrounds[part]))
                scores[part] = self._net(seen)[: len(scores) - start, 0].cpu().numpy()
        return scores

    def _moved(self, pixels: NDArray[np.uint8]) -> Tensor:
        """On the device, with black pictures up to a whole batch."""
        padded = np.zeros((_BATCH, *pixels.shape[1:]), np.uint8)
        padded[: len(pixels)] = pixels
        return torch.from_numpy(padded).to(self._device)
