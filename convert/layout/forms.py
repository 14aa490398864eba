"""One layout of a value in memory, and the moves from one layout to another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from decant.runtime_facts import TRANSPOSE_RANK

from . import view
from .view import Factors, Size

Tensor = Any  # a symbolic tf.Tensor; TensorFlow ships no types


@dataclass(eq=False, slots=True)
class Form:
    """One layout in which a storage's elements exist in memory.

    Attributes:
        tensor: The TensorFlow tensor.
        order: Its factors in memory order, neighbours joined.
    """

    tensor: Tensor
    order: Factors

    def __post_init__(self) -> None:
        self.order = view.merge(self.order)


def same_shape(tensor: Tensor, sizes: Sequence[Size]) -> bool:
    """Whether the tensor's static shape is this one; at most one size may be unknown."""
    shape = tensor.shape.as_list()
    return shape == list(sizes) and sizes.count(None) <= len([s for s in shape if s is None])


def runtime_shape(groups: Sequence[Factors]) -> Any:
    """A shape for `tf.reshape`: numbers, with one -1, or a tensor where two or more are unknown."""
    sizes = [view.size_of(group) for group in groups]
    if sizes.count(None) <= 1:
        return [-1 if size is None else size for size in sizes]
    return tf.stack([runtime_size(group) for group in groups])


def runtime_size(group: Factors) -> Any:
    """Number of elements that the factors span: a number, or a scalar int32 tensor."""
    size: Any = 1
    for factor in group:
        known = factor.size
        size = size * (factor.dim.runtime_size() if known is None else known)  # type: ignore[misc]
    return size


def sizes_of(tensor: Tensor) -> list[Any]:
    """The sizes of a tensor for `tf.reshape`: numbers, and scalar tensors for free ones."""
    return [
        tf.shape(tensor)[dim] if size is None else size
        for dim, size in enumerate(tensor.shape.as_list())
    ]


def native_groups(form: Form, rows: Iterable[Factors]) -> list[Factors]:
    """The factors of every dimension of the form's tensor.

    If a dimension ends inside a factor of `rows`, the tensor needs a reshape for them anyway; then
    it counts as one dimension.
    """
    groups = view.regroup(form.order, form.tensor.shape.as_list())
    if groups is None:
        raise AssertionError(f"{form.tensor} does not hold {form.order}")
    return list(groups) if view.refine([*groups, *rows]) else [form.order]


def transpose(form: Form, groups: Sequence[Factors]) -> Tensor:
    """Transpose a form's tensor into the order of `groups`.

    The tensor's own dimensions are used where they move whole, else the wanted ones, else the
    fewest runs; so that at most one reshape is needed before and one after.
    """
    own = native_groups(form, groups)
    rows = view.refine([form.order, view.flatten(groups), *own, *groups])
    if rows is None:
        raise AssertionError("a form was chosen whose factors do not divide the target's")
    source, target, cut = rows[0], rows[1], rows[2:]
    own, wanted = cut[: len(own)], cut[len(own) :]
    order = view.permutation(source, target)
    if len(own) <= TRANSPOSE_RANK and all(_contiguous(group, target) for group in own):
        return _transpose_dims(form.tensor, own, target)
    if len(wanted) <= TRANSPOSE_RANK and all(_contiguous(group, source) for group in wanted):
        dims = sorted(wanted, key=lambda group: source.index(group[0]) if group else -1)
    else:
        dims = [tuple(source[i] for i in run) for run in sorted(view.runs(order))]
    return _transpose_dims(tf.reshape(form.tensor, runtime_shape(dims)), dims, target)


def _contiguous(group: Factors, row: Factors) -> bool:
    if not group:
        return True
    start = row.index(group[0])
    return row[start : start + len(group)] == group


def _transpose_dims(tensor: Tensor, dims: Sequence[Factors], target: Factors) -> Tensor:
    """Transpose a tensor whose dimensions are `dims`; those of size one stay where they are."""
    moving = [i for i, group in enumerate(dims) if group]
    ordered = iter(sorted(moving, key=lambda i: target.index(dims[i][0])))
    perm = [next(ordered) if group else i for i, group in enumerate(dims)]
    if len(perm) <= TRANSPOSE_RANK:
        return tf.transpose(tensor, perm)
    return _transpose_in_steps(tensor, perm)


def _transpose_in_steps(tensor: Tensor, perm: Sequence[int]) -> Tensor:
    """Transpose more dimensions than TFLite can at once, in two steps of few runs each."""
    first = min(_halfway(perm), key=lambda p: _step_cost(p, perm))
    sizes = tensor.shape.as_list()
    for step in (first, [first.index(axis) for axis in perm]):
        groups = view.runs(step)
        source = sorted(groups)
        dims = [_product(sizes[i] for i in group) for group in source]
        if len(dims) > TRANSPOSE_RANK:
            raise AssertionError(f"{perm} takes more than two transposes")
        tensor = tf.transpose(tf.reshape(tensor, dims), [source.index(group) for group in groups])
        sizes = [sizes[i] for i in step]
    return tf.reshape(tensor, [_product([size]) for size in sizes])


def _product(sizes: Iterable[Size]) -> int:
    """The product, or -1, which a reshape works out, if a size is not known."""
    known = list(sizes)
    return -1 if None in known else math.prod(size for size in known if size is not None)


def _halfway(perm: Sequence[int]) -> Iterator[list[int]]:
    """Orders to go through: one stretch of the source moved to where another place is."""
    count = len(perm)
    identity = list(range(count))
    for begin, end in itertools.combinations(range(count + 1), 2):
        rest = identity[:begin] + identity[end:]
        for place in range(len(rest) + 1):
            yield [*rest[:place], *identity[begin:end], *rest[place:]]


def _step_cost(first: Sequence[int], perm: Sequence[int]) -> tuple[int, int]:
    """The longer of the two steps, then both together, in runs."""
    second = [first.index(axis) for axis in perm]
    counts = len(view.runs(first)), len(view.runs(second))
    return max(counts), sum(counts)
