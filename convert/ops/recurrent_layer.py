"""Emits the steps of a recurrent layer in the form that is fastest for their number.

Few are unrolled. XNNPACK packs a copy of the weights for every product, and copies that no cache
holds cost more than the product: many steps are a loop, of a few steps and both directions an
iteration where nothing is in the way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from decant.runtime_facts import (
    BLOCKS,
    LOOPED_BYTES,
    LOOPED_STEPS,
    SHOWN_BYTES,
    TOGETHER_BYTES,
    UNROLLED_BYTES,
    UNROLLED_STEPS,
)

from ..layout.cut_and_join import Part, concat, cut_tensor
from ..layout.forms import Tensor, sizes_of
from ..layout.pointwise import pointwise
from ..layout.product import product
from ..layout.tensors import AnyValue, Constant, Value, activation
from .looped import looped
from .recurrent_blocks import Blocks, States, Step
from .recurrent_rows import Rows
from .recurrent_settings import RecurrentSettings, Weights
from .shape import pieces

UNROLLED_FREE_BYTES = 2**28
"""Bytes of recurrent weights, times the steps, up to which a free batch is unrolled: TensorFlow
holds each step's apart, and saves no graph of 2 GB."""

_Result = tuple[AnyValue, States]
"""The outputs of some directions, [T, N, D * H], and their last states, [D, N, H]."""
_Run = Callable[[Step, Sequence[int]], _Result]
MakeStep = Callable[[Sequence[int], Weights], Step]
"""From the numbers of some directions that run together, and their weights, to their step."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What all directions of a layer read: x is [T, N, I], a state [directions, N, H]."""

    x: AnyValue
    lengths: AnyValue | None
    states: tuple[AnyValue | None, ...]
    weights: Weights
    settings: RecurrentSettings

    def run(self, make_step: MakeStep) -> tuple[AnyValue, tuple[AnyValue, ...]]:
        """Emit every direction; returns the outputs [T, D, N, H] and last states [D, N, H]."""
        sequences, finals = [], []
        run, groups = self._form()
        for numbers in groups:
            step = make_step(numbers, self.weights.of(numbers))
            own, states = run(step, numbers)
            sequences.append(own)
            finals.append(states)
        joined = concat(sequences, 2) if len(sequences) > 1 else sequences[0]
        steps, batch, _ = joined.shape
        shape = (steps, batch, self.settings.directions, self.weights.hidden)
        y = joined.reshape(shape).transpose((0, 2, 1, 3))
        return y, tuple(_joined(each) for each in zip(*finals, strict=True))

    def _form(self) -> tuple[_Run, list[tuple[int, ...]]]:
        """How to emit the steps, and which directions run together."""
        steps, batch, _ = self.x.shape
        count = self.settings.directions
        each: list[tuple[int, ...]] = [(n,) for n in range(count)]
        if steps is None:
            return self._loop, each
        if batch is None and steps * self.weights.r[0].nbytes > UNROLLED_FREE_BYTES:
            return self._loop, each
        few = self._few(steps, count)
        if batch is None or (few and self.lengths is not None):
            return self._unroll, each
        if self.lengths is not None:
            return self._loop, each
        fits = few or count * self.weights.bytes_per_step <= TOGETHER_BYTES
        # int8 has no product of both directions.
        together = fits and self.settings.alike and not self.weights.quantized
        return self._in_blocks, [tuple(range(count))] if together else each

    def _few(self, steps: int, directions: int) -> bool:
        """Whether so many steps are unrolled."""
        read = steps * directions * self.weights.bytes_per_step
        return steps <= UNROLLED_STEPS and read <= UNROLLED_BYTES

    def _reads_backwards(self, number: int) -> bool:
        return number == 1 or self.settings.direction == "reverse"

    def _backwards(self, number: int) -> bool:
        """Whether the last step comes first; sequences of own lengths are turned round before."""
        return self._reads_backwards(number) and self.lengths is None

    def _gates(self, numbers: Sequence[int]) -> AnyValue:
        """The input's part of all gates of some directions, [T, N, D * gates * H]."""
        own = self.weights.of(numbers)
        kernel, bias = np.concatenate(own.w, axis=1), np.concatenate(own.b)
        return plus(product(self.x, Constant(kernel)), bias)

    def _by_length(self, sequences: AnyValue, number: int) -> AnyValue:
        """Turn sequences of own lengths round, [T, N, …], if the direction reads them backwards."""
        if self.lengths is None or not self._reads_backwards(number):
            return sequences
        lengths = self.lengths.plain()
        turned = tf.reverse_sequence(sequences.plain(), lengths, seq_axis=0, batch_axis=1)
        return Value.laid_out(turned)

    def _unroll(self, step: Step, numbers: Sequence[int]) -> _Result:
        (number,) = numbers
        steps = _steps(self._by_length(self._gates(numbers), number))
        state: States = tuple(_initial(each, numbers) for each in self.states)
        count = len(steps)
        outputs = []
        for t in reversed(range(count)) if self._backwards(number) else range(count):
            after = step(steps[t], self._read(state, t))
            outputs.append(self._shown(after[0], t))
            state = tuple(self._kept(old, new, t) for old, new in zip(state, after, strict=True))
        sequence = _sequence(outputs[::-1] if self._backwards(number) else outputs)
        return self._by_length(sequence, number), state

    def _loop(self, step: Step, numbers: Sequence[int]) -> _Result:
        (number,) = numbers
        lengths = None if self.lengths is None else self.lengths.plain()

        def one(
            own: AnyValue, state: tuple[AnyValue, ...], t: Tensor
        ) -> tuple[AnyValue, tuple[AnyValue, ...]]:
            # A value of its own: what a loop makes of one may not be used outside of it.
            layer = replace(self, lengths=None if lengths is None else Value.laid_out(lengths))
            after = [each for each in step(own, layer._read(state, t)) if each is not None]
            kept = [layer._kept(old, new, t) for old, new in zip(state, after, strict=True)]
            return layer._shown(after[0], t), tuple(each for each in kept if each is not None)

        gates = self._by_length(self._gates(numbers), number)
        states = self._first_states(numbers)
        shown, last = looped(one, gates, states, backwards=self._backwards(number))
        return self._by_length(shown, number), tuple(last)

    def _in_blocks(self, step: Step, numbers: Sequence[int]) -> _Result:
        steps, batch, _ = self.x.shape
        assert steps is not None
        assert batch is not None
        rows = Rows(steps, batch, [self._backwards(each) for each in numbers])
        gates = self._gates(numbers).plain()
        width = gates.shape[2] // len(numbers)
        flat = tf.reshape(gates, [steps * rows.each, width])
        states: States = tuple(_initial(each, numbers) for each in self.states)
        blocks = Blocks(step, flat, rows, self.weights.hidden)
        shown, last = blocks.run(states, self._sizes(steps, rows.each))
        return Value.laid_out(shown), last

    def _sizes(self, steps: int, rows: int) -> tuple[int, ...]:
        """How many steps an iteration takes, of the outermost loop first; none if unrolled.

        Args:
            steps: How many there are.
            rows: Outputs of a step, each of H elements.
        """
        directions = rows // (self.x.shape[1] or 1)
        if self._few(steps, directions):
            return ()
        fitting = LOOPED_BYTES // (directions * self.weights.bytes_per_step)
        most = max(1, min(LOOPED_STEPS, steps // BLOCKS, fitting))
        sizes = [_dividing(steps, range(most, most // 2, -1))]
        step_bytes = rows * self.weights.hidden * self.x.dtype.itemsize
        for limit in SHOWN_BYTES:
            if steps * step_bytes > 2 * limit:
                count = max(2, limit // (sizes[0] * step_bytes))
                longer = [sizes[0] * each for each in range(count, 2 * count)]
                sizes.insert(0, _dividing(steps, longer))
        return tuple(sizes)

    def _first_states(self, numbers: Sequence[int]) -> list[AnyValue]:
        batch, hidden = self.x.shape[1], self.weights.hidden
        zeros: AnyValue
        if batch is None:
            sizes = [len(numbers), sizes_of(self.x.plain())[1], hidden]
            zeros = Value.laid_out(tf.zeros(sizes, self.x.dtype))
        else:
            zeros = Constant(np.zeros((len(numbers), batch, hidden), self.x.dtype))
        given = [_initial(each, numbers) for each in self.states]
        return [zeros if each is None else each for each in given]

    def _inside(self, t: int | Tensor) -> AnyValue | None:
        """Whether step t lies inside each sequence, [N, 1]; None if it does in all."""
        if self.lengths is None:
            return None
        if isinstance(self.lengths, Constant) and bool(np.all(self.lengths.array > t)):
            return None
        inside = pointwise(lambda n: tf.greater(n, tf.cast(t, n.dtype)), self.lengths)
        return inside.reshape((*inside.shape, 1))

    def _read(self, state: States, t: int | Tensor) -> States:
        """What step t reads; among rows that are quantized together, those that ended are zeros."""
        if self.lengths is None or state[0] is None or not self.weights.quantized:
            return state
        return self._shown(state[0], t - 1), *state[1:]

    def _shown(self, output: AnyValue | None, t: int | Tensor) -> AnyValue:
        assert output is not None
        inside = self._inside(t)
        return output if inside is None else _either(inside, output, None)

    def _kept(self, old: AnyValue | None, new: AnyValue | None, t: int | Tensor) -> AnyValue | None:
        inside = self._inside(t)
        return new if inside is None or new is None else _either(inside, new, old)


def _either(inside: AnyValue, new: AnyValue, old: AnyValue | None) -> AnyValue:
    other = Constant(np.zeros((), new.dtype)) if old is None else old
    return pointwise(lambda i, a, b: tf.where(i, a, b), inside, new, other)


def _initial(state: AnyValue | None, numbers: Sequence[int]) -> AnyValue | None:
    """Some directions of an initial state; None where it is zero."""
    if state is None or (isinstance(state, Constant) and not state.array.any()):
        return None
    if len(numbers) == state.shape[0]:
        return state
    return pieces(state, 0, [Part(numbers[0], len(numbers))])[0]


def _dividing(steps: int, sizes: Sequence[int]) -> int:
    """The first size that leaves no steps over; if there is none, the first."""
    return next((size for size in sizes if steps % size == 0), sizes[0])


def _steps(gates: AnyValue) -> list[AnyValue]:
    """Cut [T, N, G] into steps [1, N, G], each a matrix as the product is that will be added."""
    steps, batch, _ = gates.shape
    assert steps is not None
    if batch is None:
        return [Value.laid_out(t) for t in tf.split(gates.plain(), steps)]
    rows = gates.arrange((0, 1), (2,))
    cuts = [Value.laid_out(cut_tensor(rows, 0, Part(t * batch, batch))) for t in range(steps)]
    return [each.reshape((1, *each.shape)) for each in cuts]


def _sequence(outputs: Sequence[AnyValue]) -> AnyValue:
    """Join steps [1, N, H] to [T, N, H]."""
    _, batch, width = outputs[0].shape
    if batch is None:
        return Value.laid_out(tf.concat([each.plain() for each in outputs], 0))
    rows = [each.reshape((batch, width)) for each in outputs]
    return activation(concat(rows, 0)).reshape((len(outputs), batch, width))


def _joined(values: Sequence[AnyValue]) -> AnyValue:
    return concat(values, 0) if len(values) > 1 else values[0]


def plus(x: AnyValue, bias: Any) -> AnyValue:
    """Add a bias unless it is zero."""
    return pointwise(tf.add, x, Constant(bias)) if np.any(bias) else x


def times(h: AnyValue | None, matrix: Any) -> AnyValue | None:
    """Multiply with a matrix from the right; None stands for zeros."""
    return None if h is None else product(h, Constant(matrix))


def total(*terms: AnyValue | None) -> AnyValue:
    """Add what is not zero."""
    known = [term for term in terms if term is not None]
    return functools.reduce(lambda a, b: pointwise(tf.add, a, b), known)


def gates_of(x: AnyValue, count: int) -> list[AnyValue]:
    """Cut [D, N, count * H] into gates."""
    size = (x.shape[-1] or 0) // count
    return pieces(x, x.rank - 1, [Part(i * size, size) for i in range(count)])


def _sequence_first(x: AnyValue | None, layout: int) -> AnyValue | None:
    return x.transpose((1, 0, 2)) if layout and x is not None else x


def layer_of(
    x: AnyValue,
    lengths: AnyValue | None,
    states: Sequence[AnyValue | None],
    weights: Weights,
    settings: RecurrentSettings,
) -> Layer:
    """Gather what the directions read; x and the states come in the node's own layout."""
    moved = [_sequence_first(value, settings.layout) for value in (x, *states)]
    assert moved[0] is not None
    return Layer(activation(moved[0]), lengths, tuple(moved[1:]), weights, settings)


def results_of(
    y: AnyValue, finals: Sequence[AnyValue], settings: RecurrentSettings
) -> tuple[AnyValue, ...]:
    """Bring results to the layout that the node wants: batch first where `layout` is 1."""
    if not settings.layout:
        return (y, *finals)
    return (y.transpose((2, 0, 1, 3)), *(final.transpose((1, 0, 2)) for final in finals))
