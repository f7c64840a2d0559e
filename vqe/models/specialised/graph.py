"""A specialised network as an OpenVINO graph from bytes to logits, compiled for a CPU. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqe.models.quiet import openvino
from vqe.models.specialised.architecture import Architecture
from vqe.models.specialised.settings import DIFFERENCE_SCALE, NORM_EPSILON, PICTURE_SCALE
from vqe.models.streams import infer

BATCH = 16


class OpenvinoRunner:
    """See `Runner`. Every call of the graph takes the same number of pictures, so that sums round alike."""

    def __init__(
        self, architecture: Architecture, tensors: Mapping[str, NDArray[np.float32]], side: int, lone: bool = False
    ) -> None:
        graph = build(architecture, tensors, side, BATCH)
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if lone:
            settings["INFERENCE_NUM_THREADS"] = 1
        self._compiled: Any = openvino().Core().compile_model(graph, "CPU", settings)
        self._request: Any = self._compiled.create_infer_request()
        self._inputs = [np.zeros((BATCH, side, side), np.uint8) for _ in range(architecture.channels)]

    def __call__(self, thumbnails: NDArray[np.uint8], backgrounds: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = np.empty(len(thumbnails), np.float32)
        for start in range(0, len(scores), BATCH):
            end = min(start + BATCH, len(scores))
            for buffer, pictures in zip(self._inputs, (thumbnails, backgrounds), strict=False):
                buffer[: end - start] = pictures[start:end]
            (logits,) = infer(self._request, self._inputs).values()
            scores[start:end] = logits[: end - start, 0]
        return scores


def build(architecture: Architecture, tensors: Mapping[str, NDArray[np.float32]], side: int, batch: int) -> Any:
    """The graph: uint8 [batch, side, side], once or twice (the backgrounds) → float32 [batch, 1]."""
    ops = openvino().opset13
    inputs = [ops.parameter([batch, side, side], np.uint8) for _ in range(architecture.channels)]
    node = _pictures(ops, architecture, inputs, side)
    for i in range(len(architecture.widths)):
        weight, bias = _folded(tensors, i)
        node = ops.convolution(node, ops.constant(weight), [2, 2], [1, 1], [1, 1], [1, 1])
        node = ops.relu(ops.add(node, ops.constant(bias[None, :, None, None])))
    node = ops.reshape(node, ops.constant(np.array([batch, -1], np.int64)), False)
    node = ops.relu(_dense(ops, node, tensors, "dense"))
    return openvino().Model([_dense(ops, node, tensors, "logit")], inputs, "specialised")


def _pictures(ops: Any, architecture: Architecture, inputs: list[Any], side: int) -> Any:
    """What `network.pictures` does."""
    centred = [_centred(ops, architecture, node, side) for node in inputs]
    channels = [ops.multiply(centred[0], ops.constant(np.float32(1 / PICTURE_SCALE)))]
    if architecture.difference:
        difference = ops.subtract(centred[0], centred[1])
        channels.append(ops.multiply(difference, ops.constant(np.float32(1 / DIFFERENCE_SCALE))))
    return ops.concat(channels, 1) if len(channels) > 1 else channels[0]


def _centred(ops: Any, architecture: Architecture, node: Any, side: int) -> Any:
    node = ops.unsqueeze(ops.convert(node, np.float32), ops.constant(np.int64(1)))
    factor = architecture.pooling(side)
    if factor > 1:
        node = ops.avg_pool(node, [factor, factor], [0, 0], [0, 0], [factor, factor], True)
    x1, y1, x2, y2 = architecture.window
    if (x2 - x1, y2 - y1) != (architecture.size, architecture.size):
        start, stop, step, axes = (ops.constant(np.array(v, np.int64)) for v in ((y1, x1), (y2, x2), (1, 1), (2, 3)))
        node = ops.slice(node, start, stop, step, axes)
    return ops.subtract(node, ops.reduce_mean(node, ops.constant(np.array([2, 3], np.int64)), True))


def _folded(tensors: Mapping[str, NDArray[np.float32]], i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The i-th convolution with its normalisation inside: weights [after, before, 3, 3] and bias [after]."""
    gain = tensors[f"norm{i}.weight"] / np.sqrt(tensors[f"norm{i}.running_var"] + np.float32(NORM_EPSILON))
    bias = tensors[f"norm{i}.bias"] - gain * tensors[f"norm{i}.running_mean"]
    return tensors[f"conv{i}.weight"] * gain[:, None, None, None], bias


def _dense(ops: Any, node: Any, tensors: Mapping[str, NDArray[np.float32]], name: str) -> Any:
    product = ops.matmul(node, ops.constant(tensors[f"{name}.weight"]), False, True)
    return ops.add(product, ops.constant(tensors[f"{name}.bias"][None]))
