"""Brings the operands of pointwise ops and reductions to a common memory order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.refused import FreeSize
from . import view
from .common_parts import Parts, cut_axis, prepare
from .forms import Form, Tensor, native_groups
from .tensors import AnyValue, Constant, Storage, Value, as_dtype
from .view import Dim, Factor, Factors, Size

WIDER: dict[str, np.dtype[Any]] = {
    name: np.dtype(np.int32) for name in ("int8", "uint8", "int16", "uint16")
}
WIDER["uint32"] = np.dtype(np.int64)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the memory order of a pointwise result: part of one logical axis."""

    axis: int
    part: int
    factor: Factor


def pointwise(function: Callable[..., Tensor], *operands: AnyValue) -> AnyValue:
    """Apply a function element by element, with ONNX (NumPy) broadcasting.

    The largest operand that is not a constant decides the memory order; the others follow.
    Integers that TFLite computes only as quantized numbers are widened on the way.
    """
    narrow = next((x.dtype for x in operands if x.dtype.name in WIDER), None)
    if narrow is not None:
        result = pointwise(function, *(widened(x) if x.dtype == narrow else x for x in operands))
        return as_dtype(result, narrow) if result.dtype == WIDER[narrow.name] else result
    if all(isinstance(x, Constant) for x in operands):
        arrays = [x.plain() for x in operands]
        return Value.laid_out(function(*arrays))
    rank = max(x.rank for x in operands)
    padded, parts = prepare(operands, rank)
    slots = _slots(padded, parts)
    groups = _groups(padded, slots, parts)
    tensors = [_operand(x, slots, groups, parts) for x in padded]
    result = function(*_without_stretching_vectors(tensors))
    slots = _settled(slots, groups, result)
    axes = tuple(
        tuple(s.factor for s in sorted((s for s in slots if s.axis == a), key=lambda s: s.part))
        for a in range(rank)
    )
    storage = Storage([Form(result, tuple(slot.factor for slot in slots))])
    storage.hoist = _hoist(function, operands)
    return Value(storage, axes)


def widened(value: AnyValue) -> AnyValue:
    """Numbers as they are, but integers that TFLite computes only as quantized ones wider."""
    return as_dtype(value, WIDER.get(value.dtype.name, value.dtype))


def elementwise(function: Callable[[Tensor], Tensor], x: Value) -> Value:
    """Apply a function of one tensor element by element, whatever the type."""
    form = x.storage.forms[0]
    storage = Storage([Form(function(form.tensor), form.order)])
    storage.hoist = _hoist(function, [x])
    return Value(storage, x.axes)


