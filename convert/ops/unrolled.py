"""Unrolls recurrent layers, or loops over free steps: what all of them share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.cut_and_join import Part, concat, cut_tensor
from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.product import product
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, constant
from .looped import looped
from .shape import pieces

Activation = Callable[[Tensor], Tensor]
State = tuple[AnyValue | None, ...]
"""What a step hands to the next: the output first; None stands for zeros."""
Step = Callable[[AnyValue, State], State]
"""From the input's part of all gates, [N, gates * H], and the state to the next state."""

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
    "softsign": tf.nn.softsign,
    "softplus": tf.nn.softplus,
    "hardsigmoid": lambda t: tf.minimum(tf.nn.relu(t * 0.2 + 0.5), 1.0),
}
"""Those with ONNX's default parameters."""


@dataclass(frozen=True, slots=True)
class RecurrentSettings:
    """Attributes that all recurrent layers share."""

    activations: Sequence[str | bytes]
    parameters: bool
    clip: float | None
    direction: str
    layout: int

    @property
    def directions(self) -> int:
        """How many directions there are, 1 or 2."""
        return 2 if self.direction == "bidirectional" else 1

    def functions(
        self, number: int, defaults: Sequence[str], clipped: int | None = None
    ) -> list[Activation]:
        """The functions of one direction, the first `clipped` (default: all) behind the clip."""
        given = [x.decode() if isinstance(x, bytes) else x for x in self.activations]
        names = [name.lower() for name in given or [*defaults] * self.directions]
        unknown = [name for name in names if name not in ACTIVATIONS]
        if unknown or self.parameters:
            raise Refused(
                "only activations with ONNX's default parameters are emitted",
                f"use some of {', '.join(ACTIVATIONS)}",
                ("activations", given),
            )
        count = len(defaults)
        own = [ACTIVATIONS[name] for name in names[number * count :][:count]]
        return [*map(self._clipped, own[:clipped]), *(own[clipped:] if clipped else [])]

    def _clipped(self, function: Activation) -> Activation:
        clip = self.clip
        if not clip:
            return function
        return lambda t: function(tf.minimum(tf.maximum(t, -clip), clip))


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one direction, ready to multiply from the right.

    Attributes:
        w: Of the input, [I, gates * H].
        r: Of the output before, [H, gates * H].
        wb: Bias on the input's side, [gates * H].
        rb: Bias on the other side, [gates * H].
    """

    w: Any
    r: Any
    wb: Any
    rb: Any


def weights_of(w: AnyValue, r: AnyValue, b: AnyValue | None) -> list[Weights]:
    """Split a node's weights, ONNX's [D, gates * H, …], by direction."""
    kernels, recurrent = constant(w, "the weights"), constant(r, "the recurrent weights")
    rows = kernels.shape[1]
    shape = (len(kernels), 2 * rows)
    biases = np.zeros(shape, kernels.dtype) if b is None else constant(b, "the bias")
    return [
        Weights(x.T, h.T, bias[:rows], bias[rows:])
        for x, h, bias in zip(kernels, recurrent, biases, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Layer:
    """What all directions of a layer read: x is [T, N, I], a state [directions, N, hidden]."""

    x: AnyValue
    lengths: AnyValue | None
    states: tuple[AnyValue | None, ...]
    hidden: int
    settings: RecurrentSettings

    def run(
        self, make_step: Callable[[int], tuple[Step, AnyValue]]
    ) -> tuple[AnyValue, tuple[AnyValue, ...]]:
        """Unroll every direction; returns the outputs [T, D, N, H] and last states [D, N, H]."""
        sequences, finals = [], []
        for number in range(self.settings.directions):
            step, gates = make_step(number)
            backwards = number == 1 or self.settings.direction == "reverse"
            run = self._loop if gates.shape[0] is None else self._unroll
            sequence, state = run(step, gates, number, backwards=backwards)
            sequences.append(sequence)
            finals.append(state)
        count = len(sequences)
        joined = concat(sequences, 2) if count > 1 else sequences[0]
        steps, batch, width = joined.shape
        shape = (steps, batch, count, (width or 0) // count)
        y = joined.reshape(shape).transpose((0, 2, 1, 3))
        return y, tuple(_stacked(each) for each in zip(*finals, strict=True))

    def _unroll(
        self, step: Step, gates: AnyValue, number: int, *, backwards: bool
    ) -> tuple[AnyValue, list[AnyValue]]:
        steps = _steps(gates)
        state: State = tuple(_initial(each, number) for each in self.states)
        count = len(steps)
        outputs = []
        for t in reversed(range(count)) if backwards else range(count):
            after = step(steps[t], state)
            outputs.append(self._shown(after[0], t))
            state = tuple(self._kept(old, new, t) for old, new in zip(state, after, strict=True))
        assert all(each is not None for each in state)
        sequence = _sequence(outputs[::-1] if backwards else outputs)
        return sequence, [each for each in state if each is not None]

    def _loop(
        self, step: Step, gates: AnyValue, number: int, *, backwards: bool
    ) -> tuple[AnyValue, list[AnyValue]]:
        batch = gates.shape[1]
        if batch is None:
            raise FreeSize("steps and batch are both free")
        zeros = Value.laid_out(tf.zeros([batch, self.hidden], gates.dtype))
        given = [_initial(each, number) for each in self.states]
        lengths = None if self.lengths is None else self.lengths.plain()

        def one(
            own: AnyValue, state: tuple[AnyValue, ...], t: Tensor
        ) -> tuple[AnyValue, tuple[AnyValue, ...]]:
            # A value of its own: what a loop makes of one may not be used outside of it.
            layer = replace(self, lengths=None if lengths is None else Value.laid_out(lengths))
            after = [each for each in step(own, state) if each is not None]
            kept = [layer._kept(old, new, t) for old, new in zip(state, after, strict=True)]
            return layer._shown(after[0], t), tuple(each for each in kept if each is not None)

        states = [zeros if each is None else each for each in given]
        return looped(one, gates, states, backwards=backwards)

    def _inside(self, t: int | Tensor) -> AnyValue | None:
        """Whether step t lies inside each sequence, [N, 1]; None if it does in all."""
        if self.lengths is None:
            return None
        if isinstance(self.lengths, Constant) and bool(np.all(self.lengths.array > t)):
            return None
        inside = pointwise(lambda n: tf.greater(n, tf.cast(t, n.dtype)), self.lengths)
        return inside.reshape((*inside.shape, 1))

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


def _initial(state: AnyValue | None, number: int) -> AnyValue | None:
    """One direction of an initial state; None where it is zero."""
    if state is None or (isinstance(state, Constant) and not state.array.any()):
        return None
    return _without_first(pieces(state, 0, [Part(number, 1)])[0])


def _without_first(x: AnyValue) -> AnyValue:
    return x.reshape(x.shape[1:])


def _steps(gates: AnyValue) -> list[AnyValue]:
    """Cut [T, N, G] into steps [N, G], each a matrix as the product is that will be added."""
    steps, batch, _ = gates.shape
    assert steps is not None
    if batch is None:
        return [Value.laid_out(t) for t in tf.unstack(gates.plain(), steps)]
    rows = gates.arrange((0, 1), (2,))
    return [Value.laid_out(cut_tensor(rows, 0, Part(t * batch, batch))) for t in range(steps)]


def _sequence(outputs: Sequence[AnyValue]) -> AnyValue:
    """Join steps [N, H] to [T, N, H]."""
    batch, width = outputs[0].shape
    if batch is None:
        return Value.laid_out(tf.stack([each.plain() for each in outputs]))
    return activation(concat(outputs, 0)).reshape((len(outputs), batch, width))


def _stacked(values: Iterable[AnyValue]) -> AnyValue:
    rows = [value.reshape((1, *value.shape)) for value in values]
    return concat(rows, 0) if len(rows) > 1 else rows[0]


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
    """Cut [N, count * H] into gates."""
    size = (x.shape[-1] or 0) // count
    return pieces(x, x.rank - 1, [Part(i * size, size) for i in range(count)])


def _sequence_first(x: AnyValue | None, layout: int) -> AnyValue | None:
    return x.transpose((1, 0, 2)) if layout and x is not None else x


def layer_of(
    x: AnyValue,
    lengths: AnyValue | None,
    states: Sequence[AnyValue | None],
    hidden: int,
    settings: RecurrentSettings,
) -> Layer:
    """Gather what the directions read; x and the states come in the node's own layout."""
    moved = [_sequence_first(value, settings.layout) for value in (x, *states)]
    assert moved[0] is not None
    return Layer(activation(moved[0]), lengths, tuple(moved[1:]), hidden, settings)


def results_of(
    y: AnyValue, finals: Sequence[AnyValue], settings: RecurrentSettings
) -> tuple[AnyValue, ...]:
    """Bring results to the layout that the node wants: batch first where `layout` is 1."""
    if not settings.layout:
        return (y, *finals)
    return (y.transpose((2, 0, 1, 3)), *(final.transpose((1, 0, 2)) for final in finals))
