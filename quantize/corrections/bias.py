"""Takes the mean of what rounding the weights adds to an output out of the bias.

Nagel et al. 2019 (arXiv 1906.04721, section 4.2): the error of the weights times the mean of what
a layer reads. It is taken from calibration samples, layer by layer on the float network: as each
layer loses its own share, none is handed on to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from decant.flatbuffer.graph import Graph

from .layers import layers_of
from .moments import as_matrix, layer_moments
from .weights import error, nearest, steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.quantization import Granularity
    from decant.tensors import TensorInfo

    from .layers import Layer


def corrected_biases(
    model: bytes,
    inputs: Sequence[TensorInfo],
    samples: Sequence[Run],
    steps: Mapping[str, Granularity],
    rounding: Mapping[str, NDArray[np.uint8]],
) -> dict[str, NDArray[np.float32]]:
    """Correct the biases of layers; for a child process.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        samples: Whose mean counts.
        steps: Layer whose weights become int8 → along what its steps lie.
        rounding: Layer → its learned rounding, packed; the others round to the nearest.

    Returns:
        Layer → [output channels] its bias.
    """
    moments = layer_moments(model, inputs, samples, list(steps), products=False)
    found = {}
    for layer in layers_of(Graph.from_bytes(model)):
        if layer.name in moments:
            off = _error(layer, steps[layer.name], rounding.get(layer.name))
            mean = moments[layer.name].mean
            shift = np.matmul(as_matrix(layer, off, len(mean)), mean[:, :, None]).ravel()
            bias = np.zeros(layer.channels, np.float32) if layer.bias is None else layer.bias
            found[layer.name] = np.asarray(bias - shift, np.float32)
    return found


def _error(
    layer: Layer, granularity: Granularity, packed: NDArray[np.uint8] | None
) -> NDArray[np.float32]:
    """Give what rounding adds to the weights of a layer."""
    steps = steps_of(layer, granularity)
    up = nearest(layer.weights, steps) if packed is None else unpacked(packed, layer)
    return error(layer.weights, steps, up)


def unpacked(packed: NDArray[np.uint8], layer: Layer) -> NDArray[np.bool_]:
    """Read the rounding of a layer's weights from its bits."""
    bits = np.unpackbits(packed, count=layer.weights.size)
    return bits.reshape(layer.weights.shape).astype(np.bool_)
