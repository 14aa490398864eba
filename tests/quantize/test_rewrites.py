"""Rewrites keep every number and leave only operators that XNNPACK has."""

import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.quantize.rewrites import (
    constants_by_rows,
    dequantize_pixels,
    nearest_by_concatenation,
)

BEFORE = (1, 3, 5, 2)


def nearest(after, before=BEFORE, *, align_corners=False, half_pixels=False):
    options = schema.ResizeNearestNeighborOptionsT()
    options.alignCorners, options.halfPixelCenters = align_corners, half_pixels
    size = np.array(after[1:3], np.int32)
    return tiny_graph.of_one("RESIZE_NEAREST_NEIGHBOR", before, after, options, [size])


def cast(source, target=np.float32):
    options = schema.CastOptionsT()
    codes = {np.uint8: schema.TensorType.UINT8, np.int32: schema.TensorType.INT32}
    options.inDataType = codes[source]
    options.outDataType = codes.get(target, schema.TensorType.FLOAT32)
    return tiny_graph.of_one("CAST", (1, 7), (1, 7), options, dtypes=(source, target))


@pytest.mark.parametrize("half_pixels", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 1), (1, 4), (5, 5)])
def test_whole_factors_repeat_by_concatenation(rows, columns, half_pixels):
    graph = nearest((1, 3 * rows, 5 * columns, 2), half_pixels=half_pixels)
    x = np.random.default_rng(0).normal(size=BEFORE).astype(np.float32)
    expected = tiny_graph.run(graph, x)
    assert nearest_by_concatenation(graph) == 1
    axes = (rows > 1) + (columns > 1)
    assert graph.histogram() == {"CONCATENATION": axes, "RESHAPE": axes}
    assert tiny_graph.delegate_nodes(graph.to_bytes()) == 1
    np.testing.assert_array_equal(tiny_graph.run(graph, x), expected)


def test_the_operator_it_replaces_is_outside_xnnpack():
    assert tiny_graph.delegate_nodes(nearest((1, 6, 10, 2)).to_bytes()) == 0


@pytest.mark.parametrize(
    "graph",
    [
        nearest((1, 4, 10, 2)),
        nearest((1, 18, 5, 2)),
        nearest((1, 1, 5, 2)),
        nearest(BEFORE),
        nearest((1, 6, 10, 2), align_corners=True),
        nearest((-1, 6, 10, 2), (-1, 3, 5, 2)),
    ],
    ids=[
        "broken-factor",
        "too-large-factor",
        "shrinking",
        "same-size",
        "aligned-corners",
        "free-batch",
    ],
)
def test_other_resizes_stay(graph):
    assert nearest_by_concatenation(graph) == 0
    assert graph.histogram() == {"RESIZE_NEAREST_NEIGHBOR": 1}


def test_a_resize_of_integers_stays():
    options = schema.ResizeNearestNeighborOptionsT()
    size, after = np.array([6, 10], np.int32), (1, 6, 10, 2)
    dtypes = (np.uint8, np.uint8)
    graph = tiny_graph.of_one(
        "RESIZE_NEAREST_NEIGHBOR", BEFORE, after, options, [size], dtypes=dtypes
    )
    assert nearest_by_concatenation(graph) == 0


def test_pixels_are_read_inside_xnnpack():
    graph = cast(np.uint8)
    assert tiny_graph.delegate_nodes(graph.to_bytes()) == 0
    assert dequantize_pixels(graph) == 1
    assert graph.histogram() == {"DEQUANTIZE": 1}
    assert tiny_graph.delegate_nodes(graph.to_bytes()) == 1
    x = np.array([[0, 1, 2, 127, 128, 254, 255]], np.uint8)
    np.testing.assert_array_equal(tiny_graph.run(graph, x), x.astype(np.float32))


@pytest.mark.parametrize(
    "graph", [cast(np.int32), cast(np.uint8, np.int32)], ids=["indices", "to-integers"]
)
def test_other_casts_stay(graph):
    assert dequantize_pixels(graph) == 0
    assert graph.histogram() == {"CAST": 1}


def per_channel(kind, shape, constant, *, constant_first=False, activation=0):
    options = getattr(schema, f"{kind.title()}OptionsT")()
    options.fusedActivationFunction = activation
    graph = tiny_graph.of_one(kind, shape, shape, options, [constant])
    if constant_first:
        graph.operators[0].inputs = graph.operators[0].inputs[::-1]
    return graph


COLOURS = np.array([0.5, -1.25, 2], np.float32)
RELU = schema.ActivationFunctionType.RELU


@pytest.mark.parametrize("kind", ["ADD", "MUL", "SUB"])
@pytest.mark.parametrize("constant_first", [False, True])
@pytest.mark.parametrize("constant", [COLOURS, COLOURS.reshape(1, 1, 1, 3)], ids=["[3]", "[1113]"])
def test_constants_of_few_channels_go_to_whole_rows(kind, constant_first, constant):
    shape = (2, 4, 5, 3)
    graph = per_channel(kind, shape, constant, constant_first=constant_first, activation=RELU)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = tiny_graph.run(graph, x)
    assert (expected == 0).any()
    assert constants_by_rows(graph) == 1
    assert graph.histogram() == {kind: 1, "RESHAPE": 2}
    assert tiny_graph.delegate_nodes(graph.to_bytes()) == 1
    np.testing.assert_array_equal(tiny_graph.run(graph, x), expected)


@pytest.mark.parametrize(
    ("shape", "constant"),
    [
        ((1, 4, 5, 9), np.ones(9, np.float32)),
        ((1, 4, 5, 3), np.ones(1, np.float32)),
        ((1, 4, 5, 3), np.ones((1, 1, 5, 3), np.float32)),
        ((1, 4, 5, 3), np.ones((1, 1, 3, 1), np.float32)),
        ((1, 4, 1, 3), np.ones(3, np.float32)),
        ((1, 4, 2000, 3), np.ones(3, np.float32)),
        ((1, 4, -1, 3), np.ones(3, np.float32)),
        ((4, 5, 3), np.ones(3, np.float32)),
    ],
    ids=["channels", "scalar", "rows", "columns", "one-column", "long-row", "free", "rank"],
)
def test_other_constants_stay(shape, constant):
    if constant.shape[1:3] == (1, 3):
        shape = (1, 4, 3, 3)
    graph = per_channel("SUB", shape, constant)
    assert constants_by_rows(graph) == 0
    assert graph.histogram() == {"SUB": 1}


def test_an_operand_that_is_itself_spread_stays():
    graph = tiny_graph.of_one(
        "ADD", (1, 1, 1, 3), (1, 4, 5, 3), schema.AddOptionsT(), [np.ones(3, np.float32)]
    )
    assert constants_by_rows(graph) == 0
