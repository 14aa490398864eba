"""Reduces logical axes wherever their factors lie in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from decant.runtime_facts import ELEMENTS_SUMMED, REDUCE_RANK

from . import view
from .forms import Form, Tensor, native_groups
from .tensors import Storage, Value
from .view import Axes, Factor, Factors


def reduce(
    function: Callable[..., Tensor], value: Value, axes: Sequence[int], keepdims: bool
) -> Value:
    """Reduce logical axes wherever their factors lie in memory.

    Args:
        function: Takes a tensor, `axis` and `keepdims`, as `tf.reduce_mean` does.
        value: What to reduce.
        axes: Logical axes; not negative.
        keepdims: Whether the axes stay, with size one.
    """
    gone = view.flatten(value.axes[axis] for axis in axes)
    groups, reduced = _reducible(value.storage.forms[0], gone)
    where = [i for i, is_reduced in enumerate(reduced) if is_reduced]
    result = function(value.storage.take(groups), axis=where, keepdims=keepdims)
    kept = view.flatten(group for i, group in enumerate(groups) if i not in where)
    if keepdims:
        left: Axes = tuple(() if a in axes else own for a, own in enumerate(value.axes))
    else:
        left = tuple(own for a, own in enumerate(value.axes) if a not in axes)
    return Value(Storage([Form(result, kept)]), left)


def _reducible(form: Form, gone: Factors) -> tuple[list[Factors], list[bool]]:
    """Dimensions for the form's tensor, and of which of them everything is reduced.

    No dimension is reduced in part; the tensor's own dimensions are kept where they allow it.
    """
    rows = view.refine([gone, form.order, *native_groups(form, [gone])])
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    reduced = set(rows[0])
    apart = all(len({factor in reduced for factor in group}) <= 1 for group in rows[2:])
    if apart and len(rows[2:]) <= REDUCE_RANK:
        return rows[2:], [any(factor in reduced for factor in group) for group in rows[2:]]
    groups: list[list[Factor]] = []
    for factor in rows[1]:
        same = groups and (groups[-1][-1] in reduced) == (factor in reduced)
        if same and factor.size is not None and groups[-1][-1].size is not None:
            groups[-1].append(factor)
        else:
            groups.append([factor])
    return [tuple(group) for group in groups], [group[0] in reduced for group in groups]


def averaged(x: Tensor, axis: Sequence[int], keepdims: bool = False) -> Tensor:
    """Mean over dimensions, accurate for many elements too."""
    return _in_steps(tf.reduce_mean, x, axis, keepdims)


def summed(x: Tensor, axis: Sequence[int], keepdims: bool = False) -> Tensor:
    """Sum over dimensions, accurate for many elements too."""
    return _in_steps(tf.reduce_sum, x, axis, keepdims)


def _in_steps(
    function: Callable[..., Tensor], x: Tensor, axis: Sequence[int], keepdims: bool
) -> Tensor:
    """Sum or average one dimension after the other where they are too many for one go."""
    wide = [dim for dim in axis if x.shape[dim] != 1]
    sizes = [x.shape[dim] for dim in wide]
    few = None not in sizes and math.prod(sizes) <= ELEMENTS_SUMMED
    if few or not x.dtype.is_floating or not wide:
        return function(x, axis, keepdims)
    if len(wide) > 1:
        inner = _in_steps(function, x, wide[-1:], True)
        return _in_steps(function, inner, axis, keepdims)
    shape, dim = x.shape.as_list(), wide[0]
    part = 1 if sizes[0] is None else _divisor(sizes[0])
    if part == 1 or len(shape) == REDUCE_RANK or shape.count(None) > 1:
        return function(x, axis, keepdims)
    cut = [*shape[:dim], (shape[dim] or 0) // part, part, *shape[dim + 1 :]]
    inner = function(tf.reshape(x, [-1 if size is None else size for size in cut]), [dim + 1])
    return _in_steps(function, inner, axis, keepdims)


def _divisor(size: int) -> int:
    """The divisor nearest to the square root from below."""
    return next(d for d in range(math.isqrt(size), 0, -1) if size % d == 0)