def _settled(slots: Sequence[Slot], groups: Sequence[Sequence[Slot]], result: Tensor) -> list[Slot]:
    """The slots with the sizes that were free in one operand and that another one knows."""
    sizes = dict(zip(map(tuple, groups), result.shape.as_list(), strict=True))
    known = {}
    for group, size in sizes.items():
        free = [slot for slot in group if slot.factor.size is None]
        if len(free) == 1 and size is not None:
            rest = math.prod(slot.factor.size or 1 for slot in group)
            known[free[0]] = Factor(Dim(size // rest), 1, size // rest)
    return [replace(slot, factor=known.get(slot, slot.factor)) for slot in slots]


def _hoist(
    function: Callable[..., Tensor], operands: Sequence[AnyValue]
) -> Callable[[Sequence[Factors]], Form | None] | None:
    """How to compute the result in an order that its operand gets for less than a transpose.

    So a scaled query still shares the one transpose of query, key and value.
    """
    values = [x for x in operands if isinstance(x, Value)]
    scalars = all(x.array.size == 1 for x in operands if isinstance(x, Constant))
    if len(values) != 1 or not scalars or values[0].storage.hoist is None:
        return None
    storage = values[0].storage

    def hoist(groups: Sequence[Factors]) -> Form | None:
        order = view.merge(view.flatten(groups))
        if not storage.has(order) and (storage.hoist is None or storage.hoist(groups) is None):
            return None
        tensor = storage.take(groups)
        tensors = [
            tensor if isinstance(x, Value) else tf.constant(x.array.ravel()[0]) for x in operands
        ]
        return Form(function(*tensors), order)

    return hoist


def _slots(operands: Sequence[AnyValue], parts: Parts) -> list[Slot]:
    """The memory order of the result: the largest operand's, other axes filled in by the next."""
    values = [x for x in operands if isinstance(x, Value)]
    values.sort(key=precedence)
    slots: list[Slot] = []
    for value in values:
        known = {slot.axis for slot in slots}
        own = {
            factor: Slot(axis, part, factor)
            for axis, factors in enumerate(value.axes)
            for part, factor in enumerate(cut_axis(factors, parts[axis]))
        }
        rows = view.refine([value.order, tuple(own)])
        memory = rows[0] if rows else tuple(own)
        ordered = [own[factor] for factor in memory if factor in own]
        new = [_own_factor(slot, slots) for slot in ordered if slot.axis not in known]
        slots = _inserted(slots, new) if slots else new
    for axis, sizes in enumerate(parts):
        if sizes and axis not in {slot.axis for slot in slots}:
            new = [Slot(axis, i, view.whole(Dim(size))[0]) for i, size in enumerate(sizes)]
            slots = _inserted(slots, new)
    return slots


UNKNOWN_SIZE = 1_000_000  # what a free size counts as when operands are compared


def precedence(value: Value) -> tuple[int, bool]:
    """Sorts first whose memory order the result takes: the larger, then the better ordered.

    Good orders are ONNX's own and channels last; others are left over from a view.
    """
    size = math.prod(s or UNKNOWN_SIZE for s in value.shape)
    rows = view.refine([value.order, *value.axes])
    own = rows[1:] if rows else []
    last = [*own[:1], *own[2:], *own[1:2]]
    return -size, rows is None or rows[0] not in (view.flatten(own), view.flatten(last))


def _own_factor(slot: Slot, others: Sequence[Slot]) -> Slot:
    """The slot with a factor of its own where two operands are views of one tensor."""
    if all(other.factor.dim is not slot.factor.dim for other in others):
        return slot
    return replace(slot, factor=view.fresh(slot.factor))


def _inserted(slots: Sequence[Slot], new: Sequence[Slot]) -> list[Slot]:
    """Insert slots before the first one of a later axis."""
    slots = list(slots)
    for slot in new:
        later = [i for i, s in enumerate(slots) if (s.axis, s.part) > (slot.axis, slot.part)]
        slots.insert(later[0] if later else len(slots), slot)
    return slots


def _present(operand: AnyValue, slot: Slot) -> bool:
    return operand.shape[slot.axis] != 1


def _groups(operands: Sequence[AnyValue], slots: Sequence[Slot], parts: Parts) -> list[list[Slot]]:
    """Physical dimensions of the result; slots share one if every operand has all or none.

    The present dimensions of the operand that decides are kept where that is so, because then its
    tensor needs no reshape.
    """
    pattern = {slot: tuple(_present(x, slot) for x in operands) for slot in slots}
    kept = _kept_groups(operands, slots, pattern)
    if kept is not None:
        return kept
    groups: list[list[Slot]] = []
    for slot in slots:
        if (
            groups
            and pattern[groups[-1][-1]] == pattern[slot]
            and None
            not in (
                groups[-1][-1].factor.size,
                slot.factor.size,
            )
        ):
            groups[-1].append(slot)
        else:
            groups.append([slot])
    return groups


def _kept_groups(
    operands: Sequence[AnyValue], slots: Sequence[Slot], pattern: dict[Slot, tuple[bool, ...]]
) -> list[list[Slot]] | None:
    by_factor = {slot.factor: slot for slot in slots}
    for value in operands:
        if not isinstance(value, Value):
            continue
        form = value.storage.forms[0]
        own = native_groups(form, [tuple(by_factor)])
        rows = view.refine([tuple(by_factor), *own])
        if rows is None or len(rows[0]) != len(slots):
            continue
        if view.flatten(rows[1:]) != tuple(slot.factor for slot in slots):
            continue
        groups = [[by_factor[factor] for factor in group] for group in rows[1:]]
        if all(len({pattern[slot] for slot in group}) <= 1 for group in groups):
            return groups
    return None


def _operand(
    value: AnyValue,
    slots: Sequence[Slot],
    groups: Sequence[Sequence[Slot]],
    parts: Parts,
) -> Tensor:
    """The operand's tensor, ready to broadcast against the result's dimensions."""
    if isinstance(value, Constant):
        return _constant_operand(value, slots, groups, parts)
    cut = [cut_axis(factors, parts[axis]) for axis, factors in enumerate(value.axes)]
    own = [
        tuple(cut[slot.axis][slot.part] for slot in group if _present(value, slot))
        for group in groups
    ]
    while own and not own[0] and value.storage.forms[0].tensor.shape.rank != len(own):
        own = own[1:]
    return value.storage.take(own)


def _without_stretching_vectors(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Give a vector that makes the others' last dimension longer a dimension of one in front.

    TensorFlow 2.21's converter takes every product with a vector for one that keeps the shape, and
    folds it into the fully connected layer that follows.
    """
    vectors = [t for t in tensors if t.shape.rank == 1 and t.shape[0] != 1]
    others = [t for t in tensors if t.shape.rank > 1]
    if len(vectors) != 1 or not others or any(t.shape[-1] != 1 for t in others):
        return list(tensors)
    return [tf.reshape(t, [1, -1]) if t is vectors[0] else t for t in tensors]


def _constant_operand(
    value: Constant,
    slots: Sequence[Slot],
    groups: Sequence[Sequence[Slot]],
    parts: Parts,
) -> Tensor:
    sizes: list[int] = []
    position: dict[tuple[int, int], int] = {}
    for axis, axis_parts in enumerate(parts):
        for part, size in enumerate(_sizes_in(value, axis, axis_parts)):
            position[axis, part] = len(sizes)
            sizes.append(size)
    array = value.array.reshape(sizes).transpose([position[s.axis, s.part] for s in slots])
    sizes_of = {(s.axis, s.part): sizes[position[s.axis, s.part]] for s in slots}
    shape = [math.prod(sizes_of[s.axis, s.part] for s in group) for group in groups]
    while shape and shape[0] == 1:
        shape = shape[1:]
    return tf.constant(array.reshape(shape))


def _sizes_in(value: Constant, axis: int, parts: Sequence[Size]) -> list[int]:
    """The sizes that the parts of an axis have in a constant, which knows the free one."""
    size = value.array.shape[axis]
    if size == 1:
        return [1] * len(parts)
    if None not in parts:
        return [part for part in parts if part is not None]
    rest = math.prod(part for part in parts if part is not None)
    if not rest or size % rest or parts.count(None) > 1:
        raise FreeSize(f"a constant of size {size} meets an axis of parts {tuple(parts)}")
    return [size // rest if part is None else part for part in parts]
