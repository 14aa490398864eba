"""Resizes axes whose size, before or behind, is known at run time only.

As in `interpolation`, everything is per axis: indices and weights that are constants there are
computed by the file here, from the sizes that it meets. Source: ONNX Resize-19.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.expose import expose
from ..layout.forms import Tensor
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Value, known_numbers
from ..lowering.registry import OutputInfo
from .interpolation import Axis, Method, nearest

BILINEAR = {"half_pixel": (False, True), "align_corners": (True, False), "asymmetric": (False,) * 2}
"""Coordinate mode -> flags (align_corners, half_pixel_centers) of TFLite's op."""

SIZES_TRIED = 16
"""Up to which size a whole factor is held against the index that each element has."""


@dataclass(frozen=True, slots=True)
class FreeAxis:
    """How one axis is resized.

    Attributes:
        scale: Ratio as the file gives it: a number, a scalar float32 tensor, or None where it is
            the output's size over the input's.
        wanted: Elements of the output: a number, a scalar int32 tensor, or None where they follow
            from the scale.
    """

    scale: Any
    wanted: Any = None

    @property
    def factor(self) -> int:
        """The scale where it is a whole number of times; else zero."""
        known = isinstance(self.scale, float) and self.scale.is_integer()
        return int(self.scale) if known else 0

    @property
    def comes_late(self) -> bool:
        """Whether scale or size is known at run time only, whatever the input's size is."""
        given = self.wanted if self.scale is None else self.scale
        return not isinstance(given, int | float)

    def count(self, size: Tensor) -> Tensor:
        """Elements of the output, a scalar int32 tensor or a number."""
        if self.wanted is not None:
            return self.wanted
        if self.factor:
            return size * self.factor
        return tf.cast(tf.floor(tf.cast(size, tf.float32) * self.scale), tf.int32)

    def ratio(self, size: Tensor, count: Tensor) -> Tensor:
        """The scale as a float32."""
        if self.scale is not None:
            return self.scale
        return tf.cast(count, tf.float32) / tf.cast(size, tf.float32)


def free_plan(
    x: AnyValue,
    where: Sequence[int],
    wanted: tuple[AnyValue | None, AnyValue | None],
    result: OutputInfo | None,
) -> dict[int, FreeAxis]:
    """Say how axes change where a size, of the input or the output, is known at run time only.

    Args:
        x: What is resized.
        where: Axes that scales and sizes are of.
        wanted: Scales and sizes, of which a node has one.
        result: What inference knows of the output.

    Returns:
        Logical axis → how it changes; nothing where all sizes are known. The batch never changes.
    """
    scales, sizes = wanted
    if scales is not None and 0 not in scales.shape:
        asked = [
            (FreeAxis(each), isinstance(each, float) and each == 1)
            for each in _elements(scales, tf.float32)
        ]
    elif sizes is not None:
        known = (result.shape if result else None) or (None,) * x.rank
        counts = _elements(sizes, tf.int32)
        counts = [n if known[a] is None else known[a] for a, n in zip(where, counts, strict=True)]
        asked = [
            (FreeAxis(None, count), isinstance(count, int) and count == x.shape[axis])
            for axis, count in zip(where, counts, strict=True)
        ]
    else:
        return {}
    plan = {
        axis: how
        for axis, (how, same) in zip(where, asked, strict=True)
        if not same and (axis or x.shape[0] is not None)
    }
    free = None in x.shape[1:] or any(how.comes_late for how in plan.values())
    return plan if free else {}


def _elements(value: AnyValue, dtype: Any) -> list[Any]:
    """Elements as numbers where they are known, else as scalar tensors."""
    known = known_numbers(value)
    if None not in known:
        return known
    tensor = tf.cast(value.plain(), dtype)
    return [tensor[i] if each is None else each for i, each in enumerate(known)]


def resized_free(x: Value, plan: Mapping[int, FreeAxis], method: Method) -> Value:
    """Resize axes as a plan says.

    Args:
        x: Values of any rank.
        plan: Logical axis → how it changes.
        method: ONNX's attributes.

    Raises:
        FreeSize: If the method needs sizes that are fixed.
    """
    _check(plan, method)
    if x.rank == 4 and set(plan) <= {2, 3} and _is_bilinear(plan, method):
        return _bilinear(x, plan, BILINEAR[method.coordinate_transformation_mode])
    for axis in sorted(plan, reverse=True):  # the innermost first: its copies are the smallest
        x = _along_axis(x, axis, plan[axis], method)
    return x


def _check(plan: Mapping[int, FreeAxis], method: Method) -> None:
    mode = method.coordinate_transformation_mode
    if mode == "tf_crop_and_resize":
        raise FreeSize(
            "a region of an axis of free size is resized",
            ("coordinate_transformation_mode", mode),
        )
    broken = any(axis.scale is not None and not axis.factor for axis in plan.values())
    if mode == "align_corners" and broken:
        # The standard counts elements that are not whole, ONNX Runtime and PyTorch do not.
        raise FreeSize(
            "corners are aligned after a scale that is no whole number",
            ("coordinate_transformation_mode", mode),
        )
    if method.antialias and not all(isinstance(axis.scale, float) for axis in plan.values()):
        raise FreeSize(
            "how many elements are mixed is known at run time only",
            ("antialias", 1),
        )


