"""Quantized operators become float ones between their (de)quantizations, and compute the same."""

from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply
from decant.onnx_runtime import OnnxRuntime

rng = np.random.default_rng(0)
HEAD = '<ir_version: 10, opset_import: ["": 21, "com.microsoft": 1]> g '
WEIGHTS = {
    "xs": np.float32(0.02),
    "xz": np.uint8(130),
    "ys": np.float32(0.1),
    "yz": np.uint8(120),
    "w": rng.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
    "ws": rng.uniform(0.005, 0.01, 4).astype(np.float32),
    "wz": np.zeros(4, np.int8),
    "b": rng.integers(-500, 500, 4).astype(np.int32),
    "m": rng.integers(-127, 128, (5, 4)).astype(np.int8),
    "mz": rng.integers(-9, 9, 4).astype(np.int8),
    "zero": np.int8(0),
    "u": rng.integers(0, 255, (4, 3, 3, 3)).astype(np.uint8),
    "uz": np.uint8(128),
    "blocks": rng.integers(-127, 128, (4, 6)).astype(np.int8),
    "one": rng.integers(-127, 128, (4, 1, 3, 3)).astype(np.int8),
    "nibbles": rng.integers(0, 256, (6, 3, 8)).astype(np.uint8),
    "nibble_scales": rng.uniform(0.5, 1, 18).astype(np.float32),
    "packed": rng.integers(0, 256, 12).astype(np.uint8),
    "float_zeros": rng.uniform(6, 9, 18).astype(np.float32),
    "six": rng.uniform(6, 9, 6).astype(np.float32),
    "block_scales": rng.uniform(0.5, 1, (2, 6)).astype(np.float32),
}


def rewritten(text):
    """A model of the weights above, before and after."""
    proto = onnx.parser.parse_model(HEAD + text)
    used = {name for node in proto.graph.node for name in node.input}
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(array), name)
        for name, array in WEIGHTS.items()
        if name in used
    )
    after, _ = apply(prepare(ir.from_proto(proto)), REWRITES.chosen())
    return proto, after


