"""Writes quantized operators as the float arithmetic between their (de)quantizations.

Every quantized network comes to one form: DequantizeLinear, a float operator, QuantizeLinear, and
weights in float. A pass that makes integer kernels of it has to know this form alone, and to come
before `integer_weights`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import (
    attribute,
    both_ways,
    constant,
    is_private,
    new_constant,
    new_outputs,
    produced_by,
    rank,
    replace,
)
from decant.graph.evaluate import evaluate
from decant.graph.rewrite import Rewrites

from .constants import widens_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = Rewrites()

CONTRIB = "com.microsoft"
"""Domain of ONNX Runtime's own operators."""

UNARY = {
    "QLinearAveragePool": "AveragePool",
    "QLinearGlobalAveragePool": "GlobalAveragePool",
    "QLinearLeakyRelu": "LeakyRelu",
    "QLinearSigmoid": "Sigmoid",
    "QLinearSoftmax": "Softmax",
}
BINARY = {"QLinearAdd": "Add", "QLinearMul": "Mul"}
CONTRIB_OPERATORS = (
    *UNARY,
    *BINARY,
    "QLinearConcat",
    "QGemm",
    "QuantizeLinear",
    "DequantizeLinear",
)


@RULES.node("qlinear_conv", "QLinearConv")
def qlinear_conv(node: ir.Node) -> bool:
    """Write a quantized convolution as a float one.

    Before: QLinearConv(x, xs, xz, w, ws, wz, ys, yz, b)
    After:  QuantizeLinear(Conv(DQ(x, xs, xz), DQ(w, ws, wz), DQ(b, xs * ws)), ys, yz)
    """
    x, kernel = _dequantized(node, 0), _dequantized(node, 3, axis=0)
    bias = _bias(node, 8)
    y = _float(node, "Conv", [x, kernel, bias], _attributes(node))
    return _quantize(node, y, 6)


@RULES.node("qlinear_matmul", "QLinearMatMul")
def qlinear_matmul(node: ir.Node) -> bool:
    """Write a quantized product as a float one.

    Before: QLinearMatMul(a, as, az, b, bs, bz, ys, yz)
    After:  QuantizeLinear(MatMul(DQ(a, as, az), DQ(b, bs, bz)), ys, yz)
    """
    a, b = _dequantized(node, 0, axis=-2), _dequantized(node, 3, axis=-1)
    return _quantize(node, _float(node, "MatMul", [a, b]), 6)


@RULES.node("dynamic_product", "Mul")
def dynamic_product(node: ir.Node) -> bool:
    """Write a product with what is quantized while the network runs as one of dequantized operands.

    Before: q, s, z = DynamicQuantizeLinear(x); Mul(Cast(MatMulInteger(q, W, z, wz)), Mul(s, ws))
    After:  MatMul(DQ(q, s, z), DQ(W, ws, wz)), and likewise for ConvInteger
    """
    for whole, scale in both_ways(node):
        cast, scales = produced_by(whole, "Cast"), produced_by(scale, "Mul")
        product = produced_by(cast.inputs[0], *DYNAMIC) if cast else None
        if product is None or scales is None or not is_private(product.outputs[0]):
            continue
        quantizer = produced_by(product.inputs[0], "DynamicQuantizeLinear")
        if quantizer is None or _input(product, 2) is not quantizer.outputs[2]:
            continue
        for step, weight_scale in both_ways(scales):
            kernel = _dynamic_kernel(node, product, weight_scale)
            if step is quantizer.outputs[1] and kernel is not None:
                x = new_outputs(node, "DequantizeLinear", quantizer.outputs, like=step)[0]
                attributes = _attributes(product)
                y = _float(node, DYNAMIC[product.op_type], [x, kernel], attributes)
                replace(node.outputs[0], y)
                return True
    return False


DYNAMIC = {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}
"""Products of integers, and of what they stand for."""


def _dynamic_kernel(node: ir.Node, product: ir.Node, scale: ir.Value) -> ir.Value | None:
    """The floats of constant weights that TFLite multiplies with what it quantizes by itself."""
    weights, zero = constant(product.inputs[1]), _input(product, 3)
    scales, zeros = constant(scale), np.zeros(1) if zero is None else constant(zero)
    if weights is None or scales is None or zeros is None:
        return None
    convolves = product.op_type == "ConvInteger"
    if convolves and attribute(product, "group") != 1:
        return None
    if not convolves and weights.ndim != 2:
        return None
    axis = 0 if convolves else 1
    count = max(scales.size, zeros.size)
    if count not in (1, weights.shape[axis]):
        return None
    sizes = () if count == 1 else (count,)
    given = [
        product.inputs[1],
        _constant(node, np.resize(scales, sizes), "scale"),
        _constant(node, np.resize(zeros, sizes).astype(weights.dtype), "zero_point"),
    ]
    return new_outputs(node, "DequantizeLinear", given, {"axis": axis}, like=scale)[0]


