"""Attention whose memory is one matrix a head, unrolled step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Value, activation
from ..lowering.registry import op


@op("LinearAttention", ignore=["chunk_size"])
def linear_attention(
    query: AnyValue,
    key: AnyValue,
    value: AnyValue,
    past_state: AnyValue | None = None,
    decay: AnyValue | None = None,
    beta: AnyValue | None = None,
    *,
    kv_num_heads: int,
    q_num_heads: int,
    scale: float,
    update_rule: str,
) -> tuple[AnyValue, Value]:
    """Read every query from a state that each key and value change.

    The inputs are [N, T, heads · width], the states [N, kv_num_heads, key width, value width]; the
    rules of change stand in ONNX LinearAttention-27. Which one holds follows from the inputs.
    """
    heads = kv_num_heads
    group = q_num_heads // heads
    queries = _steps(query, (heads, group))
    keys, values = _steps(key, (heads, 1)), _steps(value, (heads, 1))
    faded = _steps(decay, (heads, 1)) if decay is not None else [None] * len(keys)
    rates = _steps(beta, (beta.shape[-1] or 1, 1)) if beta is not None else [None] * len(keys)
    factor = scale or 1.0 / math.sqrt(queries[0].shape[-1])
    state = None if past_state is None else past_state.plain()
    outputs = []
    for q, k, v, fade, rate in zip(queries, keys, values, faded, rates, strict=True):
        state = _written(state, (k, v), fade, rate)
        outputs.append(tf.matmul(q * factor, state))
    joined = Value.laid_out(tf.stack(outputs, 1))
    steps, width = joined.shape[1], math.prod(size or 0 for size in joined.shape[2:])
    return joined.reshape((joined.shape[0], steps, width)), Value.laid_out(state)


def _steps(x: AnyValue, heads: tuple[int, int]) -> Sequence[Tensor]:
    """Cut [N, T, heads · width] into steps [N, heads, group, width]."""
    batch, steps, width = x.shape
    if steps is None or width is None:
        raise FreeSize("the number of steps is not fixed")
    split = activation(x).reshape((batch, steps, *heads, width // math.prod(heads)))
    stacked: Sequence[Tensor] = tf.unstack(split.plain(), steps, 1)
    return stacked


def _written(state: Tensor, pair: tuple[Tensor, Tensor], fade: Tensor, rate: Tensor) -> Tensor:
    """The state after one key and value; None stands for zeros, and for what a rule lacks."""
    key, value = pair
    if state is not None and fade is not None:
        state = state * tf.exp(tf.linalg.matrix_transpose(fade))
    if rate is not None:
        known = value if state is None else value - tf.matmul(key, state)
        value = rate * known
    added = tf.linalg.matrix_transpose(key) * value
    return added if state is None else state + added
