"""Models that compute in 16-bit or double floats are converted in float32, and that is said."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from onnx import TensorProto
from torch_networks import MobileDetector, pictures, settled

from decant.convert import precision, to_tflite
from decant.errors import UnsupportedOp
from decant.graph.precision import to_single
from decant.onnx_runtime import OnnxRuntime
from decant.runtime import LiteRtModel

HALF, BRAIN, DOUBLE = TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE
ROUNDING = {HALF: 2e-3, DOUBLE: 1e-5}
"""Relative: a few units of the coarser of the two precisions."""


def network(kind, dtype):
    """A product and constants of all sorts: as initializer, node and attribute."""
    text = f"""<ir_version: 10, opset_import: ["": 18]> g
    ({kind}[1,3,5,4] x) => ({kind}[1,3,5,2] y, {kind}[2] s) {{
        c = MatMul(x, w)
        shape = Constant<value = int64[1] {{2}}>()
        two = ConstantOfShape(shape)
        d = Mul(c, two)
        e = CastLike(d, x)
        t = Tanh(e)
        y = Cast<to = {dtype}>(t)
        s = ReduceSum<keepdims = 0>(t, axes)
    }}"""
    proto = onnx.parser.parse_model(text)
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 2))
    two = onnx.helper.make_tensor("value", dtype, [1], [2.0])
    fill = next(node for node in proto.graph.node if node.op_type == "ConstantOfShape")
    fill.attribute.append(onnx.helper.make_attribute("value", two))
    proto.graph.initializer.extend(
        [
            onnx.helper.make_tensor("w", dtype, weight.shape, weight.ravel()),
            onnx.numpy_helper.from_array(np.array([0, 1, 2]), "axes"),
        ]
    )
    return proto


def drawn(*shape):
    return np.random.default_rng(1).normal(size=shape)


def saved(proto, folder):
    path = folder / "net.onnx"
    onnx.save(proto, path)
    return path


@pytest.mark.parametrize(
    ("kind", "dtype", "numpy_type"),
    [("float16", HALF, np.float16), ("double", DOUBLE, np.float64)],
    ids=["float16", "double"],
)
def test_a_model_in_other_floats_becomes_float32(kind, dtype, numpy_type, tmp_path):
    path = saved(network(kind, dtype), tmp_path)
    x = drawn(3, 1, 3, 5, 4).astype(numpy_type)
    report = to_tflite(path, tmp_path / "out", inputs={"x": x})
    assert {info.dtype for info in (*report.inputs, *report.outputs)} == {"float32"}
    assert report.onnx == tmp_path / "out" / "model_float32.onnx"
    found = LiteRtModel(report.tflite, report.inputs, report.outputs).run(
        {"x": x[0].astype(np.float32)}
    )
    expected = OnnxRuntime(path).run({"x": x[0]})
    for name, wanted in expected.items():
        error = np.abs(found[name] - wanted).max() / np.abs(wanted).max()
        assert error < ROUNDING[dtype], name
    (warning,) = report.warnings
    done = "widened" if dtype == HALF else "narrowed"
    assert f"computes in {kind}, and TFLite in float32" in warning
    assert f"arithmetic were {done} (model_float32.onnx), which moves its answers by" in warning


def test_what_onnx_runtime_cannot_run_is_checked_in_float32(tmp_path):
    report = to_tflite(saved(network("bfloat16", BRAIN), tmp_path), tmp_path / "out")
    (warning,) = report.warnings
    assert "computes in bfloat16" in warning
    assert "ONNX Runtime cannot run it as it was, so that form alone was checked" in warning
    assert max(parity.max_relative for parity in report.parity) < 1e-5


def test_masks_of_the_smallest_double_stay_finite(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 18]> g (double[2,3] x) => (double[2,3] y)
    <double[3] mask = {0, -1.7976931348623157e308, 0}> { m = Add(x, mask) y = Softmax(m) }"""
    report = to_tflite(saved(onnx.parser.parse_model(text), tmp_path), tmp_path / "out")
    model = LiteRtModel(report.tflite, report.inputs, report.outputs)
    found = model.run({"x": np.zeros((2, 3), np.float32)})["y"]
    np.testing.assert_allclose(found, [[0.5, 0, 0.5]] * 2, atol=1e-6)


def test_doubles_inside_a_float32_model_are_narrowed(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 18]> g (float[2,3] x) => (float[2,3] y) {
    d = Cast<to = 11>(x) e = Exp(d) y = Cast<to = 1>(e) }"""
    path = saved(onnx.parser.parse_model(text), tmp_path)
    report = to_tflite(path, tmp_path / "out", reference=torch.exp)
    assert report.op_histogram == {"EXP": 1}
    assert report.parity[0].hop == "pytorch → onnx"
    assert "computes in double, and TFLite in float32" in report.warnings[0]


def test_types_are_changed_in_branches_too(tmp_path):
    """The parser takes the bits of a float16: 16384 are those of 2.0."""
    text = """<ir_version: 10, opset_import: ["": 18]> g (float16[2,3] x) => (float16[2,3] y)
    <bool yes = {1}> {
        y = If(yes) <
            then_branch = a () => (float16[2,3] t) <float16 two = {16384}> { t = Mul(x, two) },
            else_branch = b () => (float16[2,3] e) { e = Identity(x) }>
    }"""
    path = saved(onnx.parser.parse_model(text), tmp_path)
    model = ir.load(path)
    to_single(model)
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    x = drawn(2, 3).astype(np.float32)
    np.testing.assert_array_equal(OnnxRuntime(proto.SerializeToString()).run({"x": x})["y"], x * 2)


def test_a_float32_model_is_left_alone(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 18]> g (float[2,3] x) => (float[2,3] y)
    <double[3] w = {1, 2, 3}> { f = Cast<to = 1>(w) y = Mul(x, f) }"""
    path = saved(onnx.parser.parse_model(text), tmp_path)
    report = to_tflite(path, tmp_path / "out")
    assert report.onnx == path
    assert report.warnings == ()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_a_module_in_other_floats_is_converted_in_float32(dtype, tmp_path):
    module = settled(MobileDetector()).to(dtype)
    images = pictures(2).astype(np.float16)
    report = to_tflite(module, tmp_path / "out", inputs={"image": images})
    name = str(dtype).removeprefix("torch.")
    assert f"weights are {name}, and TFLite computes in float32" in report.warnings[0]
    assert {parameter.dtype for parameter in module.parameters()} == {dtype}
    assert report.parity[0].hop == "pytorch → onnx"


def test_an_archive_in_half_precision_is_held_to_its_float32_form(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh()).half().eval()
    program = torch.export.export(module, (torch.ones(1, 4).half(),))
    torch.export.save(program, tmp_path / "net.pt2")
    report = to_tflite(tmp_path / "net.pt2", tmp_path / "out")
    assert report.parity[0].hop == "onnx → saved_model"
    assert "computes in float16" in report.warnings[0]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model.onnx", "model_float32.onnx"} <= names


def test_weights_too_large_for_one_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "LARGEST_BYTES", 31)
    path = saved(network("float16", HALF), tmp_path)
    with pytest.raises(UnsupportedOp, match=r"take .* GB in float32, .* external data$"):
        to_tflite(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
