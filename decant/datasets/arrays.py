"""Reads samples from the arrays of one `.npz` file."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..artifacts import sha256_listing
from ..errors import DataError
from ..inputs.runs import UNREADABLE
from ..paths import unreadable
from ..samples import Sample
from .columns import Column, Wanted, check_known, input_columns, offered_fields, truth_columns
from .dataset import fingerprint_of
from .source import DataSource, read_truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from ..tasks import Task
    from .source import Opening

    Arrays = Mapping[str, NDArray[np.generic]]


MOST_TRUTH_BYTES, MOST_TRUTHS = 2**24, 100_000
"""Of what is read when a set is opened: labels, but no pictures, for about a second at most."""


class ArraysSource(DataSource):
    """A `.npz` file of arrays, whose first axis counts samples.

    Attributes:
        path: Of the file.
        input: Array of the only input, or arrays by input name; those of the inputs' names if
            left out.
        truth: Array of the truth, or arrays by truth field; those of the fields' names if left out.
        tags: Array of texts: the slice that each sample belongs to.
    """

    path_keys: ClassVar[tuple[str, ...]] = ("path",)
    kind: Literal["arrays"]
    path: str
    input: Column | None = None
    truth: Column | None = None
    tags: str | None = Field(default=None, min_length=1)

    @property
    def title(self) -> str:
        """The file."""
        return self.path

    def open(self, opening: Opening) -> ArraysDataset:
        """Open the arrays; they stay on the disk.

        Raises:
            SpecError: If the keys do not fit the model's inputs or the task.
            DataError: If the file is missing, damaged or empty, lacks an array, has arrays of
                different counts, or a truth that does not fit.
        """
        path = opening.folder / self.path
        file = _File(path)
        inputs = input_columns(self.input, opening, self.kind)
        if self.truth is None:
            truth = offered_fields(file.names, opening, str(path))
        else:
            truth = truth_columns(self.truth, opening)
        tags: Wanted = {} if self.tags is None else {"tags": self.tags}
        for wanted in (inputs, truth, tags):
            check_known(wanted, file.names, str(path), "array")
        given, truths, slices = (
            {name: file.array(str(array)) for name, array in wanted.items()}
            for wanted in (inputs, truth, tags)
        )
        _check_counts(path, {**inputs, **truth, **tags}, {**given, **truths, **slices})
        dataset = ArraysDataset(str(path), opening.task, given, truths, slices, file)
        dataset.check_truths()
        return dataset


class _File:
    """The arrays of a `.npz` file, unpacked when they are asked for, so that none is in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = tempfile.TemporaryDirectory(prefix="decant-arrays-")
        try:
            with zipfile.ZipFile(path) as file:
                entries = [name for name in file.namelist() if name.endswith(".npy")]
        except OSError as error:
            raise DataError(f"{path}: {unreadable(path, error)}") from error
        except zipfile.BadZipFile as error:
            raise DataError(f"{path}: not an .npz file ({error}); write it with savez") from error
        self.names = tuple(name.removesuffix(".npy") for name in entries)

    def array(self, name: str) -> NDArray[np.generic]:
        """Map an array from the disk.

        Raises:
            DataError: If it is damaged or holds Python objects.
        """
        place = Path(self._folder.name) / f"{self.names.index(name)}.npy"
        try:
            with (
                zipfile.ZipFile(self.path) as file,
                file.open(f"{name}.npy") as packed,
                place.open("wb") as unpacked,
            ):
                shutil.copyfileobj(packed, unpacked)
            found = np.load(place, mmap_mode="r", allow_pickle=False)
        except UNREADABLE as error:
            raise DataError(
                f'{self.path}: the array "{name}" cannot be read ({error}); write it anew, as '
                "numbers or texts"
            ) from error
        return np.asarray(found) if not found.ndim else found


def _check_counts(path: Path, names: Wanted, arrays: Arrays) -> None:
    """Refuse arrays that do not count the same samples.

    Raises:
        DataError: If they do not, or there is none.
    """
    counts = {str(names[key]): len(array) if array.ndim else 0 for key, array in arrays.items()}
    (first, count), *others = counts.items()
    for other, another in others:
        if another != count:
            raise DataError(
                f'{path}: "{first}" has {count} samples, but "{other}" has {another}; give both '
                "one entry of the first axis per sample"
            )
    if not count:
        raise DataError(f'{path}: "{first}" holds no samples; give at least one')


@dataclass(frozen=True, slots=True)
class ArraysDataset:
    """Samples whose values lie in arrays.

    Attributes:
        name: The file.
        task: Reads the truth.
        given: By input [n, …].
        truths: By truth field [n, …].
        tags: "tags" [n], or nothing.
        file: Keeps the arrays on the disk.
    """

    name: str
    task: Task
    given: Arrays
    truths: Arrays
    tags: Arrays
    file: object = field(repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.given.values())))

    def __iter__(self) -> Iterator[Sample]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Sample:
        truth = self._truth(index)
        tags = frozenset(str(array[index]) for array in self.tags.values()) - {""}
        return Sample(f"{index:05d}", truth, tags, partial(self.inputs, index))

    def _truth(self, index: int) -> Any:
        fields = {name: _value(array[index]) for name, array in self.truths.items()}
        return read_truth(self.task, fields, f"{self.name}, sample {index}")

    def check_truths(self) -> None:
        """Read truths, of equal ones the first; pictures, and what is far on, are left for later.

        Raises:
            DataError: If one is no truth of the task.
        """
        arrays = [np.asarray(array) for array in self.truths.values()]
        if sum(array.nbytes for array in arrays) > MOST_TRUTH_BYTES:
            return
        seen = set()
        for index in range(min(len(self), MOST_TRUTHS)):
            content = tuple(array[index].tobytes() for array in arrays)
            if content not in seen:
                seen.add(content)
                self._truth(index)

    def inputs(self, index: int) -> dict[str, Any]:
        """Read the values of one sample."""
        return {name: np.array(array[index]) for name, array in self.given.items()}

    def fingerprints(self) -> dict[str, str]:
        """Map a hash of each sample's values to its id."""
        return {
            sha256_listing({k: fingerprint_of(v) for k, v in self.inputs(index).items()}): (
                f"{index:05d}"
            )
            for index in range(len(self))
        }


def _value(entry: Any) -> Any:
    """Take a number or a text for what it is in Python; an array stays one."""
    return entry.item() if np.ndim(entry) == 0 else np.array(entry)
