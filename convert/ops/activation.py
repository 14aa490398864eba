"""Activations with parameters, in the forms that TFLite fuses."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.tensors import AnyValue, Constant, constant, numbers
from ..lowering.registry import op
from .pointwise import nonnegative


@op("Clip")
def clip(x: AnyValue, low: AnyValue | None = None, high: AnyValue | None = None) -> AnyValue:
    """Clip; [0, 6] and [0, inf] become TFLite's fused activations."""
    lowest = float(constant(low)) if low is not None else -np.inf
    highest = float(constant(high)) if high is not None else np.inf
    if lowest == 0 and highest == 6 and x.dtype == np.float32:
        return nonnegative(tf.nn.relu6, x)
    y = x
    if lowest == 0 and x.dtype == np.float32:
        y = nonnegative(tf.nn.relu, y)
    elif lowest != -np.inf:
        y = pointwise(tf.maximum, y, Constant(np.asarray(lowest, x.dtype)))
    if highest != np.inf:
        y = pointwise(tf.minimum, y, Constant(np.asarray(highest, x.dtype)))
    return y


def apart(tensor: Tensor) -> Tensor:
    """The tensor under a name of its own, so that nothing computed from it is merged with others.

    TensorFlow's optimisers merge equal ops, and TFLite then no longer sees the parts of a GELU or
    PRELU, which may have one reader only. The converter drops this op behind them; ops of
    different messages are not equal.
    """
    message = tf.compat.v1.get_default_graph().unique_name("apart", mark_as_used=False)
    return tf.raw_ops.PreventGradient(input=tensor, message=message)


@op("HardSwish")
def hard_swish(x: AnyValue) -> AnyValue:
    """Emit x * relu6(x + 3) / 6 in the form that TFLite fuses into HARD_SWISH."""
    return pointwise(lambda t: t * (tf.nn.relu6(apart(t) + 3.0) * (1 / 6)), x)


@op("HardSigmoid")
def hard_sigmoid(x: AnyValue, *, alpha: float, beta: float) -> AnyValue:
    """Emit clip(alpha x + beta, 0, 1) as relu6, scaled so that TFLite fuses it into the add."""
    if np.float32(alpha) == np.float32(1 / 6) and beta == 0.5:
        return nonnegative(lambda t: tf.nn.relu6(t + 3.0) * (1 / 6), x)
    return nonnegative(lambda t: tf.minimum(tf.nn.relu(t * alpha + beta), 1.0), x)


@op("LeakyRelu")
def leaky_relu(x: AnyValue, *, alpha: float) -> AnyValue:
    """Multiply by alpha below zero."""
    return pointwise(lambda t: tf.nn.leaky_relu(t, alpha), x)


@op("PRelu")
def prelu(x: AnyValue, slope: AnyValue) -> AnyValue:
    """Multiply by a slope below zero, in the form that TFLite fuses into PRELU or LEAKY_RELU."""
    one = isinstance(slope, Constant) and slope.array.size == 1
    if one and x.dtype == np.float32:
        return leaky_relu(x, alpha=numbers(slope)[0])
    return pointwise(_prelu, x, slope)


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    """TFLite wants all of the slope's dimensions but the batch's."""
    x = apart(x)
    if slope.shape.rank == 1:
        slope = tf.reshape(slope, [1] * (x.shape.rank - 2) + [-1])
    return tf.nn.relu(x) + tf.negative(slope) * tf.nn.relu(-x)


@op("ThresholdedRelu")
def thresholded_relu(x: AnyValue, *, alpha: float) -> AnyValue:
    """Keep what is above alpha."""
    return pointwise(lambda t: tf.where(t > alpha, t, tf.zeros_like(t)), x)


@op("Elu")
def elu(x: AnyValue, *, alpha: float) -> AnyValue:
    """Emit alpha (e^x - 1) below zero."""
    if alpha == 1:
        return pointwise(tf.nn.elu, x)
    return pointwise(lambda t: tf.nn.relu(t) + alpha * tf.nn.elu(tf.minimum(t, 0.0)), x)


@op("Selu")
def selu(x: AnyValue, *, alpha: float, gamma: float) -> AnyValue:
    """Emit gamma elu_alpha(x)."""
    return pointwise(
        lambda t: gamma * tf.nn.relu(t) + gamma * alpha * tf.nn.elu(tf.minimum(t, 0.0)), x
    )


@op("Celu")
def celu(x: AnyValue, *, alpha: float) -> AnyValue:
    """Emit alpha (e^(x / alpha) - 1) below zero."""
    return pointwise(
        lambda t: tf.nn.relu(t) + alpha * tf.nn.elu(tf.minimum(t, 0.0) * (1 / alpha)), x
    )


@op("Gelu")
def gelu(x: AnyValue, *, approximate: str) -> AnyValue:
    """Emit TFLite's GELU, exact or with tanh."""
    return pointwise(lambda t: tf.nn.gelu(apart(t), approximate == "tanh"), x)


@op("Swish")
def swish(x: AnyValue, *, alpha: float) -> AnyValue:
    """Emit x sigmoid(alpha x)."""
    return pointwise(lambda t: t * tf.sigmoid(t if alpha == 1 else alpha * t), x)
