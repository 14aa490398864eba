"""A bundle: a sidecar and the files that it describes, which is all that an app ships."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .artifacts import atomic_folder, sha256
from .contract.predictor import check_fit, check_golden
from .contract.sidecar import read_sidecar
from .errors import DataError, UsageError
from .files import REPORT, SIDECAR, SPEC
from .one_run import check_one_run, read_provenance
from .overrides import renewal_of
from .paths import no_file
from .provenance import RENEWAL, check_current, check_digests, provenance_of
from .source import find_source, zoo_models
from .spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .contract.sidecar import Golden, Sidecar
    from .overrides import Overrides
    from .paths import AnyPath
    from .spec import Spec


@dataclass(frozen=True, slots=True)
class Found:
    """A bundle that a text names.

    Attributes:
        sidecar: Path of its sidecar.
        spec: That the text names; None if it names a folder or a sidecar.
        renewal: Command that makes the bundle anew.
    """

    sidecar: Path
    spec: Spec | None
    renewal: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A release: its sidecar, and the folder of the files that it describes."""

    folder: Path
    sidecar: Sidecar

    def hashes(self) -> dict[str, str]:
        """Give the SHA-256 of every file that the sidecar names, by its path in the folder."""
        models = {variant.file: variant.sha256 for variant in self.sidecar.variants}
        return models | _golden_hashes(self.sidecar)

    def files(self) -> tuple[str, ...]:
        """Name every file of the bundle, relative to its folder."""
        return (SIDECAR, *self.hashes())

    def copy_to(self, folder: AnyPath) -> tuple[str, ...]:
        """Copy the bundle, and the report if there is one, all or nothing.

        Args:
            folder: Missing, empty, or an earlier bundle, which is replaced as a whole.

        Returns:
            What was copied, relative to the folder.

        Raises:
            DataError: If the folder holds something else or cannot be written.
        """
        folder = Path(folder).resolve()
        if folder.is_file():
            raise DataError(f"{folder}: is a file; give a new or an empty folder")
        strange = sorted(_held(folder) - _earlier(folder))
        if strange or folder == self.folder.resolve():
            what = strange[0] if strange else "the bundle itself"
            raise DataError(
                f"{folder}: holds {what}, and would be replaced; give a new or an empty folder, or "
                "one that has nothing but an earlier bundle"
            )
        copied = [*self.files(), *([REPORT] if (self.folder / REPORT).is_file() else [])]
        with atomic_folder(folder) as temporary:
            for name in copied:
                target = temporary / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.folder / name, target)
        return tuple(copied)


def find_bundle(text: AnyPath, overrides: Overrides | None = None) -> Found:
    """Find the sidecar of a zoo model, a spec, a folder, or one named itself.

    Args:
        text: What the user typed.
        overrides: Values that go before the spec's, by dotted key.

    Raises:
        UsageError: If the text names nothing, or no spec whose keys could be set.
        DataError: If there is no sidecar yet.
    """
    text = os.fspath(text)
    path = Path(text)
    if overrides and (path.name == SIDECAR or (text and os.path.isfile(path / SIDECAR))):
        raise UsageError(f"{text}: is a bundle, and --set is for a spec; name the model instead")
    if path.name == SIDECAR:
        if not os.path.isfile(path):
            raise DataError(f"{path}: {no_file(path)}; decant tflite makes one")
        return Found(path, None, RENEWAL)
    if text and os.path.isfile(path / SIDECAR):
        return Found(path / SIDECAR, None, RENEWAL)
    if os.path.isdir(text) and text not in zoo_models() and not os.path.isfile(path / SPEC):
        raise DataError(
            f"{path}: a folder without a {SIDECAR} or a {SPEC}; name the folder of a bundle, which "
            "decant tflite makes (build/NAME), or a model that it has been made of"
        )
    spec = load_spec(find_source(text, "spec").path, overrides)
    renewal = renewal_of(text, spec.overrides)
    sidecar = Path("build", spec.model.name, SIDECAR)
    if not os.path.isfile(sidecar):
        raise DataError(f"{sidecar}: no such file; make the bundle first: {renewal}")
    return Found(sidecar, spec, renewal)


def open_bundle(path: AnyPath, spec: Spec | None = None, renewal: str = RENEWAL) -> Bundle:
    """Read a bundle whose sidecar is right about its files and about the golden example.

    Args:
        path: Of the sidecar.
        spec: That it was made from, if it is at hand; then the bundle must not be stale.
        renewal: Command that makes the bundle anew, for messages.

    Raises:
        DataError: If the sidecar does not fit its model files, a file is missing or another, or of
            another run, the image or the decode rule does not make of the golden photo what is
            said, or the bundle was made from something else than there is now.
    """
    path = Path(path)
    bundle = Bundle(path.parent, read_sidecar(path, renewal))
    # The model files' hashes were checked with the sidecar.
    for name, expected in _golden_hashes(bundle.sidecar).items():
        if sha256(bundle.folder / name) != expected:
            raise DataError(
                f"{bundle.folder / name}: is not the file that {path.name} describes; keep the "
                f"files of one run together, or make them anew with: {renewal}"
            )
    check_one_run(bundle.folder / REPORT, renewal)
    if spec is not None:
        _check_current(bundle, spec, renewal)
    for variant in bundle.sidecar.variants:
        check_fit(path, bundle.sidecar, bundle.folder / variant.file)
    for index in range(len(bundle.sidecar.golden)):
        check_golden(path, bundle.sidecar, index)
    return bundle


def _check_current(bundle: Bundle, spec: Spec, renewal: str) -> None:
    """Refuse a stale bundle by what the report says, or the sidecar where it lies alone."""
    report, now = bundle.folder / REPORT, provenance_of(spec)
    if report.is_file():
        check_current(report, read_provenance(report, renewal), now, renewal)
    else:
        check_digests(bundle.folder / SIDECAR, bundle.sidecar.made_from, now, renewal)


def _held(folder: Path) -> set[str]:
    """List the files in a folder, if there is one."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _earlier(folder: Path) -> set[str]:
    """List the files that an earlier bundle has put into a folder."""
    try:
        sidecar = read_sidecar(folder / SIDECAR)
    except DataError:
        return set()
    return {*Bundle(folder, sidecar).files(), REPORT}


def _golden_hashes(sidecar: Sidecar) -> dict[str, str]:
    return dict(pair for golden in sidecar.golden for pair in _files(golden))


def _files(golden: Golden) -> Iterator[tuple[str, str]]:
    if golden.photo is not None and golden.photo_sha256 is not None:
        yield golden.photo, golden.photo_sha256
    pixels = () if golden.pixels is None else (golden.pixels,)
    outputs = (file for files in golden.outputs.values() for file in files.values())
    for file in (*pixels, *golden.inputs.values(), *outputs):
        yield file.file, file.sha256
