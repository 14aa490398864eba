"""Unary float operators between DEQUANTIZE and QUANTIZE are one table, rounded once."""

import mobile_network
import numpy as np
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.inputs import cut_runs
from decant.quantize import STATIC_INT8
from decant.quantize.calibrate import measure
from decant.quantize.flatbuffer import Graph
from decant.quantize.ranges import choose
from decant.quantize.transform import transform
from decant.runtime import LiteRtModel

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


def test_hard_swish_rounds_only_once(tmp_path):
    """The table between DEQUANTIZE and QUANTIZE holds the ideally rounded values."""
    graph = tiny_graph.empty()
    shape = (1, 16, 16, 1)
    x, middle, y, z = (graph.add_tensor(name, shape) for name in ("x", "middle", "y", "z"))
    kernel = graph.add_constant("kernel", np.ones((1, 1, 1, 1), np.float32))
    bias = graph.add_constant("bias", np.zeros(1, np.float32))
    convolution = schema.Conv2DOptionsT()
    convolution.strideW = convolution.strideH = 1
    convolution.dilationWFactor = convolution.dilationHFactor = 1
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [z]
    graph.subgraph.operators = [
        graph.operator("CONV_2D", [x, kernel, bias], middle, convolution),
        graph.operator("HARD_SWISH", [middle], y, schema.HardSwishOptionsT()),
        graph.operator("CONV_2D", [y, kernel, bias], z, convolution),
    ]
    step, top_step = 3 / 101, 5.1 / 255
    low, high, top = -101 * step, 154 * step, 255 * top_step
    ranges = {"x": (low, high), "middle": (low, high), "y": (0.0, top), "z": (0.0, top)}
    recipe = STATIC_INT8.model_copy(update={"ranges": ranges})
    graph.ensure_signature()
    path = tmp_path / "table.tflite"
    path.write_bytes(transform(graph.to_bytes(), recipe))
    values = (low + step * np.arange(256)).astype(np.float32).reshape(shape)
    found = LiteRtModel(path).run({"x": values})["z"]
    ideal = np.round(values * np.clip(values + 3, 0, 6) / 6 / top_step) * top_step
    off_by = np.abs(found - np.clip(ideal, 0, top)) / top_step
    assert off_by.max() < 0.01
