"""Numbers for the sizes that a model leaves free, to run it where nobody gave inputs.

A size of 1 would hide every mistake in broadcasting, and equal sizes every axis taken for another,
so sizes are distinct and larger than 1 wherever the model takes such ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable

Shape: TypeAlias = "Sequence[int | str | None]"
"""Sizes of an input: numbers, and for a free one its name or, if it has none, None."""

Sizes: TypeAlias = "list[tuple[int, ...]]"
"""One shape of numbers per input."""

# What an axis means -> sizes of the free axes of that kind, first the likeliest row.
# Networks that halve images five times take multiples of 32 only; the others show with odd sizes
# how they round.
ROWS: Mapping[str, Sequence[Sequence[int]]] = {
    "count": ((2, 3, 4), (3, 5, 2)),
    "channels": ((3, 4, 5), (4, 6, 3), (16, 32, 64)),
    "plane": (
        (64, 96, 128), (77, 101, 59), (96, 160, 64), (128, 192, 224), (224, 256, 192), (12, 20, 28),
        (320, 384, 352), (640, 672, 704), (64, 64, 64), (224, 224, 224), (640, 640, 640),
    ),
    "volume": ((16, 24, 32), (17, 21, 13), (32, 48, 64), (64, 96, 128), (64, 64, 64)),
    "length": (
        (12, 20, 28), (17, 23, 13), (64, 96, 48), (128, 160, 192), (512, 640, 768), (400, 480, 560),
        (1600, 2400, 3200), (16000, 24000, 32000), (16, 16, 16),
    ),
}  # fmt: skip
LEAST = {"plane": 32, "volume": 16, "length": 12}
"""Kind of axis -> least size, where the model says of what sizes are multiples."""

BATCH_OF_ONE = {"count": ((1, 1, 1),)}
ALL_ONE = dict.fromkeys(ROWS, ((1, 1, 1),))
CHOICES = 48  # of rows, for every way of telling which sizes are equal
FIRST_TRIES = 150
OTHER_TRIES = 12


@dataclass(frozen=True, slots=True)
class SizeHints:
    """What a model is likely made for, each the likeliest first.

    Attributes:
        stride: By how much the model makes an axis shorter.
        multiples: Numbers of which free sizes may have to be multiples.
        planes: Sizes of both axes of an image, or of the one that is free.
        lengths: Sizes of a sequence.
    """

    stride: int = 1
    multiples: tuple[int, ...] = ()
    planes: tuple[int, ...] = ()
    lengths: tuple[int, ...] = ()

    def rows(self) -> dict[str, Sequence[Sequence[int]]]:
        """`ROWS` with what these add to it, the stride in front of all others."""
        found: dict[str, Sequence[Sequence[int]]] = dict(ROWS)
        for kind, least in LEAST.items():
            first, *others = ROWS[kind]
            fits = all(size % self.stride == 0 for size in first)
            exact = {"plane": self.planes, "length": self.lengths}.get(kind, ())
            found[kind] = (
                *([] if fits else [_multiples(self.stride, least)]),
                first,
                *(_multiples(number, least) for number in self.multiples),
                *((size, size, size) for size in exact),
                *others,
            )
        return found


def _multiples(number: int, least: int) -> tuple[int, ...]:
    """Three multiples, none below a least size and none the number itself."""
    begin = max(2, -(-least // number))
    return tuple(number * (begin + i) for i in range(3))


def accepted(
    shapes: Sequence[Shape], accepts: Callable[[Sizes], bool], hints: SizeHints | None = None
) -> list[Sizes]:
    """Find sizes that a model takes, and a second time as many other ones as it takes.

    Args:
        shapes: What the model says of each input.
        accepts: Whether the model runs with these sizes.
        hints: What the model is likely made for.

    Returns:
        One or two lists of shapes; none if the model takes nothing that was tried.
    """
    candidates = list(plausible(shapes, hints))
    first = next((sizes for sizes in candidates[:FIRST_TRIES] if accepts(sizes)), None)
    if first is None:
        return []
    others = sorted(candidates, key=lambda sizes: _alike(sizes, first, shapes))
    tries = [sizes for sizes in others if sizes != first and not _has_one(sizes, shapes)]
    second = next((sizes for sizes in tries[:OTHER_TRIES] if accepts(sizes)), None)
    return [first] if second is None else [first, second]


def plausible(shapes: Sequence[Shape], hints: SizeHints | None = None) -> Iterator[Sizes]:
    """Yield sizes for a model's inputs, the likeliest first.

    Sizes of one name are equal; those without a name are tried as all apart, as equal to those that
    the other inputs have in the same place, and as one batch wherever each input has it. Later so
    are those of different names, and last comes 1.
    """
    rows = ROWS if hints is None else hints.rows()
    by_name = [_keys(shapes, same) for same in (_apart, _by_place, _one_batch(shapes))]
    by_place = [_keys(shapes, _all_by_place)]
    seen = set()
    for groupings, table in (
        (by_name, rows), (by_place, rows), (by_name, {**rows, **BATCH_OF_ONE}), (by_name, ALL_ONE),
    ):  # fmt: skip
        kinds = {axis.kind for keys in groupings for axis in keys}
        choices = itertools.islice(_choices(kinds, table), CHOICES)
        for row, keys in itertools.product(choices, groupings):
            sizes = _filled(shapes, keys, row)
            if tuple(sizes) not in seen:
                seen.add(tuple(sizes))
                yield sizes


@dataclass(frozen=True, slots=True)
class _Axis:
    """Free axes of one size: what they mean, and which input axes they are."""

    kind: str
    places: tuple[tuple[int, int], ...]


def _apart(name: str | None, number: int, axis: int) -> Hashable:
    return name or (number, axis)


def _by_place(name: str | None, number: int, axis: int) -> Hashable:
    return name or axis


def _all_by_place(name: str | None, number: int, axis: int) -> Hashable:
    return axis


def _one_batch(shapes: Sequence[Shape]) -> Callable[[str | None, int, int], Hashable]:
    def same(name: str | None, number: int, axis: int) -> Hashable:
        is_batch = _kind(shapes, (number, axis)) == "count"
        return name or ("count" if is_batch else (number, axis))

    return same


def _keys(shapes: Sequence[Shape], same: Callable[[str | None, int, int], Hashable]) -> list[_Axis]:
    """Group the free axes of all inputs by what makes them equal."""
    places: dict[Hashable, list[tuple[int, int]]] = {}
    for number, shape in enumerate(shapes):
        for axis, size in enumerate(shape):
            if not isinstance(size, int):
                places.setdefault(same(size, number, axis), []).append((number, axis))
    return [_Axis(_kind(shapes, own[0]), tuple(own)) for own in places.values()]


def _kind(shapes: Sequence[Shape], place: tuple[int, int]) -> str:
    """What an axis most likely is: [N, C, ...] as in ONNX, or as in TFLite [N, ..., C]."""
    number, axis = place
    shape = shapes[number]
    rank = len(shape)
    if rank > 1 and axis == batch_axis(shape):
        return "count"
    if rank < 4:
        return "length"
    if axis == 1 and not isinstance(shape[-1], int):
        return "channels"
    return "plane" if rank == 4 else "volume"


def batch_axis(shape: Shape) -> int | None:
    """The free axis of an input that may be its batch, if it has one.

    It is the first; the states of a recurrent network, [layers, N, H], have it in their middle, and
    are told from one sequence, [1, T, C], by having several layers or directions.
    """
    free = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    is_state = len(shape) == 3 and free == [1] and shape[0] != 1
    return free[0] if free[:1] == [0] or is_state else None


def _choices(
    kinds: set[str], table: Mapping[str, Sequence[Sequence[int]]]
) -> Iterator[dict[str, Sequence[int]]]:
    """Pick a row per kind; those that are near the front for every kind come first."""
    ordered = sorted(kinds)
    numbers = itertools.product(*(range(len(table[kind])) for kind in ordered))
    for picked in sorted(numbers, key=sum):
        yield {kind: table[kind][i] for kind, i in zip(ordered, picked, strict=True)}


def _filled(
    shapes: Sequence[Shape], keys: Sequence[_Axis], rows: Mapping[str, Sequence[int]]
) -> Sizes:
    """Put a number into every free axis; beyond a row's length the sizes go on growing."""
    numbers = {
        kind: itertools.chain(row, itertools.count(max(row) + 1)) for kind, row in rows.items()
    }
    sizes = [[size if isinstance(size, int) else 0 for size in shape] for shape in shapes]
    for key in keys:
        size = next(numbers[key.kind])
        for number, axis in key.places:
            sizes[number][axis] = size
    return [tuple(shape) for shape in sizes]


def _free(sizes: Sizes, shapes: Sequence[Shape]) -> list[int]:
    """The numbers that stand for free sizes."""
    return [
        size
        for own, shape in zip(sizes, shapes, strict=True)
        for size, stated in zip(own, shape, strict=True)
        if not isinstance(stated, int)
    ]


def _alike(sizes: Sizes, others: Sizes, shapes: Sequence[Shape]) -> int:
    pairs = zip(_free(sizes, shapes), _free(others, shapes), strict=True)
    return sum(a == b for a, b in pairs)


def _has_one(sizes: Sizes, shapes: Sequence[Shape]) -> bool:
    return 1 in _free(sizes, shapes)
