"""Recurrent layers from their parts.

TFLite's own UNIDIRECTIONAL_SEQUENCE_LSTM keeps its state from one run to the next, and LiteRT's
CompiledModel refuses such variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.cut_and_join import Part
from ..layout.pointwise import pointwise
from ..layout.product import product
from ..layout.tensors import AnyValue, Constant, constant
from ..lowering.registry import op
from .recurrent_blocks import States, Step
from .recurrent_layer import MakeStep, gates_of, layer_of, plus, results_of, times, total
from .recurrent_settings import Activation, RecurrentSettings, Weights, weights_of
from .shape import pieces


@op("RNN", ignore=["hidden_size"])
def rnn(
    x: AnyValue,
    w: AnyValue,
    r: AnyValue,
    b: AnyValue | None = None,
    sequence_lens: AnyValue | None = None,
    initial_h: AnyValue | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    layout: int,
) -> tuple[AnyValue, ...]:
    """Emit h = f(x W + h R + b); x: [T, N, I], or [N, T, I] with layout 1."""
    parameters = bool(activation_alpha or activation_beta)
    settings = RecurrentSettings(activations or (), parameters, clip, direction, layout)
    weights = weights_of(w, r, b)
    layer = layer_of(x, sequence_lens, [initial_h], weights, settings)

    def make_step(numbers: Sequence[int], own: Weights) -> Step:
        (f,) = settings.functions(numbers[0], ("tanh",))

        def step(gates: AnyValue, state: States) -> States:
            return (pointwise(f, total(gates, times(state[0], own.r))),)

        return step

    return results_of(*layer.run(make_step), settings)


@op("GRU", ignore=["hidden_size"])
def gru(
    x: AnyValue,
    w: AnyValue,
    r: AnyValue,
    b: AnyValue | None = None,
    sequence_lens: AnyValue | None = None,
    initial_h: AnyValue | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    layout: int,
    linear_before_reset: int,
) -> tuple[AnyValue, ...]:
    """Emit gated recurrent units; gates lie in the order update, reset, hidden."""
    parameters = bool(activation_alpha or activation_beta)
    settings = RecurrentSettings(activations or (), parameters, clip, direction, layout)
    weights = weights_of(w, r, b, apart=1 if linear_before_reset else 0)
    layer = layer_of(x, sequence_lens, [initial_h], weights, settings)
    cell = _gru_linear_first if linear_before_reset else _gru_reset_first

    def make_step(numbers: Sequence[int], own: Weights) -> Step:
        f, g = settings.functions(numbers[0], ("sigmoid", "tanh"))

        def step(gates: AnyValue, state: States) -> States:
            update, candidate = cell(gates, state[0], own, (f, g))
            return (_mixed(candidate, state[0], update),)

        return step

    return results_of(*layer.run(make_step), settings)


def _mixed(candidate: AnyValue, h: AnyValue | None, update: AnyValue) -> AnyValue:
    """(1 - update) candidate + update h."""
    if h is None:
        return pointwise(lambda c, z: c - z * c, candidate, update)
    return pointwise(lambda c, h, z: c + z * (h - c), candidate, h, update)


Functions = tuple[Activation, Activation]


def _gru_linear_first(
    gates: AnyValue, h: AnyValue | None, own: Weights, functions: Functions
) -> tuple[AnyValue, AnyValue]:
    """The update gate, and the candidate g(x Wh + r (h Rh + b)): PyTorch's form."""
    f, g = functions
    bias = own.rb[:, None, 2 * own.hidden :]
    both, own_part = _last_apart(gates, 3)
    recurrent: AnyValue = Constant(bias)
    if h is not None:
        zr, recurrent = _last_apart(product(h, Constant(own.r)), 3)
        both, recurrent = total(both, zr), plus(recurrent, bias)
    update, reset = gates_of(pointwise(f, both), 2)
    candidate = pointwise(lambda n, r, t: g(n + r * t), own_part, reset, recurrent)
    return update, candidate


def _gru_reset_first(
    gates: AnyValue, h: AnyValue | None, own: Weights, functions: Functions
) -> tuple[AnyValue, AnyValue]:
    """The update gate, and the candidate g(x Wh + (r h) Rh)."""
    f, g = functions
    hidden = own.hidden
    both, own_part = _last_apart(gates, 3)
    both = total(both, times(h, own.r[..., : 2 * hidden]))
    update, reset = gates_of(pointwise(f, both), 2)
    kept = None if h is None else pointwise(tf.multiply, reset, h)
    recurrent = times(kept, own.r[..., 2 * hidden :])
    return update, pointwise(g, total(own_part, recurrent))


