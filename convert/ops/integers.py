"""Divisions and powers of integers, of which TFLite has few in 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Form, Tensor
from ..layout.pointwise import pointwise
from ..layout.tensors import AnyValue, Constant, Storage, Value, as_dtype


def magnitude(x: Tensor) -> Tensor:
    """The absolute value, which TFLite's ABS has not of int64."""
    return tf.maximum(x, -x) if x.dtype == tf.int64 else tf.abs(x)


def of_integers(function: Callable[..., Any], a: AnyValue, b: AnyValue) -> AnyValue:
    """Apply a division, in 32 bits where both surely fit: TFLite hardly divides 64-bit integers."""
    if a.dtype == np.int64:
        dividend, divisor = _short(a), _short(b)
        if dividend is not None and divisor is not None:
            return as_dtype(pointwise(function, dividend, divisor), np.int64)
    return pointwise(function, a, b)


def _short(x: AnyValue) -> AnyValue | None:
    """A 64-bit integer as the 32-bit one it was made from, or sizes; None where it may not fit."""
    if isinstance(x, Constant):
        fits = not x.array.size or np.abs(x.array).max() <= np.iinfo(np.int32).max
        return Constant(x.array.astype(np.int32)) if fits else None
    form = x.storage.forms[0]
    maker = form.tensor.op
    if maker.type == "Cast" and maker.inputs[0].dtype == tf.int32:
        return Value(Storage([Form(maker.inputs[0], form.order)]), x.axes)
    if _holds_sizes(form.tensor):
        return Value(Storage([Form(tf.cast(form.tensor, tf.int32), form.order)]), x.axes)
    return None


def _holds_sizes(tensor: Tensor) -> bool:
    """Whether a tensor is computed of nothing but the sizes of others, which have 32 bits."""
    pending, seen = [tensor], set()
    while pending:
        operation = pending.pop().op
        if operation.name in seen or operation.type in ("Const", "Shape", "Size"):
            continue
        if not operation.inputs:
            return False
        seen.add(operation.name)
        pending += operation.inputs
    return True


def truncated(a: Any, b: Any) -> Any:
    """The quotient of integers, rounded toward zero."""
    if a.dtype != tf.int64:
        return tf.truncatediv(a, b)
    remainder = tf.math.floormod(a, b)  # which has the sign of b; below it gets that of a
    other = tf.logical_and(tf.not_equal(remainder, 0), tf.not_equal(a < 0, b < 0))
    return _exact_quotient(a - tf.where(other, remainder - b, remainder), b)


def _exact_quotient(a: Any, b: Any) -> Any:
    """The quotient of an int64 that the other divides: TFLite divides no int64.

    A division of floats is right to 22 bits, and the next divides what it left; three have 64.
    """
    divisor = tf.cast(b, tf.float32)
    quotient = tf.zeros_like(a)
    for _ in range(3):
        part = tf.cast(tf.round(tf.cast(a, tf.float32) / divisor), a.dtype)
        quotient += part
        a -= part * b
    return quotient


def whole_power(x: Any, y: Any) -> Any:
    """Raise int64 to a power from 0 to 63 by squaring: TFLite's POW has none."""
    power = tf.ones_like(x)
    rest = tf.cast(y, tf.int32)
    for _ in range(6):
        half = tf.bitwise.right_shift(rest, 1)
        power = tf.where(tf.equal(rest, 2 * half), power, power * x)
        x, rest = x * x, half
    return power
