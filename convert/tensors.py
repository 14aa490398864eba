"""A value of the network being emitted: a TensorFlow tensor plus a view, or a constant.

Layout is decided here, once, by meaning: an op asks a value for the axis order it needs, and only
then, and only once per order, is anything moved in memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from . import view
from .view import Axes, Dim, Factor, Factors, Size

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

MAX_TRANSPOSE_RANK = 6  # of TFLite's TRANSPOSE and of XNNPACK's

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


@dataclass(eq=False, slots=True)
class Storage:
    """The elements of one or more values, in every layout emitted so far (the first is native).

    Attributes:
        forms: The layouts.
        hoist: Makes a layout by arranging the tensor that this one was cut out of, or says None.
        pieces: Factors of which stretches were cut out, with the stretches' sizes.
        nonnegative: Whether no element can be below zero.
    """

    forms: list[Form]
    hoist: Callable[[Sequence[Factors]], Form | None] | None = None
    pieces: list[tuple[Factor, int]] = field(default_factory=list)
    nonnegative: bool = False

    def has(self, order: Factors) -> bool:
        """Whether this order exists without moving anything."""
        return self._find(view.merge(order)) is not None

    def take(self, groups: Sequence[Factors]) -> Tensor:
        """Return a tensor with one dimension per group, moving data at most once per order."""
        order = view.merge(view.flatten(groups))
        sizes = [view.size_of(group) for group in groups]
        for form in self.forms:
            if form.order == order and same_shape(form.tensor, sizes):
                return form.tensor
        found = self._find(order)
        tensor = found.tensor if found else self._move(order, groups)
        if not same_shape(tensor, sizes):
            tensor = tf.reshape(tensor, runtime_shape(groups))
        self.forms.append(Form(tensor, order))
        return tensor

    def _find(self, order: Factors) -> Form | None:
        return next((f for f in self.forms if f.order == order), None)

    def _move(self, order: Factors, groups: Sequence[Factors]) -> Tensor:
        hoisted = self.hoist(groups) if self.hoist else None
        if hoisted is not None:
            self.forms.append(hoisted)
            return hoisted.tensor
        source = next(f for f in self.forms if view.refine([f.order, order]))
        moved = transpose(source, groups)
        self.forms.append(Form(moved, order))
        return moved


def same_shape(tensor: Tensor, sizes: Sequence[Size]) -> bool:
    """Whether the tensor's static shape is this one; at most one size may be unknown."""
    shape = tensor.shape.as_list()
    return shape == list(sizes) and sizes.count(None) <= len([s for s in shape if s is None])


def runtime_shape(groups: Sequence[Factors]) -> Any:
    """A shape for `tf.reshape`: numbers, with one -1, or a tensor where two or more are unknown."""
    sizes = [view.size_of(group) for group in groups]
    if sizes.count(None) <= 1:
        return [-1 if size is None else size for size in sizes]
    return tf.stack([_runtime_size(group) for group in groups])


def _runtime_size(group: Factors) -> Any:
    size: Any = 1
    for factor in group:
        known = factor.size
        size = size * (factor.dim.runtime_size() if known is None else known)  # type: ignore[misc]
    return size


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
    if len(own) <= MAX_TRANSPOSE_RANK and all(_contiguous(group, target) for group in own):
        return _transpose_dims(form.tensor, own, target)
    if len(wanted) <= MAX_TRANSPOSE_RANK and all(_contiguous(group, source) for group in wanted):
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
    if len(perm) <= MAX_TRANSPOSE_RANK:
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
        if len(dims) > MAX_TRANSPOSE_RANK:
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


