"""Runs recurrent layers in a loop where the number of steps is known at run time only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.tensors import AnyValue, Value

LoopStep = Callable[[AnyValue, tuple[AnyValue, ...], Tensor], tuple[AnyValue, tuple[AnyValue, ...]]]
"""From a step's gates [N, gates * H], the states [N, H] and the step's number to what the layer
shows of it, [N, H], and the next states."""


def looped(
    step: LoopStep, gates: AnyValue, states: Sequence[AnyValue], *, backwards: bool
) -> tuple[Value, list[AnyValue]]:
    """Run one direction of a layer.

    Args:
        step: Emits one step.
        gates: The input's part of all gates, [T, N, gates * H] of free T.
        states: Initial states, [N, H] each.
        backwards: Whether the last step comes first.

    Returns:
        What the layer shows, [T, N, H], and its last states.
    """
    sequence = gates.plain()
    first = [state.plain() for state in states]
    count = tf.shape(sequence)[0]
    shown = tf.TensorArray(first[0].dtype, count, element_shape=first[0].shape)

    def body(number: Tensor, array: Any, *tensors: Tensor) -> tuple[Any, ...]:
        at = count - 1 - number if backwards else number
        values = tuple(Value.laid_out(tensor) for tensor in tensors)
        output, after = step(Value.laid_out(sequence[at]), values, at)
        return number + 1, array.write(at, output.plain()), *(each.plain() for each in after)

    _, array, *last = tf.while_loop(
        lambda number, *_: number < count, body, (tf.constant(0), shown, *first)
    )
    return Value.laid_out(array.stack()), [Value.laid_out(tensor) for tensor in last]
