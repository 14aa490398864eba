"""Arrays that stay on disk and are read a few rows at a time."""

from __future__ import annotations

import math
import shutil
import tempfile
import weakref
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from ..artifacts import told_if_full
from ..errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TemporaryFolder:
    """A folder that is removed when nothing refers to this any more, at the end at the latest."""

    def __init__(self) -> None:
        """Make it.

        Raises:
            DataError: The place of temporary files takes no more.
        """
        with told_if_full():
            self.path = Path(tempfile.mkdtemp(prefix="decant-arrays-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, in C order.

    Attributes:
        path: Of the file.
        offset: In bytes, of the first value.
        shape: Whose first axis counts rows.
        dtype: Of the values.
        folder: That holds the file, where it is a temporary one.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    folder: TemporaryFolder | None = field(default=None, compare=False)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of it."""
        return np.asarray(self[:], dtype)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the folder with the process that made it."""
        return {**self.__dict__, "folder": None}

    @overload
    def __getitem__(self, rows: slice) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, rows: int) -> NDArray[Any]: ...
    def __getitem__(self, rows: slice | int) -> NDArray[Any]:
        """Read rows, which follow each other.

        Raises:
            DataError: The file is gone, or holds less than it did.
        """
        if isinstance(rows, int):
            return np.asarray(self[rows : rows + 1][0])
        start, stop, step = rows.indices(len(self))
        per_row = math.prod(self.shape[1:])
        wanted = max(stop - start, 0) * per_row
        place = self.offset + start * per_row * self.dtype.itemsize
        try:
            values = np.fromfile(self.path, self.dtype, wanted, offset=place)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read any more ({error}); try again") from error
        if values.size < wanted:
            raise DataError(f"{self.path}: has become shorter while it was read; try again")
        return values.reshape(-1, *self.shape[1:])[::step]


class RowsFile:
    """A file that rows of one shape are written into, to be read as an array.

    It is a context, at whose end it is whole.
    """

    def __init__(self, folder: TemporaryFolder, name: str) -> None:
        """Begin a file."""
        self._folder, self._path = folder, folder.path / name
        self._first: NDArray[Any] | None = None
        self._count = 0

    def __enter__(self) -> RowsFile:
        with told_if_full():
            self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        with told_if_full():
            self._file.close()

    def append(self, row: NDArray[Any]) -> None:
        """Write a row.

        Raises:
            DataError: It is of another shape or element type than the first, or there is no room.
        """
        if self._first is None:
            self._first = np.empty_like(row)
        if (row.shape, row.dtype) != (self._first.shape, self._first.dtype):
            raise DataError(
                f"sample {self._count} is {row.dtype} {list(row.shape)}, the first"
                f" {self._first.dtype} {list(self._first.shape)}; bring all to one shape"
            )
        with told_if_full():
            self._file.write(np.ascontiguousarray(row).tobytes())
        self._count += 1

    def stored(self) -> StoredArray:
        """Give the array.

        Raises:
            DataError: There is no row.
        """
        if self._first is None:
            raise DataError("there is no sample; give at least one, better a hundred")
        shape = (self._count, *self._first.shape)
        return StoredArray(self._path, 0, shape, self._first.dtype, self._folder)


AnyArray: TypeAlias = "NDArray[Any] | StoredArray"


def open_entry(path: Path, archive: zipfile.ZipFile, name: str) -> AnyArray | None:
    """Open an array of an `.npz`, of which nothing is held in memory.

    A compressed one is written into a temporary folder first.

    Returns:
        The array; None of one that is not in C order, has no rows or another version's header.
    """
    entry = archive.getinfo(name)
    with archive.open(entry) as file:
        header = _header(file)
        at = file.tell()
        if header is None:
            return None
        shape, dtype = header
        if entry.compress_type == zipfile.ZIP_STORED:
            while file.read(1 << 20):  # to its end, where zipfile compares its checksum
                pass
            return StoredArray(path, _data_offset(path, entry) + at, shape, dtype)
        folder = TemporaryFolder()
        copy = folder.path / "array"
        with told_if_full(), copy.open("wb") as target:
            shutil.copyfileobj(file, target, 1 << 20)
    if copy.stat().st_size < math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name} is shorter than it says")
    return StoredArray(copy, 0, shape, dtype, folder)


def _header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """Read the header of an `.npy`."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        return None
    shape, fortran, dtype = readers[version](file)
    if not shape or dtype.hasobject or (fortran and len(shape) > 1):
        return None
    return shape, dtype


def _data_offset(path: Path, entry: zipfile.ZipInfo) -> int:
    """Find where the bytes of an entry begin, behind its local header (PKZIP 4.3.7)."""
    with path.open("rb") as file:
        file.seek(entry.header_offset + 26)
        lengths = np.frombuffer(file.read(4), "<u2")
    return entry.header_offset + 30 + int(lengths.sum())
