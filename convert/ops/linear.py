"""Matrix products and what goes with them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..align import pointwise
from ..product import product
from ..registry import op
from ..tensors import AnyValue, Constant, constant


@op("MatMul")
def matmul(a: AnyValue, b: AnyValue) -> AnyValue:
    """Matrix product with NumPy's rules for batches."""
    return product(a, b)


@op("Gemm")
def gemm(
    a: AnyValue,
    b: AnyValue,
    c: AnyValue | None = None,
    *,
    alpha: float,
    beta: float,
    transA: int,  # noqa: N803 - ONNX's name
    transB: int,  # noqa: N803 - ONNX's name
) -> AnyValue:
    """Emit alpha A' B' + beta C."""
    a = a.transpose((1, 0)) if transA else a
    b = b.transpose((1, 0)) if transB else b
    if alpha != 1 and isinstance(b, Constant):
        b, alpha = Constant(constant(b) * np.asarray(alpha, b.dtype)), 1.0
    y = product(a, b)
    if alpha != 1:
        y = pointwise(tf.multiply, y, Constant(np.asarray(alpha, y.dtype)))
    if c is None or beta == 0:
        return y
    if beta != 1:
        c = pointwise(tf.multiply, c, Constant(np.asarray(beta, c.dtype)))
    return pointwise(tf.add, y, c)
