"""Describes how the logical (ONNX) axes of a value lie in the memory of a tensor.

A tensor's memory is a row of `Factor`s, outermost first. A logical axis is a list of factors, most
significant first. Transposing or reshaping a value only reorders, splits and regroups these lists.
Axes of size one have no factor. An axis of unknown size is one factor that is never split.

The output [N, C, H, W] = [1, 8, 4, 6] of a convolution, which lies in memory as NHWC:

>>> n, h, w, c = (Dim(size) for size in (1, 4, 6, 8))
>>> memory = flatten(whole(dim) for dim in (n, h, w, c))
>>> axes = tuple(whole(dim) for dim in (n, c, h, w))
>>> sizes = lambda axes: [[factor.size for factor in axis] for axis in axes]
>>> sizes([memory]), sizes(axes)
([[4, 6, 8]], [[], [8], [4], [6]])

A transpose to channels-last only reorders the axes, and then memory is as it should be: nothing
moves.

>>> flatten(axes[axis] for axis in (0, 2, 3, 1)) == memory
True

Flatten makes one axis of three factors. Whoever needs that axis in one piece has to move the
channels in front, as one run before another:

>>> flat = regroup(flatten(axes), (1, 192))
>>> sizes(flat)
[[], [8, 4, 6]]
>>> order = permutation(*refine([memory, flatten(flat)]))
>>> order, runs(order)
([2, 0, 1], [[2], [0, 1]])

A split of the channels into 2 heads of 4 cuts their factor in two of other strides; into heads of
3 it cannot, and only a reshape of real data would do:

>>> heads = regroup(flatten(axes), (1, 2, 4, 4, 6))
>>> sizes(heads), [factor.stride for axis in heads[1:3] for factor in axis]
([[], [2], [4], [4], [6]], [4, 1])
>>> regroup(flatten(axes), (1, 3, 4, 4, 6)) is None
True

A concatenation along an axis needs it in one piece. The two factors of the heads still are one,
being neighbours in memory; an axis of channels and rows would be two:

>>> sizes([join(flatten(heads[1:3]), memory), join(flatten(axes[1:3]), memory)])
[[8], [8, 4]]
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Size = int | None


@dataclass(eq=False, slots=True)
class Dim:
    """A dimension of a tensor as some op made it; two dims are equal only if they are one object.

    Attributes:
        size: Its length, None where it is known only at run time.
        runtime_size: Gives the length as a scalar tensor; needed only where `size` is None.
    """

    size: Size
    runtime_size: Callable[[], Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Factor:
    """A part of a `Dim`: index (i // stride) % size, where i runs over the dim."""

    dim: Dim
    stride: int
    size: Size

    def split(self, inner: int) -> tuple[Factor, Factor]:
        """Split into an outer and an inner factor; `inner` must divide the size."""
        if self.size is None or self.size % inner:
            raise AssertionError(f"{self} cannot be split by {inner}")
        outer = Factor(self.dim, self.stride * inner, self.size // inner)
        return outer, Factor(self.dim, self.stride, inner)


Factors = tuple[Factor, ...]
Axes = tuple[Factors, ...]


def whole(dim: Dim) -> Factors:
    """The factors of a whole dimension: one, or none where its size is one."""
    return () if dim.size == 1 else (Factor(dim, 1, dim.size),)


def fresh(factor: Factor) -> Factor:
    """A factor of the same size that belongs to no other value."""
    dim = Dim(factor.size, factor.dim.runtime_size if factor.size is None else None)
    return Factor(dim, 1, factor.size)


def merge(factors: Iterable[Factor]) -> Factors:
    """Join neighbours that follow each other inside one dimension."""
    merged: list[Factor] = []
    for factor in factors:
        last = merged[-1] if merged else None
        if last and factor.size and last.dim is factor.dim and follows(last, factor):
            merged[-1] = Factor(last.dim, factor.stride, (last.size or 0) * (factor.size or 0))
        else:
            merged.append(factor)
    return tuple(merged)


def join(factors: Factors, memory: Factors) -> Factors:
    """Join neighbours, but only those that are neighbours in memory too.

    Args:
        factors: Factors in logical order.
        memory: All factors of the tensor in memory order.
    """
    rows = refine([merge(memory), factors])
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    place = {factor: i for i, factor in enumerate(rows[0])}
    joined: list[Factor] = []
    end = -1
    for factor in rows[1]:
        last = joined[-1] if joined else None
        if last and place[factor] == end + 1 and last.dim is factor.dim and follows(last, factor):
            joined[-1] = Factor(last.dim, factor.stride, (last.size or 0) * (factor.size or 0))
        else:
            joined.append(factor)
        end = place[factor]
    return tuple(joined)


def follows(outer: Factor, inner: Factor) -> bool:
    """Whether `inner` is the next finer part of the dimension that `outer` is a part of."""
    return inner.size is not None and outer.stride == inner.stride * inner.size


def size_of(factors: Iterable[Factor]) -> Size:
    """Number of elements that the factors span, None where it is not known."""
    sizes = [factor.size for factor in factors]
    return None if None in sizes else math.prod(s for s in sizes if s is not None)


def flatten(axes: Iterable[Factors]) -> Factors:
    """All factors of the axes, in logical order."""
    return tuple(factor for axis in axes for factor in axis)


def regroup(factors: Factors, shape: Sequence[Size]) -> Axes | None:
    """Distribute factors over the axes of a new shape of the same element count.

    Args:
        factors: Factors in logical order.
        shape: The new sizes; at most as many unknown ones as there are unknown factors.

    Returns:
        One list of factors per axis, or None where an axis would need part of a factor that its
        size does not divide, so that only real data movement could answer.
    """
    unknown = [i for i, size in enumerate(shape) if size is None]
    free = [i for i, factor in enumerate(factors) if factor.size is None]
    if len(unknown) != len(free):
        return None
    if not unknown:
        taken = _take(list(factors), list(shape))
        return None if taken is None or taken[1] else tuple(taken[0])
    left = _take(list(factors[: free[0]]), list(shape[: unknown[0]]))
    tail = list(factors[free[-1] + 1 :])
    right = _take_from_right(tail, list(shape[unknown[-1] + 1 :]))
    if left is None or right is None:
        return None
    middle = _middle(factors[free[0] : free[-1] + 1], shape[unknown[0] : unknown[-1] + 1])
    if middle is None:
        return None
    middle[0] = (*left[1], *middle[0])
    middle[-1] = (*middle[-1], *right[1])
    return (*left[0], *middle, *right[0])


def _middle(factors: Factors, shape: Sequence[Size]) -> list[Factors] | None:
    """Regroup a stretch that begins and ends with an unknown factor, on both sides."""
    groups: list[Factors] = []
    pending = list(factors)
    for start, size in enumerate(shape):
        if size is None:
            groups.append((pending.pop(0),))
            following = next((i for i, s in enumerate(shape[start + 1 :]) if s is None), None)
            if following is None:
                continue
            count = next(i for i, factor in enumerate(pending) if factor.size is None)
            taken = _take(pending[:count], list(shape[start + 1 :][:following]))
            if taken is None or taken[1]:
                return None
            groups += taken[0]
            del pending[:count]
    return groups


def _take(pending: list[Factor], shape: list[Size]) -> tuple[list[Factors], Factors] | None:
    """Fill each axis of `shape` from the left; also return the factors that are left over."""
    axes: list[Factors] = []
    for size in shape:
        axis: list[Factor] = []
        need = size if size is not None else 1
        while need != 1:
            if not pending:
                return None
            factor = pending.pop(0)
            if factor.size and need % factor.size == 0:
                need //= factor.size
            elif factor.size and need and factor.size % need == 0:
                factor, rest = factor.split(factor.size // need)
                pending.insert(0, rest)
                need = 1
            elif factor.size == need:
                need = 1
            else:
                return None
            axis.append(factor)
        axes.append(tuple(axis))
    return axes, tuple(pending)


def _take_from_right(
    pending: list[Factor], shape: list[Size]
) -> tuple[list[Factors], Factors] | None:
    """Fill each axis of `shape` from the right; also return the factors left over in front."""
    axes: list[Factors] = []
    for size in reversed(shape):
        axis: list[Factor] = []
        need = size if size is not None else 1
        while need != 1:
            if not pending:
                return None
            factor = pending.pop()
            if factor.size and need % factor.size == 0:
                need //= factor.size
            elif factor.size and factor.size % need == 0:
                rest, factor = factor.split(need)
                pending.append(rest)
                need = 1
            else:
                return None
            axis.insert(0, factor)
        axes.insert(0, tuple(axis))
    return axes, tuple(pending)


def refine(rows: Sequence[Factors]) -> list[Factors] | None:
    """Split the factors of several rows at each other's borders inside every dimension.

    Returns:
        The rows, cut so that any two factors of one dim are equal or apart; None where the borders
        do not divide each other.
    """
    borders: dict[Dim, set[int]] = {}
    for factor in flatten(rows):
        cuts = borders.setdefault(factor.dim, set())
        cuts.add(factor.stride)
        if factor.size:
            cuts.add(factor.stride * factor.size)
    for cuts in borders.values():
        ordered = sorted(cuts)
        if any(b % a for a, b in itertools.pairwise(ordered)):
            return None
    return [flatten(_cut(factor, borders[factor.dim]) for factor in row) for row in rows]


def _cut(factor: Factor, borders: set[int]) -> Factors:
    """Split one factor at the borders that fall inside it."""
    if not factor.size:
        return (factor,)
    top = factor.stride * factor.size
    strides = sorted((b for b in borders if factor.stride <= b < top), reverse=True)
    parts = []
    for stride in strides:
        parts.append(Factor(factor.dim, stride, top // stride))
        top = stride
    return tuple(parts)


def permutation(source: Factors, target: Factors) -> list[int]:
    """Positions in `source` of the factors of `target`; both hold the same factors."""
    where = {factor: i for i, factor in enumerate(source)}
    return [where[factor] for factor in target]


def runs(order: Sequence[int]) -> list[list[int]]:
    """Split a permutation into runs of consecutive numbers, which move as one dimension."""
    result: list[list[int]] = []
    for index in order:
        if result and result[-1][-1] + 1 == index:
            result[-1].append(index)
        else:
            result.append([index])
    return result
