"""Corrections make integers lose less, within bounds, and only what helps is kept."""

import itertools

import layered_graphs
import numpy as np
import pytest
import tiny_graph
from layered_graphs import RELU, VALID, Layered

from decant.errors import DataError
from decant.flatbuffer.graph import Graph
from decant.quantize.calibrate import measure
from decant.quantize.corrections import learning
from decant.quantize.corrections.applying import corrected
from decant.quantize.corrections.bias import corrected_biases
from decant.quantize.corrections.equalisation import rescale
from decant.quantize.corrections.layers import layers_of, set_weights
from decant.quantize.corrections.learning import learned_rounding
from decant.quantize.corrections.moments import as_matrix, patches_of
from decant.quantize.corrections.regional import proven_scales
from decant.quantize.corrections.rounding import learn
from decant.quantize.corrections.storage import Found
from decant.quantize.corrections.weights import error, nearest, rounded, steps_of
from decant.quantize.simulate import simulator


def strided(layered):
    return layered.conv(layered.x, layered.normal(5, 3, 2, 4), strideH=2, strideW=3)


def valid(layered):
    return layered.conv(layered.x, layered.normal(5, 3, 2, 4), padding=VALID)


def dilated(layered):
    return layered.conv(layered.x, layered.normal(5, 3, 2, 4), dilationHFactor=2)


def grouped(layered):
    return layered.conv(layered.x, layered.normal(6, 3, 2, 2))


def depthwise(layered):
    return layered.depthwise(layered.x, layered.normal(1, 3, 2, 4))


def multiplied(layered):
    return layered.depthwise(layered.x, layered.normal(1, 3, 2, 8))


def dense(layered):
    return layered.dense(layered.x, layered.normal(5, 4))


@pytest.mark.parametrize(
    "build",
    [strided, valid, dilated, grouped, depthwise, multiplied, dense],
    ids=lambda f: f.__name__,
)
def test_weights_times_what_a_layer_reads_is_its_output(build):
    layered = Layered((2, 9, 7, 4))
    graph = layered.ending(build(layered))
    (layer,) = layers_of(graph)
    (one,) = layered_graphs.samples(graph, 1)
    patches = patches_of(layer, one["x"], 10_000, np.random.default_rng(0))
    weights = as_matrix(layer, layer.weights, len(patches))
    made = np.matmul(patches, weights.transpose(0, 2, 1))  # [groups, places, outputs of each]
    rows = made.transpose(1, 0, 2).reshape(made.shape[1], -1) + layer.bias
    expected = tiny_graph.run(graph, one["x"]).reshape(rows.shape)
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-4)


def noise(graph, original, runs):
    """Simulate the int8 file of a graph; the mean square of what it adds to another's outputs."""
    infos = [layered_graphs.info(graph)], layered_graphs.described_outputs(graph)
    seen = measure(graph.to_bytes(), infos[0], runs)
    numbers = {graph.name(int(t)): int(t) for op in graph.operators for t in op.outputs}
    ranges = {numbers[name]: (each.low, each.high) for name, each in seen.items() if name != "x"}
    with simulator(original, *infos) as plain, simulator(graph, *infos) as integers:
        reference = plain.run(runs)
        made = integers.run(runs, activations=ranges, weights=range(len(graph.operators)))
    return np.mean(
        [np.square(a[k] - b[k]).mean() for a, b in zip(reference, made, strict=True) for k in a]
    )


def test_equalisation_saves_unequal_channels():
    graph = layered_graphs.unequal()
    runs = layered_graphs.samples(graph, 8)
    names = {graph.name(int(t)) for op in graph.operators for t in op.outputs}
    infos = (layered_graphs.info(graph),), layered_graphs.described_outputs(graph)
    scales = proven_scales(graph.to_bytes(), infos, runs[:4], runs[4:], names)
    assert len(scales) == 2  # before and behind the depthwise layer
    scaled = Graph.from_bytes(graph.to_bytes())
    rescale(scaled, scales)
    assert noise(scaled, graph, runs) < 0.02 * noise(graph, graph, runs)


def test_equal_channels_keep_their_scale():
    layered = Layered((1, 9, 7, 3))
    x = layered.conv(layered.x, layered.normal(8, 3, 3, 3), RELU)
    graph = layered.ending(layered.conv(x, layered.normal(5, 1, 1, 8)))
    runs = layered_graphs.samples(graph, 8)
    infos = (layered_graphs.info(graph),), layered_graphs.described_outputs(graph)
    assert proven_scales(graph.to_bytes(), infos, runs[:4], runs[4:], {graph.name(x)}) == {}


