"""Resizing: repeated elements, TFLite's own ops where they compute the same, else matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from decant.runtime_facts import CONCATENATION_INPUTS

from ..layout.expose import expose
from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.refused import FreeSize
from ..layout.tensors import AnyValue, Constant, Value, activation, known_numbers, numbers
from ..lowering.registry import OutputInfo, op
from .free_resize import free_plan, resized_free
from .interpolation import Axis, Method, nearest, outside, weights

# flags (align_corners, half_pixel_centers) of TFLite's ops -> what they are in ONNX
BUILTIN = {
    (False, True): ("half_pixel", "round_prefer_ceil"),
    (True, False): ("align_corners", "round_prefer_ceil"),
    (False, False): ("asymmetric", "floor"),
}


@op("Resize", since=11)
def resize(
    x: AnyValue,
    roi: AnyValue | None = None,
    scales: AnyValue | None = None,
    sizes: AnyValue | None = None,
    *,
    antialias: int,
    axes: Sequence[int] | None,
    coordinate_transformation_mode: str,
    cubic_coeff_a: float,
    exclude_outside: int,
    extrapolation_value: float,
    keep_aspect_ratio_policy: str,
    mode: str,
    nearest_mode: str,
    outputs: tuple[OutputInfo, ...],
) -> AnyValue:
    """Resize any axes; the usual case is the last two of [N, C, H, W]."""
    where = list(range(x.rank)) if axes is None else [axis % x.rank for axis in axes]
    method = Method(
        mode,
        coordinate_transformation_mode,
        nearest_mode,
        cubic_coeff_a,
        bool(exclude_outside),
        bool(antialias),
    )
    free = free_plan(x, where, (scales, sizes), outputs[0])
    late = bool(free) or isinstance(sizes, Value)
    if sizes is not None and late and keep_aspect_ratio_policy != "stretch":
        raise FreeSize(
            "the ratio is known at run time only",
            ("keep_aspect_ratio_policy", keep_aspect_ratio_policy),
        )
    if free:
        return resized_free(activation(x), free, method)
    if isinstance(sizes, Value):
        sizes = _inferred(where, sizes, outputs[0])
    plan = _plan(x, where, (scales, sizes), keep_aspect_ratio_policy)
    if method.coordinate_transformation_mode == "tf_crop_and_resize":
        plan = _with_roi(plan, where, [] if roi is None else numbers(roi))
    return _resized(activation(x), plan, method, extrapolation_value)


def _inferred(where: Sequence[int], sizes: Value, result: OutputInfo) -> Constant:
    """The sizes that are known where they are computed only for the sake of a free batch."""
    own = known_numbers(sizes)
    shape = [None if result.shape is None else result.shape[axis] for axis in where]
    known = [a if b is None else b for a, b in zip(own, shape, strict=True)]
    return Constant(np.asarray([size or 0 for size in known], np.int64))


@op("Resize", until=10)
def resize_10(x: AnyValue, scales: AnyValue, *, mode: str) -> AnyValue:
    """Resize as opset 10 does: asymmetric, rounding down."""
    method = Method(mode, "asymmetric", "floor", 0.0, False, False)
    where = list(range(x.rank))
    free = free_plan(x, where, (scales, None), None)
    if free:
        return resized_free(activation(x), free, method)
    plan = _plan(x, where, (scales, None), "stretch")
    return _resized(activation(x), plan, method, 0.0)


@op("Upsample")
def upsample(x: AnyValue, scales: AnyValue, *, mode: str) -> AnyValue:
    """Emit Resize under its old name."""
    return resize_10(x, scales, mode=mode)


Plan = dict[int, Axis]  # logical axis -> how it changes


def _plan(
    x: AnyValue, where: list[int], wanted: tuple[AnyValue | None, AnyValue | None], policy: str
) -> Plan:
    """Sizes and scales of every axis that changes."""
    scales, sizes = wanted
    old = [x.shape[axis] for axis in where]
    if scales is not None and 0 not in scales.shape:
        ratios = [float(scale) for scale in numbers(scales)]
        new = [
            None if n is None else int(np.floor(np.float32(n) * np.float32(r)))  # as ORT rounds
            for n, r in zip(old, ratios, strict=True)
        ]
    elif sizes is not None:
        new, ratios = _from_sizes(old, numbers(sizes), policy)
    else:
        raise FreeSize("neither sizes nor scales are fixed")
    plan = {}
    for axis, size, target, ratio in zip(where, old, new, ratios, strict=True):
        if size is not None and target is not None and (target != size or ratio != 1):
            plan[axis] = Axis(size, target, ratio)
    return plan


def _from_sizes(
    old: Sequence[int | None], wanted: Sequence[int], policy: str
) -> tuple[list[int | None], list[float]]:
    ratios = [1.0 if n is None else m / n for n, m in zip(old, wanted, strict=True)]
    if policy == "stretch":
        new = [None if n is None else m for n, m in zip(old, wanted, strict=True)]
        return new, ratios
    ratio = min(ratios) if policy == "not_larger" else max(ratios)
    return [None if n is None else int(n * ratio + 0.5) for n in old], [ratio] * len(old)


def _with_roi(plan: Plan, where: list[int], roi: Sequence[float]) -> Plan:
    if not roi:
        return plan
    starts = dict(zip(where, roi[: len(where)], strict=True))
    ends = dict(zip(where, roi[len(where) :], strict=True))
    return {a: replace(axis, roi=(starts[a], ends[a])) for a, axis in plan.items()}


def _resized(x: Value, plan: Plan, method: Method, fill: float) -> AnyValue:
    if not plan:
        return x
    crops = method.coordinate_transformation_mode == "tf_crop_and_resize"
    repeats = all(_times(axis, method) for axis in plan.values())
    flags = _builtin_flags(plan, method) if x.rank == 4 and set(plan) <= {2, 3} else None
    if flags is not None and not crops and not repeats:
        return _builtin(x, plan, method, flags)
    result = x
    for axis in sorted(plan, reverse=True):  # the innermost first: its copies are the smallest
        result = _along_axis(result, axis, plan[axis], method)
    if method.mode == "nearest":
        result.storage.nonnegative = x.storage.nonnegative
    if not crops:
        return result
    return _extrapolated(result, plan, method, fill)


def _times(axis: Axis, method: Method) -> int:
    """How often every element is repeated; zero where it is something else, or too often."""
    times, rest = divmod(axis.wanted, axis.size)
    if method.mode != "nearest" or rest or not 1 <= times <= CONCATENATION_INPUTS:
        return 0
    repeated = np.arange(axis.size).repeat(times)
    return times if np.array_equal(nearest(axis, method), repeated) else 0


def _builtin_flags(plan: Plan, method: Method) -> tuple[bool, bool] | None:
    """Flags under which TFLite's op computes the same as ONNX, if any do."""
    if method.mode == "cubic" or method.antialias:
        return None
    for flags, (coordinate, rounding) in BUILTIN.items():
        theirs = replace(method, coordinate_transformation_mode=coordinate,
                         nearest_mode=rounding, exclude_outside=False)  # fmt: skip
        if all(_same(axis, method, theirs) for axis in plan.values()):
            return flags
    return None


