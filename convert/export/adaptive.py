"""ONNX forms of adaptive pooling whose windows are not all of one size.

torch.onnx has none for maxima, and for means one of a hundred gathers. Windows are separable: a
stretch of rows for every output row, then a stretch of columns for every output column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onnxscript import opset18 as onnx_op

Tensor = Any  # a symbolic tensor of torch.onnx


@dataclass(frozen=True, slots=True)
class _Pool:
    """The reduction of one window, and the pooling with windows of one size."""

    reduce: Callable[..., Tensor]
    windows: Callable[..., Tensor]


def mean_2d(x: Tensor, output_size: Sequence[int]) -> Tensor:
    """Translate aten._adaptive_avg_pool2d; x: [..., H, W]."""
    return _pooled(x, output_size, _Pool(onnx_op.ReduceMean, onnx_op.AveragePool))


def maximum_2d(x: Tensor, output_size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Translate aten.adaptive_max_pool2d; the places of the maxima are left out."""
    values = _pooled(x, output_size, _Pool(onnx_op.ReduceMax, _max_pool))
    return values, onnx_op.Constant(value_int=-1)


def _max_pool(x: Tensor, **settings: Any) -> Tensor:
    return onnx_op.MaxPool(x, **settings)[0]


def _pooled(x: Tensor, wanted: Sequence[int], pool: _Pool) -> Tensor:
    sizes = x.shape[len(x.shape) - len(wanted) :]
    if not all(isinstance(size, int) for size in sizes):
        raise ValueError("adaptive pooling needs fixed sizes; export without free ones")
    if max(wanted) == 1:
        return pool.reduce(x, _integers(*range(-len(wanted), 0)), keepdims=1)
    steps = [size // count for size, count in zip(sizes, wanted, strict=True)]
    even = [step * count for step, count in zip(steps, wanted, strict=True)] == list(sizes)
    if even and len(x.shape) == len(wanted) + 2:
        return pool.windows(x, kernel_shape=steps, strides=steps)
    for axis, (size, count) in enumerate(zip(sizes, wanted, strict=True), -len(wanted)):
        x = _along(x, axis, _windows(size, count), pool.reduce)
    return x


def _windows(size: int, count: int) -> list[tuple[int, int]]:
    """First and last + 1 of every window, as PyTorch places them."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _along(
    x: Tensor, axis: int, windows: Sequence[tuple[int, int]], reduce: Callable[..., Tensor]
) -> Tensor:
    """Reduce stretches of one axis and join the results."""
    where = _integers(axis)
    parts = [
        reduce(onnx_op.Slice(x, _integers(begin), _integers(end), where), where, keepdims=1)
        for begin, end in windows
    ]
    return onnx_op.Concat(*parts, axis=axis) if len(parts) > 1 else parts[0]


def _integers(*values: int) -> Tensor:
    return onnx_op.Constant(value_ints=list(values))
