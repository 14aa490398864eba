"""Normalizations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from .. import view
from ..align import pointwise
from ..product import leading_groups
from ..registry import Refused, op
from ..tensors import AnyValue, Constant, Tensor, Value, activation, constant


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
            "batch statistics are a training matter", "export after model.eval()",
            ("training_mode", training_mode),
        )  # fmt: skip
    factor = constant(scale) / np.sqrt(constant(var) + np.asarray(epsilon, var.dtype))
    shift = constant(b) - constant(mean) * factor
    shape = (-1,) + (1,) * (x.rank - 2)
    multiplied = pointwise(lambda a, f: a * f, x, Constant(factor.reshape(shape)))
    return pointwise(lambda a, f: a + f, multiplied, Constant(shift.reshape(shape)))


def along_last(function: Callable[..., Tensor], x: AnyValue, axis: int) -> Value:
    """Apply a function of the last dimension along any axis, which is brought last if need be."""
    x = activation(x)
    axis %= x.rank
    rows = view.refine([view.merge(x.order), *x.axes])
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    memory, own = rows[0], rows[1 + axis]
    rest = tuple(factor for factor in memory if factor not in own)
    groups = leading_groups(x, rest, [*rows[1 : 1 + axis], *rows[2 + axis :]])
    result = function(x.storage.take([*groups, own]))
    return Value.grouped(result, [*groups, own], x.axes)


@op("Softmax", since=13)
def softmax(x: AnyValue, *, axis: int) -> Value:
    """Softmax over one axis."""
    return along_last(tf.nn.softmax, x, axis)


@op("LogSoftmax", since=13)
def log_softmax(x: AnyValue, *, axis: int) -> Value:
    """Logarithm of the softmax over one axis."""
    return along_last(tf.nn.log_softmax, x, axis)
