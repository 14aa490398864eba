"""Extends a dimension by copies of its own elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from .cut import Part, cut_tensor
from .memory import Tensor

MAX_SLICES = 8  # beyond as many copies one GATHER is as good


def extend(x: Tensor, dim: int, before: Sequence[int], after: Sequence[int]) -> Tensor:
    """Put copies of elements, given by index, in front of and behind a dimension.

    Slices and a concatenation run inside XNNPACK, where MIRROR_PAD and GATHER do not: on 80 x 80 x
    64 they take 0.1 ms and MIRROR_PAD 2.7.
    """
    if not before and not after:
        return x
    size = x.shape[dim]
    if len(before) + len(after) > MAX_SLICES and size is not None:
        index = np.asarray([*before, *range(size), *after], np.int32)
        return tf.gather(x, index, axis=dim)
    single = {i: cut_tensor(x, dim, Part(i, 1)) for i in {*before, *after}}
    return tf.concat([*(single[i] for i in before), x, *(single[i] for i in after)], dim)
