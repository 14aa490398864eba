"""Unary float operators between DEQUANTIZE and QUANTIZE are one table, rounded once."""

import mobile_network
import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import empty_graph
from decant.flatbuffer.graph import Graph
from decant.inputs import cut_runs
from decant.quantize import STATIC_INT8
from decant.quantize.calibrate import measure
from decant.quantize.ranges import choose
from decant.quantize.transform import transform
from decant.runtime import open_interpreter

NAIVE = STATIC_INT8.model_copy(update={"kinds": (*STATIC_INT8.kinds, "HARD_SWISH")})


def test_today_s_recipe_leaves_xnnpack_at_every_hard_swish(report, float_path, calibration):
    """The control: without the float islands each hard-swish cuts the graph."""
    content = float_path.read_bytes()
    samples = cut_runs(calibration, mobile_network.INPUTS_INFO)
    statistics = measure(content, mobile_network.INPUTS_INFO, samples)
    ranges = choose(Graph.from_bytes(content), statistics, "minmax")
    naive = transform(content, NAIVE.model_copy(update={"ranges": ranges}))
    assert Graph.from_bytes(naive).histogram() == {
        **mobile_network.OPERATORS,
        "DEQUANTIZE": 3,
        "QUANTIZE": 1,
    }
    assert tiny_graph.delegate_nodes(naive) >= mobile_network.OPERATORS["HARD_SWISH"]


SHAPE = (1, 16, 16, 1)
STEP, TOP_STEP = 3 / 101, 5.1 / 255
LOW, HIGH, TOP = -101 * STEP, 154 * STEP, 255 * TOP_STEP
# Spans of what each form computes; x = -101 … 154 steps, of which every int8 value is one.
RANGES = {
    "x": (LOW, HIGH),
    "middle": (LOW, HIGH),
    "shifted": (0.0, 6.0),
    "product": (-2.25, 6 * HIGH),
    "y": (0.0, TOP),
    "z": (0.0, TOP),
}


def between_convolutions(form):
    """A graph x → 1×1 convolution → middle → a form of hard-swish → y → 1×1 convolution → z."""
    graph = empty_graph()
    x, middle, y, z = (graph.add_tensor(name, SHAPE) for name in ("x", "middle", "y", "z"))
    kernel = graph.add_constant("kernel", np.ones((1, 1, 1, 1), np.float32))
    bias = graph.add_constant("bias", np.zeros(1, np.float32))
    convolution = schema.Conv2DOptionsT()
    convolution.strideW = convolution.strideH = 1
    convolution.dilationWFactor = convolution.dilationHFactor = 1
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [z]
    graph.subgraph.operators = [
        graph.operator("CONV_2D", [x, kernel, bias], middle, convolution),
        *form(graph, middle, y),
        graph.operator("CONV_2D", [y, kernel, bias], z, convolution),
    ]
    graph.ensure_signature()
    return graph


def one_operator(graph, x, y):
    return [graph.operator("HARD_SWISH", [x], y, schema.HardSwishOptionsT())]


def arithmetic(graph, x, y):
    """x · relu6(x + 3) / 6 in three operators, each with a rounding of its own."""
    shifted, product = (graph.add_tensor(name, SHAPE) for name in ("shifted", "product"))
    three, sixth = (
        graph.add_constant(name, np.array([value], np.float32))
        for name, value in (("three", 3), ("sixth", 1 / 6))
    )
    add = schema.AddOptionsT()
    add.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    return [
        graph.operator("ADD", [x, three], shifted, add),
        graph.operator("MUL", [x, shifted], product, schema.MulOptionsT()),
        graph.operator("MUL", [product, sixth], y, schema.MulOptionsT()),
    ]


@pytest.fixture
def int8_file(tmp_path):
    def int8_file(form):
        graph = between_convolutions(form)
        names = {graph.name(tensor) for tensor in range(len(graph.subgraph.tensors))}
        ranges = {name: span for name, span in RANGES.items() if name in names}
        path = tmp_path / f"{form.__name__}.tflite"
        path.write_bytes(
            transform(graph.to_bytes(), STATIC_INT8.model_copy(update={"ranges": ranges}))
        )
        return path

    return int8_file


def wrong_values(path, **options):
    """Count the inputs, of all 256, whose result is not the ideally rounded one."""
    values = (LOW + STEP * np.arange(256)).astype(np.float32).reshape(SHAPE)
    interpreter = open_interpreter(path, **options)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    ideal = np.round(values * np.clip(values + 3, 0, 6) / 6 / TOP_STEP) * TOP_STEP
    return int((np.abs(found - np.clip(ideal, 0, TOP)) > 0.01 * TOP_STEP).sum())


def test_hard_swish_is_one_node_and_rounds_only_once(int8_file):
    path = int8_file(one_operator)
    assert Graph.from_file(path).histogram() == {
        "CONV_2D": 2,
        "DEQUANTIZE": 2,
        "HARD_SWISH": 1,
        "QUANTIZE": 2,
    }
    assert tiny_graph.delegate_nodes(path.read_bytes()) == 1
    assert wrong_values(path) == 0


def test_hard_swish_from_int8_arithmetic_is_one_node_and_rounds_thrice(int8_file):
    """What the island is better than: as many nodes, and worse numbers."""
    path = int8_file(arithmetic)
    assert Graph.from_file(path).histogram() == {
        "ADD": 1,
        "CONV_2D": 2,
        "DEQUANTIZE": 1,
        "MUL": 2,
        "QUANTIZE": 1,
    }
    assert tiny_graph.delegate_nodes(path.read_bytes()) == 1
    assert wrong_values(path) > 10


def test_a_runtime_without_such_tables_computes_the_same(int8_file):
    """LiteRT's own kernels, as an older runtime has them: slower, but right."""
    assert wrong_values(int8_file(one_operator), delegate=False) == 0
