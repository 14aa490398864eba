"""Candidates of one network: their operators, their numbers and their borders."""

import json

import mobile_network
import numpy as np
import pytest
import tiny_graph
from candidates import named

from decant.flatbuffer.graph import Graph
from decant.quantize import RECIPES, QuantizeReport, load_recipes
from decant.quantize.calibration import CALIBRATORS
from decant.quantize.transform import transform

REWRITTEN = {
    **{
        kind: count
        for kind, count in mobile_network.OPERATORS.items()
        if not kind.startswith("RESIZE")
    },
    "CONCATENATION": 2,
    "RESHAPE": 2,
}
OPERATORS = {
    # One DEQUANTIZE per weight.
    "float16": {**REWRITTEN, "DEQUANTIZE": 14},
    "dynamic_int8": REWRITTEN,
    # QUANTIZE: the input and five tables; DEQUANTIZE: five tables and three outputs.
    "static_int8": {**REWRITTEN, "DEQUANTIZE": 8, "QUANTIZE": 6},
}
# A rounding to n bits has about 6 n dB; weights and every activation on the way add theirs, and
# random weights pass noise on undamped, as trained ones do not: 8 bits in 15 layers keep 20 dB.
SNR_DB = {"float16": 50.0, "dynamic_int8": 25.0, "static_int8": 17.0}


def test_every_recipe_made_a_candidate(report):
    assert [candidate.name for candidate in report.candidates] == list(RECIPES)
    assert report.failures == {}
    assert report.warnings == ()
    (note,) = report.notes
    assert note.startswith("model_int8.tflite computes 5 HARD_SWISH in float between DEQUANTIZE")
    assert (report.calibration_samples, report.measured_samples) == (9, 3)


def test_the_float_file_is_what_the_lists_below_assume():
    assert Graph.from_bytes(mobile_network.float_file()).histogram() == mobile_network.OPERATORS


@pytest.mark.parametrize("name", RECIPES)
def test_operators(report, name):
    candidate = named(report, name)
    assert candidate.operators == OPERATORS[name]
    assert Graph.from_file(report.path(candidate)).histogram() == OPERATORS[name]


@pytest.mark.parametrize("name", RECIPES)
def test_xnnpack_runs_all_of_it_as_one_node(report, name):
    assert tiny_graph.delegate_nodes(report.path(named(report, name)).read_bytes()) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_signal_to_noise_ratio(report, name):
    ratios = named(report, name).snr_db
    assert list(ratios) == list(mobile_network.OUTPUTS)
    assert min(ratios.values()) > SNR_DB[name]


@pytest.mark.parametrize("name", RECIPES)
def test_names_order_and_float_border_are_kept(report, name):
    candidate = named(report, name)
    assert candidate.inputs == mobile_network.INPUTS_INFO
    assert candidate.outputs == mobile_network.OUTPUTS_INFO
    graph = Graph.from_file(report.path(candidate))
    assert list(graph.signature_inputs()) == ["image"]
    assert list(graph.signature_outputs()) == list(mobile_network.OUTPUTS)
    assert list(graph.signature_outputs().values()) == graph.outputs
    assert all(graph.is_float(tensor) for tensor in (*graph.inputs, *graph.outputs))


def test_sizes_shrink(report):
    # Half and a quarter of the weights, and what every file has besides.
    size = len(mobile_network.float_file())
    assert named(report, "float16").size_bytes < 0.65 * size
    assert named(report, "static_int8").size_bytes < 0.55 * size


def test_files_describe_what_was_made(report):
    document = json.loads((report.folder / "quantize.json").read_text())
    assert QuantizeReport.model_validate(document).candidates == report.candidates
    recipes = load_recipes(report.folder / "recipe.json")
    assert list(recipes) == [candidate.recipe for candidate in report.candidates]
    assert report.float_size_bytes == len(mobile_network.float_file())
    graph = Graph.from_bytes(mobile_network.float_file())
    computed = {graph.name(int(tensor)) for op in graph.operators for tensor in op.outputs}
    assert computed < set(named(report, "static_int8").recipe.ranges)
    assert document["calibrators"] == report.calibrators
    assert set(report.calibrators) <= set(named(report, "static_int8").recipe.ranges)
    assert set(report.calibrators.values()) <= set(CALIBRATORS)
    assert len(report.calibrators) > 3


def test_keep_float_keeps_an_operator_float(report, float_path, tmp_path):
    original = named(report, "static_int8").recipe
    graph = Graph.from_file(float_path)
    first = next(op for op in graph.operators if graph.kind(op) == "DEPTHWISE_CONV_2D")
    weights = graph.name(int(first.inputs[1]))
    pattern = "^" + graph.name(int(first.outputs[0])).split(";")[0]
    content = transform(
        float_path.read_bytes(), original.model_copy(update={"keep_float": (pattern,)})
    )
    made = Graph.from_bytes(content)
    kept = [t for t in range(len(made.subgraph.tensors)) if made.name(t) == weights]
    assert [made.dtype(tensor) for tensor in kept] == [np.dtype(np.float32)]
