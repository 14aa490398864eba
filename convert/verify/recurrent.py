"""An LSTM that quantizes what it multiplies, in NumPy and in either precision.

ONNX Runtime has it in single precision only, and runs it from its first step to its last: of one
that amplifies rounding nothing is right or wrong there after some steps. Here each step may go on
from what another form made before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx.reference.op_run import OpRun
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Inputs = Sequence[Array | None]
    Function = Callable[[Array], Array]

LARGEST_BYTE = 255
FUNCTIONS: dict[str, Function] = {
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "hardsigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
}


def _as_it_is(x: Array) -> Array:
    return x


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction: its number, whether it reads backwards, and what its steps go on from."""

    number: int
    turned: bool
    own: Array | None
    move: Function


class DynamicQuantizeLSTM(OpRun):
    """ONNX Runtime's DynamicQuantizeLSTM-1, with the default parameters of its functions."""

    op_domain = "com.microsoft"

    def _run(self, *inputs: Array | None, **_: Any) -> tuple[Array, ...]:
        return self.going_on(inputs)

    def going_on(
        self, inputs: Inputs, own: Array | None = None, move: Function | None = None
    ) -> tuple[Array, ...]:
        """Compute the outputs [T, D, N, H] and the last states [D, N, H].

        Args:
            inputs: The node's.
            own: Outputs that each step goes on from, in place of those of the step before it.
            move: Moves what each step goes on from as little as rounding does, if given.
        """
        given = [*inputs, *[None] * (12 - len(inputs))]
        backwards = self._setting("direction", "forward") == "reverse"
        runs = []
        for d in range(len(self._required(given[1]))):
            turned = backwards or d == 1
            way = _Way(d, turned, None if own is None else own[:, d], move or _as_it_is)
            runs.append(self._one_way(given, way))
        y, h, c = (np.stack(each) for each in zip(*runs, strict=True))
        return np.moveaxis(y, 0, 1), h, c

    def _one_way(self, inputs: Inputs, way: _Way) -> tuple[Array, Array, Array]:
        d, x, lengths = way.number, self._required(inputs[0]), inputs[4]
        steps, batch, _ = x.shape
        ends = np.full(batch, steps) if lengths is None else lengths
        order = _order(steps, ends, turned=way.turned)
        weights, recurrent = (_floats(inputs, at, d, x.dtype) for at in (1, 2))
        x = np.take_along_axis(x, order[..., None], 0)
        gates = np.zeros((steps, batch, weights.shape[1]), x.dtype)
        gates[: ends.max()] = _quantized(x[: ends.max()]) @ weights
        if (bias := inputs[3]) is not None:
            gates += bias[d].reshape(2, -1).sum(0)
        zeros = np.zeros((batch, len(recurrent)), x.dtype)
        h, c = (zeros if state is None else state[d] for state in (inputs[5], inputs[6]))
        y = np.zeros((steps, *h.shape), x.dtype)
        known = y if way.own is None else np.take_along_axis(way.own, order[..., None], 0)
        for t in range(ends.max()):
            inside = (t < ends)[:, None]
            seen = _quantized(way.move(h if t == 0 else known[t - 1]))
            new, cell = self._cell(gates[t] + seen @ recurrent, c, inputs[7], d)
            y[t], c = np.where(inside, new, 0), np.where(inside, cell, c)
        last = y[np.maximum(ends - 1, 0), np.arange(batch)]
        empty = (ends == 0)[:, None]
        back = np.argsort(order, 0)
        return np.take_along_axis(y, back[..., None], 0), last, np.where(empty, 0, c)

    def _cell(self, gates: Array, c: Array, p: Array | None, d: int) -> tuple[Array, Array]:
        """From [N, 4 H] and the cell state to the output and the next cell state."""
        f, g, h = self._functions(d)
        clip = self._setting("clip", 0.0) or np.inf
        enter, leave, forget, fresh = np.split(gates, 4, axis=1)
        peeps = [0, 0, 0] if p is None else np.split(p[d], 3)
        entered = f(np.clip(enter + peeps[0] * c, -clip, clip))
        kept = f(np.clip(forget + peeps[2] * c, -clip, clip))
        if self._setting("input_forget", 0):
            kept = 1 - entered
        cell = kept * c + entered * g(np.clip(fresh, -clip, clip))
        return f(np.clip(leave + peeps[1] * cell, -clip, clip)) * h(cell), cell

    def _functions(self, d: int) -> list[Function]:
        names = self._setting("activations", None) or ["Sigmoid", "Tanh", "Tanh"] * 2
        texts = [name.decode() if isinstance(name, bytes) else name for name in names]
        return [FUNCTIONS[text.lower()] for text in texts[3 * d : 3 * d + 3]]

    def _setting(self, name: str, default: Any) -> Any:
        """An attribute of the node; ONNX has no schema that would say its default."""
        for attribute in self.onnx_node.attribute:
            if attribute.name == name:
                value = onnx.helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return default

    def _required(self, array: Array | None) -> Array:
        if array is None:
            raise ValueError("an LSTM has inputs and weights")
        return array


def _order(steps: int, ends: Array, *, turned: bool) -> Array:
    """Which step of its sequence each row reads at each step, [T, N]."""
    order: Array = np.repeat(np.arange(steps)[:, None], len(ends), 1)
    if turned:
        order = np.where(order < ends, ends - 1 - order, order)
    return order


def _floats(inputs: Inputs, at: int, d: int, dtype: np.dtype[Any]) -> Array:
    """What the integers of one direction stand for, [K, 4 H]."""
    weights, scale, zero = inputs[at], inputs[6 + 2 * at], inputs[7 + 2 * at]
    if weights is None or scale is None:
        raise ValueError("an LSTM has weights and their scales")
    whole: Array = weights[d].astype(dtype)
    if zero is not None:
        whole = whole - zero[d].astype(dtype)
    whole = whole * scale[d].astype(dtype)
    return whole


def _quantized(x: Array) -> Array:
    """Round to 256 steps between the limits of all and 0."""
    low, high = min(x.min(initial=0), 0), max(x.max(initial=0), 0)
    scale = (high - low) / LARGEST_BYTE or 1.0
    zero = np.rint(np.clip(-low / scale, 0, LARGEST_BYTE))
    steps = np.clip(np.rint(x / scale) + zero, 0, LARGEST_BYTE)
    rounded: Array = (steps - zero) * scale
    return rounded