def _is_bilinear(plan: Mapping[int, FreeAxis], method: Method) -> bool:
    """Whether TFLite's op, which takes size over size for the scale, computes the same."""
    plain = method.mode == "linear" and not method.antialias and not method.exclude_outside
    known = method.coordinate_transformation_mode in BILINEAR
    return plain and known and all(axis.scale is None or axis.factor for axis in plan.values())


def _bilinear(x: Value, plan: Mapping[int, FreeAxis], flags: tuple[bool, bool]) -> Value:
    tensor = x.arrange((0,), (2,), (3,), (1,))
    sizes = [_size(tensor, dim) for dim in (1, 2)]
    counts = [plan[a].count(n) if a in plan else n for a, n in zip((2, 3), sizes, strict=True)]
    align_corners, half_pixel = flags
    resized = tf.raw_ops.ResizeBilinear(
        images=tensor,
        size=tf.stack(counts),
        align_corners=align_corners,
        half_pixel_centers=half_pixel,
    )
    return Value.laid_out(resized, (0, 2, 3, 1))


def _size(tensor: Tensor, dim: int) -> Any:
    """A size as a number, or as a scalar int32 tensor."""
    known = tensor.shape[dim]
    return tf.shape(tensor)[dim] if known is None else known


def _along_axis(x: Value, axis: int, how: FreeAxis, method: Method) -> Value:
    exposed = expose(x, [axis])
    tensor, dim = exposed.tensor, exposed.where[axis]
    size = _size(tensor, dim)
    count = how.count(size)
    if method.mode == "nearest":
        index = _nearest(how, method, size, count)
        return exposed.back(tf.gather(tensor, index, axis=dim))
    spread = [-1] + [1] * (len(tensor.shape) - dim - 1)
    terms = [
        tf.gather(tensor, index, axis=dim) * tf.reshape(weight, spread)
        for index, weight in _taps(how, method, size, count)
    ]
    return exposed.back(tf.add_n(terms) if len(terms) > 2 else terms[0] + terms[1])


def _coordinates(how: FreeAxis, mode: str, size: Tensor, count: Tensor) -> Tensor:
    """Position in the input of every output element, float32; see `interpolation.coordinates`."""
    out = tf.cast(tf.range(count), tf.float32)
    if mode == "align_corners":
        steps = tf.cast(tf.maximum(count - 1, 1), tf.float32)
        return out * tf.cast(size - 1, tf.float32) / steps
    scale = how.ratio(size, count)
    if mode == "asymmetric":
        return out / scale
    middle = (out + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return middle if how.factor > 1 else tf.where(count > 1, middle, tf.zeros_like(middle))
    if mode == "half_pixel_symmetric":
        length = tf.cast(size, tf.float32)
        return middle + length / 2 * (1 - tf.cast(count, tf.float32) / (length * scale))
    return middle


def _nearest(how: FreeAxis, method: Method, size: Tensor, count: Tensor) -> Tensor:
    """Index of the input element that each output element copies."""
    if _repeats(how.factor, method):
        return tf.range(count) // how.factor
    mode, rounding = method.coordinate_transformation_mode, method.nearest_mode
    if how.scale is None and (mode, rounding) == ("asymmetric", "floor"):
        return tf.range(count) * size // count  # exact, as a quotient of floats is not
    where = _coordinates(how, mode, size, count)
    rounded = {
        "round_prefer_floor": lambda: tf.math.ceil(where - 0.5),
        "round_prefer_ceil": lambda: tf.floor(where + 0.5),
        "floor": lambda: tf.floor(where),
        "ceil": lambda: tf.math.ceil(where),
    }[rounding]()
    return _inside(tf.cast(rounded, tf.int32), size)


def _repeats(factor: int, method: Method) -> bool:
    """Whether every element is repeated a whole number of times, whatever the size."""
    return bool(factor) and all(
        np.array_equal(
            nearest(Axis(size, size * factor, factor), method), np.arange(size).repeat(factor)
        )
        for size in range(1, SIZES_TRIED + 1)
    )


def _inside(index: Tensor, size: Tensor) -> Tensor:
    return tf.minimum(tf.maximum(index, 0), size - 1)


def _taps(
    how: FreeAxis, method: Method, size: Tensor, count: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Indices and weights of the input elements that are mixed; see `interpolation.weights`."""
    shrink = min(how.scale, 1.0) if method.antialias else 1.0
    reach = ceil((1 if method.mode == "linear" else 2) / shrink)
    where = _coordinates(how, method.coordinate_transformation_mode, size, count)
    first = tf.floor(where)
    indices = [tf.cast(first, tf.int32) + tap for tap in range(1 - reach, reach + 1)]
    near = where - first
    weights = [_weight(abs(near - tap) * shrink, method) for tap in range(1 - reach, reach + 1)]
    if method.exclude_outside:
        weights = [
            weight * tf.cast(tf.equal(index, _inside(index, size)), tf.float32)
            for index, weight in zip(indices, weights, strict=True)
        ]
    if method.exclude_outside or method.antialias:
        total = tf.add_n(weights)
        weights = [weight / total for weight in weights]
    for index, weight in zip(indices, weights, strict=True):
        yield _inside(index, size), weight


def _weight(distance: Tensor, method: Method) -> Tensor:
    """The weight of an element at a distance: a triangle, or Keys' cubic convolution."""
    if method.mode == "linear":
        return tf.maximum(1 - distance, 0)
    a = method.cubic_coeff_a
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return tf.where(distance <= 1, near, tf.where(distance < 2, far, tf.zeros_like(far)))
