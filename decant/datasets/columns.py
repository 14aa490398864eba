"""Says which columns of a table, arrays of a file or keys of a sample are what."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from pydantic import AfterValidator

from ..errors import DataError, SpecError, shortened

if TYPE_CHECKING:
    from .source import Opening

Wanted: TypeAlias = "Mapping[str, str | Sequence[str]]"
"""Name of an input or of a truth field → its column, or columns that make up a list."""


def _check_columns(given: Any) -> Any:
    tables = [*given.values()] if isinstance(given, dict) else [given]
    for each in tables or [None]:
        names = each if isinstance(each, list) and each else [each]
        if not all(isinstance(name, str) and name for name in names):
            raise ValueError("must be a column, a list of columns, or a table of these by name")
    return given


def _check_one(given: Any) -> Any:
    tables = [*given.values()] if isinstance(given, dict) else [given]
    if not tables or not all(isinstance(name, str) and name for name in tables):
        raise ValueError("must be a name, or a table of names by name")
    return given


Column = Annotated[Any, AfterValidator(_check_one)]
"""One name, or one by name of an input or a truth field."""
Columns = Annotated[Any, AfterValidator(_check_columns)]
"""A column, several that make up a list, or either by name of an input or a truth field."""


def input_columns(given: Any, opening: Opening, kind: str) -> Wanted:
    """Name the columns of each input; without a table, those of the only one.

    Raises:
        SpecError: If an input is left out, or there is none of that name.
    """
    names = tuple(opening.inputs)
    if given is None:
        return {name: name for name in names}
    if not isinstance(given, dict):
        return {opening.only_input(kind): given}
    for name in given:
        if name not in names:
            raise SpecError(
                f'data.….input.{name}: the model has no input "{name}"; {_hint(name, names)}'
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise SpecError(f"data.….input: {missing[0]} is missing; name its column")
    return dict(given)


def truth_columns(given: Any, opening: Opening) -> Wanted:
    """Name the columns of each truth field; without a table, those of the task's first.

    Raises:
        SpecError: If the task has no such field.
    """
    fields = opening.task.truth_fields
    if not isinstance(given, dict):
        return {fields[0]: given}
    for name in given:
        if name not in fields:
            raise SpecError(
                f"data.….truth.{name}: the task takes {' or '.join(fields)}; {_hint(name, fields)}"
            )
    return dict(given)


def offered_fields(offered: Iterable[str], opening: Opening, where: str) -> Wanted:
    """Find the truth fields of the task among what there is.

    Raises:
        DataError: If there is none.
    """
    known, fields = [*offered], opening.task.truth_fields
    found = {name: name for name in fields if name in known}
    if not found:
        raise DataError(
            f"{where}: has {_listed(known)}, but no {' or '.join(fields)}, which the task takes; "
            "name it in data.….truth"
        )
    return found


def check_known(wanted: Wanted, offered: Iterable[str], where: str, what: str = "column") -> None:
    """Refuse a name that is not offered.

    Raises:
        DataError: If there is one; the message names the nearest.
    """
    known = [*offered]
    for given in wanted.values():
        for name in [given] if isinstance(given, str) else given:
            if name not in known:
                raise DataError(
                    f'{where}: has no {what} "{name}", only {_listed(known)}; {_hint(name, known)}'
                )


def tag_names(given: Any, where: str) -> frozenset[str]:
    """Read a name or several; None and an empty text are none.

    Raises:
        DataError: If it is something else.
    """
    told = given.tolist() if isinstance(given, np.ndarray) else given
    names = [told] if isinstance(told, str) else [] if told is None else told
    several = isinstance(names, Iterable) and not isinstance(names, Mapping | bytes)
    names = [*names] if several else names
    if not several or not all(isinstance(name, str) for name in names):
        raise DataError(f"{where}: the tags {shortened(given)} are no name or list of names")
    return frozenset(names) - {""}


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, [*known], n=1)
    return f'did you mean "{close[0]}"?' if close else "correct the name"


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(f'"{name}"' for name in names[:8])
    more = len(names) - 8
    return f"{some} and {more} more" if more > 0 else some or "nothing"
