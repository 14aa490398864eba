"""Matrix products in the form that moves least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product as combinations

import tensorflow as tf

from . import view
from .align import cut_axis, prepare
from .tensors import AnyValue, Constant, Tensor, Value, activation, new_dim, physical_groups
from .view import Factors


def product(a: AnyValue, b: AnyValue) -> AnyValue:
    """Multiply as NumPy's matmul does.

    Args:
        a: [..., m, k] or [k].
        b: [..., k, n] or [k, n] or [k]; a constant matrix becomes the weights of a fully connected
            layer.
    """
    if a.rank == 1 or b.rank == 1:
        return _vector_product(a, b)
    if isinstance(b, Constant) and b.array.size == b.array.shape[-1] * b.array.shape[-2]:
        matrix = Constant(b.array.reshape(b.array.shape[-2:]))
        return _with_rank(fully_connected(activation(a), matrix), max(a.rank, b.rank))
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


def fully_connected(x: Value, matrix: Constant) -> Value:
    """Multiply the last axis with a constant matrix [k, n]; the other axes stay where they are.

    The rows of the matrix follow the memory order of the last axis, so flattening costs nothing.
    """
    rows = view.refine([view.merge(x.order), *x.axes])
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    memory, last = rows[0], rows[-1]
    rest = tuple(factor for factor in memory if factor not in last)
    inner = tuple(factor for factor in memory if factor in last)
    wanted = inner if memory == (*rest, *inner) else last
    groups = leading_groups(x, rest, rows[1:-1])
    sizes = [factor.size or 0 for factor in last]
    columns = matrix.array.shape[-1]
    kernel = matrix.array.reshape(*sizes, columns)
    order = view.permutation(last, wanted)
    kernel = kernel.transpose(*order, len(sizes)).reshape(-1, columns)
    result = tf.matmul(x.storage.take([*groups, wanted]), tf.constant(kernel))
    new = view.whole(new_dim(result, len(groups)))
    return Value.grouped(result, [*groups, new], (*x.axes[:-1], new))


def leading_groups(x: Value, rest: Factors, axes: Sequence[Factors]) -> list[Factors]:
    """Dimensions in front of the last: the logical axes if memory has their order."""
    if view.flatten(axes) == rest:
        return list(axes) or [()]
    own = [g for g in physical_groups(x.storage.forms[0]) if g]
    rows = view.refine([rest, *own])
    if rows is not None:
        kept = [group for group in rows[1:] if all(factor in rest for factor in group)]
        if view.flatten(kept) == rest:
            return kept
    return [(factor,) for factor in rest]


@dataclass(frozen=True, slots=True)
class _Operand:
    """One side of a batch product: its value and the factors of its batch, rows and columns."""

    value: Value
    batch: tuple[Factors, ...]
    rows: Factors
    columns: Factors

    def swapped(self) -> _Operand:
        return _Operand(self.value, self.batch, self.columns, self.rows)

    def groups(self, batch: Sequence[int]) -> list[Factors]:
        return [*(self.batch[i] for i in batch), self.rows, self.columns]

    def ready(self, batch: Sequence[int]) -> bool:
        return self.value.storage.has(view.flatten(self.groups(batch)))


def _batch_product(a: Value, b: Value) -> Value:
    """Multiply two activations, each read in the order it has if the product allows it."""
    rank = max(a.rank, b.rank)
    batches = [Value(x.storage, x.axes[:-2]) for x in (a, b)]
    (batch_a, batch_b), parts = prepare(batches, rank - 2)
    left = _operand(a, activation(batch_a), parts)
    right = _operand(b, activation(batch_b), parts)
    count = len(left.batch)
    orders = {tuple(range(count)), _memory_order(left), _memory_order(right)}
    plans = [(order, swap) for order, swap in combinations(sorted(orders), (False, True))]
    order, swap = min(plans, key=lambda plan: _cost(left, right, *plan))
    if swap:
        result, groups = _multiply(right.swapped(), left.swapped(), order)
    else:
        result, groups = _multiply(left, right, order)
    batch = _batch_axes(groups, order, parts)
    rows, columns = groups[-2], groups[-1]
    axes = (*batch, columns, rows) if swap else (*batch, rows, columns)
    return Value.grouped(result, groups, axes)


def _operand(value: Value, batch: Value, parts: Sequence[Sequence[view.Size]]) -> _Operand:
    cut = [cut_axis(factors, parts[axis]) for axis, factors in enumerate(batch.axes)]
    singles = tuple(
        (cut[axis][part],) if cut[axis] else ()
        for axis, row in enumerate(parts)
        for part in range(len(row) or 1)
    )
    return _Operand(value, singles, value.axes[-2], value.axes[-1])


def _memory_order(operand: _Operand) -> tuple[int, ...]:
    """The batch parts as they lie in the operand's memory, those it lacks last."""
    count = len(operand.batch)
    rows = view.refine([view.merge(operand.value.order), *operand.batch])
    if rows is None or any(len(group) > 1 for group in rows[1:]):
        return tuple(range(count))
    place = {factor: i for i, factor in enumerate(rows[0])}
    known = [place[group[0]] if group else len(place) for group in rows[1:]]
    return tuple(sorted(range(count), key=lambda i: (known[i], i)))


def _cost(left: _Operand, right: _Operand, order: Sequence[int], swap: bool) -> tuple[int, bool]:
    """Operands that have to be transposed; the plain form is preferred."""
    if swap:
        left, right = right.swapped(), left.swapped()
    missing = (not left.ready(order)) + (
        not right.ready(order) and not right.swapped().ready(order)
    )
    return missing, swap


def _multiply(
    left: _Operand, right: _Operand, order: Sequence[int]
) -> tuple[Tensor, list[Factors]]:
    """Emit one BATCH_MATMUL; the right side may be read transposed, the left may not."""
    adjoint = right.swapped().ready(order) and not right.ready(order)
    if not adjoint and not right.ready(order):
        memory = right.value.axes_in_memory()
        innermost = view.merge(right.value.order)[-1:]
        rows = view.refine([innermost, *memory, right.rows])
        adjoint = bool(rows and rows[0] and rows[0][-1] in rows[-1])
    side = right.swapped() if adjoint else right
    x = left.value.storage.take(left.groups(order))
    y = side.value.storage.take(side.groups(order))
    result = tf.raw_ops.BatchMatMulV2(x=x, y=y, adj_x=False, adj_y=adjoint)
    batch = [left.batch[i] or right.batch[i] for i in order]
    rank = len(batch)
    rows_out = _fresh(left.rows, result, rank)
    columns_out = _fresh(right.columns, result, rank + 1)
    return result, [*batch, rows_out, columns_out]


def _fresh(factors: Factors, result: Tensor, axis: int) -> Factors:
    """Factors of a result's axis: new ones, since both sides may be views of one tensor."""
    return view.whole(new_dim(result, axis)) if factors else ()


def _batch_axes(
    groups: Sequence[Factors], order: Sequence[int], parts: Sequence[Sequence[view.Size]]
) -> list[Factors]:
    by_part = {part: groups[i] for i, part in enumerate(order)}
    axes: list[Factors] = []
    start = 0
    for row in parts:
        count = len(row) or 1
        axes.append(view.flatten(by_part[start + i] for i in range(count)))
        start += count
    return axes
