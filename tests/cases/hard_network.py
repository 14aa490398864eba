"""A classifier that int8 is hard on: PReLU, SiLU, and channels of one tensor of unequal sizes."""

from __future__ import annotations

import functools

import numpy as np
import torch
from sklearn.datasets import load_digits
from static_graphs import SAME, WINDOW, Growing
from torch.nn import functional

from decant.flatbuffer import Graph, empty_graph
from decant.quantize import STATIC_INT8
from decant.torch_form import TorchForm, overwrite

TAUGHT = 1000
# Every operator of the network, so that its file computes nothing in float.
PURE = STATIC_INT8.model_copy(update={"kinds": (*STATIC_INT8.kinds, "RELU")})


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Give the photos [samples, 8, 8, 1] float32 in 0…1 and their labels, shuffled."""
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    return (found.images[order, ..., None] / 16).astype(np.float32), found.target[order]


def untrained(width: int = 16) -> Graph:
    growing = Growing(0)
    growing.graph = graph = empty_graph((1, 8, 8, 1))
    (x,) = graph.inputs
    y = _prelu(growing, _conv(growing, x, (8, 8, width), 1, 3))
    window = {**WINDOW, "strideH": 2, "strideW": 2, "depthMultiplier": 1}
    inputs = [y, growing.weights(1, 3, 3, width, scale=0.5), growing.weights(width, scale=0.1)]
    y = growing.one("DEPTHWISE_CONV_2D", inputs, (1, 4, 4, width), padding=SAME, **window)
    y = _silu(growing, _conv(growing, _prelu(growing, y), (4, 4, 24), width, 1))
    y = growing.one("ADD", [y, _silu(growing, _conv(growing, y, (4, 4, 24), 24, 3))], (1, 4, 4, 24))
    y = growing.one("MEAN", [y, growing.integers((1, 2))], (1, 24), keepDims=False)
    inputs = [y, growing.weights(10, 24, scale=0.3), growing.weights(10, scale=0.1)]
    graph.subgraph.outputs = [growing.one("FULLY_CONNECTED", inputs, (1, 10))]
    graph.ensure_signature()
    return graph


def _conv(growing: Growing, x: int, shape: tuple[int, ...], channels: int, size: int) -> int:
    wide = shape[2]
    scale = (2 / (size * size * channels)) ** 0.5
    kernel = growing.weights(wide, size, size, channels, scale=scale)
    inputs = [x, kernel, growing.weights(wide, scale=0.1)]
    return growing.one("CONV_2D", inputs, (1, *shape), padding=SAME, **WINDOW)


def _prelu(growing: Growing, x: int) -> int:
    """PRELU by operators that the quantizer library has in int8: relu(x) + a (x - relu(x))."""
    shape = growing.graph.shape(x)
    up = growing.one("RELU", [x], shape)
    slope = growing.graph.add_constant("slope", np.full(shape[3], 0.25, np.float32))
    down = growing.one("MUL", [growing.one("SUB", [x, up], shape), slope], shape)
    return growing.one("ADD", [up, down], shape)


def _silu(growing: Growing, x: int) -> int:
    shape = growing.graph.shape(x)
    return growing.one("MUL", [x, growing.one("LOGISTIC", [x], shape)], shape)


def trained(graph: Graph, steps: int) -> Graph:
    """Train as a classifier of the digits, in PyTorch."""
    x, labels = (torch.from_numpy(each[:TAUGHT]) for each in digits())
    form = TorchForm(graph)
    optimizer = torch.optim.Adam(form.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    random = np.random.default_rng(0)
    for _ in range(steps):
        drawn = torch.from_numpy(random.integers(TAUGHT, size=64))
        (logits,) = form({"x": x[drawn]}).values()
        optimizer.zero_grad()
        functional.cross_entropy(logits, labels[drawn]).backward()
        optimizer.step()
        schedule.step()
    return form.write_weights()


def unequal(graph: Graph, spread: float) -> Graph:
    """Scale the channels before each PReLU by e^±spread, and back behind it: the same function."""
    random = np.random.default_rng(1)
    first, depth, second = [op for op in graph.operators if "CONV" in graph.kind(op)][:3]
    sizes = (graph.shape(int(first.inputs[1]))[0],)
    a, b = (np.exp(random.uniform(-spread, spread, sizes)) for _ in range(2))
    _scale(graph, first.inputs[1], a[:, None, None, None])
    _scale(graph, first.inputs[2], a)
    _scale(graph, depth.inputs[1], b / a)
    _scale(graph, depth.inputs[2], b)
    _scale(graph, second.inputs[1], 1 / b)
    return graph


def _scale(graph: Graph, tensor: int, by: np.ndarray) -> None:
    value = graph.constant(int(tensor)) * by
    overwrite(graph, int(tensor), torch.from_numpy(value.astype(np.float32)))


def accuracy(content: bytes) -> float:
    """Give the share of the digits that nothing was learned from which a file tells right."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    x, labels = (each[TAUGHT:] for each in digits())
    found = [next(iter(runner(x=each[None]).values())).argmax() for each in x]
    return float((np.array(found) == labels).mean())
