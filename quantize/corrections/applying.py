"""Changes a float graph's constants as corrections have found for a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.errors import DataError
from decant.flatbuffer.graph import Graph

from .bias import unpacked
from .equalisation import rescale
from .layers import layers_of, set_bias, set_weights
from .weights import rounded, steps_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from decant.quantization import Granularity

    from .layers import Layer
    from .storage import Found


def corrected(graph: Graph, found: Found, steps: Mapping[str, Granularity]) -> Graph:
    """Make the graph that the quantizer is given.

    Args:
        graph: The float graph, which stays as it is.
        found: The corrections.
        steps: Layer whose weights become int8 → along what its steps lie; the biases and roundings
            of other layers, such as those that an edited recipe keeps float, are left out.

    Raises:
        DataError: A correction is of no layer of the graph, or of another size.
    """
    made = Graph.from_bytes(graph.to_bytes())
    _check_known(found.scales, [made.name(t) for t in range(len(made.subgraph.tensors))])
    if rescale(made, found.scales) != len(found.scales):
        raise _foreign(next(iter(found.scales)))
    layers = {layer.name: layer for layer in layers_of(made)}
    _check_known([*found.rounding, *found.biases], layers)
    for name, packed in found.rounding.items():
        layer = layers[name]
        if len(packed) != -(-layer.weights.size // 8):
            raise _foreign(name)
        if name in steps:
            up, of_step = unpacked(packed, layer), steps_of(layer, steps[name])
            set_weights(made, layer, rounded(layer.weights, of_step, up))
    for name, bias in found.biases.items():
        if bias.shape != (layers[name].channels,):
            raise _foreign(name)
        if name in steps:
            set_bias(made, layers[name], bias)
    return made


def _check_known(names: Collection[str], known: Collection[str] | Mapping[str, Layer]) -> None:
    for name in names:
        if name not in known:
            raise _foreign(name)


def _foreign(name: str) -> DataError:
    return DataError(
        f"the recipe's corrections have one for {name!r}, which the model does not compute so: they"
        " were made for another model; give calibration data instead"
    )
