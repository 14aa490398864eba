"""How many characters must be changed to make one text of another."""

from __future__ import annotations

import numpy as np


def edit_distance(one: str, other: str) -> int:
    """Count insertions, deletions and substitutions (Levenshtein 1966)."""
    letters = np.asarray([ord(each) for each in other], np.int64)
    places = np.arange(len(other) + 1)
    row = places
    for number, letter in enumerate(one, 1):
        changed = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        candidates = np.append(number, changed)
        # What comes from the left costs one a step: the least of all to the left, less their place.
        row = np.minimum.accumulate(candidates - places) + places
    return int(row[-1])
