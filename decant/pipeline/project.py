"""A model that a command works on: its spec, its build folder and what is cached of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from ..artifacts import remove
from ..cache import Cache
from ..errors import DataError, UsageError
from ..overrides import options_of, renewal_of
from ..source import find_source
from ..spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..overrides import Overrides
    from ..paths import AnyPath
    from ..spec import Spec


@dataclass(frozen=True, slots=True)
class Project:
    """A spec and where its results go.

    Attributes:
        spec: The spec.
        out: Build folder.
        renewal: Command that makes what is in it anew.
    """

    spec: Spec
    out: Path
    renewal: str

    @property
    def cache(self) -> Cache:
        """What earlier runs made."""
        return Cache(self.out / ".cache")


def open_project(
    model: AnyPath, out: AnyPath | None, overrides: Overrides | None = None
) -> Project:
    """Read the spec that a command names.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` if None.
        overrides: Values that go before the spec's, by dotted key.

    Raises:
        UsageError: If it names nothing, or a file that is no spec.
        SpecError: If the spec is not usable.
        DataError: If the file is missing, or the build folder is a file.
    """
    text = os.fspath(model)
    spec = load_spec(find_source(text, "spec").path, overrides)
    command = renewal_of(text, spec.overrides)
    if out is None:
        return Project(spec, Path("build", spec.model.name), command)
    out = Path(out)
    if out.is_file():
        raise DataError(f"{out}: is a file; --out names a folder")
    return Project(spec, out, f"{command} --out {quote(str(out))}")


def without_spec(source: AnyPath, overrides: Overrides | None) -> None:
    """Refuse keys of a spec for a file, which has none.

    Raises:
        UsageError: If there are some.
    """
    if overrides:
        options = " ".join(options_of(overrides))
        raise UsageError(f"{options}: {source} has no spec, whose keys could be set; leave it out")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second command out of a build folder.

    A folder that is new is taken away if a refused command leaves nothing of use in it, and those
    above it that were made for it.

    Raises:
        UsageError: If one is at work there.
        DataError: If the folder cannot be written.
    """
    path = folder / ".cache" / "lock"
    made = [each for each in (folder, *folder.parents) if not each.exists()]
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
            if made and _is_useless(folder):
                remove(folder)
                with contextlib.suppress(OSError):
                    for each in made[1:]:
                        each.rmdir()
            raise


def _is_useless(folder: Path) -> bool:
    """Whether a build folder holds at most the finding that the data sets are in order."""
    others = [each for each in folder.iterdir() if each.name != ".cache"]
    kept = [each.name for each in (folder / ".cache").iterdir() if each.name != "lock"]
    return not others and all(name.startswith("data-") for name in kept)
