"""Candidates of one network: their operators, their numbers and their borders."""

import json

import mobile_network
import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema
from candidates import named

from decant.quantize import RECIPES, STATIC_INT8, QuantizeReport, load_recipes, quantize
from decant.quantize.flatbuffer import Graph
from decant.quantize.transform import transform
from decant.runtime import describe

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


def test_uint8_pixels_go_in_as_they_are(tmp_path):
    graph = Graph.from_bytes(mobile_network.float_file())
    pixels = graph.add_tensor(
        "pixels", (1, mobile_network.HEIGHT, mobile_network.WIDTH, 3), np.uint8
    )
    options = schema.CastOptionsT()
    options.inDataType, options.outDataType = schema.TensorType.UINT8, schema.TensorType.FLOAT32
    image, real = graph.inputs[0], graph.add_tensor("real", graph.shape(graph.inputs[0]))
    mean = graph.add_constant("mean", np.array([119, 120, 121], np.float32))
    graph.subgraph.operators = [
        graph.operator("CAST", [pixels], real, options),
        graph.operator("SUB", [real, mean], image, schema.SubOptionsT()),
        *graph.operators,
    ]
    graph.subgraph.inputs = [pixels]
    graph.model.signatureDefs[0].inputs[0].tensorIndex = pixels
    path = tmp_path / "camera.tflite"
    path.write_bytes(graph.to_bytes())
    inputs = [mobile_network.INPUTS_INFO[0].model_copy(update={"dtype": "uint8"})]
    raw = np.clip(mobile_network.pictures(4) * 40 + 120, 0, 255).astype(np.uint8)
    report = quantize(
        path,
        tmp_path / "out",
        calibration={"image": raw},
        inputs=inputs,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[STATIC_INT8],
    )
    candidate = report.candidates[0]
    assert report.rewrites["dequantize_pixels"] == report.rewrites["constants_by_rows"] == 1
    assert candidate.inputs[0].dtype == "uint8"
    assert (candidate.inputs[0].scale, candidate.inputs[0].zero_point) == (1.0, 0)
    assert "CAST" not in candidate.operators
    assert tiny_graph.delegate_nodes(report.path(candidate).read_bytes()) == 1
    assert min(candidate.snr_db.values()) > SNR_DB["static_int8"]


def test_a_file_without_signatures_keeps_its_tensors_names(report, float_path, tmp_path):
    graph = Graph.from_file(float_path)
    graph.model.signatureDefs = None
    path = tmp_path / "bare.tflite"
    path.write_bytes(graph.to_bytes())
    border = describe(path)
    made = quantize(
        path,
        tmp_path / "out",
        calibration={border.inputs[0].name: np.moveaxis(mobile_network.pictures(2), 1, -1)},
        inputs=border.inputs,
        outputs=border.outputs,
        recipes=[named(report, "static_int8").recipe],
    )
    found = describe(made.path(made.candidates[0]))
    assert found == border
