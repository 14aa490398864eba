"""A bundle: a sidecar and the files that it describes, which is all that an app ships."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .artifacts import atomic_folder, sha256
from .errors import DataError
from .sidecar import NAME, read_sidecar
from .source import find_source
from .spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sidecar import Golden, Sidecar

REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A release: its sidecar, and the folder of the files that it describes."""

    folder: Path
    sidecar: Sidecar

    def hashes(self) -> dict[str, str]:
        """Give the SHA-256 of every file that the sidecar names, by its path in the folder."""
        models = {variant.file: variant.sha256 for variant in self.sidecar.variants}
        return models | dict(pair for golden in self.sidecar.golden for pair in _files(golden))

    def files(self) -> tuple[str, ...]:
        """Name every file of the bundle, relative to its folder."""
        return (NAME, *self.hashes())

    def copy_to(self, folder: Path) -> None:
        """Copy the bundle, and the report if there is one, all or nothing.

        Args:
            folder: Missing, empty, or an earlier bundle, which is replaced as a whole.

        Raises:
            DataError: If the folder holds something else or cannot be written.
        """
        if folder.exists() and any(folder.iterdir()) and not (folder / NAME).is_file():
            raise DataError(f"{folder}: holds files, but no bundle; give a new or an empty folder")
        report = (REPORT,) if (self.folder / REPORT).is_file() else ()
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder) as temporary:
            for name in (*self.files(), *report):
                target = temporary / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.folder / name, target)


def find_bundle(text: str) -> Path:
    """Find the sidecar of a zoo model, a spec, a folder, or one named itself.

    Raises:
        UsageError: If the text names nothing.
        DataError: If there is no sidecar yet.
    """
    path = Path(text)
    if path.name == NAME:
        sidecar, model = path, "MODEL"
    elif (path / NAME).is_file():
        sidecar, model = path / NAME, text
    else:
        spec = load_spec(find_source(text, "spec").path)
        sidecar, model = Path("build", spec.model.name, NAME), text
    if not sidecar.is_file():
        raise DataError(f"{sidecar}: no such file; make the bundle first: decant tflite {model}")
    return sidecar


def open_bundle(path: Path) -> Bundle:
    """Read a bundle whose files are all those that its sidecar describes.

    Raises:
        DataError: If the sidecar does not fit, or a file is missing or another.
    """
    bundle = Bundle(path.parent, read_sidecar(path))
    for name, expected in bundle.hashes().items():
        if sha256(bundle.folder / name) != expected:
            raise DataError(
                f"{bundle.folder / name}: is not the file that {path.name} describes; keep the "
                "files of one run together, or run decant tflite again"
            )
    return bundle


def _files(golden: Golden) -> Iterator[tuple[str, str]]:
    if golden.photo is not None and golden.photo_sha256 is not None:
        yield golden.photo, golden.photo_sha256
    pixels = () if golden.pixels is None else (golden.pixels,)
    outputs = (file for files in golden.outputs.values() for file in files.values())
    for file in (*pixels, *golden.inputs.values(), *outputs):
        yield file.file, file.sha256
