"""Operators that move values and compute none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.schema_py_generated import MirrorPadMode

from .activations import activated
from .registry import lowers
from .step import NoForm, Step
from .writer import CHANNELS_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .writer import Order, Writer

NEAREST = {
    "mode": "nearest",
    "nearest_mode": "floor",
    "coordinate_transformation_mode": "asymmetric",
}


@lowers("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def reshape(writer: Writer, step: Step) -> None:
    """Write other sizes for the same numbers."""
    shape = writer.shape(step.y)
    if step.kind == "RESHAPE" and _repeat(writer, step):
        return
    if min(shape, default=1) >= 0:
        target = writer.integers(shape)
    elif step.kind == "RESHAPE" and len(step.inputs) > 1:
        target = _sizes(writer, step.inputs[1])
    elif sum(size < 0 for size in shape) == 1:
        target = writer.integers(shape)
    else:
        raise NoForm("several of its sizes are free")
    allow_zero = {"allowzero": 1} if 0 in shape else {}
    value = writer.node("Reshape", [writer.flat(step.x), target], writer.name(step.y), **allow_zero)
    writer.write(step.y, value)


def _repeat(writer: Writer, step: Step) -> bool:
    """Write a reshape of copies of an image that repeats its rows or columns as one nearest resize.

    Before: CONCATENATION of x: [N, H, W, C] b times along C, RESHAPE to [N, H, b·W, C]
    After:  Resize to [N, C, H, b·W]

    A rewrite has made such copies of a resize, since XNNPACK has none of the nearest neighbour.

    Returns:
        Whether it is such a reshape.
    """
    for axis in (1, 2):
        found = writer.copies(step.x, axis + 1)
        if found is None:
            continue
        x, times = found
        shape = list(writer.shape(x))
        if len(shape) != 4 or min(shape) < 1 or writer.is_constant(x):
            continue
        shape[axis] *= times
        if tuple(shape) != writer.shape(step.y) or not writer.same_quanta(x, step.y):
            continue
        wanted = ["", "", writer.integers([shape[each] for each in CHANNELS_FIRST])]
        inputs = [writer.read(x, CHANNELS_FIRST), *wanted]
        value = writer.node("Resize", inputs, writer.name(step.y), **NEAREST)
        writer.write(step.y, value, CHANNELS_FIRST)
        return True
    return False


@lowers("TRANSPOSE")
def transpose(writer: Writer, step: Step) -> None:
    """Write nothing: only the order in which the axes are known changes."""
    moved = [int(axis) for axis in writer.known(step.inputs[1], "order of axes")]
    order = writer.order(step.x)
    value, new = writer.read(step.x, order), tuple(moved.index(axis) for axis in order)
    if writer.same_quanta(step.x, step.y):
        writer.alias(step.y, value, new)
    else:
        writer.write(step.y, value, new)


@lowers("CONCATENATION")
def concatenation(writer: Writer, step: Step) -> None:
    """Write tensors one behind the other."""
    computed = [tensor for tensor in step.inputs if not writer.is_constant(tensor)]
    order = writer.order(computed[0]) if computed else writer.identity(step.y)
    values = [writer.read(tensor, order) for tensor in step.inputs]
    axis = order.index(step.options.axis % len(order))
    value = writer.node("Concat", values, writer.name(step.y), axis=axis)
    writer.write(step.y, activated(writer, step, value), order)


@lowers("SPLIT")
def split(writer: Writer, step: Step) -> None:
    """Write equal parts along an axis, which is the first input."""
    axis = int(writer.known(step.inputs[0], "axis").ravel()[0])
    x, parts = step.inputs[1], len(step.outputs)
    size = writer.shape(x)[axis]
    if size < 0:
        raise NoForm("the size that it splits is free")
    _parts(writer, step, x, axis, [size // parts] * parts)


@lowers("SPLIT_V")
def split_by_sizes(writer: Writer, step: Step) -> None:
    """Write parts of given sizes along an axis."""
    axis = int(writer.known(step.inputs[2], "axis").ravel()[0])
    sizes = [int(size) for size in writer.known(step.inputs[1], "sizes")]
    if -1 in sizes:
        sizes[sizes.index(-1)] = writer.shape(step.x)[axis] - sum(sizes) - 1
    _parts(writer, step, step.x, axis, sizes)


@lowers("PACK")
def pack(writer: Writer, step: Step) -> None:
    """Write tensors one behind the other along a new axis."""
    axis = step.options.axis % writer.rank(step.y)
    name, axes = writer.name(step.y), writer.integers([axis])
    values = [writer.node("Unsqueeze", [writer.read(each), axes], name) for each in step.inputs]
    writer.write(step.y, writer.node("Concat", values, name, axis=axis))


@lowers("UNPACK")
def unpack(writer: Writer, step: Step) -> None:
    """Write the slices of an axis as tensors without it."""
    axis = step.options.axis % writer.rank(step.x)
    names = [writer.name(tensor) for tensor in step.outputs]
    sizes = writer.integers([1] * len(names))
    values = writer.several("Split", [writer.read(step.x), sizes], names, axis=axis)
    for tensor, value in zip(step.outputs, values, strict=True):
        single = writer.node("Squeeze", [value, writer.integers([axis])], writer.name(tensor))
        writer.write(tensor, single)


@lowers("PAD", "PADV2")
def pad(writer: Writer, step: Step) -> None:
    """Write a border of zeros, or of a given value."""
    order = writer.order(step.x)
    value = writer.constant(np.zeros((), writer.dtype(step.x)))
    if step.kind == "PADV2":
        value = writer.operand(step.inputs[2], writer.identity(step.inputs[2]), ())
    inputs = [writer.read(step.x, order), _border(writer, step, order), value]
    writer.write(step.y, writer.node("Pad", inputs, writer.name(step.y)), order)


@lowers("MIRROR_PAD")
def mirror_pad(writer: Writer, step: Step) -> None:
    """Write a border that mirrors the inside; one row is all that ONNX repeats of the outermost."""
    order, mode = writer.order(step.x), "reflect"
    if step.options.mode == MirrorPadMode.SYMMETRIC:
        if writer.known(step.inputs[1], "border").max() > 1:
            raise NoForm("it mirrors the outermost values too, more than one of them")
        mode = "edge"
    inputs = [writer.read(step.x, order), _border(writer, step, order)]
    writer.write(step.y, writer.node("Pad", inputs, writer.name(step.y), mode=mode), order)


@lowers("TILE", "BROADCAST_TO")
def repeated(writer: Writer, step: Step) -> None:
    """Write copies of a tensor."""
    kind = "Tile" if step.kind == "TILE" else "Expand"
    inputs = [writer.read(step.x), _sizes(writer, step.inputs[1])]
    writer.write(step.y, writer.node(kind, inputs, writer.name(step.y)))


@lowers("SPACE_TO_DEPTH")
def space_to_depth(writer: Writer, step: Step) -> None:
    """Write blocks of pixels as channels."""
    x, name = writer.read(step.x, CHANNELS_FIRST), writer.name(step.y)
    value = writer.node("SpaceToDepth", [x], name, blocksize=step.options.blockSize)
    writer.write(step.y, value, CHANNELS_FIRST)


@lowers("DEPTH_TO_SPACE")
def depth_to_space(writer: Writer, step: Step) -> None:
    """Write channels as blocks of pixels."""
    x, name = writer.read(step.x, CHANNELS_FIRST), writer.name(step.y)
    value = writer.node("DepthToSpace", [x], name, blocksize=step.options.blockSize, mode="DCR")
    writer.write(step.y, value, CHANNELS_FIRST)


@lowers("RESIZE_BILINEAR")
def resize_bilinear(writer: Writer, step: Step) -> None:
    """Write another size of an image, with values in between."""
    _resize(writer, step, mode="linear")


@lowers("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest(writer: Writer, step: Step) -> None:
    """Write another size of an image, of the nearest values."""
    places = step.options.alignCorners or step.options.halfPixelCenters
    _resize(writer, step, mode="nearest", nearest_mode="round_prefer_ceil" if places else "floor")


def _resize(writer: Writer, step: Step, **attributes: str) -> None:
    options = step.options
    places = "half_pixel" if options.halfPixelCenters else "asymmetric"
    wanted = [int(size) for size in writer.known(step.inputs[1], "size")]
    batch, *given, channels = writer.shape(step.x)
    if min(given) < 1:
        raise NoForm("the size of its input is free")
    if batch < 1:
        factors = [1, 1, *(new / old for new, old in zip(wanted, given, strict=True))]
        target = ["", writer.constant(np.asarray(factors, np.float32))]
    else:
        target = ["", "", writer.integers([batch, channels, *wanted])]
    value = writer.node(
        "Resize",
        [writer.read(step.x, CHANNELS_FIRST), *target],
        writer.name(step.y),
        coordinate_transformation_mode="align_corners" if options.alignCorners else places,
        **attributes,
    )
    writer.write(step.y, value, CHANNELS_FIRST)


def _parts(writer: Writer, step: Step, x: int, axis: int, sizes: Sequence[int]) -> None:
    order = writer.order(x)
    names = [writer.name(tensor) for tensor in step.outputs]
    inputs = [writer.read(x, order), writer.integers(sizes)]
    values = writer.several("Split", inputs, names, axis=order.index(axis % len(order)))
    for tensor, value in zip(step.outputs, values, strict=True):
        writer.write(tensor, value, order)


def _border(writer: Writer, step: Step, order: Order) -> str:
    border = writer.known(step.inputs[1], "border")
    return writer.integers([int(border[axis, side]) for side in (0, 1) for axis in order])


def _sizes(writer: Writer, tensor: int) -> str:
    """Give sizes as ONNX takes them: integers of 64 bits."""
    value = writer.stored(tensor)
    if value is not None:
        return writer.integers(value.ravel().tolist())
    return writer.node("Cast", [writer.read(tensor)], writer.name(tensor), to=7)
