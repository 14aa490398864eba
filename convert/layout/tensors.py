"""A value of the network being emitted: a TensorFlow tensor plus a view, or a constant.

Layout is decided here, once, by meaning: an op asks a value for the axis order it needs, and only
then, and only once per order, is anything moved in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ..layout.refused import FreeSize
from . import view
from .forms import Form, Tensor, runtime_shape, same_shape, sizes_of, transpose
from .view import Axes, Dim, Factor, Factors, Size
from .weights import weight_tensor

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


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

    def reshape(self, shape: Sequence[Size], sizes: Sequence[Any] | None = None) -> Value:
        """Regroup the logical axes; moves data only where a size does not divide.

        Args:
            shape: The new sizes, None where not known.
            sizes: The same for `tf.reshape`, which wants at most one -1; needed only where several
                sizes are not known and data has to move.

        Raises:
            FreeSize: Data has to move and `sizes` is needed.
        """
        if 0 in self.shape and None not in shape:
            return Value.laid_out(tf.zeros(shape, self.dtype))
        axes = view.regroup(view.join(view.flatten(self.axes), self.order), shape)
        if axes is not None:
            return Value(self.storage, axes)
        if sizes is None and shape.count(None) > 1:
            raise FreeSize("several free sizes change places")
        tensor = self.arrange(tuple(range(self.rank)))
        flat = Value.laid_out(tensor)
        axes = view.regroup(view.flatten(flat.axes), shape)
        if axes is not None:
            return Value(flat.storage, axes)
        return Value.laid_out(tf.reshape(tensor, sizes or [-1 if s is None else s for s in shape]))

    def merged(self, axis: int) -> Value:
        """Make one axis of all before `axis` and one of all from it on; emits nothing."""
        axes = (view.flatten(self.axes[:axis]), view.flatten(self.axes[axis:]))
        return Value(self.storage, axes)

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
        return weight_tensor(self.array.transpose(order).reshape(sizes))

    def plain(self) -> Tensor:
        """Return a tensor in ONNX axis order."""
        return weight_tensor(self.array)

    def transpose(self, perm: Sequence[int]) -> Constant:
        """Reorder the axes."""
        return Constant(self.array.transpose(perm))

    def reshape(self, shape: Sequence[Size], sizes: Sequence[Any] | None = None) -> Constant:
        """Change the shape."""
        return Constant(self.array.reshape([-1 if s is None else s for s in shape]))

    def merged(self, axis: int) -> Constant:
        """Make one axis of all before `axis` and one of all from it on."""
        return Constant(self.array.reshape(math.prod(self.array.shape[:axis]), -1))


AnyValue = Value | Constant


def with_sizes(x: AnyValue, told: Sequence[Size]) -> AnyValue:
    """The value with sizes that another value tells where its own are known at run time only.

    Args:
        x: A value.
        told: One size per logical axis; None tells nothing.
    """
    known = [own if own is not None else size for own, size in zip(x.shape, told, strict=True)]
    if isinstance(x, Constant) or tuple(known) == x.shape:
        return x
    memory, *axes = view.refine([x.order, *x.axes]) or [()]
    order = sorted(range(x.rank), key=lambda i: memory.index(axes[i][0]) if axes[i] else -1)
    tensor = x.arrange(*((axis,) for axis in order))
    sizes = zip(order, sizes_of(tensor), strict=True)
    shape = [size if known[axis] is None else known[axis] for axis, size in sizes]
    return Value.laid_out(tf.reshape(tensor, shape), order)


def inside_branch(value: AnyValue) -> AnyValue:
    """The value for a branch that is traced by itself: no form that it makes is seen outside."""
    if isinstance(value, Constant):
        return value
    storage = replace(value.storage, forms=[*value.storage.forms], hoist=None)
    return Value(storage, value.axes)


def new_dim(tensor: Tensor, axis: int) -> Dim:
    """A dimension that begins its life in this tensor."""
    return Dim(tensor.shape[axis], lambda: tf.shape(tensor)[axis])


def numbers(value: AnyValue) -> list[Any]:
    """The elements of a constant as Python numbers."""
    return list(constant(value).ravel().tolist())


def known_numbers(value: AnyValue) -> list[Any]:
    """The elements of a vector as Python numbers, None for those known at run time only."""
    if isinstance(value, Constant):
        return numbers(value)
    return _known_elements(value.plain())


def _known_elements(tensor: Tensor) -> list[Any]:
    """TensorFlow's own look at a vector gives up on a join of which one part is not known."""
    operation = tensor.op
    if operation.type == "ConcatV2":
        return [each for part in operation.inputs[:-1] for each in _known_elements(part)]
    if operation.type == "Cast" and operation.inputs[0].dtype.is_integer:
        return _known_elements(operation.inputs[0])
    known = tf.get_static_value(tensor, partial=True)
    elements = [None] * (tensor.shape[0] or 0) if known is None else known
    return [None if each is None else np.asarray(each).item() for each in elements]


def constant(value: AnyValue, what: str = "an input") -> NDArray[Any]:
    """The elements of a constant.

    Raises:
        FreeSize: If the value is computed at run time.
    """
    if isinstance(value, Constant):
        return value.array
    raise FreeSize(
        f"{what} is computed at run time and TFLite needs it fixed", advice=CONSTANT_ADVICE
    )


CONSTANT_ADVICE = "make it a constant before the export"


def activation(value: AnyValue) -> Value:
    """The value as an activation, so that it has factors."""
    return value if isinstance(value, Value) else Value.laid_out(value.plain())


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


def reinterpreted(value: AnyValue, dtype: DTypeLike) -> AnyValue:
    """The value whose elements have the same bits, as another type of the same width."""
    wanted = np.dtype(dtype)
    if value.dtype == wanted:
        return value
    if isinstance(value, Constant):
        return Constant(np.frombuffer(value.array.tobytes(), wanted).reshape(value.array.shape))
    form = value.storage.forms[0]
    return Value(Storage([Form(tf.bitcast(form.tensor, wanted), form.order)]), value.axes)
