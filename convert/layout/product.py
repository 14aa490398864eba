"""Matrix products in the form that moves least."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product as combinations

import numpy as np
import tensorflow as tf

from decant.runtime_facts import BATCH_MATMUL_RANK

from . import view
from .common_parts import Parts, cut_axis, have_common_parts, prepare
from .forms import Tensor, native_groups, sizes_of
from .pointwise import pointwise, widened
from .reduction import reduce
from .tensors import AnyValue, Constant, Storage, Value, activation, as_dtype, new_dim
from .view import Factor, Factors
from .weights import weight_tensor


def product(a: AnyValue, b: AnyValue) -> AnyValue:
    """Multiply as NumPy's matmul does.

    Args:
        a: [..., m, k] or [k].
        b: [..., k, n] or [k, n] or [k]; a constant matrix becomes the weights of a fully connected
            layer.
    """
    if a.rank == 1 or b.rank == 1:
        return _vector_product(a, b)
    if np.issubdtype(a.dtype, np.integer):
        return _integer_product(a, b)
    if isinstance(b, Constant) and b.array.size == b.array.shape[-1] * b.array.shape[-2]:
        matrix = Constant(b.array.reshape(b.array.shape[-2:]))
        return _with_rank(_by_matrix(activation(a), matrix), max(a.rank, b.rank))
    if isinstance(a, Constant) and a.array.size == a.array.shape[-1] * a.array.shape[-2]:
        return _swapped(product(_swapped(b), _swapped(a)))
    return _batch_product(activation(a), activation(b))


def _with_rank(value: Value, rank: int) -> Value:
    return Value(value.storage, ((),) * (rank - value.rank) + value.axes)


def _swapped(value: AnyValue) -> AnyValue:
    return value.transpose((*range(value.rank - 2), value.rank - 1, value.rank - 2))


def _vector_product(a: AnyValue, b: AnyValue) -> AnyValue:
    """Make vectors matrices with an axis of size one, and drop it again."""
    left, right = a.rank == 1, b.rank == 1
    a = a.reshape((1, a.shape[0])) if left else a
    b = b.reshape((b.shape[0], 1)) if right else b
    y = activation(product(a, b))
    axes = list(y.axes)
    if right:
        del axes[-1]
    if left:
        del axes[-1 if right else -2]
    return Value(y.storage, tuple(axes))


def _integer_product(a: AnyValue, b: AnyValue) -> AnyValue:
    """Multiply every row with every column, and sum: TFLite has no such product of integers."""
    rows = a.reshape((*a.shape, 1))
    columns = b.reshape((*b.shape[:-2], 1, *b.shape[-2:]))
    every = activation(widened(pointwise(tf.multiply, rows, columns)))
    return as_dtype(reduce(tf.reduce_sum, every, [every.rank - 2], keepdims=False), a.dtype)


def _by_matrix(x: Value, matrix: Constant) -> Value:
    """Multiply with a constant matrix; one of a single row only scales."""
    if matrix.array.shape[0] == 1:
        return activation(pointwise(tf.multiply, x, matrix))
    return fully_connected(x, matrix)


def fully_connected(x: Value, matrix: Constant) -> Value:
    """Multiply the last axis with a constant matrix [k, n].

    The rows of the matrix follow the memory order of the last axis, so flattening costs nothing.
    The other axes are brought in order first if the product makes the value larger: what comes
    next will want them so, and now there is less to move.
    """
    rows = view.refine([x.order, *x.axes])
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    memory, last = rows[0], rows[-1]
    if view.size_of(last) is None:  # which the matrix knows
        return fully_connected(_settled(x, matrix.array.shape[0]), matrix)
    rest = tuple(factor for factor in memory if factor not in last)
    inner = tuple(factor for factor in memory if factor in last)
    columns = matrix.array.shape[-1]
    grows = columns > math.prod(factor.size or 0 for factor in last)
    if grows:
        rest = view.flatten(rows[1:-1])
    wanted = inner if memory == (*rest, *inner) else last
    groups = leading_groups(x, rest, rows[1:-1])
    sizes = [factor.size or 0 for factor in last]
    kernel = matrix.array.reshape(*sizes, columns)
    order = view.permutation(last, wanted)
    kernel = kernel.transpose(*order, len(sizes)).reshape(-1, columns)
    result = tf.matmul(x.storage.take([*groups, wanted]), weight_tensor(kernel))
    new = view.whole(new_dim(result, len(groups)))
    return Value.grouped(result, [*groups, new], (*x.axes[:-1], new))


def _settled(x: Value, size: int) -> Value:
    """Give the last axis its size."""
    tensor = x.plain()
    return Value.laid_out(tf.reshape(tensor, [*sizes_of(tensor)[:-1], size]))


def leading_groups(x: Value, rest: Factors, axes: Sequence[Factors]) -> list[Factors]:
    """Dimensions in front of the last: the logical axes if memory has their order."""
    if view.flatten(axes) == rest:
        return list(axes) or [()]
    own = [g for g in native_groups(x.storage.forms[0], [rest]) if g]
    rows = view.refine([rest, *own])
    if rows is not None:
        kept = [group for group in rows[1:] if all(factor in rest for factor in group)]
        if view.flatten(kept) == rest:
            return kept
    return [(factor,) for factor in rest]


@dataclass(frozen=True, slots=True)
class _Operand:
    """One side of a batch product: its storage and the factors of its batch, rows and columns."""

    storage: Storage
    batch: tuple[Factors, ...]
    rows: Factors
    columns: Factors

    def swapped(self) -> _Operand:
        return _Operand(self.storage, self.batch, self.columns, self.rows)

    def reordered(self, order: Sequence[int]) -> _Operand:
        batch = tuple(self.batch[i] for i in order)
        return _Operand(self.storage, batch, self.rows, self.columns)

    def groups(self) -> list[Factors]:
        return [*self.batch, self.rows, self.columns]

    def ready(self) -> bool:
        return self.storage.has(view.flatten(self.groups()))


def _batch_product(a: Value, b: Value) -> Value:
    """Multiply two activations, each read in the order it has if the product allows it."""
    rank = max(a.rank, b.rank)
    batches = [Value(x.storage, x.axes[:-2]) for x in (a, b)]
    if not have_common_parts(batches, rank - 2):
        a, b = a.whole(), b.whole()
        batches = [Value(x.storage, x.axes[:-2]) for x in (a, b)]
    (batch_a, batch_b), parts = prepare(batches, rank - 2)
    left, right = _operand(a, activation(batch_a), parts), _operand(b, activation(batch_b), parts)
    logical = tuple(range(len(left.batch)))
    orders = {logical, _memory_order(left), _memory_order(right)}
    plans = list(combinations(sorted(orders), (False, True)))
    order, swap = min(plans, key=lambda plan: _cost(left, right, *plan))
    one, two = left.reordered(order), right.reordered(order)
    if order == logical:
        one, two = _by_axis(one, parts), _by_axis(two, parts)
    one, two = _few_dims(one, two)
    own = {factor: view.fresh(factor) for factor in view.flatten(right.batch)}
    lead, axes = _result_batch(one, two, own), _result_batch(left, right, own)
    if swap:
        one, two = two.swapped(), one.swapped()
    result = _multiply(one, two)
    rows = view.whole(new_dim(result, len(lead))) if one.rows else ()
    columns = view.whole(new_dim(result, len(lead) + 1)) if two.columns else ()
    last = (columns, rows) if swap else (rows, columns)
    return Value.grouped(result, [*lead, rows, columns], (*_batch_axes(axes, parts), *last))


def _result_batch(left: _Operand, right: _Operand, own: Mapping[Factor, Factor]) -> list[Factors]:
    """The result's batch: the left side's factors, else factors of its own for the right side's.

    Both sides may view one tensor, and then one factor would be two axes of the result.
    """
    pairs = zip(left.batch, right.batch, strict=True)
    return [x or tuple(own[factor] for factor in y) for x, y in pairs]


def _operand(value: Value, batch: Value, parts: Parts) -> _Operand:
    cut = [cut_axis(factors, parts[axis]) for axis, factors in enumerate(batch.axes)]
    singles = tuple(
        (cut[axis][part],) if cut[axis] else ()
        for axis, row in enumerate(parts)
        for part in range(len(row) or 1)
    )
    return _Operand(value.storage, singles, value.axes[-2], value.axes[-1])


def _by_axis(operand: _Operand, parts: Parts) -> _Operand:
    """One dimension per logical batch axis."""
    batch = tuple(_batch_axes(operand.batch, parts))
    return _Operand(operand.storage, batch, operand.rows, operand.columns)


def _few_dims(left: _Operand, right: _Operand) -> tuple[_Operand, _Operand]:
    """Make the batch one dimension if there are too many and no operand is broadcast."""
    both = list(zip(left.batch, right.batch, strict=True))
    spread = any(bool(x) != bool(y) for x, y in both)
    if len(both) + 2 <= BATCH_MATMUL_RANK or spread:
        return left, right
    one, two = (
        _Operand(x.storage, (view.flatten(x.batch),), x.rows, x.columns) for x in (left, right)
    )
    return one, two


def _memory_order(operand: _Operand) -> tuple[int, ...]:
    """The batch parts as they lie in the operand's memory, those it lacks last."""
    count = len(operand.batch)
    rows = view.refine([operand.storage.forms[0].order, *operand.batch])
    if rows is None or any(len(group) > 1 for group in rows[1:]):
        return tuple(range(count))
    place = {factor: i for i, factor in enumerate(rows[0])}
    known = [place[group[0]] if group else len(place) for group in rows[1:]]
    return tuple(sorted(range(count), key=lambda i: (known[i], i)))


