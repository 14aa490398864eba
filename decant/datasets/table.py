"""Reads a table that says of each sample where its inputs lie, or what they are, and the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..errors import LONGEST_PATH, DataError, shortened
from ..paths import is_file
from .columns import Columns, Wanted, check_known, input_columns, truth_columns
from .dataset import Entry, FileDataset
from .source import DataSource, check_folder, read_truth
from .table_file import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..inputs import Reader
    from ..paths import AnyPath
    from .source import Opening


class TableSource(DataSource):
    """A CSV, JSON Lines or Parquet file with a row per sample.

    Attributes:
        path: Of the table.
        files: Folder that the files named in it lie in.
        input: Column of the input, or columns by input name: of files, of values, or several
            columns of one number each.
        truth: Column of the truth, or columns by truth field.
        tags: Column of the slices that a sample belongs to, a name or a list of names.
    """

    path_keys: ClassVar[tuple[str, ...]] = ("path", "files")
    folder_keys: ClassVar[tuple[str, ...]] = ("files",)
    kind: Literal["table"]
    path: str
    files: str = "."
    input: Columns
    truth: Columns
    tags: str | None = Field(default=None, min_length=1)

    @property
    def title(self) -> str:
        """The table."""
        return self.path

    def open(self, opening: Opening) -> FileDataset:
        """Read the table; the files that it names are read later, one by one.

        Raises:
            SpecError: If the keys do not fit the model's inputs or the task.
            DataError: If the table is missing, damaged or empty, lacks a column, names a file that
                is not there, or holds a value or a truth that does not fit.
        """
        path = opening.folder / self.path
        check_folder(opening.folder / self.files, "files")
        inputs = input_columns(self.input, opening, self.kind)
        truth = truth_columns(self.truth, opening)
        tags: Wanted = {} if self.tags is None else {"tags": self.tags}
        wanted = [each for given in (inputs, truth, tags) for each in _flat(given)]
        table = read_table(path, wanted)
        for each in (inputs, truth, tags):
            check_known(each, table.columns, str(path))
        root, entries = opening.folder / self.files, []
        for number, row in table.rows:
            where = f"{path}, row {number}"
            files, values = _inputs(inputs, row, opening.inputs, root, where)
            entries.append(
                Entry(
                    id=_id(files, root, number),
                    files=files,
                    truth=read_truth(
                        opening.task, {k: _picked(row, v) for k, v in truth.items()}, where
                    ),
                    tags=_tags(row.get(self.tags) if self.tags else None, where),
                    values=values,
                )
            )
        return FileDataset(str(path), tuple(_told_apart(entries, table.rows)), opening.inputs)

    def files_in(self, key: str, folder: AnyPath) -> tuple[Path, list[str]]:
        """List the files that the table names; of what is no such table, none."""
        root = Path(folder) / self.files
        given = self.input.values() if isinstance(self.input, dict) else [self.input]
        columns = [each for each in given if isinstance(each, str)]
        try:
            table = read_table(Path(folder) / self.path, columns)
        except DataError:
            # Opening the data set refuses it, and says why.
            return root, []
        named = (row.get(name) for _, row in table.rows for name in columns)
        cells = {cell for cell in named if isinstance(cell, str)}
        return root, sorted(cell for cell in cells if is_file(root / cell))


def _flat(wanted: Wanted) -> Iterator[str]:
    for given in wanted.values():
        yield from [given] if isinstance(given, str) else given


def _picked(row: Mapping[str, Any], columns: str | Sequence[str]) -> Any:
    """Take the cell of a column, or the list of those of several; JSON may leave one out."""
    return row.get(columns) if isinstance(columns, str) else [row.get(name) for name in columns]


def _inputs(
    wanted: Wanted,
    row: Mapping[str, Any],
    readers: Mapping[str, Reader],
    root: Path,
    where: str,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Tell the inputs that lie in files from those whose values are in the row.

    Raises:
        DataError: If a file is not there, or a value is no number.
    """
    files, values = {}, {}
    for name, columns in wanted.items():
        cell = _picked(row, columns)
        if isinstance(cell, str) and _is_file(cell, readers[name]):
            files[name] = root / cell
            if not is_file(files[name]):
                raise DataError(
                    f'{where}: {shortened(cell, LONGEST_PATH)} of the column "{columns}" is not '
                    f"in {root}; restore it, or take out the row"
                )
        else:
            values[name] = _numbers(cell, columns, where)
    return files, values


def _is_file(cell: str, reader: Reader) -> bool:
    """Whether a text names a file: by its ending, or because it is no number."""
    if Path(cell).suffix.lower() in reader.suffixes:
        return True
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _numbers(cell: Any, columns: str | Sequence[str], where: str) -> np.ndarray[Any, Any]:
    """Read a number, or a list of numbers of any depth.

    Raises:
        DataError: If there is something else.
    """
    try:
        found = np.asarray(cell)
        if found.dtype.kind not in "fiub" or not found.size:
            found = np.asarray(cell, np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.asarray(np.nan)
    if not found.size or not np.isfinite(found).all():
        named = columns if isinstance(columns, str) else ", ".join(columns)
        raise DataError(
            f'{where}: {shortened(cell)} of the column "{named}" is no finite number, list of '
            "such, or file; correct it or take out the row"
        )
    return found


def _tags(cell: Any, where: str) -> frozenset[str]:
    if cell is None or cell == "":
        return frozenset()
    names = [cell] if isinstance(cell, str) else cell
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{where}: the tags {shortened(cell)} are no name or list of names")
    return frozenset(names)


def _id(files: Mapping[str, Path], root: Path, number: int) -> str:
    first = next(iter(files.values()), None)
    if first is None:
        return f"row_{number:05d}"
    return (first.relative_to(root) if first.is_relative_to(root) else first).as_posix()


def _told_apart(entries: Sequence[Entry], rows: Sequence[tuple[int, Any]]) -> Iterator[Entry]:
    """Add the row's number to the id of samples whose file is in another row too."""
    counts = Counter(entry.id for entry in entries)
    for entry, (number, _) in zip(entries, rows, strict=True):
        yield entry if counts[entry.id] == 1 else replace(entry, id=f"{entry.id}, row {number}")
