"""Random float graphs of the operators that a static recipe makes int8, as networks join them.

A graph grows step by step from tensors of one shape. What surrounds an operator is what decides
whether it can be int8: where its input comes from, what else reads it, and which parts are unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import empty_graph
from decant.flatbuffer.graph import Graph
from decant.quantize import STATIC_INT8, rewrites
from decant.quantize.calibrate import measure
from decant.quantize.ranges import choose
from decant.quantize.transform import transform
from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

SHAPE = (1, 6, 4, 8)
INPUT = TensorInfo(name="x", shape=SHAPE, dtype="float32")
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
BORDER = [[0, 0], [1, 1], [1, 1], [0, 0]]


class Growing:
    """A graph that grows from its input "x" by steps from and to tensors of `SHAPE`."""

    def __init__(self, *seeds: int) -> None:
        self.random = np.random.default_rng(seeds)
        self.graph = empty_graph()
        self.tensors = [self.graph.add_tensor("x", SHAPE)]
        self.graph.subgraph.inputs = self.tensors[:1]

    def any(self) -> int:
        return int(self.random.choice(self.tensors[-3:]))

    def weights(self, *shape: int, scale: float = 1.0) -> int:
        values = self.random.normal(size=shape) * scale
        return self.graph.add_constant("weights", values.astype(np.float32))

    def integers(self, *values: Any) -> int:
        return self.graph.add_constant("integers", np.array(*values, np.int32))

    def all(
        self, kind: str, inputs: Sequence[int], shape: Sequence[int], count: int, **options: Any
    ) -> list[int]:
        """Add an operator of several results of one shape."""
        found = [self.graph.add_tensor(kind.lower(), shape) for _ in range(count)]
        holder = OPTIONS.get(kind)
        made = holder() if holder is not None else None
        for name, value in options.items():
            setattr(made, name, value)
        operator = self.graph.operator(kind, inputs, found[0], made)
        operator.outputs = found
        self.graph.subgraph.operators = [*self.graph.operators, operator]
        return found

    def one(self, kind: str, inputs: Sequence[int], shape: Sequence[int], **options: Any) -> int:
        return self.all(kind, inputs, shape, 1, **options)[0]

    def grow(self, step: Callable[[Growing, int], int]) -> None:
        self.tensors.append(step(self, self.any()))

    def finish(self) -> Graph:
        """Make one or two tensors the outputs, and drop what neither needs."""
        others = [tensor for tensor in (self.any(),) if self.random.random() < 0.5]
        found = [tensor for tensor in dict.fromkeys((self.tensors[-1], *others)) if tensor]
        self.graph.subgraph.outputs = found
        self.graph.ensure_signature()
        rewrites.drop_unread(self.graph)
        return self.graph


OPTIONS: dict[str, Any] = {
    "ADD": schema.AddOptionsT,
    "BATCH_MATMUL": schema.BatchMatMulOptionsT,
    "CONCATENATION": schema.ConcatenationOptionsT,
    "CONV_2D": schema.Conv2DOptionsT,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptionsT,
    "FULLY_CONNECTED": schema.FullyConnectedOptionsT,
    "GATHER": schema.GatherOptionsT,
    "MAX_POOL_2D": schema.Pool2DOptionsT,
    "MEAN": schema.ReducerOptionsT,
    "MIRROR_PAD": schema.MirrorPadOptionsT,
    "MUL": schema.MulOptionsT,
    "PACK": schema.PackOptionsT,
    "PAD": schema.PadOptionsT,
    "PADV2": schema.PadV2OptionsT,
    "RESHAPE": schema.ReshapeOptionsT,
    "RESIZE_BILINEAR": schema.ResizeBilinearOptionsT,
    "RESIZE_NEAREST_NEIGHBOR": schema.ResizeNearestNeighborOptionsT,
    "SLICE": schema.SliceOptionsT,
    "SOFTMAX": schema.SoftmaxOptionsT,
    "SPACE_TO_DEPTH": schema.SpaceToDepthOptionsT,
    "SPLIT": schema.SplitOptionsT,
    "STRIDED_SLICE": schema.StridedSliceOptionsT,
    "SUB": schema.SubOptionsT,
    "SUM": schema.ReducerOptionsT,
    "TRANSPOSE": schema.TransposeOptionsT,
    "TRANSPOSE_CONV": schema.TransposeConvOptionsT,
    "UNPACK": schema.UnpackOptionsT,
}
WINDOW = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}


def binary(kind: str) -> Callable[[Growing, int], int]:
    def step(growing: Growing, x: int) -> int:
        other = growing.weights(8) if growing.random.random() < 0.3 else growing.any()
        return growing.one(kind, [x, other], SHAPE)

    return step


def unary(kind: str, **options: Any) -> Callable[[Growing, int], int]:
    return lambda growing, x: growing.one(kind, [x], SHAPE, **options)


def concatenation(growing: Growing, x: int) -> int:
    other = growing.weights(*SHAPE) if growing.random.random() < 0.3 else growing.any()
    wide = growing.one("CONCATENATION", [x, other], (1, 6, 4, 16), axis=3)
    start = int(growing.random.integers(8))
    begin, size = growing.integers((0, 0, 0, start)), growing.integers(SHAPE)
    return growing.one("SLICE", [wide, begin, size], SHAPE)


def split(growing: Growing, x: int) -> int:
    """Use four of the parts, some twice and others not at all."""
    axis = growing.integers(3)
    parts = growing.all("SPLIT", [axis, x], (1, 6, 4, 2), 4, numSplits=4)
    used = [parts[int(at)] for at in growing.random.integers(0, 4, 4)]
    if growing.random.random() < 0.5:
        used[0] = growing.one("LOGISTIC", used[:1], (1, 6, 4, 2))
    return growing.one("CONCATENATION", used, SHAPE, axis=3)


def pack(growing: Growing, x: int) -> int:
    packed = growing.one("PACK", [x, growing.any()], (1, 2, 6, 4, 8), axis=1, valuesCount=2)
    parts = growing.all("UNPACK", [packed], SHAPE, 2, axis=1, num=2)
    return parts[int(growing.random.integers(2))]


def reshape(growing: Growing, x: int) -> int:
    shape = (1, 24, 8)
    flat = growing.one("RESHAPE", [x, growing.integers(shape)], shape, newShape=list(shape))
    turned = growing.one("TRANSPOSE", [flat, growing.integers((0, 2, 1))], (1, 8, 24))
    return growing.one("RESHAPE", [turned, growing.integers(SHAPE)], SHAPE, newShape=list(SHAPE))


def pooled(growing: Growing, x: int, size: int, stride: int, padding: int) -> int:
    window = {"filterWidth": size, "filterHeight": size, "strideW": stride, "strideH": stride}
    return growing.one("MAX_POOL_2D", [x], SHAPE, padding=padding, **window)


def padded(kind: str) -> Callable[[Growing, int], int]:
    def step(growing: Growing, x: int) -> int:
        inputs = [x, growing.integers(BORDER)]
        if kind == "PADV2":
            inputs.append(growing.graph.add_constant("low", np.float32(-3)))
        return pooled(growing, growing.one(kind, inputs, (1, 8, 6, 8)), 3, 1, VALID)

    return step


def reduced(kind: str, other: str) -> Callable[[Growing, int], int]:
    def step(growing: Growing, x: int) -> int:
        axes = growing.integers((1, 2))
        small = growing.one(kind, [growing.any(), axes], (1, 1, 1, 8), keepDims=True)
        return growing.one(other, [x, growing.one("LOGISTIC", [small], (1, 1, 1, 8))], SHAPE)

    return step


def strided(growing: Growing, x: int) -> int:
    bounds = [growing.integers(each) for each in ((0, 0, 0, 0), SHAPE, (1, 2, 2, 1))]
    small = growing.one("STRIDED_SLICE", [x, *bounds], (1, 3, 2, 8))
    return growing.one("RESIZE_NEAREST_NEIGHBOR", [small, growing.integers((6, 4))], SHAPE)


def bilinear(growing: Growing, x: int) -> int:
    large = growing.one("RESIZE_BILINEAR", [x, growing.integers((12, 8))], (1, 12, 8, 8))
    return pooled(growing, large, 2, 2, VALID)


def depth(growing: Growing, x: int) -> int:
    deep = growing.one("SPACE_TO_DEPTH", [x], (1, 3, 2, 32), blockSize=2)
    return growing.one("RESHAPE", [deep, growing.integers(SHAPE)], SHAPE, newShape=list(SHAPE))


def gather(growing: Growing, x: int) -> int:
    order = growing.integers(growing.random.permutation(8))
    return growing.one("GATHER", [x, order], SHAPE, axis=3)


def convolution(growing: Growing, x: int) -> int:
    inputs = [x, growing.weights(8, 3, 3, 8, scale=0.1), growing.weights(8)]
    return growing.one("CONV_2D", inputs, SHAPE, padding=SAME, **WINDOW)


def depthwise(growing: Growing, x: int) -> int:
    inputs = [x, growing.weights(1, 3, 3, 8, scale=0.3), growing.weights(8)]
    return growing.one("DEPTHWISE_CONV_2D", inputs, SHAPE, depthMultiplier=1, **WINDOW)


def product(growing: Growing, x: int) -> int:
    """Multiply by an activation or a constant, whichever way round the latter lies."""
    turned = bool(growing.random.random() < 0.5)
    square = (1, 6, 4, 4)
    other = growing.weights(*SHAPE, scale=0.3) if growing.random.random() < 0.3 else growing.any()
    scores = growing.one("BATCH_MATMUL", [x, other], square, adjY=True)
    small = growing.one("LOGISTIC", [scores], square)
    return growing.one("BATCH_MATMUL", [small, growing.any()], SHAPE, adjX=turned)


def transposed(growing: Growing, x: int) -> int:
    inputs = [growing.integers(SHAPE), growing.weights(8, 3, 3, 8, scale=0.1), x]
    return growing.one("TRANSPOSE_CONV", inputs, SHAPE, strideW=1, strideH=1)


def connected(growing: Growing, x: int) -> int:
    inputs = [x, growing.weights(8, 8, scale=0.3), growing.weights(8)]
    return growing.one("FULLY_CONNECTED", inputs, SHAPE, keepNumDims=True)


STEPS: dict[str, Callable[[Growing, int], int]] = {
    "ADD": binary("ADD"),
    "BATCH_MATMUL": product,
    "CONCATENATION": concatenation,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": connected,
    "GATHER": gather,
    "LOGISTIC": unary("LOGISTIC"),
    "MAX_POOL_2D": lambda growing, x: pooled(growing, x, 3, 1, SAME),
    "MEAN": reduced("MEAN", "MUL"),
    "MIRROR_PAD": padded("MIRROR_PAD"),
    "MUL": binary("MUL"),
    "PACK": pack,
    "PAD": padded("PAD"),
    "PADV2": padded("PADV2"),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": bilinear,
    "RESIZE_NEAREST_NEIGHBOR": strided,
    "SLICE": concatenation,
    "SPACE_TO_DEPTH": depth,
    "SPLIT": split,
    "STRIDED_SLICE": strided,
    "SUB": binary("SUB"),
    "SUM": reduced("SUM", "ADD"),
    "TANH": unary("TANH"),
    "TRANSPOSE": reshape,
    "TRANSPOSE_CONV": transposed,
    "UNPACK": pack,
    # Between these, which stay float, an int8 operator has a scale of its own.
    "RELU": unary("RELU"),
    "SOFTMAX": unary("SOFTMAX", beta=1.0),
}


def grown(kind: str, seed: int) -> Graph:
    """Make a graph in which a kind of step stands between up to three others on either side."""
    growing = Growing(list(STEPS).index(kind), seed)
    counts = growing.random.integers(0, 4, 2)
    names = [[str(name) for name in growing.random.choice(list(STEPS), n)] for n in counts]
    for name in (*names[0], kind, *names[1]):
        growing.grow(STEPS[name])
    return growing.finish()


Outputs = list[dict[str, "NDArray[np.float32]"]]


def float_and_int8(kind: str, seed: int) -> tuple[Outputs, Outputs]:
    """Run a grown graph and its static int8 form on some inputs; for a child process."""
    graph = grown(kind, seed)
    random = np.random.default_rng(seed)
    samples = [{"x": random.normal(size=SHAPE).astype(np.float32)} for _ in range(4)]
    content = graph.to_bytes()
    statistics = measure(content, [INPUT], samples)
    ranges = choose(Graph.from_bytes(content), statistics, "minmax")
    made = transform(content, STATIC_INT8.model_copy(update={"ranges": ranges}))
    return outputs(content, samples), outputs(made, samples)


def outputs(content: bytes, samples: Sequence[dict[str, NDArray[np.float32]]]) -> Outputs:
    """Run a file by its signature."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    return [runner(**sample) for sample in samples]
