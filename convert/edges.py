"""Extends a dimension by copies of its own elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from .cut import Part, cut_tensor
from .memory import Tensor

MAX_SLICES = 8  # beyond as many copies one GATHER is as good


def extend(x: Tensor, dim: int, before: Sequence[int], after: Sequence[int]) -> Tensor:
    """Put copies of elements in front of and behind a dimension; -1 is its last element.

    Slices and a concatenation run inside XNNPACK, where MIRROR_PAD and GATHER do not: on 80 x 80 x
    64 they take 0.1 ms and MIRROR_PAD 2.7.
    """
    if not before and not after:
        return x
    size = x.shape[dim]
    if len(before) + len(after) > MAX_SLICES and size is not None:
        index = np.asarray([*before, *range(size), *after], np.int32) % size
        return tf.gather(x, index, axis=dim)
    single = {i: _element(x, dim, i) for i in sorted({*before, *after})}
    return tf.concat([*(single[i] for i in before), x, *(single[i] for i in after)], dim)


def _element(x: Tensor, dim: int, index: int) -> Tensor:
    size = x.shape[dim]
    if index < 0 and size is None:
        return x[(slice(None),) * dim + (slice(-1, None),)]
    return cut_tensor(x, dim, Part(index % size if index < 0 else index, 1))
