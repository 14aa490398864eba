"""Gives an op the dimensions it works along, and everything else as it lies in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from decant.runtime_facts import EXPOSED_RANK

from . import view
from .forms import Form, Tensor, native_groups
from .tensors import Storage, Value, new_dim
from .view import Axes, Factor, Factors


@dataclass(frozen=True, slots=True)
class Exposed:
    """A tensor in which each of some logical axes is one dimension.

    Attributes:
        tensor: The tensor.
        groups: Factors of each of its dimensions.
        axes: Factors of every logical axis.
        where: Logical axis -> its dimension.
    """

    tensor: Tensor
    groups: tuple[Factors, ...]
    axes: Axes
    where: dict[int, int]

    def back(self, tensor: Tensor) -> Value:
        """Wrap a result whose exposed dimensions may have changed their size."""
        fresh = {axis: view.whole(new_dim(tensor, dim)) for axis, dim in self.where.items()}
        by_dim = {dim: fresh[axis] for axis, dim in self.where.items()}
        groups = [by_dim.get(dim, group) for dim, group in enumerate(self.groups)]
        axes = tuple(fresh.get(axis, factors) for axis, factors in enumerate(self.axes))
        return Value(Storage([Form(tensor, view.flatten(groups))]), axes)


def expose(value: Value, axes: Sequence[int]) -> Exposed:
    """Make each of these logical axes one dimension.

    Other dimensions stay as they are if the axes lie in one piece each; else memory is moved once.
    """
    rows = view.refine(
        [value.order, *native_groups(value.storage.forms[0], value.axes), *value.axes]
    )
    if rows is None:
        raise AssertionError("a value's axes divide its native form")
    own = rows[len(rows) - value.rank :]
    label = {factor: axis for axis in axes for factor in own[axis]}
    ordered = _collected(rows[0], own, axes)
    native = rows[1 : len(rows) - value.rank]
    groups = native_dims(native, label) if ordered == rows[0] else _grouped(ordered, label)
    where: dict[int, int] = {}
    for axis in sorted(axes, reverse=True):
        if not own[axis]:
            _add_unit(groups, own, axis, where)
    where.update({axis: groups.index(own[axis]) for axis in axes if own[axis]})
    if len(groups) > EXPOSED_RANK:
        groups, where = _compact(groups, where)
    return Exposed(value.storage.take(groups), tuple(groups), tuple(own), where)


def _compact(
    groups: Sequence[Factors], where: Mapping[int, int]
) -> tuple[list[Factors], dict[int, int]]:
    """Drop dimensions of size one that nobody asked for, and join neighbours likewise."""
    kept: list[Factors] = []
    place: dict[int, int] = {}
    joinable = False
    for dim, group in enumerate(groups):
        asked = dim in where.values()
        known = view.size_of(group) is not None
        if asked:
            place[dim] = len(kept)
        if joinable and known and not asked:
            kept[-1] = (*kept[-1], *group)
        elif asked or group:
            kept.append(group)
        joinable = (joinable or bool(group)) and known and not asked
    return kept, {axis: place[dim] for axis, dim in where.items()}


def _collected(memory: Factors, own: Sequence[Factors], axes: Sequence[int]) -> Factors:
    """Memory order with the factors of each axis brought together where its first one lies."""
    ordered = list(memory)
    for axis in axes:
        if not own[axis]:
            continue
        first = min(ordered.index(factor) for factor in own[axis])
        before = [factor for factor in ordered[:first] if factor not in own[axis]]
        after = [factor for factor in ordered[first:] if factor not in own[axis]]
        ordered = [*before, *own[axis], *after]
    return tuple(ordered)


def native_dims(native: Sequence[Factors], label: dict[Factor, int]) -> list[Factors]:
    """The tensor's own dimensions, cut and joined only where a labelled axis needs it."""
    groups: list[Factors] = []
    for group in native:
        pieces = _grouped(group, label) or [()]
        last = next((g for g in reversed(groups) if g), ())
        if last and pieces[0] and last[-1] in label and label[last[-1]] == label.get(pieces[0][0]):
            while not groups[-1]:
                groups.pop()
            groups[-1] = (*last, *pieces.pop(0))
        groups += pieces
    return groups


def _grouped(ordered: Factors, label: dict[Factor, int]) -> list[Factors]:
    """Dimensions: one per labelled axis, the others as few as can be."""
    groups: list[list[Factor]] = []
    for factor in ordered:
        last = groups[-1][-1] if groups else None
        same = last is not None and label.get(last) == label.get(factor)
        if same and last is not None and (factor in label or _both_known(last, factor)):
            groups[-1].append(factor)
        else:
            groups.append([factor])
    return [tuple(group) for group in groups]


def _both_known(a: Factor, b: Factor) -> bool:
    return a.size is not None and b.size is not None


def _add_unit(
    groups: list[Factors], own: Sequence[Factors], axis: int, where: dict[int, int]
) -> None:
    """Give an axis of size one a dimension: before the first factor of a later axis."""
    later = {factor for factors in own[axis + 1 :] for factor in factors}
    gap = next((i for i, group in enumerate(groups) if set(group) & later), len(groups))
    if gap and not groups[gap - 1] and gap - 1 not in where.values():
        where[axis] = gap - 1
        return
    for other, dim in where.items():
        where[other] = dim + (dim >= gap)
    groups.insert(gap, ())
    where[axis] = gap


def along(
    value: Value, axes: Sequence[int], function: Callable[[Tensor, list[int]], Tensor]
) -> Value:
    """Apply a function of a tensor and the dimensions that hold these axes, in the axes' order."""
    exposed = expose(value, axes)
    return exposed.back(function(exposed.tensor, [exposed.where[axis] for axis in axes]))
