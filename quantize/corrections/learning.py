"""Learns the rounding of a graph's layers one after the other, within bounds of time and memory."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from decant.flatbuffer.graph import Graph

from .layers import layers_of
from .moments import as_matrix, as_weights, layer_moments
from .rounding import learn
from .weights import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.quantization import Granularity
    from decant.tensors import TensorInfo

    from .layers import Layer

logger = logging.getLogger(__name__)

# Second moments that are held at a time; those of more layers are measured in several turns.
# Learning one layer takes about four times what its own are.
MOMENTS_BYTES = 256 << 20
# After so long, the layers that are left are learned by the short way.
LONGEST_S = 120.0
# Below, the learned rounding of a layer is not worth storing.
WORTH = 0.98


@dataclass(slots=True)
class Learned:
    """What became of the layers.

    Attributes:
        rounding: Layer → bits, packed: whether each weight is rounded up.
        nearest: Layer that keeps nearest rounding → why.
        hurried: Layers that were learned by the short way, since time was over.
    """

    rounding: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    nearest: dict[str, str] = field(default_factory=dict)
    hurried: list[str] = field(default_factory=list)


def learned_rounding(
    model: bytes,
    inputs: Sequence[TensorInfo],
    samples: Sequence[Run],
    steps: Mapping[str, Granularity],
    *,
    centred: bool,
    longest_s: float = LONGEST_S,
    memory_bytes: int = MOMENTS_BYTES,
) -> Learned:
    """Learn the rounding of layers; for a child process.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        samples: To learn on.
        steps: Layer whose weights become int8 → along what its steps lie.
        centred: Whether the bias takes away what rounding does to an output's mean.
        longest_s: After which the layers that are left are learned by the short way, which only
            turns single choices over.
        memory_bytes: That second moments may take.
    """
    graph, made = Graph.from_bytes(model), Learned()
    until = time.monotonic() + longest_s
    layers = [layer for layer in layers_of(graph) if layer.name in steps]
    for turn in _turns(graph, layers, memory_bytes, made):
        names = [layer.name for layer in turn]
        moments = layer_moments(model, inputs, samples, names, products=True)
        for layer in turn:
            if layer.name in moments:
                square = moments.pop(layer.name).shrunk(centred=centred)
                descend = time.monotonic() < until
                made.hurried += [] if descend else [layer.name]
                _learn(layer, square, steps[layer.name], made, descend=descend)
    return made


def _learn(
    layer: Layer,
    square: NDArray[np.float32],
    granularity: Granularity,
    made: Learned,
    *,
    descend: bool,
) -> None:
    """Learn one layer's rounding, if memory is enough."""
    try:
        steps = np.broadcast_to(steps_of(layer, granularity), layer.weights.shape)
        groups = len(square)
        found = learn(
            as_matrix(layer, layer.weights, groups),
            as_matrix(layer, steps, groups),
            square,
            descend=descend,
        )
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        made.nearest[layer.name] = "memory was not enough to learn it"
        return
    if found.after < WORTH * found.before:
        made.rounding[layer.name] = np.packbits(as_weights(layer, found.up))
    logger.info("%s: %.2f of the disturbance left", layer.name, found.after / (found.before or 1))


def _turns(
    graph: Graph, layers: Sequence[Layer], memory_bytes: int, made: Learned
) -> Iterator[list[Layer]]:
    """Part layers into turns whose second moments fit into memory together."""
    turn: list[Layer] = []
    held = 0
    for layer in layers:
        size = moments_bytes(layer)
        if layer.kind == "TRANSPOSE_CONV":
            made.nearest[layer.name] = "its rounding is not learned where it is a TRANSPOSE_CONV"
        elif size > memory_bytes:
            made.nearest[layer.name] = (
                f"its second moments would take {size:,} bytes, and {memory_bytes:,} are allowed"
            )
        else:
            if turn and held + size > memory_bytes:
                yield turn
                turn, held = [], 0
            turn.append(layer)
            held += size
    if turn:
        yield turn


def moments_bytes(layer: Layer) -> int:
    """Give the memory of a layer's second moments, in float32; of a grouped one at most that."""
    outputs, values = layer.channels, layer.weights.size // layer.channels
    groups = outputs if layer.kind == "DEPTHWISE_CONV_2D" else 1
    return groups * values * values * 4
