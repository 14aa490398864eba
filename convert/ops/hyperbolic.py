"""Hyperbolic functions, their inverses and those of sine and cosine, from what TFLite has.

The textbook forms lose all digits where large terms cancel, and overflow where their squares do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.tensors import AnyValue
from ..lowering.registry import op

SMALL = 1 / 3
"""Up to here logarithms are taken by their series."""

SERIES = (1 / 15, 1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3)
"""Of atanh(t) / t - 1 in powers of t², highest first; what is left out is 1e-9 at `SMALL`."""


def _small_atanh(t: Tensor) -> Tensor:
    square = t * t
    rest = functools.reduce(lambda sum_, term: sum_ * square + term, SERIES[1:], SERIES[0])
    return t + t * square * rest


def _acosh(x: Tensor) -> Tensor:
    a = tf.minimum(x, x.dtype.max)  # infinity over itself is no number
    t = tf.sqrt((a - 1.0) / a * (1.0 + 1.0 / a))  # tanh of the result
    return tf.where(t < SMALL, _small_atanh(t), tf.math.log(x) + tf.math.log(1.0 + t))


def _asinh(x: Tensor) -> Tensor:
    a = tf.abs(x)
    small = _small_atanh(a / tf.sqrt(1.0 + a * a))
    large = tf.math.log(a) + tf.math.log(1.0 + tf.sqrt(1.0 + 1.0 / (a * a)))
    return tf.sign(x) * tf.where(a < SMALL, small, large)


def _atanh(x: Tensor) -> Tensor:
    large = 0.5 * tf.math.log((1.0 + x) / (1.0 - x))
    return tf.where(tf.abs(x) < SMALL, _small_atanh(x), large)


def _half_exp(a: Tensor) -> Tensor:
    """e^a / 2, finite for all a of which that is."""
    root = tf.exp(0.5 * a)
    return 0.5 * root * root


def _cosh(x: Tensor) -> Tensor:
    half = _half_exp(tf.abs(x))
    return half + 0.25 / half


def _sinh(x: Tensor) -> Tensor:
    """(1 - e^-a) (e^a + 1) / 2 with the sign of x: TFLite's ELU is e^x - 1 to the last digit."""
    a = tf.abs(x)
    return tf.sign(x) * -tf.nn.elu(-a) * (_half_exp(a) + 0.5)


def _leg(x: Tensor) -> Tensor:
    """The square root of 1 - x², of factors that cancel nothing."""
    return tf.sqrt((1.0 - x) * (1.0 + x))


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Acos": lambda x: tf.atan2(_leg(x), x),
    "Acosh": _acosh,
    "Asin": lambda x: tf.atan2(x, _leg(x)),
    "Asinh": _asinh,
    "Atan": lambda x: tf.atan2(x, tf.ones_like(x)),
    "Atanh": _atanh,
    "Cosh": _cosh,
    "Sinh": _sinh,
}


def _register(name: str, function: Callable[[Tensor], Tensor]) -> None:
    @op(name)
    def lowering(x: AnyValue) -> AnyValue:
        return pointwise(function, x)


for _name, _function in FUNCTIONS.items():
    _register(_name, _function)
