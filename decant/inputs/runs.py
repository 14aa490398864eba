"""Arrays that a user gives for a model's inputs: read, checked, and cut into runs of the model."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from ..errors import DataError
from ..paths import content_fault
from ..tensors import sizes
from .columns import column_of
from .stored import open_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from ..paths import AnyPath
    from ..tensors import TensorInfo
    from .columns import Column
    from .stored import AnyArray

TRUTH = "truth"
ADVICE = "save it with numpy.savez(path, input_name=array)"

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
    with _named(path):
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise DataError(f"{path}: one bare array without an input's name; {ADVICE}")
        with archive:
            return {name: archive[name] for name in archive.files}


def open_arrays(path: AnyPath) -> dict[str, AnyArray]:
    """Do as `load_arrays`, but leave the values on disk until they are asked for.

    Raises:
        DataError: As `load_arrays` does.
    """
    path = Path(path)
    if not zipfile.is_zipfile(path):
        return dict(load_arrays(path))  # which says what is wrong with it
    found: dict[str, AnyArray] = {}
    with _named(path), zipfile.ZipFile(path) as archive, np.load(path) as loaded:
        for entry in archive.namelist():
            stored = open_entry(path, archive, entry)
            name = entry.removesuffix(".npy")
            found[name] = loaded[name] if stored is None else stored
    return found


@contextmanager
def _named(path: AnyPath) -> Iterator[None]:
    """Say of a file what NumPy finds wrong with it."""
    try:
        yield
    except UNREADABLE as error:
        fault = content_fault(path) or f"{_damage(path, error)}; {ADVICE}"
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


class Runs(Sequence[Run]):
    """Runs of a model, each cut out of arrays when it is asked for."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        """Go with columns of one length, by input."""
        self._columns = columns

    def __len__(self) -> int:
        return min((len(each) for each in self._columns.values()), default=0)

    @overload
    def __getitem__(self, at: int) -> Run: ...
    @overload
    def __getitem__(self, at: slice) -> Runs: ...
    def __getitem__(self, at: int | slice) -> Run | Runs:
        """Cut out a run; of a slice, nothing yet."""
        if isinstance(at, slice):
            return self.taken(range(len(self))[at])
        place = range(len(self))[at]  # an index too large ends a loop over the runs
        return {name: column.value(place) for name, column in self._columns.items()}

    def taken(self, places: Sequence[int]) -> Runs:
        """Pick some runs."""
        return Runs({name: column.taken(places) for name, column in self._columns.items()})


def cut_runs(arrays: Mapping[str, AnyArray], inputs: Sequence[TensorInfo]) -> Runs:
    """Check arrays against a model's inputs and cut them into runs of the model.

    Args:
        arrays: Per input name [samples, …], each sample in ONNX axis order. Where a sample has the
            rank of the model's input without its first axis, the first axis of both is one and
            the same (the batch). What holds truth (`is_truth`) is no input and left out.
        inputs: The model's inputs.

    Returns:
        The runs, each array of the type that the input takes (real values where it is quantized).

    Raises:
        DataError: Wrong names, no samples, unequal counts, a shape that does not fit, NaN or
            infinity, or values that the input's element type does not hold.
    """
    wanted = [info.name for info in inputs]
    given = [name for name in arrays if name in wanted or not is_truth(name)]
    if set(wanted) != set(given):
        raise DataError(
            f"the given data holds {_listing(given)}, but the model's inputs are"
            f" {_listing(wanted)}; give one array per input under exactly these names"
        )
    columns = {info.name: column_of(arrays[info.name], info) for info in inputs}
    counts = {name: len(column) for name, column in columns.items()}
    if len(set(counts.values())) > 1:
        raise DataError(
            f"the given arrays hold unequal numbers of samples ({counts}); give as many for every"
            " input"
        )
    return Runs(columns)


def is_truth(name: str) -> bool:
    """Whether an array of samples is what is right, not what a model is given.

    >>> is_truth("truth"), is_truth("truth_boxes"), is_truth("image")
    (True, True, False)
    """
    return name == TRUTH or name.startswith(f"{TRUTH}_")


def _listing(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) or "nothing"
