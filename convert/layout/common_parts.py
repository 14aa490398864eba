"""Cuts the axes of several operands into parts that all of them have."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from . import view
from .tensors import AnyValue, Constant, Value
from .view import Factors, Size

Parts = list[tuple[Size, ...]]  # for every axis the sizes of its parts, most significant first


def prepare(operands: Sequence[AnyValue], rank: int) -> tuple[list[AnyValue], Parts]:
    """Give all operands the same rank and, for every axis, parts that cut all their factors."""
    padded = [_pad(x, rank) for x in operands]
    parts = _common_parts(padded)
    if parts is None:
        padded = [x.whole() if isinstance(x, Value) else x for x in padded]
        parts = _common_parts(padded)
    if parts is None:
        raise AssertionError("whole axes always have common parts")
    return padded, parts


def have_common_parts(operands: Sequence[AnyValue], rank: int) -> bool:
    """Whether `prepare` finds parts without making the operands' axes whole."""
    return _common_parts([_pad(x, rank) for x in operands]) is not None


def _pad(value: AnyValue, rank: int) -> AnyValue:
    """Add leading axes of size one, and cut factors where memory does."""
    missing = rank - value.rank
    if isinstance(value, Constant):
        return Constant(value.array.reshape((1,) * missing + value.array.shape))
    return Value(value.storage, ((),) * missing + value.axes_in_memory())


def _common_parts(operands: Sequence[AnyValue]) -> Parts | None:
    """The coarsest parts; None where the cuts of two operands do not divide each other."""
    result = []
    for axis in range(operands[0].rank):
        rows = [[f.size for f in x.axes[axis]] for x in operands if isinstance(x, Value)]
        rows = [row for row in rows if row]
        if not rows:
            sizes = {x.shape[axis] for x in operands} - {1}
            rows = [[size] for size in sizes]
        cut = _common_cut(rows)
        if cut is None:
            return None
        result.append(cut)
    return result


def _common_cut(rows: Sequence[Sequence[Size]]) -> tuple[Size, ...] | None:
    if not rows:
        return ()
    if any(None in row for row in rows):
        longest = max(rows, key=len)
        known = next(row for row in rows if None in row)
        same = all(len(row) == len(longest) for row in rows)
        return tuple(known) if same else None
    borders = {1}
    for row in rows:
        borders.update(math.prod(s or 0 for s in row[i:]) for i in range(len(row)))
    ordered = sorted(borders)
    pairs = list(itertools.pairwise(ordered))
    if 0 in borders:
        return tuple(rows[0]) if all(list(row) == list(rows[0]) for row in rows) else None
    if any(b % a for a, b in pairs):
        return None
    return tuple(b // a for a, b in reversed(pairs))


def cut_axis(factors: Factors, parts: Sequence[Size]) -> Factors:
    """Cut an axis' factors into parts of these sizes; empty if the operand is broadcast there."""
    if not factors:
        return ()
    if any(part is None for part in parts):
        return factors
    cut = view.regroup(factors, parts)
    if cut is None or any(len(group) != 1 for group in cut):
        raise AssertionError("parts refine every operand's factors")
    return view.flatten(cut)
