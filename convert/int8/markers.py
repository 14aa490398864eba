"""Marks in a TensorFlow function where numbers are quantized.

A marker is a function that TFLite's converter takes for an operator of its own and passes on, with
its parameters as constants. TensorFlow runs its body, the arithmetic that ONNX defines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import tensorflow as tf

from .names import DEQUANTIZE, DYNAMIC, NAMED, QUANTIZE

Tensor = Any


_WRITTEN_OUT: ContextVar[bool] = ContextVar("_WRITTEN_OUT", default=False)


@contextmanager
def written_out() -> Iterator[None]:
    """Compute inside what would be marked, for markers that TFLite has no kernels for."""
    token = _WRITTEN_OUT.set(True)
    try:
        yield
    finally:
        _WRITTEN_OUT.reset(token)


def quantized(x: Tensor, scale: float, zero_point: int, dtype: np.dtype[Any]) -> Tensor:
    """Mark x / scale + zero_point, rounded to even and saturated.

    Args:
        x: Any shape, float32.
        scale: The step.
        zero_point: The integer of 0.
        dtype: int8 or uint8.
    """
    limits = np.iinfo(dtype)

    def body(x: Tensor, scale: Tensor, zero_point: Tensor, _name: Tensor) -> Tensor:
        y = tf.round(x / scale) + tf.cast(zero_point, tf.float32)
        return tf.cast(tf.clip_by_value(y, limits.min, limits.max), dtype)

    return _marked(QUANTIZE, body, x, *_parameters(scale, zero_point))


def dequantized(x: Tensor, scale: float, zero_point: int) -> Tensor:
    """Mark (x - zero_point) scale.

    Args:
        x: Any shape, int8 or uint8.
        scale: The step.
        zero_point: The integer of 0.
    """

    def body(x: Tensor, scale: Tensor, zero_point: Tensor, _name: Tensor) -> Tensor:
        return (tf.cast(x, tf.float32) - tf.cast(zero_point, tf.float32)) * scale

    return _marked(DEQUANTIZE, body, x, *_parameters(scale, zero_point))


def dynamically_quantized(x: Tensor) -> Tensor:
    """Mark that x is rounded to 256 steps between its own limits (ONNX DynamicQuantizeLinear).

    Args:
        x: Any shape, float32. So is the result.
    """

    def body(x: Tensor, _name: Tensor) -> Tensor:
        scale, zero_point = dynamic_parameters(x)
        return (in_steps(x, scale, zero_point) - zero_point) * scale

    return _marked(DYNAMIC, body, x)


MOVES = frozenset({"ExpandDims", "Identity", "Pad", "PadV2", "Reshape", "Squeeze", "Transpose"})
"""What may stand between a marker and the operator that reads its result."""


def is_marked(x: Tensor) -> bool:
    """Whether x is what a marker gives, or that moved: an integer kernel may read it."""
    while x.op.type in MOVES:
        x = x.op.inputs[0]
    maker: str = x.op.type
    return maker.endswith("PartitionedCall")


def dynamic_parameters(x: Tensor) -> tuple[Tensor, Tensor]:
    """Emit the scale of 256 steps between the limits of x and of 0, and the step of 0, float32."""
    low, high = tf.minimum(tf.reduce_min(x), 0.0), tf.maximum(tf.reduce_max(x), 0.0)
    # TensorFlow would multiply by 1 / 255, whose rounding decides ties otherwise than ONNX Runtime.
    scale = (high - low) / tf.maximum(low, 255.0)
    scale = tf.where(scale > 0.0, scale, 1.0)
    return scale, tf.round(tf.clip_by_value(-low / scale, 0.0, 255.0))


def in_steps(x: Tensor, scale: Tensor, zero_point: Tensor) -> Tensor:
    """Emit the steps of x, 0 to 255, float32."""
    return tf.clip_by_value(tf.round(x / scale) + zero_point, 0.0, 255.0)


def _parameters(scale: float, zero_point: int) -> tuple[Tensor, Tensor]:
    return tf.constant(scale, tf.float32), tf.constant(zero_point, tf.int32)


def _marked(kind: str, body: Callable[..., Tensor], *given: Tensor) -> Tensor:
    """Call a marker, with a number that names its result: the converter forgets names."""
    if _WRITTEN_OUT.get():
        return body(*given, None)
    number = len(tf.compat.v1.get_default_graph().get_operations())
    result = _implementing(kind)(body)(*given, tf.constant(number, tf.int32))
    return tf.identity(result, name=f"{NAMED}{number}")


def _implementing(kind: str) -> Any:
    """What makes a function stand for an operator of the file.

    Each marker has a function of its own: shapes are not inferred in one that is called twice.
    """
    says = f'name: "{kind}" attr {{ key: "tfl_fusable_op" value {{ b: true }} }}'
    return tf.function(autograph=False, experimental_implements=says)
