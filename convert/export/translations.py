"""ONNX forms of PyTorch operators that torch.onnx translates badly or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import onnx_ir as ir
import torch
from onnxscript import opset18 as onnx_op
from onnxscript.function_libs.torch_lib.ops.nn import aten_scaled_dot_product_attention

from . import adaptive

Tensor = Any  # a symbolic tensor of torch.onnx


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Translate aten.scaled_dot_product_attention of any rank; torch.onnx knows four axes only.

    A query that a boolean mask lets see no key, as one of the padding, gets zeros, as in PyTorch;
    torch.onnx's own form gives the mean of all values (torch 2.13).
    """

    def four_axes(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        chosen = mask is not None and mask.dtype == ir.DataType.BOOL
        added = _added(mask, q.dtype) if chosen else mask
        result = aten_scaled_dot_product_attention(
            q, k, v, added, dropout_p, is_causal, scale, enable_gqa
        )
        return onnx_op.Mul(result, _sees_any(mask, q.dtype)) if chosen else result

    if len(query.shape) == 4:
        return four_axes(query, key, value, attn_mask)
    if attn_mask is not None and len(attn_mask.shape) > 2:
        raise ValueError("attention of other than four axes takes a mask [queries, keys] only")
    q, k, v = (_with_four_axes(x) for x in (query, key, value))
    result = four_axes(q, k, v, attn_mask)
    return _reshaped(result, [*query.shape[:-1], value.shape[-1]])


def _added(mask: Tensor, dtype: ir.DataType) -> Tensor:
    """What is added to the scores for a boolean mask."""
    return onnx_op.Where(mask, _number(0.0, dtype), _number(float(dtype.min), dtype))


def _number(number: float, dtype: ir.DataType) -> Tensor:
    tensor: Any = ir.tensor(number, dtype=dtype)
    return onnx_op.Constant(value=tensor)


def _sees_any(mask: Tensor, dtype: ir.DataType) -> Tensor:
    """1 for each query that sees a key, else 0: [..., queries, keys] to [..., queries, 1]."""
    seen: Any = onnx_op.Cast(mask, to=dtype.value)
    keys: Any = onnx_op.Constant(value_ints=[-1])
    return onnx_op.ReduceMax(seen, keys)


def _with_four_axes(x: Tensor) -> Tensor:
    """Join the leading axes, or add one of size one: [batch, heads, length, depth]."""
    *leading, length, depth = x.shape
    heads = leading.pop() if leading else 1
    known = all(isinstance(size, int) for size in leading)
    result = _reshaped(x, [-1, heads, length, depth])
    batch = math.prod(leading) if known else None
    result.shape = ir.Shape([batch, heads, length, depth])  # the translation asks for it at once
    result.dtype = x.dtype
    return result


def _reshaped(x: Tensor, shape: list[Any]) -> Tensor:
    sizes: Any = onnx_op.Constant(value_ints=[s if isinstance(s, int) else -1 for s in shape])
    return onnx_op.Reshape(x, sizes)


TRANSLATIONS: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.scaled_dot_product_attention.default: attention,
    torch.ops.aten._adaptive_avg_pool2d.default: adaptive.mean_2d,
    torch.ops.aten.adaptive_max_pool2d.default: adaptive.maximum_2d,
}
"""What `torch.onnx.export` takes as `custom_translation_table`."""