def quadratic(seed, groups=1, outputs=2, values=8):
    """Draw weights, their steps and moments of values that go together."""
    random = np.random.default_rng(seed)
    weights = random.normal(size=(groups, outputs, values)).astype(np.float32)
    steps = (np.abs(weights).max(-1, keepdims=True) / 127).astype(np.float32)
    mixed = random.normal(size=(groups, values, 3)) @ random.normal(size=(groups, 3, 200))
    moments = np.matmul(mixed, mixed.transpose(0, 2, 1)) / 200
    return weights, steps, (moments + 0.01 * np.eye(values)).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_learned_rounding_is_near_the_best_there_is(seed):
    weights, steps, moments = quadratic(seed, outputs=1)
    found = learn(weights, steps, moments)
    best = np.inf
    for choice in itertools.product((False, True), repeat=8):
        off = error(weights, steps, np.array(choice).reshape(weights.shape))
        best = min(best, float((np.matmul(off, moments) * off).sum()))
    assert best <= found.after * 1.0001
    assert found.after - best < 0.5 * (found.before - best)


def test_without_descent_the_rounding_is_better_than_nearest():
    weights, steps, moments = quadratic(5, groups=3, values=30)
    short = learn(weights, steps, moments, descend=False)
    assert learn(weights, steps, moments).after <= short.after < 0.7 * short.before


def test_the_quantizer_rounds_to_what_was_learned():
    weights, steps, moments = quadratic(1, groups=1, outputs=6, values=40)
    found = learn(weights, steps, moments)
    assert (found.up != nearest(weights, steps)).any()
    changed = rounded(weights, steps, found.up)
    again = (np.abs(changed).max(-1, keepdims=True) / 127).astype(np.float32)
    np.testing.assert_array_equal(again, steps)
    np.testing.assert_allclose(
        np.round(changed / again) * again - weights, error(weights, steps, found.up), atol=1e-6
    )


@pytest.fixture(scope="module")
def two_layers():
    layered = Layered((1, 8, 6, 12))
    x = layered.conv(layered.x, layered.normal(40, 3, 3, 12), RELU)
    graph = layered.ending(layered.conv(x, layered.normal(4, 1, 1, 40)))
    return graph, layered_graphs.samples(graph, 6), [layered_graphs.info(graph)]


def channels_of(graph):
    return {layer.name: "channel" for layer in layers_of(graph)}


def test_a_layer_without_memory_keeps_nearest_rounding_and_is_told(two_layers, monkeypatch):
    graph, runs, infos = two_layers
    first, second = channels_of(graph)

    def scarce(weights, *args, **options):
        if weights.shape[-1] == 40:
            raise MemoryError
        return learn(weights, *args, **options)

    monkeypatch.setattr(learning, "learn", scarce)
    found = learned_rounding(graph.to_bytes(), infos, runs, channels_of(graph), centred=False)
    assert list(found.rounding) == [first]
    assert found.nearest == {second: "memory was not enough to learn it"}


def test_a_layer_too_large_for_memory_is_not_begun(two_layers):
    graph, runs, infos = two_layers
    first, second = channels_of(graph)
    # The first reads 108 values, the second 40.
    found = learned_rounding(
        graph.to_bytes(), infos, runs, channels_of(graph), centred=False, memory_bytes=40_000
    )
    assert list(found.rounding) == [second]
    assert found.nearest == {
        first: "its second moments would take 46,656 bytes, and 40,000 are allowed"
    }


def test_layers_are_learned_in_turns_where_memory_is_short(two_layers):
    graph, runs, infos = two_layers
    alone, together = (
        learned_rounding(
            graph.to_bytes(), infos, runs, channels_of(graph), centred=False, memory_bytes=size
        )
        for size in (47_000, 1 << 20)
    )
    assert list(alone.rounding) == list(together.rounding) == list(channels_of(graph))


def test_what_time_is_left_for_is_learned_the_short_way(two_layers, monkeypatch):
    graph, runs, infos = two_layers
    asked = []

    def watched(*args, descend):
        asked.append(descend)
        return learn(*args, descend=descend)

    monkeypatch.setattr(learning, "learn", watched)
    made = learned_rounding(
        graph.to_bytes(), infos, runs, channels_of(graph), centred=False, longest_s=-1
    )
    assert asked == [False, False]
    assert made.hurried == list(channels_of(graph))


