"""A model that a command works on: its spec, its build folder and what is cached of it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import remove, sha256, sha256_text, to_json
from ..cache import Cache
from ..errors import DataError, UsageError
from ..source import find_source
from ..source_code import factory_hash
from ..spec import GeneratedSource, load_spec

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
        model = self.spec.model
        hashes = {"factory": factory_hash(model.factory, self.spec.folder)}
        if model.checkpoint is not None:
            hashes["checkpoint"] = self._sha256("model.checkpoint", model.checkpoint)
        return {
            **hashes,
            **self._files_of_arguments(),
            **{name: self._sha256("model.operators", name) for name in model.operators},
        }

    def _files_of_arguments(self) -> dict[str, str]:
        """Hash the files that arguments name: the factory may well read them."""
        texts = {k: v for k, v in self.spec.model.arguments.items() if isinstance(v, str)}
        paths = {f"arguments.{key}": self.spec.path(text) for key, text in texts.items()}
        # Not Path.is_file, which raises where a text is too long for a name.
        return {key: sha256(path) for key, path in paths.items() if os.path.isfile(path)}

    def recipe_input(self) -> dict[str, str]:
        """Hash the quantization recipe that the spec names, if it names one."""
        recipe = self.spec.quantization.recipe
        return {} if recipe is None else {"recipe": self._sha256("quantization.recipe", recipe)}

    def data_input(self, part: str) -> str:
        """Hash what the samples of a part are made from: its keys, and what they lead to."""
        source: Source = getattr(self.spec.data, part)
        document = source.model_dump(mode="json")
        if isinstance(source, GeneratedSource):
            content = [factory_hash(source.factory, self.spec.folder)]
        else:
            keys = ("annotations", "images", "checksums", "path")
            files = {key: document[key] for key in keys if document.get(key) is not None}
            content = [self._sha256(f"data.{part}.{key}", file) for key, file in files.items()]
        return sha256_text(to_json([document, content]))

    def _sha256(self, key: str, relative: str) -> str:
        return sha256(self.spec.file(key, relative))


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

    A folder that is new is taken away if a refused command leaves nothing of use in it.

    Raises:
        UsageError: If one is at work there.
        DataError: If the folder cannot be written.
    """
    path = folder / ".cache" / "lock"
    was_there = folder.exists()
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
        try:
            yield
        except BaseException:
            if not was_there and _is_useless(folder):
                remove(folder)
            raise


def _is_useless(folder: Path) -> bool:
    """Whether a build folder holds at most the finding that the data sets are in order."""
    others = [each for each in folder.iterdir() if each.name != ".cache"]
    kept = [each.name for each in (folder / ".cache").iterdir() if each.name != "lock"]
    return not others and all(name.startswith("data-") for name in kept)
