"""Finds a label of the spec in what a data set says."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def label_index(labels: Sequence[str], given: Any) -> int:
    """Give the index of a label that is named, or numbered as Torch's data sets do.

    Raises:
        ValueError: If there is no such label, or a number may mean two.
    """
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return _numbered(labels, int(given))
    if given in labels:
        return labels.index(given)
    close = difflib.get_close_matches(str(given), labels, n=1)
    hint = f'is it "{close[0]}"?' if close else "add it or correct it"
    raise ValueError(f'the label "{given}" is not in task.labels; {hint}')


def _numbered(labels: Sequence[str], number: int) -> int:
    if not 0 <= number < len(labels):
        raise ValueError(
            f"the label {number} is out of range: task.labels has 0 … {len(labels) - 1}; correct "
            "it or add labels"
        )
    if str(number) in labels and labels[number] != str(number):
        raise ValueError(
            f'the label {number} may be "{number}" of task.labels or the one at place {number}, '
            f'"{labels[number]}"; give its name as text'
        )
    return number