@pytest.mark.parametrize("build", [strided, depthwise, dense], ids=lambda f: f.__name__)
def test_corrected_biases_take_the_mean_error_away(build):
    layered = Layered((1, 9, 7, 4))
    graph = layered.ending(build(layered))
    runs, infos = layered_graphs.samples(graph, 6), [layered_graphs.info(graph)]
    biases = corrected_biases(graph.to_bytes(), infos, runs, channels_of(graph), {})
    changed = corrected(graph, Found(biases=biases), channels_of(graph))
    before, after = (np.abs(mean_error(each, graph, runs)) for each in (graph, changed))
    assert after.max() < 1e-3 * before.max()


def mean_error(graph, original, runs):
    """Round the weights; the mean of what that adds to each channel of the output."""
    integers = Graph.from_bytes(graph.to_bytes())
    for layer in list(layers_of(integers)):
        steps = steps_of(layer, "channel")
        off = error(layer.weights, steps, nearest(layer.weights, steps))
        set_weights(integers, layer, layer.weights + off)
    differences = [
        tiny_graph.run(integers, r["x"]) - tiny_graph.run(original, r["x"]) for r in runs
    ]
    return np.mean(differences, (0, 1, 2, 3))


def test_a_layer_without_bias_gets_one():
    layered = Layered((1, 6))
    x = layered.dense(layered.x, layered.normal(5, 6))
    (operator,) = layered.graph.operators
    operator.inputs = list(operator.inputs)[:2]
    graph = layered.ending(x)
    bias = np.arange(5, dtype=np.float32)
    changed = corrected(graph, Found(biases={graph.name(x): bias}), channels_of(graph))
    (one,) = layered_graphs.samples(graph, 1)
    difference = tiny_graph.run(changed, one["x"]) - tiny_graph.run(graph, one["x"])
    np.testing.assert_allclose(difference[0], bias, atol=1e-5)


def test_a_layer_that_stays_float_keeps_its_constants(two_layers):
    graph, _, _ = two_layers
    first, second = channels_of(graph)
    layers = {layer.name: layer for layer in layers_of(graph)}
    found = Found(
        biases={name: layers[name].bias + 1 for name in layers},
        rounding={second: np.full(20, 255, np.uint8)},
    )
    changed = {
        layer.name: layer for layer in layers_of(corrected(graph, found, {first: "channel"}))
    }
    np.testing.assert_array_equal(changed[first].bias, layers[first].bias + 1)
    np.testing.assert_array_equal(changed[second].bias, layers[second].bias)
    np.testing.assert_array_equal(changed[second].weights, layers[second].weights)


@pytest.mark.parametrize(
    "found",
    [
        Found(scales={"elsewhere": np.ones(8, np.int8)}),
        Found(biases={"elsewhere": np.ones(8, np.float32)}),
        Found(biases={"conv_2d": np.ones(9, np.float32)}),
        Found(rounding={"conv_2d": np.ones(3, np.uint8)}),
        Found(scales={"conv_2d": np.ones(9, np.int8)}),
    ],
    ids=["scale", "bias", "bias-size", "rounding-size", "scale-size"],
)
def test_corrections_of_another_model_are_refused(two_layers, found):
    graph, _, _ = two_layers
    with pytest.raises(
        DataError, match=r"corrections have one for '(elsewhere|conv_2d)', which the"
    ):
        corrected(graph, found, channels_of(graph))


def test_what_was_found_is_read_again():
    found = Found(
        scales={"b;c": np.arange(-3, 4, dtype=np.int8), "a/1": np.ones(2, np.int8)},
        rounding={"y": np.arange(5, dtype=np.uint8)},
        biases={"y": np.ones(3, np.float32)},
    )
    again = Found.from_bytes(found.to_bytes())
    assert list(again.scales) == ["a/1", "b;c"]
    np.testing.assert_array_equal(again.scales["b;c"], found.scales["b;c"])
    assert again.to_bytes() == found.to_bytes()


def test_a_damaged_file_of_corrections_is_refused():
    content = Found(biases={"y": np.ones(3, np.float32)}).to_bytes()
    with pytest.raises(DataError, match=r"side is damaged .*; restore it, or quantize again"):
        Found.from_bytes(content[:-4], "side")


def test_a_file_of_something_else_is_refused():
    from safetensors.numpy import save

    with pytest.raises(DataError, match=r"side holds 'layer.weight', which is no correction"):
        Found.from_bytes(save({"layer.weight": np.ones(3, np.float32)}), "side")
