"""Runs one direction of a recurrent layer in a loop, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ..layout.forms import Tensor, sizes_of
from ..layout.tensors import AnyValue, Value

States = tuple[AnyValue, ...]
LoopStep = Callable[[AnyValue, States, Tensor], tuple[AnyValue, States]]
"""From a step's gates [1, N, gates * H], the states [1, N, H] and the step's number to what the
layer shows of it, [1, N, H], and the next states."""


def looped(
    step: LoopStep, gates: AnyValue, states: Sequence[AnyValue], *, backwards: bool
) -> tuple[Value, list[AnyValue]]:
    """Run one direction of a layer, a step in each iteration.

    Args:
        step: Emits one step.
        gates: The input's part of all gates, [T, N, gates * H]; T may be free.
        states: Initial states, [1, N, H] each.
        backwards: Whether the last step comes first.

    Returns:
        What the layer shows, [T, N, H], and its last states.
    """
    sequence = gates.plain()
    first = [state.plain() for state in states]
    count = tf.shape(sequence)[0]
    shown = _rows(count, first[0])

    def body(number: Tensor, rows: Any, *tensors: Tensor) -> tuple[Any, ...]:
        at = count - 1 - number if backwards else number
        values = tuple(Value.laid_out(tensor) for tensor in tensors)
        own = Value.laid_out(sequence[at])
        output, after = step(own.reshape((1, *own.shape)), values, at)
        return number + 1, _put(rows, at, output), *(each.plain() for each in after)

    _, rows, *last = tf.while_loop(
        lambda number, *_: number < count, body, (tf.constant(0), shown, *first)
    )
    stacked = rows.stack() if isinstance(rows, tf.TensorArray) else rows
    return Value.laid_out(stacked), [Value.laid_out(tensor) for tensor in last]


def _rows(count: Tensor, state: Tensor) -> Any:
    """What takes as many rows of the shape of a state [1, N, H].

    TFLite has lists of rows of known sizes only; the tensor that it has of others is copied by each
    step.
    """
    if state.shape[1:].is_fully_defined():
        return tf.TensorArray(state.dtype, count, element_shape=state.shape[1:])
    return tf.zeros([count, *sizes_of(state)[1:]], state.dtype)


def _put(rows: Any, at: Tensor, row: AnyValue) -> Any:
    """Put a row [1, N, H] in its place."""
    if isinstance(rows, tf.TensorArray):
        return rows.write(at, row.reshape(row.shape[1:]).plain())
    return tf.tensor_scatter_nd_update(rows, [[at]], row.plain())
