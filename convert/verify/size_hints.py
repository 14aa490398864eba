"""Reads off a graph which sizes it is made for: multiples of its strides, and what it reshapes to.

These are guesses to try the model with, no more: what it takes decides.
"""

from __future__ import annotations

import functools
import itertools
import math
from operator import mul
from typing import TYPE_CHECKING

import numpy as np

from decant.free_sizes import SizeHints
from decant.graph.edit import stated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import onnx_ir as ir

MOST = 6
"""Of each kind of guess."""

LARGEST_MULTIPLE = 1024
LARGEST_SIDE = 320
"""Of a picture whose table is no square: most constants are no table, and larger ones take long."""

LARGEST_PART = 64
"""Of a reshape; beyond it are channels, not stretches of a free axis."""

ARITHMETIC = frozenset({"Concat", "Div", "Mod", "Mul", "Reshape"})
"""Ops that compute the shape of a reshape, or take it."""

TABLES = frozenset({"Add", "Concat", "MatMul", "Mul", "Sub", "Where"})
"""Ops in which a constant of as many entries as the input has meets that input."""


def size_hints(graph: ir.Graph) -> SizeHints:
    """Guess the sizes of free axes.

    Args:
        graph: With shapes.
    """
    strides = sorted({1, *_strides(graph)}, reverse=True)
    stride = min(math.lcm(*strides), LARGEST_MULTIPLE)
    parts = sorted({part for node in graph for part in _parts(node)})
    multiples = [join(stride, part) for join in (math.lcm, mul) for part in parts]
    counts = sorted({count for node in graph for count in _counts(node)})
    sides = [side for side in map(_side, counts) if side > 1]
    planes = (side * stride for side in sides)
    widths = (n * each for each in strides for n in counts if n * each <= LARGEST_SIDE)
    return SizeHints(
        stride=stride,
        multiples=_first(n for n in multiples if stride < n <= LARGEST_MULTIPLE),
        planes=_first(itertools.chain(planes, widths)),
        lengths=_first(n * stride for n in counts),
    )


def _first(numbers: Iterator[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers))[:MOST]


def _strides(graph: ir.Graph) -> list[int]:
    """By how much the last axes become shorter, each by the longest way to any value.

    A text is read from pictures whose height is divided by 32 and whose width by 4.
    """
    reached: dict[ir.Value | None, list[int]] = {}
    for node in graph:
        before = _each(max, (reached.get(value, []) for value in node.inputs))
        after = _each(mul, (before, _stride(node)))
        after = [min(n, LARGEST_MULTIPLE) for n in after]
        reached.update((value, after) for value in node.outputs)
    return _each(max, reached.values())


def _each(join: Callable[[int, int], int], rows: Iterable[list[int]]) -> list[int]:
    """Join rows place by place from the last one; what a row lacks in front is 1.

    >>> _each(max, [[4, 2], [3]])
    [4, 3]
    """
    turned = itertools.zip_longest(*(row[::-1] for row in rows), fillvalue=1)
    return [functools.reduce(join, column) for column in turned][::-1]


def _stride(node: ir.Node) -> list[int]:
    """By how much a node makes the last axes shorter."""
    if (
        node.op_type in ("Conv", "MaxPool", "AveragePool", "LpPool")
        and "strides" in node.attributes
    ):
        return list(node.attributes["strides"].as_ints())
    if node.op_type == "SpaceToDepth":
        return [node.attributes["blocksize"].as_int()] * 2
    if node.op_type == "Slice" and len(node.inputs) > 4:
        return [math.lcm(*(abs(step) or 1 for step in _integers(node.inputs[4])))] * 2
    return []


def _integers(value: ir.Value | None) -> list[int]:
    """The elements of a constant of integers; none of anything else."""
    array = stated(value)
    if array is None or array.dtype.kind != "i":
        return []
    return [int(n) for n in np.ravel(array)]


def _parts(node: ir.Node) -> Iterator[int]:
    """Sizes into which a node may split an axis."""
    if node.op_type in ARITHMETIC:
        for value in node.inputs:
            yield from (n for n in _integers(value) if 1 < n <= LARGEST_PART)


def _counts(node: ir.Node) -> Iterator[int]:
    """Sizes of constants that meet the input, such as tables of positions."""
    if node.op_type == "Reshape":
        yield from (n for n in _integers(node.inputs[1]) if n > 1)
    if node.op_type in TABLES:
        for value in node.inputs:
            array = stated(value)
            if array is not None and array.ndim > 1:
                yield from (n for n in array.shape if n > 1)


def _side(count: int) -> int:
    """The side of a square of so many elements, with one for the class or without; else 0."""
    roots = [math.isqrt(n) for n in (count, count - 1)]
    return next((r for r, n in zip(roots, (count, count - 1), strict=True) if r * r == n), 0)
