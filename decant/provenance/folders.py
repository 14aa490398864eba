"""Hashes the files of a data set: those that are read, whatever else lies beside them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..artifacts import sha256, sha256_listing
from ..progress import track

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ABSENT = "absent"


def hash_folder(root: Path, names: Sequence[str]) -> str:
    """Hash name and content of every file that a data set is read from.

    Notes, thumbnails of the file manager and pictures that no annotation lists do not count.

    Raises:
        DataError: If a file cannot be read.
    """
    tracked = track(names, "checking pictures", len(names))
    return sha256_listing({name: _hash(root / name) for name in tracked})


def _hash(path: Path) -> str:
    """Hash a file; one that is missing is refused when the data set is opened."""
    return sha256(path) if os.path.isfile(path) else ABSENT
