"""Decides how the inputs and outputs of a file lie: the one place that says whose channels move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from decant.tensors import CHANNELS_LAST

from .spatial import spatial_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    import onnx_ir as ir

    from decant.tensors import Layout

LayoutRule = Literal["nhwc", "keep"]
InputType = Literal["float32", "uint8"]


@dataclass(frozen=True, slots=True)
class SignatureRules:
    """How the user wants a file's inputs and outputs.

    Attributes:
        input_layout: "nhwc" puts the channels of spatial inputs last; "keep" keeps ONNX's order.
        output_layout: Likewise for outputs.
        input_dtype: "uint8" makes float inputs take bytes and casts them.
    """

    input_layout: LayoutRule = "nhwc"
    output_layout: LayoutRule = "nhwc"
    input_dtype: InputType = "float32"


@dataclass(frozen=True, slots=True)
class SignatureLayouts:
    """How each input and output lies in the file, in the model's order."""

    inputs: tuple[Layout, ...]
    outputs: tuple[Layout, ...]


def signature_layouts(graph: ir.Graph, rules: SignatureRules) -> SignatureLayouts:
    """Put the channels last of what goes into and comes out of the spatial part, if so wanted."""
    spatial = spatial_values(graph)

    def decided(values: Iterable[ir.Value], rule: LayoutRule) -> tuple[Layout, ...]:
        return tuple(
            CHANNELS_LAST[len(value.shape)]
            if rule == "nhwc" and value in spatial and value.shape is not None
            else "keep"
            for value in values
        )

    return SignatureLayouts(
        decided(graph.inputs, rules.input_layout), decided(graph.outputs, rules.output_layout)
    )


def axes_in_file(layout: Layout, rank: int) -> tuple[int, ...]:
    """The logical (ONNX) axis of every dimension of a tensor in the file.

    >>> axes_in_file("nhwc", 4), axes_in_file("keep", 4)
    ((0, 2, 3, 1), (0, 1, 2, 3))
    """
    return tuple(range(rank)) if layout == "keep" else (0, *range(2, rank), 1)
