"""Times again the forms between which `runtime_facts` decides, each against the other."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from . import runtime_facts
from .flatbuffer import Graph, empty_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ai_edge_litert.interpreter import Interpreter
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

ROUNDS = 40
CLEARLY = 1.25
"""Ratio of times from which one form is called faster: machines are noisy."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two forms of one computation, as functions of a count.

    Attributes:
        usual: Taken up to the fact's count.
        other: Taken beyond it.
    """

    usual: Callable[[int], Graph]
    other: Callable[[int], Graph]


@dataclass(frozen=True, slots=True)
class Timed:
    """How the two forms of a fact compare at a count.

    Attributes:
        name: Of the fact.
        count: Of what it counts.
        ratio: Time of the usual form over that of the other, median of rounds in turn.
        holds: Whether the form that the fact takes is not clearly the slower one.
    """

    name: str
    count: int
    ratio: float
    holds: bool


def timings(rounds: int = ROUNDS) -> Iterator[Timed]:
    """Time both forms at half of each fact's count, at it, and at the double."""
    for name, pair in PAIRS.items():
        written = getattr(runtime_facts, name)
        for count in (written // 2, written, 2 * written):
            ratio = _ratio(pair.usual(count), pair.other(count), rounds)
            slower = ratio if count <= written else 1 / ratio
            yield Timed(name, count, ratio, slower < CLEARLY)


def _ratio(one: Graph, two: Graph, rounds: int) -> float:
    """Time two graphs in turn on one thread; gives the median ratio of a round."""
    runs = [runner(graph).invoke for graph in (one, two)]
    for run in runs:
        run()
    ratios = []
    for _ in range(rounds):
        first, second = (_seconds(run) for run in runs)
        ratios.append(first / second)
    return float(np.median(ratios))


def _seconds(run: Callable[[], object], repeats: int = 5) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - started) / repeats


