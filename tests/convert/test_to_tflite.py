"""The whole conversion: files, report, layouts, raw pixels, refusals that leave things alone."""

import json
import re
from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from torch_networks import MobileDetector, VisionTransformer, pictures, settled

from decant.convert import to_tflite
from decant.errors import DataError, UnsupportedOp, UsageError
from decant.runtime import LiteRtModel

CLOSE = 1e-5
"""Float arithmetic in another order; the promise to users is 1e-4."""


@pytest.fixture(scope="module")
def detector():
    return settled(MobileDetector())


@pytest.fixture(scope="module")
def converted(detector, tmp_path_factory):
    out = tmp_path_factory.mktemp("converted") / "out"
    return to_tflite(detector, out, inputs={"image": pictures(4)})


def test_the_detector_agrees_at_every_hop(converted):
    hops = list(dict.fromkeys(p.hop for p in converted.parity))
    assert hops == [
        "pytorch → onnx",
        "onnx → saved_model",
        "saved_model → tflite",
        "pytorch → tflite",
    ]
    assert max(p.max_relative for p in converted.parity) < CLOSE
    assert all(p.conclusive for p in converted.parity)
    assert converted.warnings == ()


def test_the_file_has_no_transpose_and_the_ops_of_the_network(converted):
    ops = Counter(converted.op_histogram)
    assert "TRANSPOSE" not in ops
    assert ops["CONV_2D"] == 14
    assert ops["DEPTHWISE_CONV_2D"] == 2
    assert ops["HARD_SWISH"] == 5
    assert set(ops) <= {
        "ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "HARD_SWISH", "MEAN", "MUL", "PAD", "RELU",
        "RELU_0_TO_1", "MINIMUM", "CONCATENATION", "RESHAPE",
    }  # fmt: skip


def test_the_report_names_the_lowest_runtime_of_the_file(converted):
    assert re.fullmatch(r"[12]\.\d+\.\d+", converted.lowest_runtime)
    assert f"lowest runtime version: {converted.lowest_runtime}" in converted.lines()


def test_names_and_order_are_the_models_own(converted):
    assert [info.name for info in converted.inputs] == ["image"]
    assert [info.name for info in converted.outputs] == ["scores", "corners", "level"]
    assert converted.inputs[0].shape == (1, 40, 56, 3)
    assert converted.outputs[1].shape == (1, 10, 14, 8)


def test_the_folder_holds_the_artefacts_and_nothing_else(converted):
    names = {path.name for path in converted.tflite.parent.iterdir()}
    assert names == {
        "model.onnx", "saved_model", "model_fp32.tflite", "trace.json", "convert.json",
    }  # fmt: skip
    report = json.loads((converted.tflite.parent / "convert.json").read_text())
    assert report["tflite"] == "model_fp32.tflite"
    assert report["parity"][0]["output"] == "scores"
    assert str(converted.tflite.parent) not in json.dumps(report)


def test_the_trace_leads_from_file_to_module(converted, detector):
    trace = json.loads(converted.trace.read_text())
    assert len(trace["tensors"]) >= 0.95 * trace["activations"]
    modules = {name for name, _ in detector.named_modules()}
    assert {entry["module"] for entry in trace["tensors"].values()} <= modules
    assert trace["tensors"]["scores"]["module"] == "scores"
    assert trace["tensors"]["scores"]["value"] == "scores"


def test_another_folder_gets_the_same_bytes(converted, fresh_children, tmp_path):
    again = to_tflite(converted.onnx, tmp_path / "elsewhere", inputs={"image": pictures(4)})
    assert again.tflite.read_bytes() == converted.tflite.read_bytes()
    assert again.onnx == converted.onnx
    assert not (tmp_path / "elsewhere" / "model.onnx").exists()


def test_raw_pixels_go_in_as_bytes(detector, tmp_path):
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 3, 40, 56), dtype=np.uint8)
    report = to_tflite(
        detector,
        tmp_path / "out",
        inputs={"image": pixels},
        input_dtype="uint8",
        output_layout="keep",
        normalization=(mean, std),
    )
    assert report.inputs[0].dtype == "uint8"
    assert report.inputs[0].shape == (1, 40, 56, 3)
    assert report.outputs[0].shape == (1, 1, 10, 14)
    # The factor lies in the stem's weights; the mean stays outside, for the stem is padded.
    assert report.op_histogram["SUB"] == 1
    found = LiteRtModel(report.tflite, report.inputs, report.outputs).run({"image": pixels[:1]})
    shape = (3, 1, 1)
    normalised = (pixels[:1] / 255 - np.reshape(mean, shape)) / np.reshape(std, shape)
    with torch.no_grad():
        expected = detector(torch.from_numpy(normalised.astype(np.float32)))
    for name, value in expected.items():
        error = np.abs(found[name] - value.numpy()).max() / value.abs().max()
        assert error < CLOSE, name


