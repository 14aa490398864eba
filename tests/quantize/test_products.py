"""Products of activations are int8 inside XNNPACK, and those with constants stay float."""

import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import Graph, empty_graph
from decant.isolation import run_isolated
from decant.quantize import STATIC_INT8
from decant.quantize.calibrate import measure
from decant.quantize.ranges import choose
from decant.quantize.transform import transform
from decant.tensors import TensorInfo

X = (1, 3, 5, 8)
INPUT = TensorInfo(name="x", shape=X, dtype="float32")


def attention(*, turned=False, constant=False):
    """A graph x → MUL → TRANSPOSE or RESHAPE → the second factor of x times itself."""
    graph = empty_graph(X)
    x = graph.inputs[0]
    scaled, y = graph.add_tensor("scaled", X), graph.add_tensor("y", (1, 3, 5, 5))
    shape = (1, 3, 8, 5) if turned else X
    moved = graph.add_tensor("moved", shape)
    by = graph.add_constant("by", np.arange(-2, 6, dtype=np.float32) / 3)
    how = graph.add_constant("how", np.array((0, 1, 3, 2) if turned else X, np.int32))
    weights = graph.add_constant("weights", np.linspace(-3, 1, 120, dtype=np.float32).reshape(X))
    mover = ("TRANSPOSE", None) if turned else ("RESHAPE", schema.ReshapeOptionsT())
    options = schema.BatchMatMulOptionsT()
    options.adjY = not turned
    graph.subgraph.operators = [
        graph.operator("MUL", [x, by], scaled, schema.MulOptionsT()),
        graph.operator(mover[0], [scaled, how], moved, mover[1]),
        graph.operator("BATCH_MATMUL", [x, weights if constant else moved], y, options),
    ]
    graph.subgraph.outputs = [y] if not constant else [y, moved]
    graph.ensure_signature()
    return graph


def skewed(count=6):
    """Values of which few are below zero, so that their own zero point is far from 0."""
    random = np.random.default_rng(0)
    return [{"x": random.uniform(-0.5, 4, X).astype(np.float32)} for _ in range(count)]


def int8_file(graph):
    samples = skewed()
    statistics = measure(graph.to_bytes(), [INPUT], samples)
    ranges = choose(Graph.from_bytes(graph.to_bytes()), statistics, "minmax")
    recipe = STATIC_INT8.model_copy(update={"ranges": ranges})
    return transform(graph.to_bytes(), recipe), ranges


def compared(graph):
    made, _ = int8_file(graph)
    x = skewed()[0]["x"]
    real = tiny_graph.run(graph, x)
    return Graph.from_bytes(made).histogram(), real, tiny_graph.run(Graph.from_bytes(made), x), made


@pytest.mark.parametrize("turned", [False, True])
def test_a_product_of_activations_is_int8_inside_xnnpack(turned):
    operators, real, found, made = run_isolated(compared, attention(turned=turned))
    moving = "TRANSPOSE" if turned else "RESHAPE"
    expected = {"MUL": 1, moving: 1, "BATCH_MATMUL": 1, "QUANTIZE": 1, "DEQUANTIZE": 1}
    assert operators == expected
    assert tiny_graph.delegate_nodes(made) == 1
    # Five roundings of 1/510 of a range; 0.012 was seen.
    assert np.abs(found - real).max() < 0.03 * np.ptp(real)


def test_a_second_factor_and_what_it_is_moved_from_have_zero_point_0():
    made, ranges = run_isolated(int8_file, attention(turned=True))
    low, high = ranges["moved"]
    assert ranges["scaled"] == (low, high)
    assert low == pytest.approx(-128 / 127 * high)
    assert ranges["x"][0] == pytest.approx(-0.5, abs=0.01)  # the first factor keeps its own
    graph = Graph.from_bytes(made)
    (product,) = [op for op in graph.operators if graph.kind(op) == "BATCH_MATMUL"]
    points = [graph.subgraph.tensors[int(t)].quantization.zeroPoint[0] for t in product.inputs]
    assert points[0] != 0
    assert points[1] == 0


def test_another_zero_point_leaves_xnnpack():
    made = run_isolated(uncentred, attention())
    assert Graph.from_bytes(made).histogram()["BATCH_MATMUL"] == 1
    assert tiny_graph.delegate_nodes(made) == 2


def uncentred(graph):
    _, ranges = int8_file(graph)
    spans = {**ranges, "moved": (-0.5, 4.0), "scaled": (-0.5, 4.0)}
    return transform(graph.to_bytes(), STATIC_INT8.model_copy(update={"ranges": spans}))


def test_a_product_with_a_constant_stays_float():
    """With a scale per channel LiteRT's kernel would read the first for all."""
    operators, real, found, _ = run_isolated(compared, attention(constant=True))
    made = Graph.from_bytes(run_isolated(int8_file, attention(constant=True))[0])
    (product,) = [op for op in made.operators if made.kind(op) == "BATCH_MATMUL"]
    assert all(made.is_float(int(tensor)) for tensor in (*product.inputs, *product.outputs))
    assert operators["BATCH_MATMUL"] == 1
    np.testing.assert_allclose(found, real, atol=1e-5)
