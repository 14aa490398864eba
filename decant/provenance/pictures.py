"""Hashes the pictures of a data set: those that are read, whatever else lies beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..artifacts import files_in, read_json, sha256, sha256_listing
from ..errors import DataError
from ..progress import track
from ..spec import FolderSource

if TYPE_CHECKING:
    from pathlib import Path

    from ..spec import CocoSource

ABSENT = "absent"


def hash_pictures(source: CocoSource | FolderSource, folder: Path) -> str:
    """Hash name and content of every picture that a data set is read from.

    Notes, thumbnails of the file manager and pictures that no annotation lists do not count.

    Args:
        source: Of the spec.
        folder: Where relative paths start: the spec's.

    Raises:
        DataError: If a picture cannot be read.
    """
    if isinstance(source, FolderSource):
        root = folder / source.path
        names = _pictures_below(root)
    else:
        root = folder / source.images
        names = _listed_pictures(source, folder)
    pictures = track(names, "checking pictures", len(names))
    return sha256_listing({name: _hash(root / name) for name in pictures})


def _pictures_below(root: Path) -> list[str]:
    """List the pictures in a folder of classes; `decant.datasets.folder` reads the same."""
    from ..datasets.folder import SUFFIXES

    names = [file.relative_to(root) for file in files_in(root)]
    return [
        name.as_posix()
        for name in names
        if name.suffix.lower() in SUFFIXES
        and not name.name.startswith(".")
        and not name.parts[0].startswith(".")
    ]


def _listed_pictures(source: CocoSource, folder: Path) -> list[str]:
    """List the pictures that annotations name; of what is no COCO file, none."""
    try:
        listed = read_json(folder / source.annotations)["images"]
        return sorted({str(image["file_name"]) for image in listed})
    except (DataError, LookupError, TypeError):
        # Opening the data set refuses it, and says why.
        return []


def _hash(path: Path) -> str:
    """Hash a picture; one that is missing is refused when the data set is opened."""
    return sha256(path) if path.is_file() else ABSENT
