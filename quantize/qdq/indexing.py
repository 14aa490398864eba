"""Operators that pick values by their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from .registry import lowers
from .step import NoForm, Step

if TYPE_CHECKING:
    from .writer import Writer

LARGEST = 2**31 - 1


@lowers("SLICE")
def slice_(writer: Writer, step: Step) -> None:
    """Write the part from a place on of given sizes; -1 is all that follows."""
    begin = [int(each) for each in writer.known(step.inputs[1], "begin")]
    size = [int(each) for each in writer.known(step.inputs[2], "size")]
    end = [LARGEST if many < 0 else at + many for at, many in zip(begin, size, strict=True)]
    _sliced(writer, step, begin, end, [1] * len(begin))


@lowers("STRIDED_SLICE")
def strided_slice(writer: Writer, step: Step) -> None:
    """Write every so manieth value between two places.

    Raises:
        NoForm: It adds axes, or leaves some out that it does not name.
    """
    options = step.options
    if options.ellipsisMask or options.newAxisMask or options.offset:
        raise NoForm("it has an ellipsis, a new axis or offsets")
    begin, end, stride = (
        [int(each) for each in writer.known(tensor, "bounds")] for tensor in step.inputs[1:]
    )
    shrunk = [axis for axis in range(len(begin)) if options.shrinkAxisMask >> axis & 1]
    for axis, by in enumerate(stride):
        if axis in shrunk:
            end[axis] = begin[axis] + 1 or LARGEST
            continue
        if options.beginMask >> axis & 1:
            begin[axis] = 0 if by > 0 else LARGEST
        if options.endMask >> axis & 1:
            end[axis] = LARGEST if by > 0 else -LARGEST
    _sliced(writer, step, begin, end, stride, shrunk)


@lowers("REVERSE_V2")
def reverse(writer: Writer, step: Step) -> None:
    """Write some axes from their end on."""
    rank = writer.rank(step.x)
    axes = [int(axis) % rank for axis in writer.known(step.inputs[1], "axes").ravel()]
    begin = [LARGEST if axis in axes else 0 for axis in range(rank)]
    end = [-LARGEST if axis in axes else LARGEST for axis in range(rank)]
    _sliced(writer, step, begin, end, [-1 if axis in axes else 1 for axis in range(rank)])


@lowers("GATHER")
def gather(writer: Writer, step: Step) -> None:
    """Write the slices that are asked for along an axis."""
    if step.options.batchDims:
        raise NoForm("it gathers per batch")
    indices = step.inputs[1]
    axis = step.options.axis % writer.rank(step.x)
    kept = writer.rank(indices) == 1
    order = writer.order(step.x) if kept else writer.identity(step.x)
    inputs = [writer.read(step.x, order), writer.read(indices)]
    value = writer.node("Gather", inputs, writer.name(step.y), axis=order.index(axis))
    writer.write(step.y, value, order if kept else None)


@lowers("EMBEDDING_LOOKUP")
def embedding_lookup(writer: Writer, step: Step) -> None:
    """Write the rows of a table, which is the second input."""
    inputs = [writer.read(step.inputs[1]), writer.read(step.x)]
    writer.write(step.y, writer.node("Gather", inputs, writer.name(step.y), axis=0))


@lowers("GATHER_ND")
def gather_nd(writer: Writer, step: Step) -> None:
    """Write the slices at places of several axes."""
    indices = writer.read(step.inputs[1])
    wide = writer.node("Cast", [indices], indices, to=TensorProto.INT64)
    value = writer.node("GatherND", [writer.read(step.x), wide], writer.name(step.y))
    writer.write(step.y, value)


@lowers("SHAPE")
def shape(writer: Writer, step: Step) -> None:
    """Write the sizes of a tensor."""
    name = writer.name(step.y)
    wide = writer.node("Shape", [writer.read(step.x)], name)
    narrow = writer.graph.dtype(step.y).itemsize == 4
    writer.write(step.y, writer.node("Cast", [wide], name, to=6) if narrow else wide)


def _sliced(
    writer: Writer,
    step: Step,
    begin: list[int],
    end: list[int],
    stride: list[int],
    shrunk: list[int] | None = None,
) -> None:
    """Write a slice, and leave the shrunk axes out behind it."""
    name = writer.name(step.y)
    order = writer.identity(step.x) if shrunk else writer.order(step.x)
    axes = [order.index(axis) for axis in range(len(begin))]
    bounds = [writer.integers(each) for each in (begin, end, axes, stride)]
    value = writer.node("Slice", [writer.read(step.x, order), *bounds], name)
    if shrunk:
        value = writer.node("Squeeze", [value, writer.integers(shrunk)], name)
    writer.write(step.y, value, None if shrunk else order)
