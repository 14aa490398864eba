"""A float network whose operators take long enough to be timed, and that XNNPACK joins in part."""

from __future__ import annotations

import numpy as np
from static_graphs import SAME, VALID, WINDOW, Growing

from decant.flatbuffer.graph import Graph

INPUT = (1, 40, 32, 16)
STRIDE = WINDOW | {"strideH": 2, "strideW": 2}
KINDS = [
    *("CONV_2D", "HARD_SWISH", "DEPTHWISE_CONV_2D", "PAD", "CONV_2D", "LOGISTIC", "MUL"),
    *("MEAN", "FULLY_CONNECTED", "SOFTMAX"),
]
LARGEST = 4
"""Number of the operator that takes longest by far: a convolution of 3×3 of 96 channels."""


def costed_network(seed: int = 0) -> Graph:
    """Grow the graph."""
    growing = Growing(seed)
    graph = growing.graph
    graph.subgraph.tensors[0].shape = list(INPUT)
    x = _convolved(growing, 0, (64, 1, 1, 16), (1, 40, 32, 64), padding=SAME, **WINDOW)
    x = growing.one("HARD_SWISH", [x], (1, 40, 32, 64))
    taps = [growing.weights(1, 3, 3, 64, scale=0.3), growing.weights(64)]
    options = {"padding": SAME, "depthMultiplier": 1, **WINDOW}
    x = growing.one("DEPTHWISE_CONV_2D", [x, *taps], (1, 40, 32, 64), **options)
    border = growing.integers([[0, 0], [1, 1], [1, 1], [0, 0]])
    x = growing.one("PAD", [x, border], (1, 42, 34, 64))
    x = _convolved(growing, x, (96, 3, 3, 64), (1, 20, 16, 96), padding=VALID, **STRIDE)
    gate = growing.one("LOGISTIC", [x], (1, 20, 16, 96))
    x = growing.one("MUL", [x, gate], (1, 20, 16, 96))
    x = growing.one("MEAN", [x, growing.integers([1, 2])], (1, 96), keepDims=False)
    dense = [growing.weights(256, 96, scale=0.1), growing.weights(256)]
    x = growing.one("FULLY_CONNECTED", [x, *dense], (1, 256))
    x = growing.one("SOFTMAX", [x], (1, 256), beta=1.0)
    graph.subgraph.outputs = [x]
    graph.ensure_signature()
    return graph


def _convolved(
    growing: Growing, x: int, weights: tuple[int, ...], shape: tuple[int, ...], **options: int
) -> int:
    scale = float(np.sqrt(1 / np.prod(weights[1:])))
    operands = [x, growing.weights(*weights, scale=scale), growing.weights(weights[0])]
    return growing.one("CONV_2D", operands, shape, **options)


def softmax_of_integers() -> Graph:
    """Grow a graph that LiteRT's own kernel computes between two that XNNPACK does."""
    growing = Growing(0)
    graph = growing.graph
    size = (1, 1024)
    graph.subgraph.tensors[0].shape = list(size)
    integers = growing.one("QUANTIZE", [0], size)
    chances = growing.one("SOFTMAX", [integers], size, beta=1.0)
    for tensor, scale, zero_point in ((integers, 0.05, 3), (chances, 1 / 256, -128)):
        graph.set_dtype(tensor, np.dtype(np.int8))
        graph.set_scales(tensor, [scale], [zero_point])
    real = growing.one("DEQUANTIZE", [chances], size)
    graph.subgraph.outputs = [real]
    graph.ensure_signature()
    return graph
