"""Free sizes: a shape of a spec names them, and `[sizes]` says what they are tried with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from .runs import Run

    Arrays = Mapping[str, NDArray[np.generic]]

FreeSizes: TypeAlias = "dict[str, dict[int, str]]"
"""Input name → axis → name of its size."""

PHOTOS_FREE = (2, 3)
"""Axes of a photo that may be free: its channels are what the network was made for."""


@dataclass(frozen=True, slots=True)
class Named:
    """One size of a shape that is a name.

    Attributes:
        table: Keys of the input's table in the spec.
        input: Name of the input.
        axis: Where in the shape.
        name: Of the size.
        photo: Whether the input is a photo.
    """

    table: tuple[str, ...]
    input: str
    axis: int
    name: str
    photo: bool

    @property
    def key(self) -> str:
        """Of the shape, as messages write it."""
        return ".".join((*self.table, "shape"))


def fix_first(document: Mapping[str, Any]) -> tuple[dict[str, Any], FreeSizes]:
    """Put the first of each name's sizes into the shapes of a spec's document.

    What is not of the right type is left to whoever reads the document.

    Returns:
        The document and what is free in it.

    Raises:
        ValueError: If a name has no sizes, or cannot be free.
    """
    sizes = document.get("sizes", {})
    free: FreeSizes = {}
    fixed = dict(document)
    for each in _named(document):
        _check(each, sizes)
        free.setdefault(each.input, {})[each.axis] = each.name
        _put(fixed, each.table, each.axis, sizes[each.name][0])
    return fixed, free


def check_sizes_used(sizes: Mapping[str, tuple[int, ...]], free: FreeSizes) -> None:
    """Refuse sizes that no shape names, and lists that do not go together.

    Raises:
        ValueError: If there are any; the message begins with the key.
    """
    used = {name for axes in free.values() for name in axes.values()}
    for name, given in sizes.items():
        if name not in used:
            raise ValueError(
                f'sizes.{name}: no shape names it; write "{name}" for a size of an input, or leave '
                "it out"
            )
        if len(given) != len(next(iter(sizes.values()))):
            counts = ", ".join(f"{key} has {len(each)}" for key, each in sizes.items())
            raise ValueError(
                f"sizes: {counts}; the first of each go together, then the second and so on, so "
                "give as many of each"
            )


def resized(runs: Sequence[Run], free: FreeSizes, sizes: Mapping[str, int]) -> Arrays:
    """Cut samples, or repeat them, along their free axes.

    Args:
        runs: Of the model, by input name in ONNX axis order, each of one sample.
        free: What is free.
        sizes: By name.

    Returns:
        Input name → [samples, …].
    """
    found = {}
    for name in runs[0]:
        array = np.concatenate([run[name] for run in runs])
        for axis, size in free.get(name, {}).items():
            array = array.take(range(sizes[size]), axis, mode="wrap")
        found[name] = array
    return found


def _named(document: Mapping[str, Any]) -> Iterator[Named]:
    tables: dict[tuple[str, ...], Any] = {("input",): document.get("input")}
    inputs = document.get("inputs")
    if isinstance(inputs, dict):
        tables |= {("inputs", name): each for name, each in inputs.items()}
    for keys, table in tables.items():
        if not isinstance(table, dict) or not isinstance(table.get("shape"), list | tuple):
            continue
        name = table.get("name", "image")
        own = keys[1] if len(keys) > 1 else name if isinstance(name, str) else ""
        photo = table.get("kind", "image") == "image"
        for axis, size in enumerate(table["shape"]):
            if isinstance(size, str):
                yield Named(keys, own, axis, size, photo)


def _check(each: Named, sizes: Any) -> None:
    if each.axis == 0:
        raise ValueError(
            f'{each.key} = ["{each.name}", …]: samples are taken one at a time; write 1 first'
        )
    if each.photo and each.axis not in PHOTOS_FREE:
        raise ValueError(
            f'{each.key}: axis {each.axis} is "{each.name}", but only height and width of a photo '
            "can be free; write the number of channels"
        )
    given = sizes.get(each.name) if isinstance(sizes, dict) else None
    if not isinstance(given, list | tuple) or not given or not _all_sizes(given):
        raise ValueError(
            f'{each.key} has the free size "{each.name}"; say with which sizes to test it, whole '
            f"numbers from 2 on, such as sizes.{each.name} = [64, 96]"
        )


def _all_sizes(given: Any) -> bool:
    # torch.export takes a size of 1 for a fixed one.
    return all(type(each) is int and each > 1 for each in given)


def _put(document: dict[str, Any], keys: tuple[str, ...], axis: int, size: int) -> None:
    """Replace one size of a shape, in copies of the tables above it."""
    table = document
    for key in keys:
        table[key] = dict(table[key])
        table = table[key]
    table["shape"] = [size if at == axis else old for at, old in enumerate(table["shape"])]
