"""Keeps large weights out of TensorFlow's graph, which copies each of them five times over.

While `apart` holds, such a weight is emitted as a placeholder that is called as its constant would
be. The array stays where it is, often a stretch of the ONNX file that is only mapped into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Weights: TypeAlias = dict[str, Array]

LEAST_BYTES = 1 << 18
"""Of a weight that is worth it: below, a graph of the constants themselves is as fast."""

_APART: ContextVar[Weights | None] = ContextVar("weights that are kept apart", default=None)


@contextmanager
def apart() -> Iterator[None]:
    """Keep the large weights that are emitted inside out of the graph."""
    token = _APART.set({})
    try:
        yield
    finally:
        _APART.reset(token)


def kept_apart() -> Mapping[str, Array]:
    """Give the weights that were kept apart so far: name of a placeholder → what it stands for."""
    return _APART.get() or {}


def weight(array: Array) -> Any:
    """Give a weight as an operator of TensorFlow takes it: the array itself, or one kept apart.

    Those of a loop's body are not kept apart: it is a graph of its own.
    """
    weights = _APART.get()
    large = array.dtype == np.float32 and array.nbytes >= LEAST_BYTES
    if weights is None or not large or _is_inner(tf.compat.v1.get_default_graph()):
        return array
    return _Apart(array, weights)


def weight_tensor(array: Array) -> Any:
    """Emit a weight, as `tf.constant` does or kept apart."""
    given = weight(array)
    return tf.constant(array) if given is array else tf.convert_to_tensor(given)


@dataclass(frozen=True, slots=True, eq=False)
class _Apart:
    """A weight that becomes a placeholder where TensorFlow would make a constant of it."""

    array: Array
    weights: Weights

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        tensor = tf.raw_ops.Placeholder(
            dtype=dtype or tf.float32, shape=self.array.shape, name=name or "Const"
        )
        self.weights[tensor.op.name] = self.array
        return tensor


def _is_inner(graph: Any) -> bool:
    return isinstance(getattr(graph, "outer_graph", None), FuncGraph)
