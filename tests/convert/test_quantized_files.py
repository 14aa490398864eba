"""Files that other tools quantized, the whole way: int8 kernels, what they compute, their cost."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import emit, parsed
from onnx import TensorProto, helper
from onnxruntime import quantization
from onnxruntime.quantization import QuantFormat, QuantType

from decant.convert import to_tflite
from decant.errors import UnsupportedOp
from decant.flatbuffer import Graph
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


def test_a_quantized_convolution_is_an_int8_kernel_within_one_quantum(qlinear, tmp_path):
    x = drawn(4, 1, 3, 8, 6)
    report = to_tflite(qlinear, tmp_path / "out", inputs={"x": x})
    assert report.op_histogram == {"CONV_2D": 1, "DEQUANTIZE": 1, "QUANTIZE": 1}
    runtime = OnnxRuntime(qlinear)
    model = LiteRtModel(report.tflite, report.inputs, report.outputs)
    for image in x:
        found, expected = (each.run({"x": image})["y"] for each in (model, runtime))
        assert np.abs(found - expected).max() < 1.01 * QUANTUM
        assert (np.abs(found - expected) > 0.01 * QUANTUM).mean() < 0.01
    assert report.warnings == ()


NETWORK = """(float[1,3,16,12] x) => (float[1,5] y) {
    a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]>(x, stem, stem_bias)
    b = Relu(a)
    c = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1], group = 8>(b, depthwise, depthwise_bias)
    d = Conv(c, pointwise, pointwise_bias)
    e = Add(b, d)
    p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(e)
    f = Flatten(p)
    y = Gemm(f, head, head_bias)
}"""
SHAPES = {
    "stem": (8, 3, 3, 3),
    "stem_bias": (8,),
    "depthwise": (8, 1, 3, 3),
    "depthwise_bias": (8,),
    "pointwise": (8, 8, 1, 1),
    "pointwise_bias": (8,),
    "head": (96, 5),
    "head_bias": (5,),
}
INT8_NETWORK = {
    "ADD": 1,
    "CONV_2D": 2,
    "DEPTHWISE_CONV_2D": 1,
    "DEQUANTIZE": 1,
    "FULLY_CONNECTED": 1,
    "MAX_POOL_2D": 1,
    "PAD": 1,
    "QUANTIZE": 1,
}


class Calibration(quantization.CalibrationDataReader):
    def __init__(self):
        self.samples = iter({"x": x} for x in drawn(8, 1, 3, 16, 12))

    def get_next(self):
        return next(self.samples, None)


def quantized(tmp_path, **options):
    onnx.save(parsed(NETWORK, SHAPES, opset=17), tmp_path / "float.onnx")
    path = tmp_path / "quantized.onnx"
    quantization.quantize_static(
        tmp_path / "float.onnx", path, Calibration(), weight_type=options.pop("weights"), **options
    )
    return path


@pytest.mark.parametrize(
    ("form", "activations", "per_channel"),
    [
        (QuantFormat.QDQ, QuantType.QUInt8, True),
        (QuantFormat.QDQ, QuantType.QInt8, False),
        (QuantFormat.QOperator, QuantType.QUInt8, False),
    ],
    ids=["QDQ per channel", "QDQ int8", "QOperator"],
)
def test_what_onnx_runtime_quantized_is_int8_throughout(tmp_path, form, activations, per_channel):
    path = quantized(
        tmp_path, quant_format=form, activation_type=activations, per_channel=per_channel,
        weights=QuantType.QInt8,
    )  # fmt: skip
    report = to_tflite(path, tmp_path / "out", inputs={"x": 2 * drawn(6, 1, 3, 16, 12)})
    counts = dict(report.op_histogram)
    reshapes = counts.pop("RESHAPE", 0) + counts.pop("TRANSPOSE", 0)
    assert counts == INT8_NETWORK
    assert reshapes <= 2
    assert report.tflite.stat().st_size < path.stat().st_size + 4096
    assert all(parity.tolerance > 1e-3 for parity in report.parity)  # a quantum of y
    assert report.warnings == ()


def test_bytes_of_weights_around_any_zero_point_are_two_halves_of_int8(tmp_path):
    path = quantized(
        tmp_path, quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8,
        weights=QuantType.QUInt8,
    )  # fmt: skip
    report = to_tflite(path, tmp_path / "out", inputs={"x": 2 * drawn(6, 1, 3, 16, 12)})
    assert report.op_histogram["CONCATENATION"] >= 2
    graph = Graph.from_file(report.tflite)
    kinds = ("CONV_2D", "FULLY_CONNECTED")
    products = [op for op in graph.operators if graph.kind(op) in kinds]
    assert all(graph.is_int8(int(op.outputs[0])) for op in products)


BLOCKS = """(float[3,256] x) => (float[3,256] y) {
    k = DequantizeLinear<axis = 0, block_size = 32>(w, s)
    y = MatMul(x, k)
}"""


def test_the_growth_of_weights_that_become_floats_is_said(tmp_path):
    model = parsed(BLOCKS, {"s": (8, 256)}, opset=21)
    integers = np.random.default_rng(0).integers(-127, 128, (256, 256)).astype(np.int8)
    model.graph.initializer.append(weight("w", integers))
    onnx.save(model, tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out", inputs={"x": drawn(4, 3, 256)})
    warning = report.warnings[0]
    after = report.tflite.stat().st_size / 1e6
    before = (tmp_path / "net.onnx").stat().st_size / 1e6
    assert "weights that are stored as integers were widened" in warning
    assert f"takes {after:.3f} MB, the .onnx {before:.3f} MB" in warning


def test_growth_by_unrolled_steps_is_not_laid_to_weights(tmp_path):
    text = """(float[30,1,5] x) => (float[30,1,1,3] y) {
        h, last = GRU<hidden_size = 4>(x, w, r)
        k = DequantizeLinear(q, s)
        y = MatMul(h, k)
    }"""
    model = parsed(text, {"w": (1, 12, 5), "r": (1, 12, 4), "s": ()})
    integers = np.random.default_rng(0).integers(-127, 128, (4, 3)).astype(np.int8)
    model.graph.initializer.append(weight("q", integers))
    onnx.save(model, tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out")
    warning = report.warnings[0]
    assert "widened" not in warning
    assert f"its {sum(report.op_histogram.values())} operators take most of that" in warning


def test_weights_that_alone_are_quantized_stay_so_in_the_file(tmp_path):
    text = """(float[3,256] x) => (float[3,128] y) {
        f = Cast<to = 1>(w) k = Mul(f, s) y = MatMul(x, k) }"""
    model = parsed(text, {"s": (128,)}, opset=17)
    integers = np.random.default_rng(0).integers(-127, 128, (256, 128)).astype(np.int8)
    model.graph.initializer.append(weight("w", integers))
    onnx.save(model, tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out", inputs={"x": drawn(4, 3, 256)})
    assert report.op_histogram == {"DEQUANTIZE": 1, "FULLY_CONNECTED": 1}
    assert report.tflite.stat().st_size < 1.1 * (tmp_path / "net.onnx").stat().st_size
    assert report.warnings == ()


DYNAMIC_TEXT = """(float[N,3,8,6] x) => (float[N,7,5] y) {
    a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, first, first_bias)
    b = Conv(a, second, second_bias)
    c = Reshape(b, shape)
    y = MatMul(c, head)
}"""


@pytest.mark.parametrize("weights", [QuantType.QInt8, QuantType.QUInt8], ids=["int8", "uint8"])
def test_dynamic_quantization_is_int8_and_computes_what_onnx_runtime_does(tmp_path, weights):
    shapes = {"first": (7, 3, 3, 3), "first_bias": (7,), "second": (7, 7, 1, 1)}
    model = parsed(DYNAMIC_TEXT, {**shapes, "second_bias": (7,), "head": (48, 5)}, opset=17)
    model.graph.initializer.append(weight("shape", np.array([-1, 7, 48])))
    onnx.save(model, tmp_path / "float.onnx")
    path = tmp_path / "net.onnx"
    quantization.quantize_dynamic(tmp_path / "float.onnx", path, weight_type=weights)
    assert "ConvInteger" in {node.op_type for node in onnx.load(path).graph.node}
    x = drawn(2, 2, 3, 8, 6)
    report = to_tflite(path, tmp_path / "out", inputs={"x": x}, shapes={"x": (None, 3, 8, 6)})
    assert max(parity.max_relative for parity in report.parity) < 1e-5
    graph = Graph.from_file(report.tflite)
    products = [op for op in graph.operators if graph.kind(op) in ("CONV_2D", "FULLY_CONNECTED")]
    assert len(products) == 3
    assert all(graph.is_int8(int(op.inputs[1])) for op in products)
    assert report.warnings == ()


def test_a_bias_of_integers_is_added_behind_an_int8_kernel(tmp_path):
    """As ONNX Runtime's quantizer wrote it up to 1.3: rounded by the scale of the run."""
    numbers = np.random.default_rng(0).integers(-127, 128, (6, 5, 3, 3)).astype(np.int8)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("ConvInteger", ["q", "w", "z"], ["whole"]),
        helper.make_node("Mul", ["s", "ws"], ["scale"]),
        helper.make_node("Div", ["bias", "scale"], ["steps"]),
        helper.make_node("Floor", ["steps"], ["floor"]),
        helper.make_node("Cast", ["floor"], ["integers"], to=TensorProto.INT32),
        helper.make_node("Add", ["whole", "integers"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "scale"], ["y"]),
    ]
    weights = [weight("w", numbers), weight("ws", np.float32(0.01))]
    weights.append(weight("bias", drawn(1, 6, 1, 1)))
    path = saved(nodes, weights, tmp_path, ((1, 5, 8, 7), (1, 6, 6, 5)), opset=14)
    report = to_tflite(path, tmp_path / "out", inputs={"x": drawn(3, 1, 5, 8, 7)})
    assert max(parity.max_relative for parity in report.parity) < 1e-6
    graph = Graph.from_file(report.tflite)
    (product,) = [op for op in graph.operators if graph.kind(op) == "CONV_2D"]
    assert graph.is_int8(int(product.inputs[1]))


