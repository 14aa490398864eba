"""Quantization written out in an ONNX file: marked for int8, or computed as arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import tensorflow as tf

from ..int8 import markers
from ..layout.pointwise import elementwise, pointwise
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, as_dtype
from ..lowering.registry import op
from .indexing import gather


def _along(value: AnyValue, x: AnyValue, axis: int, block_size: int) -> AnyValue:
    """Scales or zero points per element of an axis, or per block, ready to broadcast against x."""
    if value.rank == x.rank and block_size:
        return _repeated(value, axis % x.rank, block_size, x.shape[axis])
    if value.rank != 1 or value.shape[0] == 1:
        return value.reshape(())
    axis %= x.rank
    return value.reshape([value.shape[0] if i == axis else 1 for i in range(x.rank)])


def _repeated(value: AnyValue, axis: int, count: int, size: int | None) -> AnyValue:
    """Every element along an axis so many times over, cut where the axis ends."""
    if size is None:
        raise FreeSize("blocks of scales lie along a free size")
    return gather(value, Constant(np.arange(size) // count), axis=axis)


BYTES = ("int8", "uint8")
"""The types that TFLite's kernels compute with."""


def _known(scale: AnyValue, zero_point: AnyValue | None) -> tuple[float, int] | None:
    """The one scale and zero point of a whole tensor, if that is what there is."""
    zero = Constant(np.zeros((), np.int8)) if zero_point is None else zero_point
    if not (isinstance(scale, Constant) and isinstance(zero, Constant)):
        return None
    if scale.array.size != 1 or zero.array.size != 1:
        return None
    return float(scale.array.ravel()[0]), int(zero.array.ravel()[0])


class Dynamic(Value):
    """The integers of DynamicQuantizeLinear, with what they were and what they are scaled by."""

    __slots__ = ("parameters", "source")

    def __init__(self, integers: Value, source: Value, parameters: tuple[Value, Value]) -> None:
        super().__init__(integers.storage, integers.axes)
        self.source = source
        self.parameters = parameters


@op("DynamicQuantizeLinear")
def dynamic_quantize_linear(x: AnyValue) -> tuple[Value, Value, Value]:
    """Emit integers, scale and zero point of 256 steps between the limits of x."""
    x = activation(x)
    scale, zero_point = markers.dynamic_parameters(x.storage.forms[0].tensor)
    integers = elementwise(lambda t: tf.cast(markers.in_steps(t, scale, zero_point), np.uint8), x)
    parameters = Value.laid_out(scale), Value.laid_out(tf.cast(zero_point, np.uint8))
    return Dynamic(integers, x, parameters), *parameters


@op("DequantizeLinear", ignore=["output_dtype"])
def dequantize_linear(
    x: AnyValue,
    scale: AnyValue,
    zero_point: AnyValue | None = None,
    *,
    axis: int,
    block_size: int,
) -> AnyValue:
    """Emit (x - zero_point) scale."""
    if isinstance(x, Dynamic) and x.parameters == (scale, zero_point):
        return elementwise(markers.dynamically_quantized, x.source)
    known = _known(scale, zero_point)
    if known and isinstance(x, Value) and x.dtype.name in BYTES:
        return elementwise(lambda t: markers.dequantized(t, *known), x)
    y = as_dtype(x, np.float32)
    if zero_point is not None:
        y = pointwise(tf.subtract, y, as_dtype(_along(zero_point, x, axis, block_size), np.float32))
    return pointwise(tf.multiply, y, _along(scale, x, axis, block_size))


@op("QuantizeLinear", ignore=["saturate", "precision"])
def quantize_linear(
    x: AnyValue,
    scale: AnyValue,
    zero_point: AnyValue | None = None,
    *,
    axis: int,
    block_size: int,
    output_dtype: int,
) -> AnyValue:
    """Emit x / scale + zero_point, rounded to even and saturated."""
    wanted: Any = np.uint8
    if zero_point is not None:
        wanted = zero_point.dtype
    elif output_dtype:
        wanted = onnx.helper.tensor_dtype_to_np_dtype(output_dtype)
    known, dtype = _known(scale, zero_point), np.dtype(wanted)
    if known and isinstance(x, Value) and dtype.name in BYTES:
        return elementwise(lambda t: markers.quantized(t, *known, dtype), x)
    y = pointwise(lambda t, s: tf.round(t / s), x, _along(scale, x, axis, block_size))
    if zero_point is not None:
        y = pointwise(tf.add, y, as_dtype(_along(zero_point, x, axis, block_size), np.float32))
    low, high = _limits(wanted)
    y = pointwise(tf.maximum, y, Constant(np.asarray(low, np.float32)))
    y = pointwise(tf.minimum, y, Constant(np.asarray(high, np.float32)))
    if np.dtype(wanted).kind not in "iu":  # less than 8 bits, which TFLite keeps in 8
        wanted = np.int8 if low < 0 else np.uint8
    return as_dtype(y, wanted)


def _limits(dtype: Any) -> tuple[int, int]:
    """The least and the largest integer of a type, of less than 8 bits too."""
    kind = ir.DataType.from_numpy(np.dtype(dtype))
    if not kind.is_integer():
        raise Refused(
            f"TFLite does not round to {kind.name.lower()}", "quantize to 8-bit integers",
            ("output_dtype", int(kind)),
        )  # fmt: skip
    values = 2**kind.bitwidth
    return (-values // 2, values // 2 - 1) if kind.is_signed() else (0, values - 1)
