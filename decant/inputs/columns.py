"""The samples of one input: checked once, block by block, and given in its type when asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..tensors import fits, reshaping, sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..tensors import TensorInfo
    from .stored import AnyArray

BLOCK_BYTES = 1 << 24
"""So much of the samples is looked at a time."""


@dataclass(frozen=True)
class Column:
    """What the runs of a model take for one input.

    Attributes:
        array: [rows, …] of all samples.
        dtype: That the input takes.
        batch: Rows of a run; None where a run is one row, without its first axis.
        places: Of the runs, in `batch` rows.
    """

    array: AnyArray
    dtype: np.dtype[Any]
    batch: int | None
    places: Sequence[int]

    def __len__(self) -> int:
        return len(self.places)

    def __reduce__(self) -> tuple[Callable[..., Column], tuple[Any, ...]]:
        """Pickle only what it takes of an array in memory."""
        if not isinstance(self.array, np.ndarray) or len(self.places) == len(self.array):
            return Column, (self.array, self.dtype, self.batch, self.places)
        rows = [self._rows(place) for place in self.places] or [self.array[:0]]
        return Column, (np.concatenate(rows), self.dtype, self.batch, range(len(self)))

    def value(self, at: int) -> NDArray[Any]:
        """Give what one run takes."""
        rows = converted(self._rows(self.places[at]), self.dtype)
        return np.asarray(rows[0]) if self.batch is None else rows

    def taken(self, places: Sequence[int]) -> Column:
        """Pick some runs."""
        return Column(self.array, self.dtype, self.batch, [self.places[at] for at in places])

    def _rows(self, place: int) -> NDArray[Any]:
        size = self.batch or 1
        return self.array[place * size : (place + 1) * size]


def column_of(given: AnyArray, info: TensorInfo) -> Column:
    """Check the samples of one input.

    Args:
        given: [samples, …], see `cut_runs`.
        info: Of the input.

    Raises:
        DataError: See `cut_runs`.
    """
    array = given if hasattr(given, "shape") else np.asarray(given)
    if math.prod(array.shape) == 0:
        raise DataError(
            f"the data for input {info.name!r} is empty (shape {list(array.shape)}); give at least"
            " one sample, better a hundred"
        )
    expected = info.onnx_shape
    whole = array.ndim == len(expected) + 1
    batch = (expected[0] if expected else None) or 1
    shape = array.shape[1:] if whole else (batch, *array.shape[1:])
    if not fits(shape, expected) or (not whole and len(array) % batch):
        samples = expected[1:] if array.ndim <= len(expected) else expected
        call = reshaping(info.name, array.shape, (None, *samples))
        advice = f"give {call}" if call else "stack samples of that shape along the first axis"
        raise DataError(
            f"the data for input {info.name!r} has shape {list(array.shape)}, but the model takes"
            f" {sizes(expected)} in ONNX axis order; {advice}"
        )
    rows = None if whole else batch
    column = Column(array, _dtype(array, info), rows, range(len(array) // (rows or 1)))
    _check(column, info.name)
    return column


def converted(rows: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Bring values to an element type, of which infinity comes where it does not hold them."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.ascontiguousarray(rows, dtype).reshape(rows.shape)


def _dtype(array: AnyArray, info: TensorInfo) -> np.dtype[Any]:
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"the data for input {info.name!r} has element type {array.dtype}, but the model takes"
            f" {info.dtype}; convert it"
        )
    return np.dtype(info.dtype if info.scale is None else np.float32)


def _check(column: Column, name: str) -> None:
    """Refuse values that the input's element type does not hold."""
    broken = 0
    first: tuple[list[int], Any] | None = None
    for start, rows in _blocks(column.array):
        values = converted(rows, column.dtype)
        faults = ~(np.isfinite(rows) & np.isfinite(values))
        if faults.any():
            row, *rest = (int(index) for index in np.argwhere(faults)[0])
            first = first or ([start + row, *rest], rows[(row, *rest)])
            broken += int(faults.sum())
        elif column.dtype.kind in "iub" and not np.array_equal(values, rows):
            row = int(np.argwhere(values != rows)[0][0])
            raise DataError(
                f"the data for input {name!r} holds values (from {rows.min():g} to"
                f" {rows.max():g}) that {column.dtype} cannot hold"
                f" (in sample {(start + row) // (column.batch or 1)} first); give raw values, not"
                " normalised ones"
            )
    if first is not None:
        index, value = first
        raise DataError(
            f"the data for input {name!r} holds {broken} values that are NaN or infinite as"
            f" {column.dtype}, the first ({value:g}) in sample {index[0] // (column.batch or 1)} at"
            f" index {index}; leave such samples out"
        )


def _blocks(array: AnyArray) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the number of the first row, and rows, of one block after another."""
    row_bytes = math.prod(array.shape[1:]) * array.dtype.itemsize
    size = max(1, BLOCK_BYTES // row_bytes)
    for start in range(0, len(array), size):
        yield start, array[start : start + size]