def _last_apart(x: AnyValue, count: int) -> tuple[AnyValue, AnyValue]:
    """Cut [D, N, count * H] into the gates that have one function, and the last."""
    size = (x.shape[-1] or 0) // count
    apart = (count - 1) * size
    most, last = pieces(x, x.rank - 1, [Part(0, apart), Part(apart, size)])
    return most, last


@op("LSTM", ignore=["hidden_size"])
def lstm(
    x: AnyValue,
    w: AnyValue,
    r: AnyValue,
    b: AnyValue | None = None,
    sequence_lens: AnyValue | None = None,
    initial_h: AnyValue | None = None,
    initial_c: AnyValue | None = None,
    p: AnyValue | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    input_forget: int,
    layout: int,
) -> tuple[AnyValue, ...]:
    """Emit long short-term memory; gates lie in the order input, output, forget, cell.

    The clip is for gates: ONNX Runtime lets the cell's last function read it as it is.
    """
    parameters = bool(activation_alpha or activation_beta)
    settings = RecurrentSettings(activations or (), parameters, clip, direction, layout)
    layer = layer_of(x, sequence_lens, [initial_h, initial_c], weights_of(w, r, b), settings)
    return results_of(*layer.run(lstm_steps(settings, p, coupled=bool(input_forget))), settings)


def lstm_steps(
    settings: RecurrentSettings,
    p: AnyValue | None,
    *,
    coupled: bool,
    read: Callable[[AnyValue], AnyValue] | None = None,
) -> MakeStep:
    """How the directions of an LSTM are emitted.

    Args:
        settings: The node's attributes.
        p: Peepholes [D, 3 H], of the gates input, output and forget.
        coupled: Whether the forget gate is what the input gate leaves.
        read: How a step reads the output before it, if not as it is.
    """
    peepholes = None if p is None else constant(p, "the peephole")

    def make_step(numbers: Sequence[int], own: Weights) -> Step:
        peeps = None if peepholes is None else np.split(peepholes[list(numbers), None], 3, axis=2)
        functions = settings.functions(numbers[0], ("sigmoid", "tanh", "tanh"), clipped=2)
        cell = _LstmCell(functions, peeps, coupled)

        def step(gates: AnyValue, state: States) -> States:
            h, c = state
            seen = h if h is None or read is None else read(h)
            return cell.run(total(gates, times(seen, own.r)), c)

        return step

    return make_step


@dataclass(frozen=True, slots=True)
class _LstmCell:
    """The pointwise part of an LSTM: functions of gates, cell and output, and peepholes."""

    functions: Sequence[Activation]
    peepholes: Sequence[Any] | None
    coupled: bool

    def run(self, gates: AnyValue, cell: AnyValue | None) -> States:
        """From [D, N, 4 H] and the cell state to the next output and cell state.

        Without peepholes one operator applies the function to three gates: to begin an operator
        takes longer than its elements.
        """
        f, g, h = self.functions
        three, fresh = _last_apart(gates, 4)
        at_once = self.peepholes is None
        enter, leave, forget = gates_of(pointwise(f, three) if at_once else three, 3)

        def opened(gate: AnyValue, seen: AnyValue | None, number: int) -> AnyValue:
            return gate if at_once else pointwise(f, self._peeping(gate, seen, number))

        entered = opened(enter, cell, 0)
        new = pointwise(lambda i, c: i * g(c), entered, fresh)
        if cell is not None:
            kept = (
                pointwise(lambda i: 1.0 - i, entered) if self.coupled else opened(forget, cell, 2)
            )
            new = total(pointwise(tf.multiply, kept, cell), new)
        return pointwise(lambda o, c: o * h(c), opened(leave, new, 1), new), new

    def _peeping(self, gate: AnyValue, cell: AnyValue | None, number: int) -> AnyValue:
        if self.peepholes is None or cell is None or not np.any(self.peepholes[number]):
            return gate
        weight = Constant(self.peepholes[number])
        return pointwise(lambda t, c, p: t + c * p, gate, cell, weight)
