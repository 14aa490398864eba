"""Inputs and outputs of the candidates are those of the float file, whatever they are."""

import mobile_network
import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema
from candidates import named

from decant.flatbuffer import empty_graph
from decant.flatbuffer.graph import Graph
from decant.quantize import RECIPES, STATIC_INT8, quantize
from decant.runtime import LiteRtModel, describe


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
    assert min(candidate.snr_db.values()) > 17


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


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A file of free batch size: z = sigmoid(y), y = W x that is read on, x itself and y again."""
    graph = empty_graph()
    x, y, z = (graph.add_tensor(name, (-1, size)) for name, size in (("x", 4), ("y", 3), ("z", 3)))
    weights = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    options = schema.FullyConnectedOptionsT()
    options.keepNumDims = True
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [z]
    graph.subgraph.operators = [
        graph.operator("FULLY_CONNECTED", [x, graph.add_constant("w", weights), -1], y, options),
        graph.operator("LOGISTIC", [y], z),
    ]
    graph.ensure_signature()
    graph.set_outputs({"z": z, "y": y, "same": x, "again": y})
    path = tmp_path_factory.mktemp("shared") / "shared.tflite"
    path.write_bytes(graph.to_bytes())
    return path


@pytest.fixture(scope="module")
def shared_report(shared, tmp_path_factory):
    border = describe(shared)
    return quantize(
        shared,
        tmp_path_factory.mktemp("candidates"),
        calibration={"x": np.random.default_rng(1).normal(size=(80, 4)).astype(np.float32)},
        inputs=border.inputs,
        outputs=border.outputs,
    )


@pytest.mark.parametrize("name", RECIPES)
def test_outputs_that_are_read_on_are_inputs_or_are_given_twice(shared, shared_report, name):
    candidate = named(shared_report, name)
    assert describe(shared_report.path(candidate)) == describe(shared)
    assert candidate.snr_db["same"] == 200
    assert min(candidate.snr_db.values()) > 30


def test_what_reads_an_output_reads_its_integers(shared_report):
    candidate = named(shared_report, "static_int8")
    graph = Graph.from_file(shared_report.path(candidate))
    logistic = next(op for op in graph.operators if graph.kind(op) == "LOGISTIC")
    assert [graph.dtype(int(tensor)) for tensor in logistic.inputs] == [np.int8]
    assert candidate.operators == {
        "DEQUANTIZE": 2,
        "FULLY_CONNECTED": 1,
        "LOGISTIC": 1,
        "QUANTIZE": 1,
    }


@pytest.mark.parametrize("name", RECIPES)
def test_a_free_batch_size_stays_free(shared, shared_report, name):
    x = np.random.default_rng(2).normal(size=(5, 4)).astype(np.float32)
    expected = LiteRtModel(shared).run({"x": x})
    found = LiteRtModel(shared_report.path(named(shared_report, name))).run({"x": x})
    for output, value in expected.items():
        np.testing.assert_allclose(found[output], value, atol=0.1)
