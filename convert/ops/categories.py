"""Categories as numbers (`ai.onnx.ml`): other numbers for them, or ones at their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Value
from ..lowering.registry import op

TEXTS = Refused(
    "texts stand for categories, of which TFLite has no tensors",
    "number the categories before the model",
)


@op("ai.onnx.ml::LabelEncoder", since=2)
def label_encoder(
    x: AnyValue,
    *,
    default_float: float,
    default_int64: int,
    default_string: Any,
    default_tensor: Any,
    keys_floats: Sequence[float] | None,
    keys_int64s: Sequence[int] | None,
    keys_strings: Sequence[Any] | None,
    keys_tensor: Any,
    values_floats: Sequence[float] | None,
    values_int64s: Sequence[int] | None,
    values_strings: Sequence[Any] | None,
    values_tensor: Any,
) -> Value:
    """Put the value of a key in its place, and the default where there is no such key."""
    keys = _given(keys_tensor, keys_int64s, keys_floats)
    values = _given(values_tensor, values_int64s, values_floats)
    stated = default_tensor if values_tensor is not None else None
    default = default_int64 if values.dtype == np.int64 else default_float
    other = np.full(1, default if stated is None else stated.item(), values.dtype)
    equal = _equal(x, keys)
    known = tf.argmax(tf.cast(equal, tf.int32), -1, output_type=tf.int32)
    place = tf.where(tf.reduce_any(equal, -1), known, tf.constant(len(keys), tf.int32))
    return Value.laid_out(tf.gather(tf.constant(np.concatenate([values, other])), place))


def _given(tensor: Any, integers: Sequence[int] | None, floats: Sequence[float] | None) -> Any:
    """The numbers of an attribute that comes in one of three forms.

    Raises:
        Refused: If they are texts.
    """
    if tensor is not None and tensor.dtype.kind in "if":
        return tensor.ravel()
    if integers is not None:
        return np.asarray(integers, np.int64)
    if floats is not None:
        return np.asarray(floats, np.float32)
    raise TEXTS


def _equal(x: AnyValue, keys: Any) -> Tensor:
    """Whether an element is each of some numbers, NaN being one, too; [..., keys]."""
    tensor = tf.expand_dims(x.plain(), -1)
    equal = tf.equal(tensor, tf.constant(keys, tensor.dtype))
    if keys.dtype.kind == "f" and np.isnan(keys).any():
        missing = tf.logical_and(tf.not_equal(tensor, tensor), tf.constant(np.isnan(keys)))
        return tf.logical_or(equal, missing)
    return equal


@op("ai.onnx.ml::OneHotEncoder", ignore=["zeros"])
def one_hot_encoder(
    x: AnyValue, *, cats_int64s: Sequence[int] | None, cats_strings: Sequence[Any] | None
) -> Value:
    """Emit ones where an element is a category, [..., categories]; none for an unknown one."""
    categories = _given(None, cats_int64s, None)
    whole = tf.cast(x.plain(), tf.int64)  # as ONNX Runtime compares
    return Value.laid_out(tf.cast(_equal(Value.laid_out(whole), categories), tf.float32))
