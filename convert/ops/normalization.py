"""Normalizations, and softmax with its kin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from ..layout import view
from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.product import leading_groups
from ..layout.reduction import averaged, reduce, summed
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, constant
from ..lowering.registry import op


@op("BatchNormalization", ignore=["momentum", "spatial"])
def batch_normalization(
    x: AnyValue,
    scale: AnyValue,
    b: AnyValue,
    mean: AnyValue,
    var: AnyValue,
    *,
    epsilon: float,
    training_mode: int,
) -> AnyValue:
    """Emit scale and shift with the stored statistics; x: [N, C, ...]."""
    if training_mode:
        raise Refused(
            "batch statistics are a training matter",
            "export after model.eval()",
            ("training_mode", training_mode),
        )
    if not all(isinstance(v, Constant) for v in (scale, b, mean, var)):
        shaped = [_per_channel(v, x.rank) for v in (scale, b, mean, var)]
        return pointwise(
            lambda t, s, o, m, v: (t - m) * tf.math.rsqrt(v + epsilon) * s + o, x, *shaped
        )
    factor = constant(scale) / np.sqrt(constant(var) + np.asarray(epsilon, var.dtype))
    shift = constant(b) - constant(mean) * factor
    return _affine(x, Constant(factor), Constant(shift))


def _per_channel(value: AnyValue, rank: int) -> AnyValue:
    """Shape [C] as [C, 1, ...], to broadcast against [N, C, ...]."""
    return value.reshape((*value.shape, *(1,) * (rank - 2)))


def _affine(x: AnyValue, scale: AnyValue, shift: AnyValue | None) -> AnyValue:
    """Scale and shift the channels of [N, C, ...]."""
    y = pointwise(tf.multiply, x, _per_channel(scale, x.rank))
    return y if shift is None else pointwise(tf.add, y, _per_channel(shift, x.rank))


def _standardized(
    x: AnyValue, axes: Sequence[int], epsilon: float
) -> tuple[Value, AnyValue, AnyValue]:
    """Subtract the mean over some axes and divide by the deviation; also give both parts."""
    x = activation(x)
    mean = reduce(averaged, x, axes, keepdims=True)
    centred = activation(pointwise(tf.subtract, x, mean))
    variance = reduce(averaged, activation(pointwise(tf.square, centred)), axes, keepdims=True)
    inverse = pointwise(lambda v: tf.math.rsqrt(v + epsilon), variance)
    return activation(pointwise(tf.multiply, centred, inverse)), mean, inverse


@op("LayerNormalization", ignore=["stash_type"])
def layer_normalization(
    x: AnyValue, scale: AnyValue, bias: AnyValue | None = None, *, axis: int, epsilon: float
) -> tuple[AnyValue, AnyValue, AnyValue]:
    """Standardize over the axes from `axis` on, then scale and shift."""
    standard, mean, inverse = _standardized(x, range(axis % x.rank, x.rank), epsilon)
    y = pointwise(tf.multiply, standard, scale)
    return y if bias is None else pointwise(tf.add, y, bias), mean, inverse


@op("InstanceNormalization")
def instance_normalization(
    x: AnyValue, scale: AnyValue, b: AnyValue, *, epsilon: float
) -> AnyValue:
    """Standardize each channel of each sample; x: [N, C, ...]."""
    return _affine(_standardized(x, range(2, x.rank), epsilon)[0], scale, b)


@op("GroupNormalization", ignore=["stash_type"])
def group_normalization(
    x: AnyValue, scale: AnyValue, bias: AnyValue, *, epsilon: float, num_groups: int
) -> AnyValue:
    """Standardize groups of channels of [N, C, ...]; scale per channel, per group in opset 18."""
    count, channels, *spatial = x.shape
    if channels is None:
        raise FreeSize("the number of channels is not known")
    grouped = x.reshape((count, num_groups, channels // num_groups, *spatial))
    y = _standardized(grouped, range(2, grouped.rank), epsilon)[0]
    if scale.shape[0] == num_groups != channels:
        return _affine(y, scale, bias).reshape(x.shape)
    return _affine(y.reshape(x.shape), scale, bias)


@op("RMSNormalization", ignore=["stash_type"])
def rms_normalization(x: AnyValue, scale: AnyValue, *, axis: int, epsilon: float) -> AnyValue:
    """Divide by the root mean square over the axes from `axis` on, then scale."""
    axes = range(axis % x.rank, x.rank)
    square = reduce(averaged, activation(pointwise(tf.square, x)), axes, keepdims=True)
    inverse = pointwise(lambda v: tf.math.rsqrt(v + epsilon), square)
    return pointwise(tf.multiply, pointwise(tf.multiply, x, inverse), scale)


@op("MeanVarianceNormalization")
def mean_variance_normalization(x: AnyValue, *, axes: Sequence[int]) -> AnyValue:
    """Standardize over some axes; 1e-9 keeps the deviation from zero, as ONNX's function does."""
    x = activation(x)
    where = [axis % x.rank for axis in axes]
    centred = pointwise(tf.subtract, x, reduce(averaged, x, where, keepdims=True))
    square = activation(pointwise(tf.square, centred))
    variance = reduce(averaged, square, where, keepdims=True)
    return pointwise(lambda t, v: t / (tf.sqrt(v) + 1e-9), centred, variance)


