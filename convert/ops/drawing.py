"""Random numbers from TFLite's generators, which begin at the same seed in every file."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from ..layout.forms import Tensor, sizes_of
from ..layout.tensors import AnyValue, Value, as_dtype
from ..lowering.registry import OutputInfo, op


def _seed(seed: float | None, outputs: tuple[OutputInfo, ...]) -> int:
    """The node's own seed, else one that its name gives: the same whenever a file is made."""
    text = outputs[0].name if seed is None else repr(seed)
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def _typed(numbers: Tensor, dtype: int | None, like: AnyValue | None) -> AnyValue:
    kind = like.dtype if like is not None else np.dtype(np.float32)
    wanted = kind if dtype is None else onnx.helper.tensor_dtype_to_np_dtype(dtype)
    return as_dtype(Value.laid_out(numbers), wanted)


def _normal(sizes: Sequence[Any], seed: int, mean: float, scale: float) -> Tensor:
    return tf.random.normal(sizes, seed=seed) * scale + mean


def _uniform(sizes: Sequence[Any], seed: int, low: float, high: float) -> Tensor:
    return tf.random.uniform(sizes, seed=seed) * (high - low) + low


@op("RandomNormal")
def random_normal(
    *,
    dtype: int,
    mean: float,
    scale: float,
    seed: float | None,
    shape: Sequence[int],
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Draw from a normal distribution."""
    return _typed(_normal(shape, _seed(seed, outputs), mean, scale), dtype, None)


@op("RandomNormalLike")
def random_normal_like(
    x: AnyValue,
    *,
    dtype: int | None,
    mean: float,
    scale: float,
    seed: float | None,
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Draw from a normal distribution as many numbers as x has."""
    sizes = sizes_of(x.plain())
    return _typed(_normal(sizes, _seed(seed, outputs), mean, scale), dtype, x)


@op("RandomUniform")
def random_uniform(
    *,
    dtype: int,
    high: float,
    low: float,
    seed: float | None,
    shape: Sequence[int],
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Draw evenly from [low, high)."""
    return _typed(_uniform(shape, _seed(seed, outputs), low, high), dtype, None)


@op("RandomUniformLike")
def random_uniform_like(
    x: AnyValue,
    *,
    dtype: int | None,
    high: float,
    low: float,
    seed: float | None,
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Draw evenly from [low, high) as many numbers as x has."""
    sizes = sizes_of(x.plain())
    return _typed(_uniform(sizes, _seed(seed, outputs), low, high), dtype, x)


@op("Bernoulli")
def bernoulli(
    x: AnyValue, *, dtype: int | None, seed: float | None, outputs: tuple[OutputInfo, ...]
) -> AnyValue:
    """Draw one with the probability that x gives, else zero."""
    p = x.plain()
    drawn = tf.random.uniform(sizes_of(p), seed=_seed(seed, outputs))
    return _typed(tf.cast(drawn < p, tf.float32), dtype, x)


@op("Multinomial")
def multinomial(
    x: AnyValue,
    *,
    dtype: int,
    sample_size: int,
    seed: float | None,
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Draw classes by their log probabilities, x: [N, classes] to [N, sample_size].

    The class that wins when each one's log probability gets noise of its own, -log(-log(u)).
    """
    logits = tf.expand_dims(x.plain(), 1)
    n, _, classes = sizes_of(logits)
    u = tf.random.uniform([n, sample_size, classes], seed=_seed(seed, outputs))
    noise = -tf.math.log(-tf.math.log(tf.maximum(u, np.finfo(np.float32).tiny)))
    return _typed(tf.argmax(logits + noise, -1, output_type=tf.int32), dtype, None)
