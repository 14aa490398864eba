"""Lets a model take raw camera pixels: the normalisation moves into the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

from decant.errors import UsageError
from decant.graph.edit import new_constant, new_node

if TYPE_CHECKING:
    from collections.abc import Sequence


def take_raw_pixels(
    model: ir.Model, normalization: tuple[Sequence[float], Sequence[float]] | None
) -> ir.Model:
    """Make every input take 0…255 pixels and normalise them inside the graph.

    Before: first(image) with image = (pixel / 255 - mean) / std
    After:  first(Mul(Sub(image, 255 * mean), 1 / (255 * std))) with image = pixel

    The input stays float32 here; the emitter casts the file's bytes. The factor then folds into
    the first layer's weights always, the mean into its bias where that layer is not padded: a
    padded zero stands for the mean colour, so there the subtraction stays. (The detector at
    320×320 in float: 2 to 3 % of its time. In the quantized files, where it took a quarter of
    the time in int8, `decant.quantize` applies it to whole rows, which makes it 1 to 3 %. Padding
    with the mean colour by CONCATENATION instead takes as long, and costs 1 to 4 dB in int8: the
    larger bias rounds more.)

    Args:
        model: A model whose float inputs are all images [N, C, H, W].
        normalization: Mean and standard deviation per channel on the 0…1 scale; None leaves the
            arithmetic to the model.

    Returns:
        A changed copy; with no normalization, the model as it is.

    Raises:
        UsageError: An input is not an image, or has another number of channels.
    """
    for value in model.graph.inputs:
        _check_image(value, None if normalization is None else len(normalization[0]))
    if normalization is None:
        return model
    copy = model.clone()
    mean, std = (np.asarray(part, np.float64).reshape(-1, 1, 1) for part in normalization)
    for value in copy.graph.inputs:
        _normalise(copy.graph, value, mean, std)
    return copy


def _check_image(value: ir.Value, channels: int | None) -> None:
    shape = value.shape
    image = value.dtype == ir.DataType.FLOAT and shape is not None and len(shape) == 4
    if not image or shape is None:
        raise UsageError(
            f"Input {value.name} is no float image [N, C, H, W]; uint8 input is for models whose "
            "inputs are all images. Use --input-dtype float32."
        )
    if channels is not None and shape[1] != channels:
        raise UsageError(
            f"Input {value.name} has {shape[1]} channels but mean and std have {channels} values."
        )


def _normalise(graph: ir.Graph, value: ir.Value, mean: np.ndarray, std: np.ndarray) -> None:
    readers = [(use.node, use.idx) for use in value.uses()]
    if not readers:
        return
    first = next(node for node in graph if any(node is reader for reader, _ in readers))
    offset = new_constant(graph, (255 * mean).astype(np.float32), f"{value.name}/mean")
    factor = new_constant(graph, (1 / (255 * std)).astype(np.float32), f"{value.name}/scale")
    centred = new_node(first, "Sub", [value, offset], like=value)
    scaled = new_node(first, "Mul", [centred, factor], like=value)
    for node, index in readers:
        node.replace_input_with(index, scaled)
