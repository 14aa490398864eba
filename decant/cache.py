"""Keeps what each stage made, addressed by everything that it was made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from .artifacts import (
    atomic_folder,
    files_in,
    read_json,
    remove,
    sha256,
    sha256_text,
    to_json,
    write_json,
)
from .errors import DataError
from .source_code import library_version, package_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RECORD = "stage.json"
KEPT_PER_STAGE = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way, and everything that its result depends on.

    Attributes:
        name: Names the step, in the cache and on the terminal.
        inputs: SHA-256 of each input, by what it is.
        settings: Anything JSON can hold.
        packages: Import names whose source takes part, with the versions of the libraries it
            imports; the core always does.
        libraries: Distributions whose version takes part although no source of ours imports them.
    """

    name: str
    inputs: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """List what the key is made of."""
        codes = {name: package_code(name) for name in ("decant", *self.packages)}
        libraries = {name: library_version(name) for name in self.libraries}
        for code in codes.values():
            libraries.update(code.libraries)
        return {
            "name": self.name,
            "inputs": dict(self.inputs),
            "settings": dict(self.settings),
            "code": {name: code.sha256 for name, code in codes.items()},
            "libraries": libraries,
        }

    @property
    def key(self) -> str:
        """SHA-256 of everything that the result depends on."""
        return sha256_text(to_json(self.describe()))


@dataclass(frozen=True, slots=True)
class Result:
    """The files of a stage.

    Attributes:
        folder: Where they lie.
        files: SHA-256 of each, by path relative to `folder`.
        fresh: Whether this run made them.
    """

    folder: Path
    files: Mapping[str, str]
    fresh: bool


class _Record(BaseModel):
    """What is written beside the files of a stage, and makes them count."""

    made_from: dict[str, Any]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cache:
    """The results of earlier runs, a folder per stage and key below `root`."""

    root: Path

    def find(self, stage: Stage) -> Result | None:
        """Return the kept result of a stage, if it is whole.

        Neither times nor places of files count, so that a cache may be restored anywhere: the
        record must say that it is of this very stage, and each file have the content it states.
        """
        folder = self._folder(stage)
        try:
            record = _Record.model_validate(read_json(folder / RECORD))
            whole = all(sha256(folder / name) == digest for name, digest in record.files.items())
        except (DataError, ValidationError):
            return None
        whole = whole and to_json(record.made_from) == to_json(stage.describe())
        return Result(folder, record.files, fresh=False) if whole else None

    def run(
        self,
        stage: Stage,
        work: Callable[[Path], object],
        *,
        resumable: bool = False,
        again: bool = False,
    ) -> Result:
        """Return the kept result of a stage, or have `work` write a new one into a folder.

        Args:
            stage: What to do.
            work: Writes the stage's files into the folder it is given, an empty one.
            resumable: Hand `work` what an interrupted run of the same stage left behind.
            again: Do the work even if there is a kept result, which stays until the end of it.
        """
        found = None if again else self.find(stage)
        if found is not None:
            return found
        folder = self._folder(stage)
        self._clear_up(stage)
        if resumable:
            files = _carry_out(stage, work, folder)
        else:
            with atomic_folder(folder) as temporary:
                files = _carry_out(stage, work, temporary)
        self._forget_old(stage)
        return Result(folder, files, fresh=True)

    def _folder(self, stage: Stage) -> Path:
        return self.root / f"{stage.name}-{stage.key[:16]}"

    def _clear_up(self, stage: Stage) -> None:
        """Remove what a run of the stage began and, killed outright, could not take away.

        A cache is used by one command at a time, so that no one is at work there.
        """
        for folder in self.root.glob(f".{stage.name}-*.tmp"):
            remove(folder)

    def _forget_old(self, stage: Stage) -> None:
        """Keep only the newest results of a stage, the one just made whatever the clock says."""
        others = {*self.root.glob(f"{stage.name}-*")} - {self._folder(stage)}
        newest_first = sorted(others, key=lambda folder: folder.stat().st_mtime, reverse=True)
        for folder in newest_first[KEPT_PER_STAGE - 1 :]:
            remove(folder)


def _carry_out(stage: Stage, work: Callable[[Path], object], folder: Path) -> dict[str, str]:
    """Do the work in a folder and record its files, which makes the result count."""
    work(folder)
    files = {file.relative_to(folder).as_posix(): sha256(file) for file in files_in(folder)}
    record = _Record(made_from=stage.describe(), files=files)
    write_json(folder / RECORD, record.model_dump(mode="json"))
    return files
