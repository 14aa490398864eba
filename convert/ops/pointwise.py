"""Ops that work on every element by itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from ..layout.pointwise import pointwise, widened
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Constant, Value, as_dtype, reinterpreted
from ..lowering.registry import op
from .integers import magnitude, of_integers, truncated, whole_power

UNARY: dict[str, Callable[..., Any]] = {
    "Ceil": tf.math.ceil,
    "Cos": tf.cos,
    "Floor": tf.floor,
    "Identity": lambda x: x,
    "IsNaN": lambda x: tf.not_equal(x, x),
    "Log": tf.math.log,
    "Mish": lambda x: _mish(x),
    "Neg": tf.negative,
    "Not": tf.logical_not,
    "Reciprocal": lambda x: 1.0 / x,
    "Round": tf.round,
    "Sign": lambda x: tf.clip_by_value(x, -1, 1) if x.dtype == tf.int64 else tf.sign(x),
    "Sin": tf.sin,
    "Softsign": lambda x: x / (tf.abs(x) + 1.0),
    "Tan": lambda x: tf.sin(x) / tf.cos(x),
    "Tanh": tf.tanh,
}

NONNEGATIVE: dict[str, Callable[..., Any]] = {
    "Abs": magnitude,
    "Exp": tf.exp,
    "Relu": tf.nn.relu,
    "Sigmoid": tf.sigmoid,
    "Softplus": lambda x: _softplus(x),
    "Sqrt": tf.sqrt,
}

BINARY: dict[str, Callable[..., Any]] = {
    "Add": tf.add,
    "And": tf.logical_and,
    "Equal": tf.equal,
    "Greater": tf.greater,
    "GreaterOrEqual": tf.greater_equal,
    "Less": tf.less,
    "LessOrEqual": tf.less_equal,
    "Mul": tf.multiply,
    "Or": tf.logical_or,
    "Sub": tf.subtract,
    "Xor": tf.not_equal,
}

VARIADIC: dict[str, Callable[..., Any]] = {
    "Max": tf.maximum,
    "Min": tf.minimum,
    "Sum": tf.add,
}


def _softplus(x: Any) -> Any:
    """log(1 + e^x) that overflows for no x."""
    return tf.nn.relu(x) - tf.math.log(tf.sigmoid(tf.abs(x)))


def _mish(x: Any) -> Any:
    """Mish: x tanh(softplus(x)), whose tanh is s / (2 - s) of s = sigmoid(x) (2 - sigmoid(x))."""
    gate = tf.sigmoid(x)
    gate = gate * (2.0 - gate)
    return x * (gate / (2.0 - gate))


def nonnegative(function: Callable[..., Any], x: AnyValue) -> AnyValue:
    """Apply a function whose result is never below zero, and note that."""
    result = pointwise(function, x)
    if isinstance(result, Value):
        result.storage.nonnegative = True
    return result


def _of_each(function: Callable[..., Any]) -> Callable[..., AnyValue]:
    return lambda *values: _of_numbers(function, *values)


def _of_each_nonnegative(function: Callable[..., Any]) -> Callable[..., AnyValue]:
    return lambda x: nonnegative(function, x)


def _folded(function: Callable[..., Any]) -> Callable[..., AnyValue]:
    return lambda *values: functools.reduce(lambda a, b: _of_numbers(function, a, b), values)


ORDERED = (tf.greater, tf.greater_equal, tf.less, tf.less_equal, tf.maximum, tf.minimum)
LOWEST = Constant(np.asarray(np.iinfo(np.int64).min))


def _of_numbers(function: Callable[..., Any], *values: AnyValue) -> AnyValue:
    """Apply a function; to 64-bit numbers without sign, which TFLite lacks, as if they had one.

    Sums and products have the same bits. What asks for the order is given numbers that lie half
    the range lower, which is the other highest bit.
    """
    if all(x.dtype != np.uint64 for x in values):
        return pointwise(function, *values)
    signed = [reinterpreted(x, np.int64) for x in values]
    if function in ORDERED:
        signed = [pointwise(tf.add, x, LOWEST) for x in signed]
    result = pointwise(function, *signed)
    if function in (tf.maximum, tf.minimum):
        result = pointwise(tf.add, result, LOWEST)
    return reinterpreted(result, np.uint64) if result.dtype == np.int64 else result


for _table, _make in (
    (UNARY, _of_each),
    (NONNEGATIVE, _of_each_nonnegative),
    (BINARY, _of_each),
    (VARIADIC, _folded),
):
    for _name, _function in _table.items():
        op(_name)(_make(_function))


@op("Mean")
def mean(*values: AnyValue) -> AnyValue:
    """Mean of several values, element by element."""
    total = functools.reduce(lambda a, b: pointwise(tf.add, a, b), values)
    return pointwise(lambda t: t * (1.0 / len(values)), total)


@op("Where")
def where(condition: AnyValue, x: AnyValue, y: AnyValue) -> AnyValue:
    """Take x where the condition holds, else y."""
    return pointwise(tf.where, condition, x, y)


@op("Div")
def div(a: AnyValue, b: AnyValue) -> AnyValue:
    """Divide; integers round toward zero."""
    if np.issubdtype(a.dtype, np.integer):
        return of_integers(truncated, a, b)
    if (
        isinstance(b, Constant)
        and b.array.size == 1
        and math.frexp(float(b.array.item()))[0] == 0.5
    ):
        return pointwise(tf.multiply, a, Constant(1 / b.array))  # a power of two: exact
    return pointwise(tf.divide, a, b)


@op("Mod")
def mod(a: AnyValue, b: AnyValue, *, fmod: int) -> AnyValue:
    """Remainder with the sign of b, or with that of a as C's fmod gives it."""
    if not fmod or np.issubdtype(a.dtype, np.unsignedinteger):  # no sign: both are one
        return of_integers(tf.math.floormod, a, b)
    if np.issubdtype(a.dtype, np.integer):
        return of_integers(lambda x, y: x - y * truncated(x, y), a, b)
    return pointwise(lambda x, y: tf.sign(x) * tf.math.floormod(tf.abs(x), tf.abs(y)), a, b)


