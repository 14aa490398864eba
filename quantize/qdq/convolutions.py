"""Convolutions and pooling, which ONNX computes with the channels first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_edge_litert.schema_py_generated import Padding

from .activations import activated
from .registry import lowers
from .step import NoForm, Step
from .writer import CHANNELS_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .writer import Writer


@lowers("CONV_2D")
def convolution(writer: Writer, step: Step) -> None:
    """Write a convolution, of groups where its kernel reads fewer channels than there are."""
    _, height, width, read = writer.shape(step.inputs[1])
    weights = writer.weights(step.inputs[1], CHANNELS_FIRST)
    group = writer.shape(step.x)[3] // read
    _convolution(writer, step, weights, (height, width), group)


@lowers("DEPTHWISE_CONV_2D")
def depthwise_convolution(writer: Writer, step: Step) -> None:
    """Write a convolution of as many groups as the input has channels."""
    _, height, width, _ = writer.shape(step.inputs[1])
    weights = writer.weights(step.inputs[1], (3, 0, 1, 2))
    _convolution(writer, step, weights, (height, width), writer.shape(step.x)[3])


@lowers("TRANSPOSE_CONV")
def transposed_convolution(writer: Writer, step: Step) -> None:
    """Write a transposed convolution; its inputs are the result's sizes, weights, x and bias."""
    options, x = step.options, step.inputs[2]
    strides = options.strideH, options.strideW
    _, *kernel, _ = writer.shape(step.inputs[1])
    _, *given, _ = writer.shape(x)
    _, *wanted, _ = writer.shape(step.y)
    if min(*given, *wanted) < 1:
        raise NoForm("its sizes are free")
    spare = [
        (size - 1) * stride + window - result
        for size, stride, window, result in zip(given, strides, kernel, wanted, strict=True)
    ]
    before = [max(each, 0) // 2 for each in spare]
    after = [max(each, 0) - first for each, first in zip(spare, before, strict=True)]
    inputs = [writer.read(x, CHANNELS_FIRST), writer.weights(step.inputs[1], (3, 0, 1, 2))]
    inputs += _bias(writer, step, 3)
    value = writer.node(
        "ConvTranspose",
        inputs,
        writer.name(step.y),
        kernel_shape=kernel,
        strides=list(strides),
        pads=[*before, *after],
        output_padding=[max(-each, 0) for each in spare],
    )
    writer.write(step.y, activated(writer, step, value), CHANNELS_FIRST)


@lowers("MAX_POOL_2D")
def max_pool(writer: Writer, step: Step) -> None:
    """Write the maximum of windows."""
    _pool(writer, step, "MaxPool")


@lowers("AVERAGE_POOL_2D")
def average_pool(writer: Writer, step: Step) -> None:
    """Write the mean of windows, in which padding does not count."""
    _pool(writer, step, "AveragePool", count_include_pad=0)


def _pool(writer: Writer, step: Step, kind: str, **attributes: Any) -> None:
    options = step.options
    kernel = options.filterHeight, options.filterWidth
    value = writer.node(
        kind,
        [writer.read(step.x, CHANNELS_FIRST)],
        writer.name(step.y),
        kernel_shape=list(kernel),
        **_windows(writer, step, kernel),
        **attributes,
    )
    writer.write(step.y, activated(writer, step, value), CHANNELS_FIRST)


def _convolution(
    writer: Writer, step: Step, weights: str, kernel: Sequence[int], group: int
) -> None:
    options = step.options
    dilations = [options.dilationHFactor, options.dilationWFactor]
    value = writer.node(
        "Conv",
        [writer.read(step.x, CHANNELS_FIRST), weights, *_bias(writer, step, 2)],
        writer.name(step.y),
        kernel_shape=list(kernel),
        group=group,
        dilations=dilations,
        **_windows(writer, step, kernel, dilations),
    )
    writer.write(step.y, activated(writer, step, value), CHANNELS_FIRST)


def _bias(writer: Writer, step: Step, at: int) -> list[str]:
    given = len(step.inputs) > at and step.inputs[at] >= 0
    return [writer.weights(step.inputs[at], (0,), "bias")] if given else []


def _windows(
    writer: Writer, step: Step, kernel: Sequence[int], dilations: Sequence[int] = (1, 1)
) -> dict[str, Any]:
    """Give strides and padding of windows over [N, H, W, C]."""
    options = step.options
    strides = [options.strideH, options.strideW]
    _, *sizes, _ = writer.shape(step.x)
    if options.padding == Padding.VALID:
        return {"strides": strides, "pads": [0, 0, 0, 0]}
    if min(sizes) < 1:
        return {"strides": strides, "auto_pad": "SAME_UPPER"}
    spare = [
        max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
        for size, stride, window, dilation in zip(sizes, strides, kernel, dilations, strict=True)
    ]
    before = [each // 2 for each in spare]
    after = [each - first for each, first in zip(spare, before, strict=True)]
    return {"strides": strides, "pads": [*before, *after]}