def test_an_archive_of_a_transformer_keeps_its_recognised_operators(tmp_path):
    network = settled(VisionTransformer())
    program = torch.export.export(network, (torch.from_numpy(pictures(1)),))
    torch.export.save(program, tmp_path / "vit.pt2")
    report = to_tflite(tmp_path / "vit.pt2", tmp_path / "out")
    applied = {rewrite.name: rewrite.count for rewrite in report.rewrites}
    assert applied["scale_into_projection"] == 2
    assert applied["normalization_into_layers"] == 4
    assert report.op_histogram["GELU"] == 2
    assert report.op_histogram["BATCH_MATMUL"] == 4
    assert max(p.max_relative for p in report.parity) < CLOSE
    assert report.parity[0].hop == "pytorch → onnx"
    assert report.samples == "3 random samples"


class Selected(torch.nn.Module):
    def forward(self, x):
        return torch.nonzero(x > 0)


def test_an_output_may_have_no_elements(tmp_path):
    """Nothing is above the threshold in the second sample, and LiteRT gives no tensor of that."""
    x = np.zeros((3, 2, 3, 5), np.float32)
    x[0, 1, 2, 3] = x[2, :, 1] = 1
    report = to_tflite(Selected().eval(), tmp_path / "out", inputs={"x": x})
    assert all(parity.max_relative == 0 for parity in report.parity)
    (found,) = LiteRtModel(report.tflite).run({"x": x[1:2]}).values()
    assert (found.shape, found.dtype) == ((0, 4), np.int64)


UNKNOWN = """<ir_version: 10, opset_import: ["": 20, "mine": 1]>
 net (float[1,3,5,7] x) => (float[1,3,5,7] y)
 { [first] a = mine.Whirl(x) b = Relu(a) [second] y = mine.Twirl <speed = 3> (b) }"""


def test_refusal_lists_every_node_and_leaves_earlier_artefacts(tmp_path):
    path, out = tmp_path / "net.onnx", tmp_path / "out"
    onnx.save(onnx.parser.parse_model(UNKNOWN), path)
    out.mkdir()
    (out / "model_fp32.tflite").write_bytes(b"earlier")
    with pytest.raises(UnsupportedOp, match=r"(?s)first.*Whirl.*second.*Twirl"):
        to_tflite(path, out)
    assert (out / "model_fp32.tflite").read_bytes() == b"earlier"
    assert {entry.name for entry in tmp_path.iterdir()} == {"net.onnx", "out"}
    assert [entry.name for entry in out.iterdir()] == ["model_fp32.tflite"]


OPERATORS = """
import tensorflow as tf
from decant.convert import op, pointwise

@op("mine::Whirl")
def whirl(x):
    return pointwise(tf.sin, x)

@op("mine::Twirl")
def twirl(x, *, speed=1):
    return pointwise(lambda t: t * speed, x)
"""


def test_operators_of_ones_own_convert_with_a_reference(tmp_path):
    path, operators = tmp_path / "net.onnx", tmp_path / "mine.py"
    onnx.save(onnx.parser.parse_model(UNKNOWN), path)
    operators.write_text(OPERATORS)

    def reference(x):
        return torch.relu(torch.sin(x)) * 3

    report = to_tflite(path, tmp_path / "out", operators=[operators], reference=reference)
    assert report.parity[0].hop == "pytorch → saved_model"
    assert "ONNX Runtime does not know mine::Twirl, mine::Whirl" in report.warnings[0]


SHORT = """
<ir_version: 10, opset_import: ["" : 18]>
net (int16[2, 3] x) => (int16[2, 3] y) { n = Neg(x)  y = Max(x, n) }
"""


def test_a_kernel_that_onnx_runtime_lacks_is_its_gap_not_the_files(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(SHORT), path)
    report = to_tflite(path, tmp_path / "out", reference=torch.abs)
    assert report.parity[0].hop == "pytorch → saved_model"
    assert (
        "no kernel for an operator (Could not find an implementation for Max"
        in (report.warnings[0])
    )


BATCH_FIRST = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2, 5, 2] x) => (float[2, 5, 1, 1] y)
<float[1, 1, 2] w = {0.5, -0.7}, float[1, 1, 1] r = {0.3}>
{ y = RNN<hidden_size = 1, layout = 1>(x, w, r) }
"""


def test_a_recurrent_layer_with_the_batch_first_is_a_gap_of_onnx_runtime(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(BATCH_FIRST), path)
    report = to_tflite(path, tmp_path / "out")
    gap = r"ONNX Runtime has no kernel for an operator \(Batchwise recurrent .*not supported"
    assert re.match(rf"{gap}.*: the file was checked against nothing but", report.warnings[0], re.S)


NEWEST = """
<ir_version: 13, opset_import: ["" : 28]>
net (int32[2, 3] x) => (int32[2, 3] y) { y = BitwiseNot(x) }
"""


def test_an_opset_that_onnx_runtime_does_not_know_yet_is_its_gap(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(NEWEST), path)
    report = to_tflite(path, tmp_path / "out")
    assert "Opset 28 is under development" in report.warnings[0]


HALF = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2, 3] x) => (float[2, 2] y) <float16[3, 2] w = {{1, 2, 3, 4, 5, 6}}> {{ {nodes} }}
"""


