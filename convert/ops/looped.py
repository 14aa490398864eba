"""Runs one direction of a recurrent layer in a loop, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ..layout.forms import Tensor
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
    shown = tf.TensorArray(first[0].dtype, count, element_shape=first[0].shape[1:])

    def body(number: Tensor, array: Any, *tensors: Tensor) -> tuple[Any, ...]:
        at = count - 1 - number if backwards else number
        values = tuple(Value.laid_out(tensor) for tensor in tensors)
        own = Value.laid_out(sequence[at])
        output, after = step(own.reshape((1, *own.shape)), values, at)
        row = output.reshape(output.shape[1:]).plain()
        return number + 1, array.write(at, row), *(each.plain() for each in after)

    _, array, *last = tf.while_loop(
        lambda number, *_: number < count, body, (tf.constant(0), shown, *first)
    )
    return Value.laid_out(array.stack()), [Value.laid_out(tensor) for tensor in last]