def runner(graph: Graph) -> Interpreter:
    """Open a graph on one thread, with noise in its inputs."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=graph.to_bytes(), num_threads=1)
    interpreter.allocate_tensors()
    noise = np.random.default_rng(0)
    for info in interpreter.get_input_details():
        interpreter.set_tensor(info["index"], noise.normal(size=info["shape"]).astype("f4"))
    return interpreter


def _end(graph: Graph, output: int) -> Graph:
    graph.subgraph.outputs = [output]
    return graph


def _slice(graph: Graph, x: int, axis: int, begin: int, length: int) -> int:
    shape = list(graph.shape(x))
    begins, sizes = [0] * len(shape), [*shape]
    begins[axis], sizes[axis] = begin, length
    operands = [graph.add_constant("part", np.array(each, np.int32)) for each in (begins, sizes)]
    made = graph.add_tensor("slice", sizes)
    graph.operators.append(graph.operator("SLICE", [x, *operands], made, schema.SliceOptionsT()))
    return made


def _joined(graph: Graph, parts: Sequence[int], axis: int) -> int:
    shape = list(graph.shape(parts[0]))
    shape[axis] = sum(graph.shape(part)[axis] for part in parts)
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    made = graph.add_tensor("joined", shape)
    graph.operators.append(graph.operator("CONCATENATION", parts, made, options))
    return made


IMAGE, COLUMNS = (1, 80, 80, 64), 2
"""What is extended by copies of its columns."""
IMAGE_OF_GROUPS, CHANNELS = (40, 40), 4
"""Height and width of what a transposed convolution takes, and channels of each group."""
PIXELS = (160, 1920)
"""Rows, and values of each, of an image to which a constant per channel is applied."""
STEPS = 400
"""Of a sequence that a depthwise convolution takes."""
UNITS, GATES = 64, 4
"""Of a recurrent layer; as many channels has the sequence."""


def _copied_by_slices(count: int) -> Graph:
    graph = empty_graph(IMAGE)
    copies = [_slice(graph, 0, COLUMNS, count - at, 1) for at in range(count)]
    return _end(graph, _joined(graph, [*copies, 0], COLUMNS))


def _copied_by_gather(count: int) -> Graph:
    graph = empty_graph(IMAGE)
    columns = [*range(count, 0, -1), *range(IMAGE[COLUMNS])]
    index = graph.add_constant("columns", np.array(columns, np.int32))
    options = schema.GatherOptionsT()
    options.axis = COLUMNS
    shape = list(IMAGE)
    shape[COLUMNS] = len(columns)
    output = graph.add_tensor("y", shape)
    graph.operators.append(graph.operator("GATHER", [0, index], output, options))
    return _end(graph, output)


def _transposed_dense(weights: int) -> Graph:
    groups = weights // CHANNELS**2
    graph = _of_groups(groups)
    dense = np.zeros((groups * CHANNELS, 2, 2, groups * CHANNELS), np.float32)
    for group in range(groups):
        own = slice(group * CHANNELS, (group + 1) * CHANNELS)
        dense[own, :, :, own] = _taps()
    return _end(graph, _transposed(graph, 0, dense))


def _transposed_by_groups(weights: int) -> Graph:
    groups = weights // CHANNELS**2
    graph = _of_groups(groups)
    parts = [_slice(graph, 0, 3, group * CHANNELS, CHANNELS) for group in range(groups)]
    return _end(graph, _joined(graph, [_transposed(graph, x, _taps()) for x in parts], 3))


def _of_groups(groups: int) -> Graph:
    return empty_graph((1, *IMAGE_OF_GROUPS, groups * CHANNELS))


def _taps() -> Floats:
    noise = np.random.default_rng(1).normal(size=(CHANNELS, 2, 2, CHANNELS))
    return noise.astype(np.float32)


def _transposed(graph: Graph, x: int, taps: Floats) -> int:
    _, height, width, _ = graph.shape(x)
    shape = (1, 2 * height, 2 * width, len(taps))
    options = schema.TransposeConvOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.VALID, 2, 2
    operands = [
        graph.add_constant("shape", np.array(shape, np.int32)), graph.add_constant("taps", taps)
    ]  # fmt: skip
    made = graph.add_tensor("transposed", shape)
    graph.operators.append(graph.operator("TRANSPOSE_CONV", [*operands, x], made, options))
    return made


def _by_rows(channels: int) -> Graph:
    rows, values = PIXELS
    graph = empty_graph((1, rows, values // channels, channels))
    flat = _reshaped(graph, 0, (1, rows, values // channels * channels))
    scaled = _scaled(graph, flat, np.tile(_scales(channels), values // channels))
    return _end(graph, _reshaped(graph, scaled, graph.shape(0)))


def _by_channel(channels: int) -> Graph:
    rows, values = PIXELS
    graph = empty_graph((1, rows, values // channels, channels))
    return _end(graph, _scaled(graph, 0, _scales(channels)))


def _scales(channels: int) -> Floats:
    return np.linspace(0.5, 1.5, channels, dtype=np.float32)


def _scaled(graph: Graph, x: int, scales: Floats) -> int:
    made = graph.add_tensor("scaled", graph.shape(x))
    constant = graph.add_constant("scales", scales)
    graph.operators.append(graph.operator("MUL", [x, constant], made, schema.MulOptionsT()))
    return made


def _reshaped(graph: Graph, x: int, shape: Sequence[int]) -> int:
    constant = graph.add_constant("shape", np.array(shape, np.int32))
    options = schema.ReshapeOptionsT()
    options.newShape = list(shape)
    made = graph.add_tensor("reshaped", shape)
    graph.operators.append(graph.operator("RESHAPE", [x, constant], made, options))
    return made


def _unrolled(count: int) -> Graph:
    graph = empty_graph((1, UNITS))
    weights = graph.add_constant("weights", _recurrent())
    state = 0
    for _ in range(count // _recurrent().nbytes):
        state = _step(graph, state, weights)
    return _end(graph, state)


def _looped(count: int) -> Graph:
    """The same steps, of which a WHILE runs two in each iteration."""
    graph = empty_graph((1, UNITS))
    condition, body = (_inner(graph, UNITS) for _ in range(2))
    last = condition.add_constant("last", np.array(count // _recurrent().nbytes, np.int32))
    less = condition.add_tensor("less", (), np.dtype(np.bool_))
    condition.operators.append(condition.operator("LESS", [0, last], less, schema.LessOptionsT()))
    condition.subgraph.outputs = [less]
    two = body.add_constant("two", np.array(2, np.int32))
    after = body.add_tensor("after", (), np.dtype(np.int32))
    body.operators.append(body.operator("ADD", [0, two], after, schema.AddOptionsT()))
    weights = body.add_constant("weights", _recurrent())
    body.subgraph.outputs = [after, _step(body, _step(body, 1, weights), weights)]
    first = graph.add_constant("first", np.array(0, np.int32))
    number = graph.add_tensor("number", (), np.dtype(np.int32))
    state = graph.add_tensor("state", (1, UNITS))
    options = schema.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = 1, 2
    loop = graph.operator("WHILE", [first, 0], number, options)
    loop.outputs = [number, state]
    graph.operators.append(loop)
    return _end(graph, state)


def _inner(graph: Graph, units: int) -> Graph:
    """Begin another graph in a file, of a number and a state."""
    subgraph = schema.SubGraphT()
    subgraph.tensors, subgraph.operators = [], []
    graph.model.subgraphs.append(subgraph)
    inner = Graph(graph.model, len(graph.model.subgraphs) - 1)
    number = inner.add_tensor("number", (), np.dtype(np.int32))
    subgraph.inputs = [number, inner.add_tensor("state", (1, units))]
    return inner


def _recurrent() -> Floats:
    """The weights of a step, with which no state dies away."""
    noise = np.random.default_rng(2).normal(size=(GATES * UNITS, UNITS), scale=2 / UNITS**0.5)
    return noise.astype(np.float32)


def _step(graph: Graph, state: int, weights: int) -> int:
    """All gates by one product, of which one is the next state."""
    options = schema.FullyConnectedOptionsT()
    gates = graph.add_tensor("gates", (1, GATES * UNITS))
    made = graph.operator("FULLY_CONNECTED", [state, weights, -1], gates, options)
    graph.operators.append(made)
    cell = graph.add_tensor("cell", (1, UNITS))
    gate = _slice(graph, gates, 1, UNITS, UNITS)
    graph.operators.append(graph.operator("TANH", [gate], cell))
    return cell


def _depthwise_whole(taps: int) -> Graph:
    graph = empty_graph((1, 1, STEPS, UNITS))
    return _end(graph, _depthwise(graph, 0, _taps_in_a_row(taps)))


def _depthwise_by_parts(taps: int) -> Graph:
    graph = empty_graph((1, 1, STEPS, UNITS))
    length = STEPS - taps + 1
    whole, half = _taps_in_a_row(taps), taps // 2
    one, other = (
        _depthwise(graph, _slice(graph, 0, 2, first, length + own.shape[2] - 1), own)
        for first, own in ((0, whole[:, :, :half]), (half, whole[:, :, half:]))
    )
    total = graph.add_tensor("total", graph.shape(one))
    graph.operators.append(graph.operator("ADD", [one, other], total, schema.AddOptionsT()))
    return _end(graph, total)


def _taps_in_a_row(count: int) -> Floats:
    noise = np.random.default_rng(3).normal(size=(1, 1, count, UNITS))
    return noise.astype(np.float32)


def _depthwise(graph: Graph, x: int, taps: Floats) -> int:
    _, _, steps, channels = graph.shape(x)
    options = schema.DepthwiseConv2DOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.VALID, 1, 1
    options.depthMultiplier = options.dilationHFactor = options.dilationWFactor = 1
    made = graph.add_tensor("convolved", (1, 1, steps - taps.shape[2] + 1, channels))
    operands = [
        x,
        graph.add_constant("taps", taps),
        graph.add_constant("bias", np.zeros(channels, np.float32)),
    ]
    graph.operators.append(graph.operator("DEPTHWISE_CONV_2D", operands, made, options))
    return made


PAIRS = {
    "DEPTHWISE_TAPS": Pair(_depthwise_whole, _depthwise_by_parts),
    "ROW_CHANNELS": Pair(_by_rows, _by_channel),
    "SLICES": Pair(_copied_by_slices, _copied_by_gather),
    "TRANSPOSED_WEIGHTS": Pair(_transposed_dense, _transposed_by_groups),
    "UNROLLED_BYTES": Pair(_unrolled, _looped),
}
