"""Reads one folder of pictures per class."""

from __future__ import annotations

import difflib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from ..artifacts import files_in
from ..errors import DataError
from ..inputs.image import PICTURES
from ..inputs.registry import SECTIONS
from .dataset import Entry, FileDataset
from .source import DataSource, Opening, check_folder, read_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..paths import AnyPath


SUFFIXES = frozenset().union(PICTURES, *(section.suffixes for section in SECTIONS))
"""Of files that some kind of input reads."""

logger = logging.getLogger(__name__)


class FolderSource(DataSource):
    """One folder of images per class, the folder's name being the label."""

    path_keys: ClassVar[tuple[str, ...]] = ("path",)
    folder_keys: ClassVar[tuple[str, ...]] = ("path",)
    kind: Literal["folder"]
    path: str

    @property
    def title(self) -> str:
        """The folder."""
        return self.path

    @property
    def offers(self) -> tuple[str, ...]:
        """The name of the class."""
        return ("label",)

    def open(self, opening: Opening) -> FileDataset:
        """Open the folder, whose subfolders are named after labels.

        Raises:
            DataError: If it is missing or empty, holds a folder that is no label, or pictures
                beside the folders.
        """
        root, name, task = opening.folder / self.path, opening.only_input(self.kind), opening.task
        suffixes = opening.inputs[name].suffixes
        check_folder(root, "path")
        visible = sorted(path for path in root.iterdir() if not path.name.startswith("."))
        stray = next((path for path in visible if _is_input(path, suffixes)), None)
        if stray:
            raise DataError(
                f"{stray}: lies in no class folder; move it into the folder of its label"
            )
        folders = [path for path in visible if path.is_dir()]
        _check_known(root, [path.name for path in folders], task.labels)
        entries = tuple(
            Entry(path.relative_to(root).as_posix(), {name: path}, truth)
            for each in folders
            for truth in (read_truth(task, {"label": each.name}, str(each)),)
            for path in _files(each, suffixes)
        )
        if not entries:
            raise DataError(
                f"{root}: holds no pictures; put them into one folder per label, such as "
                f"{root / (*task.labels, 'label')[0]}"
            )
        return FileDataset(str(root), entries, opening.inputs)

    def files_in(self, key: str, folder: AnyPath) -> tuple[Path, list[str]]:
        """List the pictures in the folders of the classes."""
        root = Path(folder) / self.path
        names = [file.relative_to(root) for file in files_in(root)]
        pictures = [
            name.as_posix()
            for name in names
            if name.suffix.lower() in SUFFIXES
            and not name.name.startswith(".")
            and not name.parts[0].startswith(".")
        ]
        return root, pictures


def _check_known(root: Path, names: Iterable[str], labels: Sequence[str]) -> None:
    for name in names:
        if labels and name not in labels:
            close = difflib.get_close_matches(name, labels, n=1)
            hint = f'is it "{close[0]}"?' if close else "add it there or remove the folder"
            raise DataError(f'{root / name}: "{name}" is not in task.labels; {hint}')


def _files(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """List what the input reads below a class folder; other files are passed over, and named."""
    for path in sorted(folder.rglob("*")):
        if _is_input(path, suffixes):
            yield path
        elif path.is_file() and not path.name.startswith("."):
            what = "a picture" if suffixes >= PICTURES else f"one of {', '.join(sorted(suffixes))}"
            logger.warning("%s: not %s by its suffix; passed over", path, what)


def _is_input(path: Path, suffixes: frozenset[str]) -> bool:
    return path.suffix.lower() in suffixes and path.is_file() and not path.name.startswith(".")