def _same(axis: Axis, ours: Method, theirs: Method) -> bool:
    plain = replace(axis, scale=axis.wanted / axis.size)
    return bool(np.allclose(weights(axis, ours), weights(plain, theirs), atol=1e-6))


def _builtin(x: Value, plan: Plan, method: Method, flags: tuple[bool, bool]) -> Value:
    tensor = x.arrange((0,), (2,), (3,), (1,))
    sizes = [plan[a].wanted if a in plan else x.shape[a] for a in (2, 3)]
    align_corners, half_pixel = flags
    function = (
        tf.raw_ops.ResizeNearestNeighbor if method.mode == "nearest" else tf.raw_ops.ResizeBilinear
    )
    resized = function(
        images=tensor, size=sizes, align_corners=align_corners, half_pixel_centers=half_pixel
    )
    result = Value.laid_out(resized, (0, 2, 3, 1))
    result.storage.nonnegative = x.storage.nonnegative
    return result


def _along_axis(x: Value, axis: int, how: Axis, method: Method) -> Value:
    """Resize one axis: repeat or pick elements, or multiply with a matrix from the left."""
    exposed = expose(x, [axis])
    dim = exposed.where[axis]
    times = _times(how, method)
    if times and exposed.tensor.shape.as_list().count(None) <= 1:
        return exposed.back(_repeated(exposed.tensor, dim, times))
    if method.mode == "nearest":
        return exposed.back(tf.gather(exposed.tensor, nearest(how, method), axis=dim))
    matrix = weights(how, method).astype(x.dtype)
    return exposed.back(_multiplied(exposed.tensor, dim, matrix))


def _repeated(tensor: Tensor, dim: int, times: int) -> Tensor:
    """Repeat every index of a dimension: copies joined along the next one, then split off it.

    XNNPACK has neither GATHER nor RESIZE_NEAREST_NEIGHBOR, each of which would cut the graph.
    """
    shape = [-1 if size is None else size for size in tensor.shape.as_list()]
    if dim == len(shape) - 1:
        tensor = tf.reshape(tensor, [*shape, 1])
    joined = tf.concat([tensor] * times, dim + 1)
    return tf.reshape(joined, [*shape[:dim], shape[dim] * times, *shape[dim + 1 :]])


def _multiplied(tensor: Tensor, dim: int, matrix: Any) -> Tensor:
    """Multiply one dimension with a matrix [wanted, size], the others staying where they are."""
    shape = tensor.shape.as_list()
    if None in shape[1:]:
        raise FreeSize("a free size other than the first is resized")
    if dim == len(shape) - 1:
        return tf.matmul(tensor, tf.constant(matrix.T))
    before, after = shape[:dim], shape[dim + 1 :]
    flat = tf.reshape(tensor, [-1, shape[dim], int(np.prod(after))])
    left = tf.constant(matrix[None])
    product = tf.raw_ops.BatchMatMulV2(x=left, y=flat, adj_x=False, adj_y=False)
    return tf.reshape(product, [-1 if s is None else s for s in (*before, len(matrix), *after)])


def _extrapolated(x: Value, plan: Plan, method: Method, fill: float) -> AnyValue:
    """Put the fill value where an output element lies outside the input."""
    masks: Any = np.zeros((1,) * x.rank, np.bool_)
    for axis, how in plan.items():
        shape = [1] * x.rank
        shape[axis] = how.wanted
        masks = masks | outside(how, method).reshape(shape)
    if not masks.any():
        return x
    return pointwise(tf.where, Constant(masks), Constant(np.asarray(fill, x.dtype)), x)