@RULES.node("conv_integer", "ConvInteger")
def conv_integer(node: ir.Node) -> bool:
    """Write a convolution of integers as one of floats, which hold them.

    Before: ConvInteger(x, w, xz, wz)
    After:  Cast(Conv(x - xz, w - wz), to=int32)
    """
    x, kernel = _shifted(node, 0, 2), _shifted(node, 1, 3, axis=0)
    return _cast_back(node, _float(node, "Conv", [x, kernel], _attributes(node)))


@RULES.node("matmul_integer", "MatMulInteger")
def matmul_integer(node: ir.Node) -> bool:
    """Write a product of integers as one of floats, which hold them.

    Before: MatMulInteger(a, b, az, bz)
    After:  Cast(MatMul(a - az, b - bz), to=int32)
    """
    a, b = _shifted(node, 0, 2, axis=-2), _shifted(node, 1, 3, axis=-1)
    return _cast_back(node, _float(node, "MatMul", [a, b]))


@RULES.node("contrib_quantization", *CONTRIB_OPERATORS, domain=CONTRIB)
def contrib_quantization(node: ir.Node) -> bool:
    """Write a quantized operator of ONNX Runtime's own as the float operator.

    Before: com.microsoft.QLinearAdd(a, as, az, b, bs, bz, ys, yz) | QLinearSigmoid(x, …) | …
    After:  QuantizeLinear(Add(DQ(a, as, az), DQ(b, bs, bz)), ys, yz) | …
    """
    attributes = _attributes(node)
    if attributes.pop("channels_last", 0):
        return False
    attributes.pop("opset", None)  # of QLinearSoftmax: the model's
    if node.op_type in UNARY:
        y = _float(node, UNARY[node.op_type], [_dequantized(node, 0)], attributes)
        return _quantize(node, y, 3)
    if node.op_type in BINARY:
        operands = [_dequantized(node, 0), _dequantized(node, 3)]
        return _quantize(node, _float(node, BINARY[node.op_type], operands), 6)
    if node.op_type == "QLinearConcat":
        parts = [_dequantized(node, at) for at in range(2, len(node.inputs), 3)]
        return _quantize(node, _float(node, "Concat", parts, attributes), 0)
    if node.op_type == "QGemm":
        return _gemm(node, attributes)
    if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        outputs = new_outputs(node, node.op_type, node.inputs, attributes, like=node.outputs[0])
        replace(node.outputs[0], outputs[0])
        return True
    return False


def _gemm(node: ir.Node, attributes: dict[str, Any]) -> bool:
    """QGemm(a, as, az, b, bs, bz, c, ys, yz): c is added before alpha, and y may be float."""
    axis = 0 if attributes.get("transB") else 1
    a, b = _dequantized(node, 0), _dequantized(node, 3, axis=axis)
    bias = _bias(node, 6, factor=attributes.get("alpha", 1.0))
    y = _float(node, "Gemm", [a, b, bias], attributes)
    if _input(node, 7) is not None:
        return _quantize(node, y, 7)
    replace(node.outputs[0], y)
    return True


