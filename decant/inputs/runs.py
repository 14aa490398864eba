"""Arrays that a user gives for a model's inputs: read, checked, and cut into runs of the model."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import DataError
from ..paths import content_fault
from ..tensors import fits, reshaping, sizes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..paths import AnyPath
    from ..tensors import TensorInfo

Run: TypeAlias = "dict[str, NDArray[Any]]"
"""What one run of a model takes: input name → array in ONNX axis order."""

# What NumPy raises on damaged bytes: of the file, of a compressed or encrypted entry, of an array's
# header, which may claim more than there is memory.
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
)


def load_arrays(path: AnyPath) -> dict[str, NDArray[Any]]:
    """Read arrays from an `.npz` file: per input name [samples, …] in ONNX order.

    Raises:
        DataError: The file is missing, damaged, not an `.npz`, or holds Python objects.
    """
    advice = "save it with numpy.savez(path, input_name=array)"
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise DataError(f"{path}: one bare array without an input's name; {advice}")
        with archive:
            return {name: archive[name] for name in archive.files}
    except UNREADABLE as error:
        fault = content_fault(path) or f"{_damage(path, error)}; {advice}"
        raise DataError(f"{path}: {fault}") from error


def _damage(path: AnyPath, error: Exception) -> str:
    """Say why NumPy cannot read a file; its own advice is to run what code may be in it."""
    if not zipfile.is_zipfile(path):
        return "is no .npz archive"
    reason = "it holds Python objects" if "allow_pickle" in str(error) else error
    return f"cannot be read as input arrays ({reason})"


def wanted_samples(inputs: Sequence[TensorInfo]) -> str:
    """Say what calibration data a model takes, and how a file of it is made."""
    arrays = ", ".join(f"{info.name}=…" for info in inputs)
    shapes = "; ".join(f"{info.name}: {_sample_shape(info)}" for info in inputs)
    return (
        "real samples, a hundred or so: `--calibration X.npz`, made with"
        f" `numpy.savez('X.npz', {arrays})` ({shapes}, in ONNX axis order), or `calibration=` in"
        " Python"
    )


def _sample_shape(info: TensorInfo) -> str:
    """Write the shape of an array of samples, whose first axis is a batch of one or any size."""
    first, *rest = info.onnx_shape or (1,)
    shape = rest if first in (None, 1) else (first, *rest)
    return f"{info.dtype} {sizes((None, *shape)).replace('?', 'samples', 1)}"


def cut_runs(arrays: Mapping[str, NDArray[Any]], inputs: Sequence[TensorInfo]) -> list[Run]:
    """Check arrays against a model's inputs and cut them into runs of the model.

    Args:
        arrays: Per input name [samples, …], each sample in ONNX axis order. Where a sample has the
            rank of the model's input without its first axis, the first axis of both is one and
            the same (the batch).
        inputs: The model's inputs.

    Returns:
        The runs, each array of the type that the input takes (real values where it is quantized).

    Raises:
        DataError: Wrong names, no samples, unequal counts, a shape that does not fit, NaN or
            infinity, or values that the input's element type does not hold.
    """
    wanted, given = [info.name for info in inputs], list(arrays)
    if set(wanted) != set(given):
        raise DataError(
            f"the given data holds {_listing(given)}, but the model's inputs are"
            f" {_listing(wanted)}; give one array per input under exactly these names"
        )
    columns = {info.name: _column(np.asarray(arrays[info.name]), info) for info in inputs}
    counts = {name: len(column) for name, column in columns.items()}
    if len(set(counts.values())) > 1:
        raise DataError(
            f"the given arrays hold unequal numbers of samples ({counts}); give as many for every"
            " input"
        )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _column(array: NDArray[Any], info: TensorInfo) -> list[NDArray[Any]]:
    """Cut [samples, …] into the values of one input."""
    if array.size == 0:
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
    values = _converted(array, info)
    return [np.asarray(value) for value in (values if whole else values.reshape(-1, *shape))]


def _converted(array: NDArray[Any], info: TensorInfo) -> NDArray[Any]:
    """Bring values to the element type of an input, if it holds them all."""
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"the data for input {info.name!r} has element type {array.dtype}, but the model takes"
            f" {info.dtype}; convert it"
        )
    dtype = np.dtype(info.dtype if info.scale is None else np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        converted = np.ascontiguousarray(array, dtype).reshape(array.shape)
    broken = ~(np.isfinite(array) & np.isfinite(converted))
    if broken.any():
        first = [int(index) for index in np.argwhere(broken)[0]]
        raise DataError(
            f"the data for input {info.name!r} holds {int(broken.sum())} values that are NaN or"
            f" infinite as {dtype}, the first at index {first}; leave such samples out"
        )
    if dtype.kind in "iub" and not np.array_equal(converted, array):
        raise DataError(
            f"the data for input {info.name!r} holds values (from {array.min():g} to"
            f" {array.max():g}) that {dtype} cannot hold; give raw values, not normalised ones"
        )
    return converted


def _listing(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) or "nothing"
