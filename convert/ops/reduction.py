"""Ops that make one number of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ..align import reduce
from ..registry import op
from ..tensors import AnyValue, Value, activation, numbers

REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceMax": tf.reduce_max,
    "ReduceMean": tf.reduce_mean,
    "ReduceMin": tf.reduce_min,
    "ReduceProd": tf.reduce_prod,
    "ReduceSum": tf.reduce_sum,
}


def _register(name: str, function: Callable[..., Any]) -> None:
    @op(name)
    def reduction(
        x: AnyValue, axes: AnyValue | None = None, *, keepdims: int, noop_with_empty_axes: int
    ) -> AnyValue:
        wanted = [] if axes is None else [axis % x.rank for axis in numbers(axes)]
        if not wanted and noop_with_empty_axes:
            return x
        return reduce(function, activation(x), wanted or range(x.rank), bool(keepdims))


for _name, _function in REDUCTIONS.items():
    _register(_name, _function)


@op("GlobalAveragePool")
def global_average_pool(x: AnyValue) -> Value:
    """Mean over all spatial axes; x: [N, C, ...]."""
    return _global(tf.reduce_mean, x)


@op("GlobalMaxPool")
def global_max_pool(x: AnyValue) -> Value:
    """Maximum over all spatial axes; x: [N, C, ...]."""
    return _global(tf.reduce_max, x)


def _global(function: Callable[..., Any], x: AnyValue) -> Value:
    axes: Sequence[int] = range(2, x.rank)
    return reduce(function, activation(x), axes, keepdims=True)