POWERS: dict[float, Callable[..., Any]] = {
    -1.0: lambda x: 1.0 / x,
    -0.5: tf.math.rsqrt,
    0.5: tf.sqrt,
    1.0: lambda x: x,
    2.0: tf.square,
    3.0: lambda x: x * x * x,
}


@op("Pow")
def power(x: AnyValue, y: AnyValue) -> AnyValue:
    """Raise to a power; small constant ones become products and roots."""
    single = isinstance(y, Constant) and y.array.size == 1 and y.rank <= x.rank
    if np.issubdtype(x.dtype, np.floating) and isinstance(y, Constant) and single:
        function = POWERS.get(float(y.array.item()))
        if function is not None:
            return pointwise(function, x)
    if np.issubdtype(x.dtype, np.integer) and not _is_whole(y):
        return as_dtype(pointwise(tf.pow, as_dtype(x, y.dtype), y), x.dtype)
    if widened(x).dtype == np.int64:
        return pointwise(whole_power, x, as_dtype(y, np.int64))
    return pointwise(tf.pow, x, as_dtype(y, x.dtype))


def _is_whole(y: AnyValue) -> bool:
    """Whether an exponent loses nothing as an integer."""
    if np.issubdtype(y.dtype, np.integer):
        return True
    return isinstance(y, Constant) and bool(np.all((y.array >= 0) & (y.array % 1 == 0)))


@op("Shrink")
def shrink(x: AnyValue, *, bias: float, lambd: float) -> AnyValue:
    """Move what is beyond lambd toward zero by bias; the rest is zero."""
    return pointwise(
        lambda t: tf.where(t < -lambd, t + bias, tf.where(t > lambd, t - bias, tf.zeros_like(t))), x
    )


@op("IsInf")
def is_inf(x: AnyValue, *, detect_negative: int, detect_positive: int) -> AnyValue:
    """Whether an element is infinite."""
    if not (detect_negative or detect_positive):
        return pointwise(lambda t: tf.zeros_like(t, tf.bool), x)
    largest = np.finfo(x.dtype).max  # TFLite's converter stores an infinity as this
    if detect_negative and detect_positive:
        return pointwise(lambda t: tf.abs(t) > largest, x)
    return pointwise(lambda t: (t if detect_positive else -t) > largest, x)


ERF_P = (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
         -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)  # fmt: skip
ERF_Q = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03,
         -7.37332916720468e-03, -1.42647390514189e-02)  # fmt: skip


@op("Erf")
def erf(x: AnyValue) -> AnyValue:
    """Emit the error function as the rational minimax form that float libraries use.

    Below 4e-7 from erf on all floats (a ratio of polynomials of x^2 on [-4, 4], ±1 beyond).
    """

    def rational(t: Any) -> Any:
        t = tf.minimum(tf.maximum(t, -4.0), 4.0)
        square = t * t
        above = functools.reduce(lambda a, c: a * square + c, ERF_P[1:], ERF_P[0])
        below = functools.reduce(lambda a, c: a * square + c, ERF_Q[1:], ERF_Q[0])
        return t * above / below

    return pointwise(rational, x)


@op("Cast", ignore=["saturate", "round_mode"])
def cast(x: AnyValue, *, to: int) -> AnyValue:
    """Change the element type."""
    return as_dtype(x, onnx.helper.tensor_dtype_to_np_dtype(to))


@op("CastLike", ignore=["saturate", "round_mode"])
def cast_like(x: AnyValue, like: AnyValue) -> AnyValue:
    """Change the element type to that of another value."""
    return as_dtype(x, like.dtype)


@op("Dropout", ignore=["seed", "is_test"])
def dropout(x: AnyValue, ratio: AnyValue | None = None, training: AnyValue | None = None) -> Any:
    """Pass the input on: this is inference. The mask, if asked for, is all true."""
    off = any(isinstance(v, Constant) and not v.array.any() for v in (ratio, training))
    if training is not None and not off:
        raise Refused("dropping at random is a training matter", "export in evaluation mode")
    return x, pointwise(lambda t: tf.ones_like(t, tf.bool), x)
