"""What a recurrent node says of itself: its functions, its directions and its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, constant

Activation = Callable[[Tensor], Tensor]

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
    def alike(self) -> bool:
        """Whether both directions have the same functions."""
        half = len(self.activations) // 2
        return [*self.activations[:half]] == [*self.activations[half:]]

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
    """Weights of some directions, ready to multiply from the right.

    Attributes:
        w: Of the input, [D, I, gates * H].
        r: Of the output before, [D, H, gates * H].
        b: Bias on the input's side, [D, gates * H].
        rb: Bias on the other side, [D, gates * H].
        quantized: Whether the matrices are products of a scale and int8, as which they are stored.
    """

    w: Any
    r: Any
    b: Any
    rb: Any
    quantized: bool = False

    def of(self, numbers: Sequence[int]) -> Weights:
        """The weights of these directions."""
        own = list(numbers)
        return replace(self, w=self.w[own], r=self.r[own], b=self.b[own], rb=self.rb[own])

    @property
    def hidden(self) -> int:
        """How many elements an output has."""
        return int(self.r.shape[1])

    @property
    def bytes_per_step(self) -> int:
        """What a step of one direction reads of `r`."""
        return int(self.r[0].size if self.quantized else self.r[0].nbytes)


def weights_of(w: AnyValue, r: AnyValue, b: AnyValue | None, *, apart: int = 0) -> Weights:
    """Read a node's weights, ONNX's [D, gates * H, …].

    Args:
        w: Of the input.
        r: Of the output before.
        b: Both biases, if there are any.
        apart: How many of the gates, from the last, keep their biases apart.
    """
    kernels, recurrent = constant(w, "the weight matrix"), constant(r, "the recurrent matrix")
    count, rows, _ = kernels.shape
    bias = np.zeros((count, 2 * rows), kernels.dtype) if b is None else constant(b, "the bias")
    ours, theirs = np.split(bias, 2, axis=1)
    moved = np.arange(rows) < rows - apart * recurrent.shape[2]
    return Weights(
        kernels.transpose(0, 2, 1),
        recurrent.transpose(0, 2, 1),
        ours + np.where(moved, theirs, 0),
        np.where(moved, 0, theirs),
    )