def _cost(
    left: _Operand, right: _Operand, order: Sequence[int], swap: bool
) -> tuple[int, bool, bool]:
    """Operands that have to be transposed; ONNX's order and the plain form are preferred."""
    one, two = left.reordered(order), right.reordered(order)
    if swap:
        one, two = two.swapped(), one.swapped()
    missing = (not one.ready()) + (not two.ready() and not two.swapped().ready())
    return missing, list(order) != sorted(order), swap


def _multiply(left: _Operand, right: _Operand) -> Tensor:
    """Emit one BATCH_MATMUL; the right side may be read transposed, the left may not."""
    adjoint = right.swapped().ready() and not right.ready()
    if not adjoint and not right.ready():
        innermost = right.storage.forms[0].order[-1:]
        rows = view.refine([right.rows, innermost, *right.groups()])
        adjoint = bool(rows and rows[1] and rows[1][-1] in rows[0])
    x = left.storage.take(left.groups())
    # XNNPACK of LiteRT 2.3 is wrong where both sides are one transposed tensor.
    adjoint = adjoint or right.storage.take(right.groups()) is x
    side = right.swapped() if adjoint else right
    y = side.storage.take(side.groups())
    return tf.raw_ops.BatchMatMulV2(x=x, y=y, adj_x=False, adj_y=adjoint)


def _batch_axes(batch: Sequence[Factors], parts: Parts) -> list[Factors]:
    """Bring factors that follow the parts' logical order together by axis."""
    axes: list[Factors] = []
    start = 0
    for row in parts:
        count = len(row) or 1
        axes.append(view.flatten(batch[start : start + count]))
        start += count
    return axes
