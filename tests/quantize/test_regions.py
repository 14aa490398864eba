"""A scale per channel moves through what it does not change, and stays out of the rest."""

import layered_graphs
import numpy as np
import pytest
import tiny_graph
from layered_graphs import NONE, RELU, RELU6, Layered

from decant.flatbuffer.graph import Graph
from decant.quantize.corrections.equalisation import rescale
from decant.quantize.corrections.regions import regions_of

CHANNELS = 6


def between(step, ends=NONE):
    """Make two convolutions with a step between them."""
    layered = Layered((1, 5, 4, 3))
    x = layered.conv(layered.x, layered.normal(CHANNELS, 3, 3, 3), ends)
    x = step(layered, x)
    return layered.ending(layered.conv(x, layered.normal(2, 1, 1, layered.graph.shape(x)[-1])))


def nothing(layered, x):
    return x


def bias(layered, x):
    return layered.sum(x, layered.constant(layered.normal(CHANNELS)))


def normalised(layered, x):
    gain = layered.constant(layered.normal(CHANNELS))
    return layered.one("MUL", [x, gain], layered.graph.shape(x))


def mean(layered, x):
    shape = (1, 1, 1, CHANNELS)
    return layered.one("MEAN", [x, layered.integers([1, 2])], shape, keepDims=True)


def depthwise(layered, x):
    return layered.depthwise(x, layered.normal(1, 3, 3, CHANNELS), RELU)


def padded(layered, x):
    border = layered.integers([[0, 0], [1, 1], [1, 1], [0, 0]])
    return layered.one("PAD", [x, border], (1, 7, 6, CHANNELS))


def residual(layered, x):
    return layered.sum(x, layered.conv(x, layered.normal(CHANNELS, 1, 1, CHANNELS), RELU))


def gated(layered, x):
    gate = layered.conv(mean(layered, x), layered.normal(CHANNELS, 1, 1, CHANNELS))
    gate = layered.unary("LOGISTIC", gate)
    return layered.one("MUL", [gate, x], layered.graph.shape(x))


@pytest.mark.parametrize(
    ("step", "ends", "regions"),
    [
        (nothing, NONE, [1]),
        (nothing, RELU, [1]),
        (bias, RELU, [2]),
        (normalised, RELU, [1]),
        (mean, RELU, [2]),
        (depthwise, RELU, [1, 1]),
        (padded, RELU, [2]),
        (residual, NONE, [3]),
        (gated, RELU, [3]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_scaled_regions_compute_the_same_bits(step, ends, regions):
    graph = between(step, ends)
    found = regions_of(graph)
    assert [len(region.tensors) for region in found] == regions
    random = np.random.default_rng(1)
    scales = {
        graph.name(region.tensors[0]): random.integers(-4, 5, CHANNELS).astype(np.int8)
        for region in found
    }
    scaled = Graph.from_bytes(graph.to_bytes())
    assert rescale(scaled, scales) == len(regions)
    x = random.normal(size=graph.shape(graph.inputs[0])).astype(np.float32)
    np.testing.assert_array_equal(tiny_graph.run(scaled, x), tiny_graph.run(graph, x))
    assert scaled.to_bytes() != graph.to_bytes()


def swish(layered, x):
    return layered.unary("HARD_SWISH", x)


def mean_of_channels(layered, x):
    size = layered.graph.shape(x)[:3]
    return layered.one("MEAN", [x, layered.integers([3])], (*size, 1), keepDims=True)


def plus_a_number(layered, x):
    return layered.sum(x, layered.constant(np.float32(1)))


@pytest.mark.parametrize(
    ("step", "ends"),
    [(nothing, RELU6), (swish, NONE), (mean_of_channels, NONE), (plus_a_number, NONE)],
    ids=["relu6", "swish", "mean_of_channels", "plus_a_number"],
)
def test_what_a_scale_changes_has_no_region(step, ends):
    assert regions_of(between(step, ends)) == []


def test_an_output_of_the_model_keeps_its_size():
    layered = Layered((1, 5, 4, 3))
    x = layered.conv(layered.x, layered.normal(CHANNELS, 3, 3, 3))
    graph = layered.ending(x, layered.conv(x, layered.normal(2, 1, 1, CHANNELS)))
    assert regions_of(graph) == []


def test_weights_that_another_layer_shares_are_copied():
    layered = Layered((1, 5, 4, CHANNELS))
    x = layered.conv(layered.x, layered.normal(CHANNELS, 1, 1, CHANNELS), RELU)
    y = layered.conv(x, layered.normal(CHANNELS, 1, 1, CHANNELS))
    first, second = layered.graph.operators
    second.inputs = [int(second.inputs[0]), *map(int, first.inputs[1:])]
    graph = layered.ending(y)
    scaled = Graph.from_bytes(graph.to_bytes())
    rescale(scaled, {graph.name(x): np.arange(CHANNELS, dtype=np.int8)})
    (one,) = layered_graphs.samples(graph, 1)
    np.testing.assert_array_equal(tiny_graph.run(scaled, one["x"]), tiny_graph.run(graph, one["x"]))
