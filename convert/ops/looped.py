"""Runs recurrent layers in a loop: step by step, or a block of steps in each iteration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from ..layout.cut_and_join import Part, cut_tensor
from ..layout.forms import Tensor, sizes_of
from ..layout.tensors import AnyValue, Value

States = tuple[AnyValue, ...]
LoopStep = Callable[[AnyValue, States, Tensor], tuple[AnyValue, States]]
"""From a step's gates [1, N, gates * H], the states [1, N, H] and the step's number to what the
layer shows of it, [1, N, H], and the next states."""
BlockStep = Callable[[AnyValue, Any], Any]
"""From a step's gates [D, N, gates * H] and the states [D, N, H] to the next states."""
Tensors = tuple[Tensor, ...]


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


def in_blocks(
    step: BlockStep, gates: Sequence[Tensor], states: Sequence[AnyValue], sizes: Sequence[int]
) -> tuple[list[Tensor], list[AnyValue]]:
    """Run all directions of a layer together, each from the first step it is given to the last.

    Args:
        step: Emits one step of all directions.
        gates: The input's part of all gates of each direction, [T, N, gates * H].
        states: Initial states, [D, N, H] each.
        sizes: Steps in each iteration of the loop, of a loop inside of it, and so on; those left
            over come behind it.

    Returns:
        The outputs of each direction, [T, N, H], and the last states.
    """
    steps, batch, width = gates[0].shape
    rows = tf.reshape(tf.concat(gates, 1), [steps * len(gates) * batch, width])
    first = tuple(state.plain() for state in states)
    outputs, last = _Blocks(step, first[0].shape).run(rows, first, sizes)
    by_step = tf.reshape(outputs, [steps, len(gates) * batch, first[0].shape[2]])
    parts = [cut_tensor(by_step, 1, Part(at * batch, batch)) for at in range(len(gates))]
    return parts, [Value.laid_out(tensor) for tensor in last]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A step, and the shape [D, N, H] of a state: of each step there are D * N rows."""

    step: BlockStep
    shape: tuple[int, int, int]

    def run(self, gates: Tensor, states: Tensors, sizes: Sequence[int]) -> tuple[Tensor, Tensors]:
        """From gates [T * D * N, gates * H] and states to outputs [T * D * N, H] and states."""
        if not sizes:
            return self._unrolled(gates, states)
        rows = sizes[0] * self._rows
        count, left = divmod(gates.shape[0], rows)
        if not count:
            return self.run(gates, states, sizes[1:])
        whole = count * rows
        outputs, states = self._looped(cut_tensor(gates, 0, Part(0, whole)), states, sizes)
        if not left:
            return outputs, states
        more, states = self.run(cut_tensor(gates, 0, Part(whole, left)), states, sizes[1:])
        return tf.concat([outputs, more], 0), states

    def _looped(
        self, gates: Tensor, states: Tensors, sizes: Sequence[int]
    ) -> tuple[Tensor, Tensors]:
        rows, hidden = sizes[0] * self._rows, self.shape[2]
        count = gates.shape[0] // rows
        blocks = tf.reshape(gates, [count, rows, gates.shape[1]])
        shown = tf.TensorArray(gates.dtype, count, element_shape=[rows, hidden])

        def body(number: Tensor, array: Any, *before: Tensor) -> tuple[Any, ...]:
            outputs, after = self.run(tf.gather(blocks, number), before, sizes[1:])
            return number + 1, array.write(number, outputs), *after

        _, array, *last = tf.while_loop(
            lambda number, *_: number < count, body, (tf.constant(0), shown, *states)
        )
        return tf.reshape(array.stack(), [count * rows, hidden]), tuple(last)

    def _unrolled(self, gates: Tensor, states: Tensors) -> tuple[Tensor, Tensors]:
        values = tuple(Value.laid_out(state) for state in states)
        outputs = []
        for at in range(0, gates.shape[0], self._rows):
            own = Value.laid_out(cut_tensor(gates, 0, Part(at, self._rows)))
            values = self.step(own.reshape((*self.shape[:2], gates.shape[1])), values)
            outputs.append(tf.reshape(values[0].plain(), [self._rows, self.shape[2]]))
        joined = tf.concat(outputs, 0) if len(outputs) > 1 else outputs[0]
        return joined, tuple(value.plain() for value in values)

    @property
    def _rows(self) -> int:
        return self.shape[0] * self.shape[1]
