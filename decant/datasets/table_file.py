"""Reads the rows of a CSV, JSON Lines or Parquet file."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..paths import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LONGEST_CELL = 2**30
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True, slots=True)
class Table:
    """A table in memory: what is in it, not the files that it names.

    Attributes:
        columns: Their names.
        rows: With its number, a row's cells by column. Of text files it is that of the line, so
            that the first row of a CSV file is 2; of Parquet the first is 1.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, Any]], ...]


def read_table(path: Path, wanted: Iterable[str]) -> Table:
    """Read a table by the ending of its name.

    Args:
        path: Of the file.
        wanted: Columns that will be asked for; of Parquet no others are read.

    Raises:
        DataError: If the file is missing, damaged, empty, of another kind, or has columns that
            cannot be told apart.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise DataError(f"{path}: not a table by its name; give one of {', '.join(SUFFIXES)}")
    table = _read_parquet(path, {*wanted}) if kind == ".parquet" else _read_text(path, kind)
    if not table.rows:
        raise DataError(f"{path}: holds no rows; give a table with at least one")
    return table


def _read_text(path: Path, kind: str) -> Table:
    try:
        # Spreadsheets begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
    if kind in (".jsonl", ".ndjson"):
        return _read_lines(path, text)
    return _read_csv(path, text, "\t" if kind == ".tsv" else ",")


def _read_csv(path: Path, text: str, delimiter: str) -> Table:
    # A cell may hold a whole array, as JSON.
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, Mapping[str, Any]]] = []
    columns: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not columns:
                columns = cells
                continue
            if len(cells) != len(columns):
                raise DataError(
                    f"{path}, row {reader.line_num}: has {len(cells)} cells, but there are "
                    f"{len(columns)} columns; correct it, or quote a cell with the delimiter"
                )
            rows.append((reader.line_num, dict(zip(columns, map(_cell, cells), strict=True))))
    except csv.Error as error:
        raise DataError(f"{path}, row {reader.line_num}: {error}; correct it") from error
    _check_columns(path, columns)
    return Table(tuple(columns), tuple(rows))


def _cell(text: str) -> Any:
    """Read a list that is written as JSON; everything else is text."""
    if text.startswith("[") and text.endswith("]"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _check_columns(path: Path, columns: list[str]) -> None:
    for name in columns:
        if columns.count(name) > 1:
            raise DataError(f'{path}: the column "{name}" occurs twice; name each once')


def _read_lines(path: Path, text: str) -> Table:
    rows: list[tuple[int, Mapping[str, Any]]] = []
    columns: dict[str, None] = {}
    # Not splitlines, which also splits at signs that JSON may hold in a text.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except RecursionError as error:
            raise DataError(
                f"{path}, row {number}: nested too deeply; write lists of numbers"
            ) from error
        except ValueError as error:
            raise DataError(f"{path}, row {number}: not JSON ({error}); correct it") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}, row {number}: not an object; write {{…}} on each line")
        columns |= dict.fromkeys(row)
        rows.append((number, row))
    return Table(tuple(columns), tuple(rows))


def _read_parquet(path: Path, wanted: set[str]) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(
            f'{path}: Parquet is read by pyarrow, which is not installed; pip install "decant'
            '[parquet]", or save the table as CSV or JSON Lines'
        ) from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            kept = [name for name in dict.fromkeys(schema.names) if name in wanted]
            for name in kept:
                _check_flat(path, name, schema.field(schema.names.index(name)).type)
            rows = file.read(columns=kept).to_pylist()
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        raise DataError(f"{path}: not a Parquet file that can be read ({error})") from error
    _check_columns(path, schema.names)
    return Table(tuple(schema.names), tuple(enumerate(rows, 1)))


def _check_flat(path: Path, name: str, kind: Any) -> None:
    """Refuse a column of tables; lists of numbers or texts are cells like others."""
    from pyarrow import types

    inner = kind
    while types.is_list(inner) or types.is_large_list(inner) or types.is_fixed_size_list(inner):
        inner = inner.value_type
    if types.is_nested(inner):
        raise DataError(
            f'{path}: the column "{name}" is nested ({kind}); write each field that is wanted as a '
            "column of its own"
        )
