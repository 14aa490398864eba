"""Reads one folder of pictures per class."""

from __future__ import annotations

import difflib
import logging
from typing import TYPE_CHECKING

from ..errors import DataError
from .dataset import Entry, FileDataset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ..spec import FolderSource

SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

logger = logging.getLogger(__name__)


def open_folder(source: FolderSource, labels: Sequence[str], folder: Path) -> FileDataset:
    """Open `source.path`, whose subfolders are named after labels.

    Raises:
        DataError: If it is missing or empty, holds a folder that is no label, or pictures beside
            the folders.
    """
    root = folder / source.path
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; correct data.….path in the spec")
    visible = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    stray = next((path for path in visible if _is_picture(path)), None)
    if stray:
        raise DataError(f"{stray}: lies in no class folder; move it into the folder of its label")
    folders = [path for path in visible if path.is_dir()]
    _check_known(root, [path.name for path in folders], labels)
    entries = tuple(
        Entry(path.relative_to(root).as_posix(), path, labels.index(each.name))
        for each in folders
        for path in _pictures(each)
    )
    if not entries:
        raise DataError(
            f"{root}: holds no pictures; put them into one folder per label, such as "
            f"{root / labels[0]}"
        )
    return FileDataset(str(root), entries)


def _check_known(root: Path, names: Iterable[str], labels: Sequence[str]) -> None:
    for name in names:
        if name not in labels:
            close = difflib.get_close_matches(name, labels, n=1)
            hint = f'is it "{close[0]}"?' if close else "add it there or remove the folder"
            raise DataError(f'{root / name}: "{name}" is not in task.labels; {hint}')


def _pictures(folder: Path) -> Iterator[Path]:
    """List the pictures below a class folder; other files are passed over, with a warning."""
    for path in sorted(folder.rglob("*")):
        if _is_picture(path):
            yield path
        elif path.is_file() and not path.name.startswith("."):
            logger.warning("%s: not a picture by its suffix; passed over", path)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
