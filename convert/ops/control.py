"""Control flow that is not known before the model runs: the rewrites have taken out the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Constant, Value
from ..lowering.registry import OutputInfo, op

Branch = Callable[[Sequence[AnyValue]], list[AnyValue]]
"""Emits a branch, from what it takes to its results."""


@op("decant::If")
def if_op(
    condition: AnyValue,
    *taken: AnyValue,
    then_branch: Branch,
    else_branch: Branch,
    outputs: tuple[OutputInfo, ...],
) -> tuple[Value, ...]:
    """Emit a choice that is made at run time; condition: one bool."""

    def traced(branch: Branch) -> Callable[[], list[Tensor]]:
        return lambda: [value.plain() for value in branch(taken)]

    chosen = tf.cond(tf.reshape(condition.plain(), []), traced(then_branch), traced(else_branch))
    for tensor, info in zip(chosen, outputs, strict=True):
        tensor.set_shape(info.shape)
    if any(tensor.shape.rank is None for tensor in chosen):
        raise FreeSize("its branches give results of different ranks")
    return tuple(map(Value.laid_out, chosen))


@op("decant::Loop")
def loop(
    most: AnyValue | None,
    going: AnyValue | None,
    *values: AnyValue,
    body: Branch,
    carried: int = 0,
    counted: int = 0,
    outputs: tuple[OutputInfo, ...],
) -> tuple[Value, ...]:
    """Emit a loop that goes on for as long as the input says."""
    states, taken = values[:carried], values[carried:]

    def step(number: Tensor, *tensors: Tensor) -> list[Tensor]:
        given = [tf.cast(number, tf.int64), tf.constant(True), *tensors]
        return [value.plain() for value in body([*map(Value.laid_out, given), *taken])]

    first = [state.plain() for state in states]
    shapes, rows = _lasting_shapes(step, first, replaced=_iterates(most, going))
    first = [_of_rank(state, shape) for state, shape in zip(first, shapes, strict=True)]
    limit = tf.constant(tf.int32.max) if most is None else _count(most)
    go = tf.constant(True) if going is None else tf.reshape(going.plain(), [])
    stacks = [
        _stack(_stated(row, info), limit if counted else None)
        for row, info in zip(rows, outputs[carried:], strict=True)
    ]

    def iterate(number: Tensor, _: Tensor, *tensors: Tensor) -> list[Tensor]:
        again, *made = step(number, *tensors[:carried])
        after, shown = made[:carried], made[carried:]
        written = [
            stack.write(so_far, number, row)
            for stack, so_far, row in zip(stacks, tensors[carried:], shown, strict=True)
        ]
        return [number + 1, tf.reshape(again, []), *after, *written]

    count, _, *made = tf.while_loop(
        lambda number, again, *_: tf.logical_and(number < limit, again),
        iterate,
        [tf.constant(0), go, *first, *(stack.empty for stack in stacks)],
        [tf.TensorShape([]), tf.TensorShape([]), *shapes, *(stack.shape for stack in stacks)],
    )
    stacked = [stack.rows(each, count) for stack, each in zip(stacks, made[carried:], strict=True)]
    results = [*made[:carried], *stacked]
    for tensor, info in zip(results, outputs, strict=True):
        tensor.set_shape(info.shape)
    return tuple(map(Value.laid_out, results))


def _stated(row: tf.TensorSpec, stack: OutputInfo) -> tf.TensorSpec:
    """A row with the sizes that the model states of the stack."""
    if stack.shape is None:
        return row
    return tf.TensorSpec(row.shape.merge_with(stack.shape[1:]), row.dtype)


def _count(most: AnyValue) -> Tensor:
    """The largest number of iterations as int32."""
    number = tf.reshape(most.plain(), [])
    return tf.cast(tf.clip_by_value(number, 0, tf.int32.max), tf.int32)


def _iterates(most: AnyValue | None, going: AnyValue | None) -> bool:
    """Whether it is known that the body runs at least once."""
    return all(
        given is None or (isinstance(given, Constant) and given.array.item() > 0)
        for given in (most, going)
    )


def _of_rank(state: Tensor, shape: tf.TensorShape) -> Tensor:
    """The state before the first iteration; zeros, which nobody reads, where it has other axes."""
    if state.shape.rank == shape.rank:
        return state
    return tf.zeros([size or 1 for size in shape.as_list()], state.dtype)


def _lasting_shapes(
    step: Callable[..., list[Tensor]], first: Sequence[Tensor], *, replaced: bool
) -> tuple[list[tf.TensorShape], list[tf.TensorSpec]]:
    """Shapes that the states have in every iteration, and what is stacked of each.

    A size that an iteration changes is free. A state that the body makes without reading it may
    get other axes there.

    Args:
        step: The body.
        first: The states before it.
        replaced: Whether nobody behind the loop can see those.
    """
    shapes = [tensor.shape for tensor in first]
    while True:
        specs = [
            tf.TensorSpec(shape, tensor.dtype) for shape, tensor in zip(shapes, first, strict=True)
        ]
        traced = tf.function(step, autograph=False).get_concrete_function(
            tf.TensorSpec([], tf.int32), *specs
        )
        _, *made = traced.outputs
        ends = [tensor.shape for tensor in made[: len(first)]]
        unread = [replaced and not given.consumers() for given in traced.inputs[1:][: len(first)]]
        shapes = [
            b if alone and a.rank != b.rank and b.rank is not None else a
            for a, b, alone in zip(shapes, ends, unread, strict=True)
        ]
        common = [a.most_specific_compatible_shape(b) for a, b in zip(shapes, ends, strict=True)]
        if all(shape.rank is not None for shape in common) and common == shapes:
            return shapes, [tf.TensorSpec(t.shape, t.dtype) for t in made[len(first) :]]
        if any(shape.rank is None for shape in common):
            raise FreeSize("a value changes its number of axes from one iteration to the next")
        shapes = common


def _stack(row: tf.TensorSpec, count: Tensor | None) -> _Counted | _Growing | _Free:
    """How rows are stacked; their count is None where nobody knows it beforehand."""
    if not row.shape.is_fully_defined():
        return _Free(row)
    return _Growing(row) if count is None else _Counted(row, count)


class _Growing:
    """Rows that are stacked where nobody knows beforehand how many there will be.

    LiteRT takes no tensor without elements into a WHILE, so a row of zeros stands before them.
    """

    def __init__(self, row: tf.TensorSpec) -> None:
        self.shape = tf.TensorShape([None, *row.shape])
        self.empty = tf.zeros([1, *row.shape], row.dtype)

    def write(self, so_far: Tensor, number: Tensor, row: Tensor) -> Tensor:
        """Add a row behind the others."""
        return tf.concat([so_far, tf.reshape(row, [1, *self.shape[1:]])], 0)

    def rows(self, written: Tensor, count: Tensor) -> Tensor:
        """All that was added."""
        return written[1:]


class _Counted:
    """Rows of a loop that goes on for as many iterations as its count says."""

    def __init__(self, row: tf.TensorSpec, count: Tensor) -> None:
        self.shape = tf.TensorShape([None, *row.shape])
        self.empty = tf.zeros(tf.concat([[count], row.shape.as_list()], 0), row.dtype)

    def write(self, so_far: Tensor, number: Tensor, row: Tensor) -> Tensor:
        """Put a row in its place."""
        return tf.tensor_scatter_nd_update(
            so_far, [[number]], tf.reshape(row, [1, *self.shape[1:]])
        )

    def rows(self, written: Tensor, count: Tensor) -> Tensor:
        """All of them."""
        return written


class _Free:
    """Rows whose sizes only an iteration tells: their elements behind one zero, and the sizes."""

    def __init__(self, row: tf.TensorSpec) -> None:
        if row.shape.rank is None:
            raise FreeSize("what its iterations stack has no known number of axes")
        self._row = row.shape
        self.shape = tf.TensorShape([None]), tf.TensorShape([row.shape.rank])
        self.empty = tf.zeros([1], row.dtype), tf.zeros([row.shape.rank], tf.int32)

    def write(self, so_far: tuple[Tensor, Tensor], number: Tensor, row: Tensor) -> Any:
        """Add the elements of a row behind the others."""
        elements, _ = so_far
        return tf.concat([elements, tf.reshape(row, [-1])], 0), tf.shape(row)

    def rows(self, written: tuple[Tensor, Tensor], count: Tensor) -> Tensor:
        """All that was added."""
        elements, sizes = written
        rows = tf.reshape(elements[1:], tf.concat([[count], sizes], 0))
        rows.set_shape([None, *self._row])
        return rows
