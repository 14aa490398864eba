"""Ranges follow the statistics, and what the readers of an activation can tell apart."""

import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import empty_graph
from decant.quantize.calibration import CALIBRATORS
from decant.quantize.calibration.calibrators import LEVELS
from decant.quantize.calibration.statistics import Statistics
from decant.quantize.ranges import choose, least_local_errors


def statistics(values):
    return Statistics.of(*np.array_split(np.asarray(values, np.float32), 4))


def error(values, low, high):
    step = (high - low) / LEVELS
    rounded = low + np.round((np.clip(values, low, high) - low) / step) * step
    return np.square(values - rounded).mean()


def chain(*kinds):
    """Make x → kinds[0] → t0 → kinds[1] → …"""
    graph = empty_graph()
    tensors = [graph.add_tensor("x", (1, 8))]
    for at, kind in enumerate(kinds):
        tensors.append(graph.add_tensor(f"t{at}", (1, 8)))
        graph.subgraph.operators.append(graph.operator(kind, [tensors[-2]], tensors[-1]))
    graph.subgraph.inputs, graph.subgraph.outputs = tensors[:1], tensors[-1:]
    return graph


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=20_000) * 4


def test_minmax_spans_what_was_seen(values):
    seen = statistics(values)
    assert (seen.low, seen.high) == (np.float32(values.min()), np.float32(values.max()))
    assert choose(chain("TANH"), {"x": seen}, "minmax") == {"x": (seen.low, seen.high)}


def test_mse_beats_minmax_on_a_heavy_tail():
    values = np.random.default_rng(0).laplace(size=200_000)
    seen = statistics(values)
    low, high = choose(chain("TANH"), {"x": seen}, "mse")["x"]
    assert seen.low < low
    assert high < seen.high
    assert error(values, low, high) < 0.8 * error(values, seen.low, seen.high)


def test_mse_keeps_a_range_without_outliers():
    values = np.random.default_rng(1).uniform(-1, 3, 20_000)
    low, high = choose(chain("TANH"), {"x": statistics(values)}, "mse")["x"]
    # The grid's step is a 64th of each end.
    assert low == pytest.approx(-1, abs=1 / 32)
    assert high == pytest.approx(3, abs=3 / 32)


@pytest.mark.parametrize("method", CALIBRATORS)
@pytest.mark.parametrize(("kind", "bound"), [("HARD_SWISH", -3.0), ("RELU", 0.0), ("RELU6", 0.0)])
def test_values_that_the_reader_cannot_tell_apart_are_clipped(values, kind, bound, method):
    graph = chain("TANH", kind)
    low, high = choose(graph, {"t0": statistics(values)}, method)["t0"]
    assert low == pytest.approx(bound, abs=0.06)
    assert low >= bound
    assert high > 5


def test_each_activation_takes_the_calibrator_with_the_least_error_on_other_samples():
    random = np.random.default_rng(0)
    tail, flat = random.laplace(size=(2, 100_000)), random.uniform(-1, 3, (2, 20_000))
    seen = {"x": statistics(tail[0]), "t0": statistics(flat[0])}
    others = {"x": statistics(tail[1]), "t0": statistics(flat[1])}
    found = least_local_errors(chain("TANH"), seen, others)
    assert found["t0"] == "minmax"
    errors = {name: error(tail[1], *choose(chain("TANH"), seen, name)["x"]) for name in CALIBRATORS}
    # The safest of those within a tenth of the least error, by bins and not by single values.
    assert errors[found["x"]] <= 1.12 * min(errors.values())
    assert errors[found["x"]] < 0.95 * errors["minmax"]
    both = choose(chain("TANH"), seen, found)
    assert both["x"] == choose(chain("TANH"), seen, found["x"])["x"]
    assert both["t0"] == (seen["t0"].low, seen["t0"].high)


def test_another_reader_keeps_them(values):
    graph = chain("TANH", "HARD_SWISH")
    other = graph.add_tensor("other", (1, 8))
    graph.subgraph.operators.append(graph.operator("LOGISTIC", [1], other))
    seen = statistics(values)
    assert choose(graph, {"t0": seen}, "minmax")["t0"] == (seen.low, seen.high)


def test_an_output_of_the_model_keeps_them(values):
    graph = chain("TANH", "HARD_SWISH")
    graph.subgraph.outputs = [1, 2]
    seen = statistics(values)
    assert choose(graph, {"t0": seen}, "minmax")["t0"] == (seen.low, seen.high)


def test_a_copy_shares_its_source_range(values):
    graph = tiny_graph.of_one(
        "RESHAPE", (1, 8), (2, 4), schema.ReshapeOptionsT(), [np.array([2, 4], np.int32)]
    )
    ranges = choose(graph, {"x": statistics(values), "y": statistics(values[::7])}, "minmax")
    assert ranges["y"] == ranges["x"]


def test_a_joined_constant_is_not_clipped_to_the_range_beside_it(values):
    options = schema.ConcatenationOptionsT()
    options.axis = 1
    far = np.full((1, 1), 99, np.float32)
    graph = tiny_graph.of_one("CONCATENATION", (1, 8), (1, 9), options, [far])
    joined = statistics(np.append(values, 99.0))
    ranges = choose(graph, {"x": statistics(values), "y": joined}, "minmax")
    assert ranges["y"] == (joined.low, 99.0)


def test_pixels_span_all_of_uint8():
    graph = tiny_graph.of_one(
        "DEQUANTIZE", (1, 8), (1, 8), schema.DequantizeOptionsT(), dtypes=(np.uint8, np.float32)
    )
    ranges = choose(graph, {"y": statistics(np.arange(3.0, 200.0))}, "minmax")
    assert ranges == {"y": (0.0, 255.0)}


def test_a_dead_activation_gets_a_usable_range():
    assert choose(chain("TANH"), {"t0": statistics(np.zeros(9))}, "minmax") == {"t0": (0.0, 1.0)}


def test_a_range_whose_step_would_be_zero_in_float32_is_that_of_a_dead_activation():
    """LiteRT's QUANTIZE ends its process on a scale of 0."""
    values = np.random.default_rng(5).uniform(0, 1, 1000)
    seen = {"x": statistics(values * 1e-37), "t0": statistics(values * 1e-30)}

    ranges = choose(chain("TANH"), seen, "minmax")

    assert ranges["x"] == (0.0, 1.0)
    assert ranges["t0"][1] == pytest.approx(1e-30, rel=0.01)
