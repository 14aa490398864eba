"""Markers become QUANTIZE and DEQUANTIZE, and what only moves stands between integers."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from decant.convert.int8 import NoKernel
from decant.convert.int8.moves import move_integers
from decant.convert.int8.names import DEQUANTIZE, QUANTIZE, marked
from decant.convert.int8.placing import place
from decant.convert.int8.wiring import Parameters, parameters
from decant.flatbuffer import empty_graph

UINT8 = np.dtype(np.uint8)


def marker(graph, kind, x, result, scale, zero_point):
    """A marker as TensorFlow's converter leaves it."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = kind.encode()
    graph.model.operatorCodes.append(code)
    made = schema.OperatorT()
    made.opcodeIndex = len(graph.model.operatorCodes) - 1
    given = [np.float32(scale), np.int32(zero_point), np.int32(len(graph.operators))]
    made.inputs = [x, *(graph.add_constant("parameter", np.asarray(each)) for each in given)]
    made.outputs = [result]
    graph.subgraph.operators.append(made)
    return result


def pair(graph, x, scale, zero_point):
    """A QuantizeLinear to bytes and its DequantizeLinear."""
    shape = graph.shape(x)
    whole = marker(graph, QUANTIZE, x, graph.add_tensor("q", shape, UINT8), scale, zero_point)
    return marker(graph, DEQUANTIZE, whole, graph.add_tensor("d", shape), scale, zero_point)


def reshape(graph, x, shape):
    target = graph.add_constant("shape", np.array(shape, np.int32))
    result = graph.add_tensor("r", shape, graph.dtype(x))
    graph.subgraph.operators.append(graph.operator("RESHAPE", [x, target], result))
    return result


def kinds(graph):
    return [graph.kind(operator) for operator in graph.operators]


def test_bytes_become_int8_of_the_same_scale():
    graph = empty_graph((2, 3))
    graph.subgraph.outputs = [pair(graph, graph.inputs[0], 0.5, 130)]
    place(graph, {0: "named"})
    assert kinds(graph) == ["QUANTIZE", "DEQUANTIZE"]
    whole = int(graph.operators[0].outputs[0])
    assert graph.name(whole) == "named"
    assert graph.is_int8(whole)
    assert parameters(graph, whole) == Parameters(0.5, 2)


def test_bytes_that_are_an_output_stay_bytes_behind_int8():
    graph = empty_graph((2, 3))
    result = graph.add_tensor("q", (2, 3), UINT8)
    graph.subgraph.outputs = [marker(graph, QUANTIZE, graph.inputs[0], result, 0.5, 130)]
    place(graph, {})
    assert kinds(graph) == ["QUANTIZE", "QUANTIZE"]
    assert graph.is_uint8(graph.outputs[0])
    assert graph.is_int8(int(graph.operators[0].outputs[0]))


def test_integers_of_one_scale_read_by_another_have_no_kernel():
    graph = empty_graph((2, 3))
    whole = graph.add_tensor("q", (2, 3), UINT8)
    marker(graph, QUANTIZE, graph.inputs[0], whole, 0.5, 130)
    marker(graph, DEQUANTIZE, whole, graph.add_tensor("d", (2, 3)), 0.25, 130)
    with pytest.raises(NoKernel, match="q is read by another scale"):
        place(graph, {})


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (0.5, ["QUANTIZE", "RESHAPE", "DEQUANTIZE"]),
        (0.3, ["QUANTIZE", "QUANTIZE", "RESHAPE", "DEQUANTIZE"]),
    ],
    ids=["one scale", "two scales"],
)
def test_a_move_between_two_pairs_moves_int8(scale, expected):
    graph = empty_graph((2, 3))
    moved = reshape(graph, pair(graph, graph.inputs[0], 0.5, 130), (3, 2))
    graph.subgraph.outputs = [pair(graph, moved, scale, 130)]
    place(graph, {})
    move_integers(graph)
    assert kinds(graph) == expected


def test_a_move_in_front_of_what_is_float_moves_int8_too():
    graph = empty_graph((2, 3))
    graph.subgraph.outputs = [reshape(graph, pair(graph, graph.inputs[0], 0.5, 130), (3, 2))]
    place(graph, {})
    move_integers(graph)
    assert kinds(graph) == ["QUANTIZE", "RESHAPE", "DEQUANTIZE"]


def test_a_move_without_integers_stays():
    graph = empty_graph((2, 3))
    graph.subgraph.outputs = [reshape(graph, graph.inputs[0], (3, 2))]
    move_integers(graph)
    assert kinds(graph) == ["RESHAPE"]
    assert graph.is_float(graph.outputs[0])


def test_markers_are_numbered_by_the_names_of_their_results():
    assert marked(["n1/marked12", "n2/Relu", "n3/marked7_1"]) == {12: "n1/marked12"}