class Value:
    """An activation: a storage and, for each logical axis, the factors that make it up.

    Attributes:
        storage: The elements.
        axes: The factors of every ONNX axis.
    """

    __slots__ = ("axes", "storage")

    def __init__(self, storage: Storage, axes: Axes) -> None:
        self.storage = storage
        self.axes = axes

    @classmethod
    def laid_out(cls, tensor: Tensor, axes: Sequence[int] | None = None) -> Value:
        """Wrap a tensor whose dimension i is the logical axis `axes[i]` (default: i)."""
        dims = [new_dim(tensor, i) for i in range(len(tensor.shape))]
        order = range(len(dims)) if axes is None else axes
        storage = Storage([Form(tensor, view.flatten(view.whole(dim) for dim in dims))])
        return cls(storage, tuple(view.whole(dims[list(order).index(i)]) for i in sorted(order)))

    @classmethod
    def grouped(cls, tensor: Tensor, groups: Sequence[Factors], axes: Axes) -> Value:
        """Wrap a tensor of which dimension i holds the factors `groups[i]`."""
        return cls(Storage([Form(tensor, view.flatten(groups))]), axes)

    @property
    def shape(self) -> tuple[Size, ...]:
        """Logical (ONNX) sizes; None where known only at run time."""
        return tuple(view.size_of(axis) for axis in self.axes)

    @property
    def rank(self) -> int:
        """Number of logical axes."""
        return len(self.axes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""
        element: np.dtype[Any] = np.dtype(self.storage.forms[0].tensor.dtype.as_numpy_dtype)
        return element

    @property
    def order(self) -> Factors:
        """Factors of the native tensor in memory order."""
        return self.storage.forms[0].order

    def axes_in_memory(self) -> Axes:
        """The axes, cut so that every factor lies in one piece in the native tensor."""
        rows = view.refine([self.order, *self.axes])
        if rows is None:
            raise AssertionError("a value's axes divide its native form")
        return tuple(rows[1:])

    def arrange(self, *groups: Sequence[int]) -> Tensor:
        """Return a tensor with one dimension per group of logical axes, in that order."""
        return self.storage.take([view.flatten(self.axes[a] for a in group) for group in groups])

    def plain(self) -> Tensor:
        """Return a tensor in ONNX axis order."""
        return self.arrange(*((axis,) for axis in range(self.rank)))

    def transpose(self, perm: Sequence[int]) -> Value:
        """Reorder the logical axes; emits nothing."""
        return Value(self.storage, tuple(self.axes[p] for p in perm))

    def reshape(self, shape: Sequence[Size]) -> Value:
        """Regroup the logical axes; moves data only where a size does not divide."""
        if 0 in self.shape and None not in shape:
            return Value.laid_out(tf.zeros(shape, self.dtype))
        axes = view.regroup(view.join(view.flatten(self.axes), self.order), shape)
        if axes is not None:
            return Value(self.storage, axes)
        tensor = self.arrange(tuple(range(self.rank)))
        flat = Value.laid_out(tensor)
        if None not in shape:
            axes = view.regroup(view.flatten(flat.axes), shape)
            return Value(flat.storage, axes) if axes else flat
        return Value.laid_out(tf.reshape(tensor, [-1 if s is None else s for s in shape]))

    def whole(self) -> Value:
        """The same value with one unsplit dimension per axis, in its present memory order."""
        return Value.laid_out(self.plain())


class Constant:
    """A value known at conversion time; any layout of it is free.

    Attributes:
        array: Its elements in ONNX axis order.
    """

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = np.asarray(array, computed_dtype(np.asarray(array).dtype))

    @property
    def shape(self) -> tuple[Size, ...]:
        """Sizes."""
        return self.array.shape

    @property
    def rank(self) -> int:
        """Number of axes."""
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""
        return self.array.dtype

    def arrange(self, *groups: Sequence[int]) -> Tensor:
        """Return a tensor with one dimension per group of axes, in that order."""
        order = [axis for group in groups for axis in group]
        sizes = [math.prod(self.array.shape[a] for a in group) for group in groups]
        return tf.constant(self.array.transpose(order).reshape(sizes))

    def plain(self) -> Tensor:
        """Return a tensor in ONNX axis order."""
        return tf.constant(self.array)

    def transpose(self, perm: Sequence[int]) -> Constant:
        """Reorder the axes."""
        return Constant(self.array.transpose(perm))

    def reshape(self, shape: Sequence[Size]) -> Constant:
        """Change the shape."""
        return Constant(self.array.reshape([-1 if s is None else s for s in shape]))


AnyValue = Value | Constant


def new_dim(tensor: Tensor, axis: int) -> Dim:
    """A dimension that begins its life in this tensor."""
    return Dim(tensor.shape[axis], lambda: tf.shape(tensor)[axis])


def numbers(value: AnyValue) -> list[Any]:
    """The elements of a constant as Python numbers."""
    return list(constant(value).ravel().tolist())


def constant(value: AnyValue, what: str = "an input") -> NDArray[Any]:
    """The elements of a constant.

    Raises:
        Refused: If the value is computed at run time.
    """
    if isinstance(value, Constant):
        return value.array
    from .registry import Refused

    raise Refused(f"{what} is computed at run time and TFLite needs it fixed", CONSTANT_ADVICE)


CONSTANT_ADVICE = "export with fixed sizes, or make it a constant before the export"


def activation(value: AnyValue) -> Value:
    """The value as an activation, so that it has factors."""
    return value if isinstance(value, Value) else Value.laid_out(value.plain())


def iterate(values: Sequence[AnyValue | None]) -> Iterator[AnyValue]:
    """The values that are present."""
    return (value for value in values if value is not None)


def computed_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that stands for another: TFLite computes 16-bit floats as float32."""
    return np.dtype(np.float32) if dtype.name in ("float16", "bfloat16") else dtype


def as_dtype(value: AnyValue, dtype: DTypeLike) -> AnyValue:
    """The value with another element type."""
    dtype = computed_dtype(np.dtype(dtype))
    if value.dtype == dtype:
        return value
    if isinstance(value, Constant):
        return Constant(value.array.astype(dtype))
    form = value.storage.forms[0]
    return Value(Storage([Form(tf.cast(form.tensor, dtype), form.order)]), value.axes)
