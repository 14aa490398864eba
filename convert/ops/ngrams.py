"""Counts how often given rows of numbers occur in a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Value, as_dtype
from ..lowering.registry import op


@op("TfIdfVectorizer")
def tf_idf_vectorizer(
    x: AnyValue,
    *,
    max_gram_length: int,
    max_skip_count: int,
    min_gram_length: int,
    mode: str,
    ngram_counts: Sequence[int],
    ngram_indexes: Sequence[int],
    pool_int64s: Sequence[int] | None,
    pool_strings: Sequence[Any] | None,
    weights: Sequence[float] | None,
) -> AnyValue:
    """Emit the n-grams' counts, weights, or both multiplied; x: [T] or [N, T] of numbers."""
    if pool_strings:
        raise Refused("TFLite has no tensors of texts", "number the words before the model")
    rows = as_dtype(x, np.int32).plain()
    rows = rows if x.rank == 2 else rows[None]
    if rows.shape[1] is None:
        raise FreeSize("the length of the sequence is free")
    pool = np.asarray(pool_int64s, np.int32)
    ends = [*ngram_counts[1:], len(pool)]
    counts = []
    for size, (start, end) in enumerate(zip(ngram_counts, ends, strict=True), start=1):
        grams = pool[start:end].reshape(-1, size)
        wanted = min_gram_length <= size <= max_gram_length
        skips = range(max_skip_count + 1 if size > 1 else 1) if wanted else []
        counts.append(_counted(rows, grams, skips))
    given = tf.concat(counts, 1)
    if mode != "TF":
        factors = np.asarray(weights or [1.0] * len(ngram_indexes), np.float32)
        given = tf.where(given > 0.0, factors, 0.0) if mode == "IDF" else given * factors
    places = np.zeros((len(ngram_indexes), max(ngram_indexes) + 1), np.float32)
    places[np.arange(len(ngram_indexes)), list(ngram_indexes)] = 1.0
    result = Value.laid_out(tf.matmul(given, places))
    return result if x.rank == 2 else result.reshape((places.shape[1],))


def _counted(rows: Tensor, grams: Any, skips: Sequence[int]) -> Tensor:
    """How often each gram stands in each row, its numbers next to each other or some apart."""
    count, size = grams.shape
    total = tf.zeros([tf.shape(rows)[0], count])
    for step in (skip + 1 for skip in skips):
        places = rows.shape[1] - (size - 1) * step
        if places <= 0 or not count:
            continue
        windows = tf.stack([rows[:, i * step :][:, :places] for i in range(size)], -1)
        same = tf.reduce_all(tf.equal(windows[:, :, None], grams), -1)
        total += tf.reduce_sum(tf.cast(same, tf.float32), 1)
    return total
