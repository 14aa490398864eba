"""Support vector machines (`ai.onnx.ml`) on tables of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.product import product
from ..layout.tensors import AnyValue, Constant, Value, as_dtype
from ..lowering.registry import op
from .classical import labelled, transformed

LEAST_PROBABILITY = 1e-7
MOST_ROUNDS = 100
SETTLED = 0.005
"""How far from its goal a coupling of probabilities may end, over the number of classes."""


@op("ai.onnx.ml::SVMRegressor")
def svm_regressor(
    x: AnyValue,
    *,
    coefficients: Sequence[float],
    kernel_params: Sequence[float] | None,
    kernel_type: str,
    n_supports: int,
    one_class: int,
    post_transform: str,
    rho: Sequence[float],
    support_vectors: Sequence[float] | None,
) -> AnyValue:
    """Emit the weighted sum of a kernel's values at the support vectors, [N, 1]."""
    rows = as_dtype(x, np.float32)
    weights = np.asarray(coefficients, np.float32).reshape(-1, 1)
    if n_supports:
        vectors = np.asarray(support_vectors, np.float32).reshape(n_supports, -1)
        rows = _kernel(rows, vectors, kernel_type, kernel_params or [0.0, 0.0, 0.0])
    scores = product(rows, Constant(weights)).plain() + np.float32(rho[0])
    if one_class:
        return Value.laid_out(tf.where(scores > 0.0, 1.0, -1.0))
    return Value.laid_out(transformed(scores, post_transform))


def _kernel(
    x: AnyValue, vectors: np.ndarray, kernel_type: str, parameters: Sequence[float]
) -> AnyValue:
    """A kernel's values at the support vectors; x: [N, F], vectors: [S, F]."""
    gamma, offset, degree = parameters
    if kernel_type == "RBF":
        apart = x.plain()[:, None] - vectors[None]
        return Value.laid_out(tf.exp(-gamma * tf.reduce_sum(tf.square(apart), -1)))
    inner = product(x, Constant(vectors.T))
    if kernel_type == "LINEAR":
        return inner
    if kernel_type == "POLY":
        return pointwise(lambda t: (gamma * t + offset) ** degree, inner)
    return pointwise(lambda t: tf.tanh(gamma * t + offset), inner)


@op("ai.onnx.ml::SVMClassifier")
def svm_classifier(
    x: AnyValue,
    *,
    classlabels_ints: Sequence[int] | None,
    classlabels_strings: Sequence[Any] | None,
    coefficients: Sequence[float],
    kernel_params: Sequence[float] | None,
    kernel_type: str,
    post_transform: str,
    prob_a: Sequence[float] | None,
    prob_b: Sequence[float] | None,
    rho: Sequence[float],
    support_vectors: Sequence[float] | None,
    vectors_per_class: Sequence[int] | None,
) -> tuple[AnyValue, Value]:
    """Emit the class that most pairs of classes vote for, and the scores of pairs or classes.

    Two classes get a score each; where the model has probabilities, every class gets its own.
    """
    rows = as_dtype(x, np.float32)
    weights = np.asarray(coefficients, np.float32)
    if not vectors_per_class:
        count = len(classlabels_ints or classlabels_strings or [])
        scores = product(rows, Constant(weights.reshape(count, -1).T)).plain() + np.float32(rho[0])
        label = labelled(scores, classlabels_ints)
        return label, Value.laid_out(transformed(scores, post_transform))
    vectors = np.asarray(support_vectors, np.float32).reshape(sum(vectors_per_class), -1)
    kernel = _kernel(rows, vectors, kernel_type, kernel_params or [0.0, 0.0, 0.0])
    pairs = _weights_of_pairs(weights.reshape(-1, len(vectors)), vectors_per_class)
    scores = product(kernel, Constant(pairs)).plain() + np.asarray(rho, np.float32)
    label = labelled(_votes(scores, len(vectors_per_class)), classlabels_ints)
    if prob_a and prob_b:
        slope, shift = np.asarray(prob_a, np.float32), np.asarray(prob_b, np.float32)
        chances = tf.sigmoid(-(scores * slope + shift))
        scores = _coupled(chances, len(vectors_per_class))
    elif len(vectors_per_class) == 2:
        scores = tf.concat([-scores, scores], 1)
    return label, Value.laid_out(transformed(scores, post_transform))


def _weights_of_pairs(weights: Any, counts: Sequence[int]) -> Any:
    """What each support vector gives to each pair of classes, [S, pairs]; weights: [K - 1, S]."""
    ends = np.cumsum(counts)
    own = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    pairs = list(combinations(range(len(counts)), 2))
    table = np.zeros((weights.shape[1], len(pairs)), np.float32)
    for column, (first, second) in enumerate(pairs):
        table[own[first], column] = weights[second - 1, own[first]]
        table[own[second], column] = weights[first, own[second]]
    return table


def _sides(count: int) -> tuple[Any, Any]:
    """The first and the second class of each pair, as rows of ones and zeros, [pairs, K]."""
    pairs = np.array(list(combinations(range(count), 2)))
    ones = np.eye(count, dtype=np.float32)
    return ones[pairs[:, 0]], ones[pairs[:, 1]]


def _votes(scores: Tensor, count: int) -> Tensor:
    """How many pairs each class wins: the first above zero; [N, K]."""
    first, second = _sides(count)
    won = tf.cast(scores > 0.0, tf.float32)
    return tf.matmul(won, tf.constant(first - second)) + second.sum(0)


def _coupled(chances: Tensor, count: int) -> Tensor:
    """Probabilities of classes from those of the first of each pair, [N, pairs], to [N, K].

    Wu, Lin, Weng 2004, algorithm 2: as many rounds as it takes until a row is settled, so that
    the result is the one that LIBSVM and ONNX Runtime end with.
    """
    first, second = _sides(count)
    chances = tf.clip_by_value(chances, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    there = np.einsum("pi,pj->pij", first, second).reshape(len(first), -1)
    back = np.einsum("pi,pj->pij", second, first).reshape(len(first), -1)
    won = tf.matmul(chances, tf.constant(there)) + tf.matmul(1.0 - chances, tf.constant(back))
    won = tf.reshape(won, [-1, count, count])
    lost = tf.transpose(won, [0, 2, 1])
    size = tf.reduce_sum(tf.square(lost), 2)
    goal = np.eye(count, dtype=np.float32) * size[:, :, None] - won * lost
    start = tf.zeros_like(size) + np.float32(1 / count)

    def off(known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slope = tf.reduce_sum(goal * known[:, None], 2)
        mean = tf.reduce_sum(known * slope, 1, keepdims=True)
        worst = tf.reduce_max(tf.abs(slope - mean), 1, keepdims=True)
        return slope, mean, worst >= np.float32(SETTLED / count)

    def body(number: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        slope, mean, moving = off(known)
        moved = known
        for at in range(count):
            own = size[:, at, None]
            step = (mean - slope[:, at, None]) / own
            mean = (mean + step * (step * own + 2.0 * slope[:, at, None])) / tf.square(1.0 + step)
            slope = (slope + step * goal[:, at]) / (1.0 + step)
            moved = (moved + step * np.eye(count, dtype=np.float32)[at]) / (1.0 + step)
        return number + 1, tf.where(moving, moved, known)

    def unsettled(number: Tensor, known: Tensor) -> Tensor:
        return tf.logical_and(number < MOST_ROUNDS, tf.reduce_any(off(known)[2]))

    return tf.while_loop(unsettled, body, (tf.constant(0), start))[1]
