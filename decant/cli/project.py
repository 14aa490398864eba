"""A model that a command works on: its spec, its build folder and what is cached of it."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import sha256, sha256_text
from ..cache import Cache, source_hash
from ..errors import DataError, UsageError
from ..source import find_source
from ..spec import CocoSource, FolderSource, load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..spec import Source, Spec


@dataclass(frozen=True, slots=True)
class Project:
    """A spec and where its results go."""

    spec: Spec
    out: Path

    @property
    def cache(self) -> Cache:
        """What earlier runs made."""
        return Cache(self.out / ".cache")

    def network_inputs(self) -> dict[str, str]:
        """Hash what the PyTorch network is made from."""
        hashes = {"factory": code_hash(self.spec.model.factory, self.spec.folder)}
        if self.spec.model.checkpoint is not None:
            hashes["checkpoint"] = sha256(self.spec.path(self.spec.model.checkpoint))
        for operators in self.spec.model.operators:
            hashes[operators] = sha256(self.spec.path(operators))
        return hashes

    def recipe_input(self) -> dict[str, str]:
        """Hash the quantization recipe that the spec names, if it names one."""
        recipe = self.spec.quantization.recipe
        return {} if recipe is None else {"recipe": sha256(self.spec.path(recipe))}

    def data_input(self, source: Source) -> str:
        """Hash what the samples of a source are made from."""
        if isinstance(source, CocoSource):
            files = (source.annotations, source.images, source.checksums)
            return sha256_text(" ".join(sha256(self.spec.path(file)) for file in files if file))
        if isinstance(source, FolderSource):
            return sha256(self.spec.path(source.path))
        return code_hash(source.factory, self.spec.folder)


def open_project(text: str, out: Path | None) -> Project:
    """Read the spec that a command names.

    Raises:
        UsageError: If it names nothing, or a file that is no spec.
        SpecError: If the spec is not usable.
        DataError: If the file is missing.
    """
    spec = load_spec(find_source(text, "spec").path)
    return Project(spec, out if out is not None else Path("build", spec.model.name))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second command out of a build folder.

    Raises:
        UsageError: If one is at work there.
        DataError: If the folder cannot be written.
    """
    path = folder / ".cache" / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written ({error.strerror}); give another folder with --out"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"{folder}: another decant command is at work there; wait for it, or give "
                "another folder with --out"
            ) from None
        yield


def code_hash(reference: str, folder: Path) -> str:
    """Hash the code that a factory may run: its package, or all Python files beside it."""
    place = reference.rpartition(":")[0]
    if place.endswith(".py"):
        files = {*folder.glob("*.py"), *(folder / place).parent.glob("*.py"), folder / place}
        return sha256_text("\n".join(sha256(file) for file in sorted(files)))
    parts = place.split(".")
    if (folder / f"{parts[0]}.py").is_file():
        return sha256_text("\n".join(sha256(file) for file in sorted(folder.glob("*.py"))))
    # Of ours, the one model's package; of others, all that belongs to the distribution.
    return source_hash(".".join(parts[:3] if parts[:2] == ["decant", "zoo"] else parts[:1]))
