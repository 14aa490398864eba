"""A bias beside weights of next to nothing keeps its value in int8."""

import layered_graphs
import numpy as np
import pytest
from layered_graphs import Layered
from litert_quantizer import quantizer
from tiny_graph import run

from decant.flatbuffer import Graph
from decant.quantize import STATIC_INT8
from decant.quantize.bias_room import make_room
from decant.quantize.transform import library_recipe, transform

FAINT = 2
BIAS = 3.0
RANGES = {"x": (-4.0, 4.0)}


def layer(kind, size):
    """One layer of which an output channel has weights of some size, and a bias of 3."""
    layered = Layered((1, 5, 7, 4))
    if kind == "depthwise":
        weights = layered.normal(1, 3, 3, 4)
        weights[..., FAINT] *= size
        y = layered.depthwise(layered.x, weights)
    else:
        weights = layered.normal(4, 3, 3, 4)
        weights[FAINT] *= size
        y = layered.conv(layered.x, weights)
    bias = np.zeros(4, np.float32)
    bias[FAINT] = BIAS
    layered.graph.store(int(layered.graph.operators[0].inputs[2]), bias)
    return layered.ending(y), layered.graph.name(y)


def recipe_for(name, **update):
    ranges = {**RANGES, name: (-30.0, 30.0)}
    return STATIC_INT8.model_copy(update={"ranges": ranges, **update})


SAMPLE = layered_graphs.samples(layer("conv", 1)[0], 1)[0]["x"]


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
@pytest.mark.parametrize("size", [0, 1e-11, 1e-6, 1])
@pytest.mark.parametrize("update", [{}, {"symmetric": True}], ids=["channel", "symmetric"])
def test_all_channels_keep_their_values(kind, size, update):
    graph, name = layer(kind, size)
    content = transform(graph.to_bytes(), recipe_for(name, **update))
    made, wanted = run(Graph.from_bytes(content), SAMPLE), run(graph, SAMPLE)
    # Two steps of the output, 60 / 255, and what 8-bit weights make of the products.
    assert np.abs(made - wanted).max() < 0.5


def test_the_library_alone_loses_the_bias():
    """Which is why there is a cure; it can go when this fails."""
    graph, name = layer("conv", 0)
    recipe = recipe_for(name)
    limits = {
        key: {"min": np.float32(low), "max": np.float32(high)}
        for key, (low, high) in recipe.ranges.items()
    }
    library = quantizer.Quantizer(bytearray(graph.to_bytes()), library_recipe(recipe))
    content = bytes(library.quantize(limits, enable_progress_report=False).quantized_model)
    made = run(Graph.from_bytes(content), SAMPLE)[..., FAINT]
    assert np.abs(made - BIAS).min() > 2


@pytest.mark.parametrize("granularity", ["channel", "tensor"])
def test_one_step_for_all_channels_is_widened_with_all_of_them(granularity):
    graph, name = layer("conv", 1e-11)
    tiny = graph.constant(int(graph.operators[0].inputs[1])) * np.float32(1e-11)
    graph.store(int(graph.operators[0].inputs[1]), tiny)
    content = transform(graph.to_bytes(), recipe_for(name, granularity=granularity))
    made = run(Graph.from_bytes(content), SAMPLE)[..., FAINT]
    assert np.abs(made - BIAS).max() < 0.5


@pytest.mark.parametrize(
    "update",
    [{"keep_float": (".*",)}, {"form": "int16x8"}, {"form": "dynamic_int8", "ranges": {}}],
    ids=["float", "int16x8", "dynamic"],
)
def test_what_counts_in_other_steps_stays_as_it_is(update):
    graph, name = layer("conv", 0)
    before = graph.to_bytes()
    assert make_room(graph, recipe_for(name, **update)) == []
    assert graph.to_bytes() == before


def test_biases_that_fit_stay_as_they_are():
    graph, name = layer("conv", 1)
    assert make_room(graph, recipe_for(name)) == []
    assert make_room(*faint_with_recipe()) != []


def faint_with_recipe():
    graph, name = layer("conv", 0)
    return graph, recipe_for(name)