@op("LpNormalization")
def lp_normalization(x: AnyValue, *, axis: int, p: int) -> AnyValue:
    """Divide by the 1- or 2-norm along an axis."""
    x = activation(x)
    power = tf.abs if p == 1 else tf.square
    total = reduce(summed, activation(pointwise(power, x)), [axis % x.rank], keepdims=True)
    return pointwise(lambda t, s: tf.math.divide_no_nan(t, s if p == 1 else tf.sqrt(s)), x, total)


@op("LRN")
def local_response_normalization(
    x: AnyValue, *, alpha: float, beta: float, bias: float, size: int
) -> AnyValue:
    """Divide by a power of the sum of squares over neighbouring channels; x: [N, C, H, W]."""
    if size % 2 == 0:
        raise Refused("TFLite's window over channels is odd", "use an odd size", ("size", size))
    x = activation(x)
    spatial = [(i,) for i in range(2, x.rank)]
    tensor = x.arrange((0,), *spatial, (1,))
    shape = tf.shape(tensor) if None in x.shape else tensor.shape
    flat = tf.reshape(tensor, [1, 1, -1, tensor.shape[-1]]) if x.rank != 4 else tensor
    y = tf.nn.local_response_normalization(flat, size // 2, bias, alpha / size, beta)
    y = tf.reshape(y, shape) if x.rank != 4 else y
    return Value.laid_out(y, (0, *range(2, x.rank), 1))


def along_last(function: Callable[..., Tensor], x: AnyValue, axes: Sequence[int]) -> Value:
    """Apply a function of the last dimension along some axes, which are brought last if need be."""
    x = activation(x)
    rows = view.refine([x.order, *x.axes])
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    own = view.flatten(rows[1 + axis] for axis in axes)
    rest = tuple(factor for factor in rows[0] if factor not in own)
    others = [rows[1 + axis] for axis in range(x.rank) if axis not in axes]
    groups = leading_groups(x, rest, others)
    result = function(x.storage.take([*groups, own]))
    return Value.grouped(result, [*groups, own], x.axes)


def hard_max_last(x: Tensor) -> Tensor:
    """One at the largest element of the last dimension, the first of equals."""
    return tf.one_hot(tf.argmax(x, -1), x.shape[-1], dtype=x.dtype)


def _register(name: str, function: Callable[..., Tensor]) -> None:
    @op(name, since=13)
    def over_axis(x: AnyValue, *, axis: int) -> Value:
        return _noting(name, along_last(function, x, [axis % x.rank]))

    @op(name, until=12)
    def over_axes_from(x: AnyValue, *, axis: int) -> Value:
        return _noting(name, along_last(function, x, range(axis % x.rank, x.rank)))


def _noting(name: str, result: Value) -> Value:
    result.storage.nonnegative = name != "LogSoftmax"
    return result


_register("Softmax", tf.nn.softmax)
_register("LogSoftmax", tf.nn.log_softmax)
_register("Hardmax", hard_max_last)