def test_weights_stored_in_half_precision_convert(tmp_path):
    path = tmp_path / "net.onnx"
    nodes = "v = Cast<to = 1>(w)  y = MatMul(x, v)"
    onnx.save(onnx.parser.parse_model(HALF.format(nodes=nodes)), path)
    assert to_tflite(path, tmp_path / "out").op_histogram == {"FULLY_CONNECTED": 1}


BATCHED = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[N, 3, 32, 24] x) => (float[N, 96, 24] y, float[N, 1] z) {
    rest = Constant<value_ints = [96, 24]>()
    count = Shape<start = 0, end = 1>(x)
    rows = Concat<axis = 0>(count, rest)
    axes = Constant<value_ints = [1, 2]>()
    a = Relu(x)
    y = Reshape(a, rows)
    m = ReduceMean<keepdims = 0>(y, axes)
    last = Constant<value_ints = [-1, 1]>()
    z = Reshape(m, last)
}
"""


@pytest.mark.parametrize("batch", [1, 4])
def test_a_file_of_free_batch_runs_with_any(batch, tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(BATCHED), path)
    report = to_tflite(path, tmp_path / "out", shapes={"x": ["?", 3, 32, 24]})
    assert [info.shape for info in report.inputs] == [(None, 3, 32, 24)]
    interpreter = Interpreter(model_path=str(report.tflite))
    (entry,) = interpreter.get_input_details()
    x = np.random.default_rng(0).standard_normal((batch, 3, 32, 24)).astype(np.float32)
    interpreter.resize_tensor_input(entry["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], x)
    interpreter.invoke()
    y, z = (interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details())
    np.testing.assert_array_equal(y, np.maximum(x, 0).reshape(batch, 96, 24))
    np.testing.assert_allclose(z, y.mean((1, 2)).reshape(-1, 1), rtol=1e-5)


KNOWN = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 4] x) => (float[1, 4] y) { y = Sigmoid(x) }
"""
NOSY = """
import os
from pathlib import Path

from decant.convert import op

Path(__file__).with_suffix(".environment").write_text(os.environ.get("MALLOC_CHECK_", "none"))


@op("example::Unused")
def unused(x):
    return x
"""


def test_tensorflow_and_the_saved_model_run_with_a_checked_heap(tmp_path):
    """An operators file is read by the process that builds the SavedModel and first runs it."""
    path, operators = tmp_path / "net.onnx", tmp_path / "nosy.py"
    onnx.save(onnx.parser.parse_model(KNOWN), path)
    operators.write_text(NOSY)
    to_tflite(path, tmp_path / "out", operators=[operators])
    assert operators.with_suffix(".environment").read_text() == "3"


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        pytest.param("missing.onnx", {}, DataError, "no such file", id="missing"),
        pytest.param("net.txt", {}, UsageError, r"takes an \.onnx or \.pt2", id="suffix"),
        pytest.param(3, {}, UsageError, "neither a path nor", id="not-a-module"),
        pytest.param(
            torch.nn.ReLU().eval(),
            {},
            DataError,
            r"give `inputs` = \{\"input\": …\}",
            id="no-example",
        ),
        pytest.param(
            "net.onnx",
            {"operators": ["nothing.py"]},
            DataError,
            r"operators file nothing\.py: no such file",
            id="no-operators",
        ),
        pytest.param(
            "net.onnx",
            {"operators": [__file__.removesuffix("test_to_tflite.py")]},
            DataError,
            "is a folder; name a file in it",
            id="folder-of-operators",
        ),
        pytest.param(
            "net.onnx",
            {"normalization": ((0.5,), (0.5,))},
            UsageError,
            "with uint8 input only",
            id="normalization-of-floats",
        ),
        pytest.param(
            "net.onnx",
            {"input_layout": "nchw"},
            UsageError,
            "input_layout is 'nchw'; give one of 'nhwc', 'keep'",
            id="layout",
        ),
        pytest.param(
            "net.onnx",
            {"input_dtype": "int8"},
            UsageError,
            "input_dtype is 'int8'; give one of 'float32', 'uint8'",
            id="dtype",
        ),
    ],
)
def test_wrong_use_is_told(tmp_path, monkeypatch, source, options, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        to_tflite(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