@RULES.node("dynamic_layer", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", domain=CONTRIB)
def dynamic_layer(node: ir.Node) -> bool:
    """Write a linear layer of integers as one of dequantized operands.

    Before: com.microsoft.DynamicQuantizeMatMul(x, W, ws, wz, b) | MatMulIntegerToFloat(q, W, s, …)
    After:  q, s, z = DynamicQuantizeLinear(x); Add(MatMul(DQ(q, s, z), DQ(W, ws, wz)), b)
    """
    if node.op_type == "DynamicQuantizeMatMul":
        a = _quantized_while_running(node)
        weights, bias = [node.inputs[1], node.inputs[2], _input(node, 3)], _input(node, 4)
    else:
        a = [node.inputs[0], node.inputs[2], _input(node, 4)]
        weights, bias = [node.inputs[1], node.inputs[3], _input(node, 5)], _input(node, 6)
    (x,) = new_outputs(node, "DequantizeLinear", a, like=_first(a[1:]))
    axis = {"axis": 1} if rank(weights[1]) == 1 else {}
    (kernel,) = new_outputs(node, "DequantizeLinear", weights, axis, like=_first(weights[1:]))
    y = _float(node, "MatMul", [x, kernel])
    replace(node.outputs[0], y if bias is None else _float(node, "Add", [y, bias]))
    return True


def _quantized_while_running(node: ir.Node) -> list[ir.Value | None]:
    """The first input as uint8, its scale and its zero point."""
    x = node.inputs[0]
    assert x is not None
    integers, scale, zero = new_outputs(node, "DynamicQuantizeLinear", [x], like=x, count=3)
    integers.type = zero.type = ir.TensorType(ir.DataType.UINT8)
    return [integers, scale, zero]


@RULES.node("block_weights", "MatMulNBits", domain=CONTRIB)
def block_weights(node: ir.Node) -> bool:
    """Compute the floats that weights of few bits, with a scale per block, stand for.

    Before: com.microsoft.MatMulNBits(x, W: uint8 [N, blocks, bytes], scales, zeros, order, bias)
    After:  Add(MatMul(x, W: float [K, N]), bias)
    """
    given = [constant(_input(node, at)) for at in range(1, 5)]
    known = [_input(node, at) is None or array is not None for at, array in enumerate(given, 1)]
    weights, scales, zeros, order = given
    if not all(known) or weights is None or scales is None or order is not None:
        return False
    bits, size, columns = (node.attributes[name].as_int() for name in ("bits", "block_size", "K"))
    rows, blocks = weights.shape[:2]
    whole = _unpacked(weights.reshape(rows, -1), bits).reshape(rows, blocks, -1)[:, :, :size]
    floats = whole.astype(np.float32) - _block_zeros(zeros, bits, rows, blocks)
    floats *= scales.astype(np.float32).reshape(rows, blocks, 1)
    kernel = np.ascontiguousarray(floats.reshape(rows, -1)[:, :columns].T)
    y = _float(node, "MatMul", [node.inputs[0], _constant(node, kernel, "dequantized")])
    if (bias := _input(node, 5)) is not None:
        y = _float(node, "Add", [y, bias])
    replace(node.outputs[0], y)
    return True


def _block_zeros(zeros: Any, bits: int, rows: int, blocks: int) -> Any:
    """Zero points [rows, blocks, 1] in float: packed like weights, floats, or the middle."""
    if zeros is None:
        return np.float32(2 ** (bits - 1))
    if zeros.dtype == np.uint8:
        zeros = _unpacked(zeros.reshape(rows, -1), bits)[:, :blocks]
    return zeros.astype(np.float32).reshape(rows, blocks, 1)


def _unpacked(packed: Any, bits: int) -> Any:
    """Numbers of some bits [rows, n] that lie in bytes [rows, …], the lowest bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    numbers = packed[:, :, None] >> shifts & np.uint8(2**bits - 1)
    return numbers.reshape(len(packed), -1)


@RULES.node("integer_pool", "MaxPool")
def integer_pool(node: ir.Node) -> bool:
    """Pool integers as floats, which hold them: TFLite pools only what it knows the scale of.

    Before: x = QuantizeLinear(…, s, z); MaxPool(x: uint8)
    After:  QuantizeLinear(MaxPool(DequantizeLinear(x, s, z)), s, z)

    Before: MaxPool(x: uint8)
    After:  Cast(MaxPool(Cast(x, to=float)), to=uint8)
    """
    x, output = node.inputs[0], node.outputs[0]
    if x is None or x.dtype is None or not x.dtype.is_integer() or len(node.outputs) > 1:
        return False
    quantizer = produced_by(x, "QuantizeLinear")
    if quantizer is not None and rank(quantizer.inputs[1]) == 0:
        scaling = quantizer.inputs[1:]
        (floats,) = new_outputs(node, "DequantizeLinear", [x, *scaling], like=_first(scaling))
        pooled = _float(node, "MaxPool", [floats], _attributes(node))
        (whole,) = new_outputs(node, "QuantizeLinear", [pooled, *scaling], like=output)
        replace(output, whole)
        return True
    pooled = _float(node, "MaxPool", [_cast(node, x, ir.DataType.FLOAT)], _attributes(node))
    replace(output, _cast(node, pooled, x.dtype))
    return True


@RULES.node("integer_weights", "DequantizeLinear", "Cast")
def integer_weights(node: ir.Node) -> bool:
    """Compute the floats that integer weights stand for, by tensor, axis or block.

    Before: MatMul(x, DequantizeLinear(W: int8, scale, zero)) | MatMul(x, Cast(W: int8))
    After:  MatMul(x, W: float32)
    """
    if not widens_weights(node):
        return False
    arrays = [constant(value) for value in node.inputs]
    given = zip(node.inputs, arrays, strict=True)
    if any(value is not None and array is None for value, array in given):
        return False
    results = evaluate(node, arrays)
    if results is None:
        return False
    replace(node.outputs[0], _constant(node, results[0], "dequantized"))
    return True


def _input(node: ir.Node, index: int) -> ir.Value | None:
    return node.inputs[index] if index < len(node.inputs) else None


def _attributes(node: ir.Node) -> dict[str, Any]:
    return {name: attr.value for name, attr in node.attributes.items()}


def _constant(node: ir.Node, array: Any, what: str) -> ir.Value:
    graph: Any = node.graph
    return new_constant(graph, array, f"{node.outputs[0].name}/{what}")


def _float(
    node: ir.Node,
    op_type: str,
    inputs: Sequence[ir.Value | None],
    attributes: dict[str, Any] | None = None,
) -> ir.Value:
    """Insert a float operator on floats."""
    return new_outputs(node, op_type, inputs, attributes, like=_first(inputs))[0]


def _first(inputs: Sequence[ir.Value | None]) -> ir.Value:
    value = inputs[0]
    assert value is not None
    return value


def _dequantized(node: ir.Node, at: int, axis: int = 1) -> ir.Value:
    """The floats of an operand: inputs `at` to `at + 2` are integers, scale and zero point."""
    x, scale = node.inputs[at : at + 2]
    assert scale is not None
    given = [x, scale, _input(node, at + 2)]
    attributes = {"axis": axis} if rank(scale) == 1 else {}
    return new_outputs(node, "DequantizeLinear", given, attributes, like=scale)[0]


def _bias(node: ir.Node, at: int, factor: float = 1.0) -> ir.Value | None:
    """The floats of a bias, whose scale is the product of the operands' (inputs 1 and 4)."""
    bias = _input(node, at)
    if bias is None:
        return None
    scales = [node.inputs[1], node.inputs[4]]
    if factor != 1.0:
        scales.append(_constant(node, np.array(factor, np.float32), "alpha"))
    scale, *others = scales
    for other in others:
        assert scale is not None
        scale = new_outputs(node, "Mul", [scale, other], like=scale)[0]
    whole = _cast(node, bias, ir.DataType.FLOAT)
    return new_outputs(node, "Mul", [whole, scale], like=whole)[0]


def _quantize(node: ir.Node, y: ir.Value, at: int) -> bool:
    """Let a float result, quantized by the scale and zero point at two inputs, be the output."""
    given = [y, _input(node, at), _input(node, at + 1)]
    (output,) = new_outputs(node, "QuantizeLinear", given, like=node.outputs[0])
    replace(node.outputs[0], output)
    return True


def _shifted(node: ir.Node, at: int, zero_at: int, axis: int | None = None) -> ir.Value:
    """An operand of integers less its zero point, in float; of weights already computed."""
    x, zero = _input(node, at), _input(node, zero_at)
    assert x is not None
    whole = _cast(node, x, ir.DataType.FLOAT)
    if zero is None:
        return whole
    shift = _cast(node, zero, ir.DataType.FLOAT)
    if rank(zero) == 1 and axis is not None and (total := rank(x)) is not None:
        shape = [1] * total
        shape[axis] = -1
        target = _constant(node, np.array(shape, np.int64), "shape")
        shift = new_outputs(node, "Reshape", [shift, target], like=shift)[0]
    return new_outputs(node, "Sub", [whole, shift], like=whole)[0]


def _cast(node: ir.Node, x: ir.Value, to: ir.DataType) -> ir.Value:
    (output,) = new_outputs(node, "Cast", [x], {"to": int(to)}, like=x)
    output.type = ir.TensorType(to)
    return output


def _cast_back(node: ir.Node, y: ir.Value) -> bool:
    replace(node.outputs[0], _cast(node, y, ir.DataType.INT32))
    return True
