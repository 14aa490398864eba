"""Finds a label of the spec in what a data set says."""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = re.compile("[0-9]{1,9}")
LONGEST = 200
"""Letters that are compared with those of the labels, for a hint."""


def label_index(labels: Sequence[str], given: Any) -> int:
    """Give the index of a label that is named, or numbered as Torch's data sets do.

    A text that is a number, as tables of text have it, is one where no label is.

    Raises:
        ValueError: If there is no such label, or a number may mean two.
    """
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return _numbered(labels, int(given))
    if isinstance(given, str) and given in labels:
        return labels.index(given)
    if _is_number(given) and not _any_number(tuple(labels)):
        return _numbered(labels, int(given))
    near = difflib.get_close_matches(given[:LONGEST], labels, n=1) if isinstance(given, str) else []
    hint = f'is it "{near[0]}"?' if near else "add it or correct it"
    raise ValueError(f"the label {shortened(given)} is not in task.labels; {hint}")


@cache
def _any_number(labels: tuple[str, ...]) -> bool:
    return any(map(_is_number, labels))


def _is_number(given: Any) -> bool:
    return isinstance(given, str) and NUMBER.fullmatch(given) is not None


def _numbered(labels: Sequence[str], number: int) -> int:
    if not 0 <= number < len(labels):
        raise ValueError(
            f"the label {shortened(number)} is out of range: task.labels has 0 … "
            f"{len(labels) - 1}; correct it or add labels"
        )
    if str(number) in labels and labels[number] != str(number):
        raise ValueError(
            f'the label {number} may be "{number}" of task.labels or the one at place {number}, '
            f'"{labels[number]}"; give its name as text'
        )
    return number