def answers(model, seed):
    runtime = OnnxRuntime(model.SerializeToString(), optimize=False)
    drawn = np.random.default_rng(seed)
    feeds = {}
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [size.dim_value for size in kind.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        wide = drawn.normal(size=shape) if dtype.kind == "f" else drawn.integers(0, 255, shape)
        feeds[value.name] = wide.astype(dtype)
    return runtime.run(feeds)


IMAGE = "(float[2,3,5,6] x) => (float[2,4,5,6] y)"
Q = "q = QuantizeLinear(x, xs, xz)"
CONV = "q, xs, xz, w, ws, wz, ys, yz"


@pytest.mark.parametrize(
    ("text", "float_op"),
    [
        (
            f"{IMAGE} {{ {Q} c = QLinearConv<pads = [1, 1, 1, 1]>({CONV}, b)"
            " y = DequantizeLinear(c, ys, yz) }",
            "Conv",
        ),
        (
            f"(float[2,3,5,6] x) => (float[2,4,2,2] y) {{ {Q}"
            f" c = QLinearConv<strides = [2, 2]>({CONV}) y = DequantizeLinear(c, ys, yz) }}",
            "Conv",
        ),
        (
            f"(float[3,2,5] x) => (float[3,2,4] y) {{ {Q}"
            " c = QLinearMatMul(q, xs, xz, m, ws, mz, ys, yz) y = DequantizeLinear(c, ys, yz) }",
            "MatMul",
        ),
        (
            "(float[3,2,5] x, float[2,5] z) => (float[3,2,5] y)"
            f" {{ {Q} r = QuantizeLinear(z, ys, yz)"
            " c = com.microsoft.QLinearAdd(q, xs, xz, r, ys, yz, ys, yz)"
            " y = DequantizeLinear(c, ys, yz) }",
            "Add",
        ),
        (
            f"(float[3,2,5] x) => (float[3,2,5] y) {{ {Q}"
            " c = com.microsoft.QLinearSigmoid(q, xs, xz, xs, xz)"
            " y = DequantizeLinear(c, xs, xz) }",
            "Sigmoid",
        ),
        (
            f"(float[3,2,5] x) => (float[3,2,5] y) {{ {Q}"
            " c = com.microsoft.QLinearSoftmax<axis = 1, opset = 21>(q, xs, xz, xs, xz)"
            " y = DequantizeLinear(c, xs, xz) }",
            "Softmax",
        ),
        (
            f"(float[1,2,5,6] x) => (float[1,2,1,1] y) {{ {Q}"
            " c = com.microsoft.QLinearGlobalAveragePool(q, xs, xz, xs, xz)"
            " y = DequantizeLinear(c, xs, xz) }",
            "ReduceMean",
        ),
        (
            f"(float[3,2,5] x) => (float[3,4,5] y) {{ {Q} r = QuantizeLinear(x, ys, yz)"
            " c = com.microsoft.QLinearConcat<axis = 1>(ys, yz, q, xs, xz, r, ys, yz)"
            " y = DequantizeLinear(c, ys, yz) }",
            "Concat",
        ),
        (
            f"(float[2,5] x) => (float[2,4] y) {{ {Q}"
            " c = com.microsoft.QGemm<alpha = 0.5>(q, xs, xz, m, ws, mz, b, ys, yz)"
            " y = DequantizeLinear(c, ys, yz) }",
            "Gemm",
        ),
    ],
    ids=["conv", "no bias", "matmul", "add", "sigmoid", "softmax", "pool", "concat", "gemm"],
)
def test_a_quantized_operator_is_within_one_quantum(text, float_op):
    before, after = rewritten(text)
    ops = Counter(node.op_type for node in after.graph)
    assert ops[float_op] == 1
    assert {op for op in ops if op.startswith("Q") and op != "QuantizeLinear"} == set()
    for seed in range(3):
        expected, found = answers(before, seed)["y"], answers(ir.to_proto(after), seed)["y"]
        step = np.abs(found - expected).max() / float(WEIGHTS["ys"])
        assert step < 1.01  # a sum that lies between two integers may be rounded either way
        assert (found != expected).mean() < 0.01
        assert len(np.unique(expected)) > 1


@pytest.mark.parametrize(
    "text",
    [
        "(uint8[2,3,5,6] x) => (int32[2,4,3,4] y) { y = ConvInteger(x, u, xz, uz) }",
        "(uint8[2,3,5,6] x) => (int32[2,4,5,6] y)"
        " { y = ConvInteger<pads = [1, 1, 1, 1]>(x, w, xz, zero) }",
        "(uint8[3,2,5] x) => (int32[3,2,4] y) { y = MatMulInteger(x, m, xz, mz) }",
        "(uint8[3,2,5] x) => (int32[3,2,4] y) { y = MatMulInteger(x, m) }",
        "(uint8[2,5] x, int8[5,4] z) => (int32[2,4] y) { y = MatMulInteger(x, z, xz) }",
        "(uint8[1,2,5,6] x) => (uint8[1,2,2,3] y)"
        " { y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x) }",
        "(float[3,4] x) => (float[3,6] y)"
        " { k = DequantizeLinear<axis = 0, block_size = 2>(blocks, block_scales)"
        "   y = MatMul(x, k) }",
    ],
    ids=["conv", "padded", "matmul", "no zero points", "activations", "pool", "blocks"],
)
def test_integers_are_computed_exactly(text):
    before, after = rewritten(text)
    ops = {node.op_type for node in after.graph}
    assert ops <= {
        "Add",
        "Cast",
        "Conv",
        "MatMul",
        "MaxPool",
        "Sub",
    }  # a zero point may become a bias
    for seed in range(3):
        expected, found = answers(before, seed)["y"], answers(ir.to_proto(after), seed)["y"]
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


DYNAMIC = """q, s, z = DynamicQuantizeLinear(x)
    i = {product} f = Cast<to = 1>(i) t = Mul(s, {scale}) y = Mul(f, t)"""


@pytest.mark.parametrize(
    ("ends", "product", "scale", "found"),
    [
        ("(float[3,2,5] x) => (float[3,2,4] y)", "MatMulInteger(q, m, z, mz)", "ws", "MatMul"),
        ("(float[3,2,5] x) => (float[3,2,4] y)", "MatMulInteger(q, m, z)", "xs", "MatMul"),
        ("(float[2,3,5,6] x) => (float[2,4,3,4] y)", "ConvInteger(q, u, z, uz)", "xs", "Conv"),
    ],
    ids=["matmul", "no zero point", "conv"],
)
def test_a_dynamic_product_is_one_of_dequantized_operands(ends, product, scale, found):
    before, after = rewritten(f"{ends} {{ {DYNAMIC.format(product=product, scale=scale)} }}")
    ops = [node.op_type for node in after.graph]
    assert ops == ["DynamicQuantizeLinear", "DequantizeLinear", found]
    expected, got = answers(before, 0)["y"], answers(ir.to_proto(after), 0)["y"]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("ends", "product"),
    [
        ("(float[2,4,5,6] x) => (float[2,4,3,4] y)", "ConvInteger<group = 4>(q, one, z)"),
        ("(float[2,5] x, uint8[5,4] v) => (float[2,4] y)", "MatMulInteger(q, v, z)"),
        ("(float[2,5] x) => (float[2,4] y)", "MatMulInteger(q, m)"),
    ],
    ids=["groups", "computed weights", "another zero point"],
)
def test_a_dynamic_product_without_a_kernel_is_one_of_integers(ends, product):
    before, after = rewritten(f"{ends} {{ {DYNAMIC.format(product=product, scale='xs')} }}")
    assert "DequantizeLinear" not in {node.op_type for node in after.graph}
    expected, got = answers(before, 0)["y"], answers(ir.to_proto(after), 0)["y"]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("zeros", ["", "packed", "float_zeros"], ids=["middle", "packed", "floats"])
def test_weights_of_four_bits_become_floats(zeros):
    before, after = rewritten(
        f"""(float[3,40] x) => (float[3,6] y) {{
        y = com.microsoft.MatMulNBits<K = 40, N = 6, bits = 4, block_size = 16>(
            x, nibbles, nibble_scales, {zeros or '""'}, "", six) }}"""
    )
    assert {node.op_type for node in after.graph} <= {"Add", "MatMul"}
    expected, got = answers(before, 0)["y"], answers(ir.to_proto(after), 0)["y"]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_a_quantized_operator_with_its_channels_last_stays():
    text = f"""(float[1,5,6,2] x) => (float[1,1,1,2] y) {{ {Q}
    c = com.microsoft.QLinearGlobalAveragePool<channels_last = 1>(q, xs, xz, xs, xz)
    y = DequantizeLinear(c, xs, xz) }}"""
    _, after = rewritten(text)
    assert "QLinearGlobalAveragePool" in {node.op_type for node in after.graph}
