"""Ops that work on every element by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ..align import pointwise
from ..registry import op
from ..tensors import AnyValue, Constant, Value, constant

UNARY: dict[str, Callable[..., Any]] = {
    "Abs": tf.abs,
    "Ceil": tf.math.ceil,
    "Cos": tf.cos,
    "Exp": tf.exp,
    "Floor": tf.floor,
    "Identity": lambda x: x,
    "Log": tf.math.log,
    "Neg": tf.negative,
    "Not": tf.logical_not,
    "Reciprocal": lambda x: 1.0 / x,
    "Relu": tf.nn.relu,
    "Round": tf.round,
    "Sigmoid": tf.sigmoid,
    "Sign": tf.sign,
    "Sin": tf.sin,
    "Softplus": tf.math.softplus,
    "Softsign": lambda x: x / (tf.abs(x) + 1.0),
    "Sqrt": tf.sqrt,
    "Tanh": tf.tanh,
}

BINARY: dict[str, Callable[..., Any]] = {
    "Add": tf.add,
    "And": tf.logical_and,
    "Div": tf.divide,
    "Equal": tf.equal,
    "Greater": tf.greater,
    "GreaterOrEqual": tf.greater_equal,
    "Less": tf.less,
    "LessOrEqual": tf.less_equal,
    "Mul": tf.multiply,
    "Or": tf.logical_or,
    "Pow": tf.pow,
    "Sub": tf.subtract,
    "Xor": tf.math.logical_xor,
}

for _name, _function in UNARY.items():
    op(_name)(lambda x, _f=_function: pointwise(_f, x))
for _name, _function in BINARY.items():
    op(_name)(lambda a, b, _f=_function: pointwise(_f, a, b))


@op("Clip")
def clip(x: AnyValue, low: AnyValue | None = None, high: AnyValue | None = None) -> AnyValue:
    """Clip; [0, 6] and [0, inf] become TFLite's fused activations."""
    lowest = float(constant(low)) if low is not None else -np.inf
    highest = float(constant(high)) if high is not None else np.inf
    if lowest == 0 and highest == 6:
        return pointwise(tf.nn.relu6, x)
    if lowest == 0 and highest == np.inf:
        return pointwise(tf.nn.relu, x)
    y = x
    if lowest != -np.inf:
        y = pointwise(tf.maximum, y, Constant(np.asarray(lowest, x.dtype)))
    if highest != np.inf:
        y = pointwise(tf.minimum, y, Constant(np.asarray(highest, x.dtype)))
    return y


@op("HardSwish")
def hard_swish(x: AnyValue) -> AnyValue:
    """Emit x * relu6(x + 3) / 6 in the form that TFLite fuses into HARD_SWISH."""
    return pointwise(lambda t: t * (tf.nn.relu6(t + 3.0) * (1 / 6)), x)


@op("HardSigmoid")
def hard_sigmoid(x: AnyValue, *, alpha: float, beta: float) -> AnyValue:
    """Emit clip(alpha x + beta, 0, 1) as relu6, scaled so that TFLite fuses it into the add."""
    if np.float32(alpha) == np.float32(1 / 6) and beta == 0.5:
        return pointwise(lambda t: tf.nn.relu6(t + 3.0) * (1 / 6), x)
    return pointwise(lambda t: tf.minimum(tf.nn.relu(t * alpha + beta), 1.0), x)


@op("Cast", ignore=["saturate", "round_mode"])
def cast(x: AnyValue, *, to: int) -> AnyValue:
    """Change the element type."""
    import onnx

    from ..tensors import as_dtype

    return as_dtype(x, onnx.helper.tensor_dtype_to_np_dtype(to))


@op("Dropout", ignore=["seed", "is_test"])
def dropout(x: Value, ratio: AnyValue | None = None, training: AnyValue | None = None) -> Any:
    """Pass the input on: this is inference."""
    return x
