"""Runs all directions of a recurrent layer together: unrolled, or a block of steps at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..layout.cut_and_join import Part, cut_tensor
from ..layout.forms import Tensor
from ..layout.tensors import AnyValue, Value
from .recurrent_rows import Rows

States = tuple[AnyValue | None, ...]
"""Of all directions, [D, N, H] each; None stands for zeros."""
Step = Callable[[AnyValue, States], States]
"""From a step's gates [D, N, gates * H] and the states to the next states, the output first."""
Tensors = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Runs steps by blocks.

    Attributes:
        step: Emits one step of all directions.
        gates: The input's part of all gates, [T * N * D, gates * H].
        rows: Where each step finds its own.
        hidden: Elements of an output.
    """

    step: Step
    gates: Tensor
    rows: Rows
    hidden: int

    def run(self, states: States, sizes: Sequence[int]) -> tuple[Tensor, States]:
        """Emit all steps.

        Args:
            states: Initial states.
            sizes: Steps in each iteration of the loop, of a loop inside of it, and so on, each a
                multiple of the next. Steps that are left over come behind the loop; if there are
                no sizes, all are unrolled.

        Returns:
            The outputs, [T, N, D * H], and the last states.
        """
        outputs, last = self._from(0, self.rows.steps, states, sizes)
        ordered = _taken(outputs, self.rows.of_outputs())
        width = len(self.rows.backwards) * self.hidden
        return tf.reshape(ordered, [self.rows.steps, self.rows.batch, width]), last

    def _from(
        self, first: int, steps: int, states: States, sizes: Sequence[int]
    ) -> tuple[Tensor, States]:
        """Run so many steps: outputs [steps * D * N, H] and states."""
        if not sizes:
            return self._unrolled(_taken(self.gates, self.rows.of_steps(first, steps)), states)
        count, left = divmod(steps, sizes[0])
        if count < 2:
            return self._from(first, steps, states, sizes[1:])
        rows = tf.constant(self.rows.of_steps(first, sizes[-1]))
        before = tuple(self._tensor(state) for state in states)
        outputs, tensors, _ = self._looped(rows, count, before, sizes)
        after: States = tuple(Value.laid_out(tensor) for tensor in tensors)
        if not left:
            return outputs, after
        more, after = self._from(first + count * sizes[0], left, after, sizes[1:])
        return tf.concat([outputs, more], 0), after

    def _tensor(self, state: AnyValue | None) -> Tensor:
        if state is not None:
            return state.plain()
        shape = [len(self.rows.backwards), self.rows.batch, self.hidden]
        return tf.zeros(shape, self.gates.dtype)

    def _looped(
        self, rows: Tensor, count: int, states: Tensors, sizes: Sequence[int]
    ) -> tuple[Tensor, Tensors, Tensor]:
        """Run so many iterations from the block that reads these rows; gives the next rows, too."""
        size, *inner = sizes
        shape = [size * self.rows.each, self.hidden]
        shown = tf.TensorArray(self.gates.dtype, count, element_shape=shape)

        def body(number: Tensor, rows: Tensor, array: Any, *before: Tensor) -> tuple[Any, ...]:
            if inner:
                outputs, after, rows = self._looped(rows, size // inner[0], before, inner)
            else:
                outputs, after = self._block(rows, before)
                rows += tf.constant(self.rows.to_next(size))
            return number + 1, rows, array.write(number, outputs), *after

        _, rows, array, *last = tf.while_loop(
            lambda number, *_: number < count, body, (tf.constant(0), rows, shown, *states)
        )
        return tf.reshape(array.stack(), [count * shape[0], self.hidden]), tuple(last), rows

    def _block(self, rows: Tensor, states: Tensors) -> tuple[Tensor, Tensors]:
        values = tuple(Value.laid_out(state) for state in states)
        outputs, after = self._unrolled(tf.gather(self.gates, rows), values)
        return outputs, tuple(self._tensor(value) for value in after)

    def _unrolled(self, gates: Tensor, states: States) -> tuple[Tensor, States]:
        """Run the steps of these gates, [steps * D * N, gates * H]."""
        shape = (len(self.rows.backwards), self.rows.batch, gates.shape[1])
        outputs = []
        for at in range(0, gates.shape[0], self.rows.each):
            own = Value.laid_out(cut_tensor(gates, 0, Part(at, self.rows.each)))
            states = self.step(own.reshape(shape), states)
            outputs.append(tf.reshape(self._tensor(states[0]), [self.rows.each, self.hidden]))
        return tf.concat(outputs, 0) if len(outputs) > 1 else outputs[0], states


def _taken(x: Tensor, rows: NDArray[np.int32]) -> Tensor:
    """These rows of x; x itself if they are all, in their order."""
    if np.array_equal(rows, np.arange(x.shape[0])):
        return x
    return tf.gather(x, tf.constant(rows))
