"""Files that other tools quantized, the whole way: what they compute, in float, and its cost."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import emit
from onnx import TensorProto, helper

from decant.convert import to_tflite
from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime
from decant.runtime import LiteRtModel

QUANTUM = 0.1


def weight(name, array):
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def saved(nodes, weights, folder, shapes=((1, 3, 8, 6), (1, 4, 8, 6)), opset=13):
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in zip("xy", shapes, strict=True)
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(model, folder / "net.onnx")
    return folder / "net.onnx"


def drawn(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.fixture
def qlinear(tmp_path):
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "z"], ["q"]),
        helper.make_node(
            "QLinearConv", ["q", "xs", "z", "w", "ws", "wz", "ys", "z"], ["c"], pads=[1, 1, 1, 1]
        ),
        helper.make_node("DequantizeLinear", ["c", "ys", "z"], ["y"]),
    ]
    weights = [
        weight("xs", np.float32(0.02)),
        weight("ys", np.float32(QUANTUM)),
        weight("z", np.uint8(128)),
        weight("w", rng.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)),
        weight("ws", rng.uniform(0.005, 0.01, 4).astype(np.float32)),
        weight("wz", np.zeros(4, np.int8)),
    ]
    return saved(nodes, weights, tmp_path)


def test_a_quantized_convolution_is_within_one_quantum_in_litert(qlinear, tmp_path):
    x = drawn(4, 1, 3, 8, 6)
    report = to_tflite(qlinear, tmp_path / "out", inputs={"x": x}, tolerance=0.02)
    runtime = OnnxRuntime(qlinear)
    model = LiteRtModel(report.tflite, report.inputs, report.outputs)
    for image in x:
        found, expected = (each.run({"x": image})["y"] for each in (model, runtime))
        assert np.abs(found - expected).max() < 1.01 * QUANTUM
        assert (np.abs(found - expected) > 0.01 * QUANTUM).mean() < 0.01
    assert report.op_histogram["CONV_2D"] == 1


def test_the_growth_of_integer_weights_is_said_once(qlinear, tmp_path):
    report = to_tflite(
        qlinear, tmp_path / "out", inputs={"x": drawn(2, 1, 3, 8, 6)}, tolerance=0.02
    )
    (warning,) = report.warnings
    after = report.tflite.stat().st_size / 1e6
    before = qlinear.stat().st_size / 1e6
    assert "weights that are stored as integers were widened to float32" in warning
    assert f"takes {after:.3f} MB, the .onnx {before:.3f} MB" in warning
    assert "decant quantize makes an int8 file" in warning


def test_dynamic_quantization_computes_what_onnx_runtime_does(tmp_path):
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("MatMulInteger", ["q", "w", "z", "wz"], ["i"]),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["s", "ws"], ["sw"]),
        helper.make_node("Mul", ["f", "sw"], ["y"]),
    ]
    weights = [
        weight("w", rng.integers(0, 255, (16, 8)).astype(np.uint8)),
        weight("wz", np.uint8(128)),
        weight("ws", np.float32(0.01)),
    ]
    path = saved(nodes, weights, tmp_path, ((3, 16), (3, 8)), opset=14)
    report = to_tflite(path, tmp_path / "out", inputs={"x": drawn(4, 3, 16)})
    assert max(parity.max_relative for parity in report.parity) < 1e-6
    assert "widened to float32" in report.warnings[0]


def fake_quantized(kind, folder):
    """An activation that is quantized to a type of 4 or 8 bits, in front of a product."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["e"]),
        helper.make_node("Relu", ["e"], ["y"]),
    ]
    weights = [weight("s", np.float32(0.3)), helper.make_tensor("z", kind, (), [1])]
    return saved(nodes, weights, folder, ((3, 5), (3, 5)), opset=21)


def test_activations_of_four_bits_saturate(tmp_path):
    path = fake_quantized(TensorProto.INT4, tmp_path)
    report = to_tflite(path, tmp_path / "out", inputs={"x": 3 * drawn(4, 3, 5)})
    assert max(parity.max_relative for parity in report.parity) < 1e-6
    model = LiteRtModel(report.tflite, report.inputs, report.outputs)
    largest = model.run({"x": np.full((3, 5), 9, np.float32)})["y"]
    np.testing.assert_allclose(largest, 0.3 * (7 - 1), rtol=1e-6)


def test_quantizing_to_floats_of_eight_bits_is_refused():
    text = """<ir_version: 10, opset_import: ["": 21]> g (float[3,5] x) => (float[3,5] y)
    <float s = {0.3}> { q = QuantizeLinear<output_dtype = 17>(x, s) y = DequantizeLinear(q, s) }"""
    model = prepare(ir.from_proto(onnx.parser.parse_model(text)))
    with pytest.raises(UnsupportedOp, match=r"q: .*does not round to float8e4m3fn; quantize to 8"):
        emit(model)
