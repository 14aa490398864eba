"""Rounding of single values in a float file, as int8 would round them."""

import doctest

import mobile_network
import numpy as np
import pytest

from decant.flatbuffer.graph import Graph
from decant.inputs import cut_runs
from decant.quantize import simulate
from decant.quantize.simulate import rounded_weights, simulator, weights_of

SPAN = (-1.5, 2.0)


@pytest.fixture(scope="module")
def graph(float_path):
    graph = Graph.from_file(float_path)
    graph.rename_duplicates()
    return graph


@pytest.fixture(scope="module")
def runs(calibration):
    return cut_runs(calibration, mobile_network.INPUTS_INFO)[:2]


@pytest.fixture
def opened(graph):
    with simulator(graph, mobile_network.INPUTS_INFO, mobile_network.OUTPUTS_INFO) as made:
        yield made


def differs(one, two):
    return {name: bool(np.any(one[0][name] != two[0][name])) for name in one[0]}


def test_an_output_is_rounded_to_the_steps_of_its_range(graph, runs, opened):
    plain = opened.run(runs)
    name, tensor = next(iter(graph.signature_outputs().items()))

    rounded = opened.run(runs, activations={tensor: SPAN})

    step = (SPAN[1] - SPAN[0]) / 255
    zero = np.round(-128 - SPAN[0] / step)
    integers = np.clip(np.round(plain[0][name] / step) + zero, -128, 127)
    assert np.allclose(rounded[0][name], (integers - zero) * step, atol=step * 1e-4)


def test_readers_of_a_rounded_tensor_read_what_is_left_of_it(graph, runs, opened):
    plain = opened.run(runs)

    rounded = opened.run(runs, activations={graph.inputs[0]: (-0.01, 0.01)})

    assert any(differs(plain, rounded).values())


def test_only_the_weights_asked_for_are_rounded(graph, runs, opened):
    plain = opened.run(runs)
    weighted = [n for n, each in enumerate(graph.operators) if weights_of(graph, each)]
    others = [n for n, each in enumerate(graph.operators) if not weights_of(graph, each)]

    assert any(differs(plain, opened.run(runs, weights=weighted)).values())
    assert not any(differs(plain, opened.run(runs, weights=others)).values())


def test_the_graph_is_as_it_was_after_a_run(graph, runs, opened):
    before = opened.run(runs)
    opened.run(runs, activations={graph.inputs[0]: SPAN}, weights=range(len(graph.operators)))

    after = opened.run(runs)

    assert not any(differs(before, after).values())


def test_each_output_channel_has_a_step_of_its_own():
    weights = np.array([[1.0, -0.5], [100.0, 50.2], [0.0, 0.0]], np.float32)

    rounded = rounded_weights(weights, axis=0)

    assert np.allclose(rounded, [[1, -64 / 127], [100, 64 * 100 / 127], [0, 0]])


def test_examples():
    assert doctest.testmod(simulate).failed == 0
