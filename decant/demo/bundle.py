"""Finds the bundle that a command names, and the files of it that the page needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from ..sidecar import NAME, read_sidecar
from ..source import find_source
from ..spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..sidecar import Golden, Sidecar


@dataclass(frozen=True, slots=True)
class Bundle:
    """A release: its sidecar, and the folder of the files that it describes."""

    folder: Path
    sidecar: Sidecar

    def files(self) -> tuple[str, ...]:
        """Name every file of the bundle, relative to its folder."""
        models = (variant.file for variant in self.sidecar.variants)
        examples = (file for golden in self.sidecar.golden for file in _files(golden))
        return (NAME, *models, *examples)


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
    """Read a bundle whose model files are those that its sidecar describes.

    Raises:
        DataError: If the sidecar does not fit, or a file is missing or another.
    """
    bundle = Bundle(path.parent, read_sidecar(path))
    for name in bundle.files():
        if not (bundle.folder / name).is_file():
            raise DataError(f"{bundle.folder / name}: no such file; run decant tflite again")
    return bundle


def _files(golden: Golden) -> Iterator[str]:
    if golden.photo is not None:
        yield golden.photo
    if golden.pixels is not None:
        yield golden.pixels.file
    for tensors in (golden.inputs, *golden.outputs.values()):
        yield from (tensor.file for tensor in tensors.values())