def test_what_has_no_int8_kernel_is_computed_by_arithmetic(tmp_path):
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("Relu", ["d"], ["y"]),
    ]
    path = saved(nodes, [], tmp_path, ((3, 16), (3, 16)), opset=14)
    report = to_tflite(path, tmp_path / "out", inputs={"x": drawn(4, 3, 16)})
    assert max(parity.max_relative for parity in report.parity) < 1e-6
    assert "ROUND" in report.op_histogram


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


def test_a_depthwise_kernel_of_many_taps_stays_one_of_int8(tmp_path):
    text = """(float[1,16,9,9] x) => (float[1,16,9,9] y)
        { y = Conv<group = 16, pads = [3,3,3,3]>(x, k) }"""
    onnx.save(parsed(text, {"k": (16, 1, 7, 7)}, opset=17), tmp_path / "float.onnx")

    class Samples(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = iter({"x": x} for x in drawn(8, 1, 16, 9, 9))

        def get_next(self):
            return next(self.left, None)

    path = tmp_path / "quantized.onnx"
    quantization.quantize_static(
        tmp_path / "float.onnx", path, Samples(), weight_type=QuantType.QInt8
    )
    report = to_tflite(path, tmp_path / "out")
    assert report.op_histogram == {"DEPTHWISE_CONV_2D": 1, "DEQUANTIZE": 1, "QUANTIZE": 1}
