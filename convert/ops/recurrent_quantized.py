"""Recurrent layers that quantize what they multiply while the network runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf

from ..int8 import markers
from ..layout.pointwise import elementwise
from ..layout.tensors import AnyValue, Constant, Value, activation, constant
from ..lowering.registry import op
from .recurrent import lstm_steps
from .recurrent_layer import layer_of, results_of
from .recurrent_settings import RecurrentSettings, weights_of


@op("com.microsoft::DynamicQuantizeLSTM")
def dynamic_quantize_lstm(
    x: AnyValue,
    w: AnyValue,
    r: AnyValue,
    b: AnyValue | None = None,
    sequence_lens: AnyValue | None = None,
    initial_h: AnyValue | None = None,
    initial_c: AnyValue | None = None,
    p: AnyValue | None = None,
    w_scale: AnyValue | None = None,
    w_zero_point: AnyValue | None = None,
    r_scale: AnyValue | None = None,
    r_zero_point: AnyValue | None = None,
    *,
    activation_alpha: Sequence[float] | None = None,
    activation_beta: Sequence[float] | None = None,
    activations: Sequence[str] | None = None,
    clip: float | None = None,
    direction: str = "forward",
    input_forget: int = 0,
) -> tuple[AnyValue, ...]:
    """Emit an LSTM of int8 weights (ONNX Runtime's DynamicQuantizeLSTM-1).

    x, [T, N, I], is quantized between the limits of all of it, as far as the longest sequence goes,
    and in every step the output before, [N, H], between its own. So ONNX Runtime does with one
    thread; with more it quantizes parts of the batch apart.
    """
    parameters = bool(activation_alpha or activation_beta)
    settings = RecurrentSettings(activations or (), parameters, clip, direction, layout=0)
    kernels, recurrent = _floats(w, w_scale, w_zero_point), _floats(r, r_scale, r_zero_point)
    weights = replace(weights_of(kernels, recurrent, b), quantized=True)
    read = _quantized(_until_the_end(x, sequence_lens))
    layer = layer_of(read, sequence_lens, [initial_h, initial_c], weights, settings)
    steps = lstm_steps(settings, p, coupled=bool(input_forget), read=_quantized)
    return results_of(*layer.run(steps), settings)


def _until_the_end(x: AnyValue, lengths: AnyValue | None) -> AnyValue:
    """Give x [T, N, I] zeros behind the longest sequence, where no step reads it."""
    if lengths is None:
        return x
    if isinstance(lengths, Constant) and lengths.array.max(initial=0) == x.shape[0]:
        return x
    tensor = x.plain()
    inside = tf.range(tf.shape(tensor)[0]) < tf.reduce_max(lengths.plain())
    return Value.laid_out(tf.where(inside[:, None, None], tensor, 0.0))


def _quantized(x: AnyValue) -> AnyValue:
    return elementwise(markers.dynamically_quantized, activation(x))


def _floats(integers: AnyValue, scale: AnyValue | None, zero_point: AnyValue | None) -> Constant:
    """What integers [D, K, 4 H] stand for, as LSTM has them: [D, 4 H, K].

    Scales and zero points are one for each direction, [D], or for each column, [D, 4 H].
    """
    weights = constant(integers, "the weights").astype(np.float32)
    columns = (len(weights), 1, -1)
    if zero_point is not None:
        weights = weights - constant(zero_point, "the zero point").reshape(columns)
    if scale is not None:
        weights = weights * constant(scale, "the scale").reshape(columns)
    return Constant(weights.transpose(0, 2, 1))
