"""Ops on the bits of integers, in what TFLite has: it xors, shifts right and multiplies.

64-bit integers are reinterpreted as pairs of 32-bit ones, the low half first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Value, as_dtype, reinterpreted
from ..lowering.registry import op

WORD = 32
TWO_WORDS = np.dtype(np.int64).itemsize


@op("BitCast")
def bit_cast(x: AnyValue, *, to: int) -> AnyValue:
    """Read the same bits as another type; a truth value is the byte 0 or 1."""
    wanted = onnx.helper.tensor_dtype_to_np_dtype(to)
    if np.bool_ in (x.dtype, wanted):
        return as_dtype(x, wanted)
    if wanted.itemsize != x.dtype.itemsize:
        raise Refused("the types differ in width", "cast between types of one width", ("to", to))
    return reinterpreted(x, wanted)


def _and(a: Tensor, b: Tensor) -> Tensor:
    """The bits that both have: half of what a sum has more than an exclusive or.

    The lowest bit apart, so that no sum is wider than its terms.
    """
    high_a, high_b = tf.bitwise.right_shift(a, 1), tf.bitwise.right_shift(b, 1)
    low = (a - high_a * 2) * (b - high_b * 2)
    return high_a + high_b - tf.bitwise.bitwise_xor(high_a, high_b) + low


LOGIC: dict[str, Callable[..., Tensor]] = {
    "BitwiseAnd": _and,
    "BitwiseNot": lambda a: -1 - a,
    "BitwiseOr": lambda a, b: tf.bitwise.bitwise_xor(a, b) + _and(a, b),
    "BitwiseXor": tf.bitwise.bitwise_xor,
}


def _register(name: str, function: Callable[..., Tensor]) -> None:
    @op(name)
    def logic(*values: AnyValue) -> AnyValue:
        return _from_words(pointwise(function, *map(_words, values)), values[0].dtype)


for _name, _function in LOGIC.items():
    _register(_name, _function)


def _words(x: AnyValue) -> AnyValue:
    """The bits as int32; those of 64-bit integers along a new last axis of two."""
    if x.dtype.itemsize == TWO_WORDS:
        return Value.laid_out(tf.bitcast(x.plain(), tf.int32))
    return reinterpreted(x, np.int32) if x.dtype == np.uint32 else as_dtype(x, np.int32)


def _from_words(x: AnyValue, dtype: np.dtype[Any]) -> AnyValue:
    if dtype.itemsize == TWO_WORDS:
        return Value.laid_out(tf.bitcast(x.plain(), dtype))
    return reinterpreted(x, dtype) if dtype == np.uint32 else as_dtype(x, dtype)


@op("BitShift")
def bit_shift(x: AnyValue, y: AnyValue, *, direction: str) -> AnyValue:
    """Shift by y bits; where y is negative or no less than the width, all bits leave."""
    left = direction == "LEFT"
    if x.dtype != np.uint64:
        return pointwise(_shifted_left if left else _shifted_right, x, y)
    function = _shifted_left if left else functools.partial(_pair_shifted_right, kind=tf.uint32)
    shifted = pointwise(function, reinterpreted(x, np.int64), reinterpreted(y, np.int64))
    return reinterpreted(shifted, np.uint64)


def _shifted_left(x: Tensor, n: Tensor) -> Tensor:
    """Multiply by a power of two; what leaves at the top is lost."""
    return x * _power_of_two(n, x.dtype)


def _power_of_two(n: Tensor, dtype: Any) -> Tensor:
    """2 ** n, or 0 where that has no bit of the type."""
    width = 8 * dtype.size
    powers = np.zeros(width + 1, dtype.as_numpy_dtype)
    powers[:width] = np.left_shift(np.ones(width, powers.dtype), np.arange(width))
    outside = tf.logical_or(n < 0, n >= width)
    index = tf.where(outside, tf.constant(width, n.dtype), n)
    return tf.gather(tf.constant(powers), tf.cast(index, tf.int32))


def _shifted_right(x: Tensor, n: Tensor) -> Tensor:
    """Shift right and fill with the sign; x: int32 or int64."""
    if x.dtype == tf.int64:
        return _pair_shifted_right(x, n, tf.int32)
    outside = tf.logical_or(n < 0, n >= WORD)
    return tf.bitwise.right_shift(x, tf.where(outside, WORD - 1, n))


def _pair_shifted_right(x: Tensor, n: Tensor, kind: Any) -> Tensor:
    """Shift int64 right.

    Args:
        x: The numbers.
        n: By how many bits.
        kind: What its high half is: int32 fills with the sign, uint32 with zeros.
    """
    outside = tf.logical_or(n < 0, n >= 2 * WORD)
    signed = kind == tf.int32
    n = tf.where(outside, tf.constant(2 * WORD - 1, n.dtype), n)
    near = _words_shifted(x, tf.minimum(n, WORD - 1), tf.uint32)[..., 0]
    carried = _words_shifted(x, tf.zeros_like(n), kind)[..., 1] * _power_of_two(WORD - n, tf.int64)
    far = _words_shifted(x, tf.maximum(n - WORD, 0), kind)[..., 1]
    shifted = tf.where(n < WORD, carried + near, far)
    return shifted if signed else tf.where(outside, tf.zeros_like(shifted), shifted)


def _words_shifted(x: Tensor, n: Tensor, kind: Any) -> Tensor:
    """Both halves, [..., 2], each shifted by itself and then as int64."""
    amount = tf.cast(tf.cast(tf.expand_dims(n, -1), tf.int32), kind)
    return tf.cast(tf.bitwise.right_shift(tf.bitcast(x, kind), amount), tf.int64)
