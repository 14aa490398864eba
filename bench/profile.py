"""Counts a file's operators and those that XNNPACK took."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from decant.delegation import delegation

from .schema import Profile

if TYPE_CHECKING:
    from pathlib import Path


def profile(path: Path) -> Profile:
    """Count the operators of a file's main graph.

    Raises:
        DataError: If LiteRT cannot load the file.
    """
    found = delegation(path)
    return Profile(
        operators=dict(Counter(found.kinds.values())),
        outside=dict(Counter(found.kinds[index] for index in found.outside)),
        delegated=len(found.kinds) - len(found.outside),
        partitions=found.partitions,
    )
