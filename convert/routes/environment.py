"""Makes the environments of other tools: on demand, once, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from decant.artifacts import read_json, remove, sha256, write_json
from decant.errors import DataError

from .process import run_limited

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

PINS: Final = Path(__file__).with_name("pins")
MARKER: Final = "made.json"
"""Written last: a folder without it is half-made and is made again."""

INSTALL_LIMIT_S: Final = 3600.0
ASK_LIMIT_S: Final = 20.0
SHORT_OF_NETWORK: Final = (
    *("NewConnectionError", "Temporary failure in name resolution", "Network is unreachable"),
    *("Connection refused", "ConnectTimeoutError", "ProxyError"),
)


class NoEnvironment(DataError):
    """An environment that cannot be made."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with pinned packages, in the user's cache folder.

    Attributes:
        name: Of the tool that it is for.
        pins: File of `pip install --requirement`.
        pythons: Versions that it can be made with, such as "3.12", the best first.
    """

    name: str
    pins: Path
    pythons: tuple[str, ...]

    def python(self) -> Path:
        """Give its interpreter; the environment is made first where there is none of these pins.

        Raises:
            NoEnvironment: If no interpreter of the right version is found or the packages cannot be
                installed; the message says what to do.
        """
        digest = sha256(self.pins)
        folder = environments_folder() / f"{self.name}-{digest[:16]}"
        python = folder / "bin" / "python"
        if not _is_whole(folder, python, digest):
            with _locked(folder):
                if not _is_whole(folder, python, digest):
                    self._make(folder, python)
                    write_json(folder / MARKER, {"pins": digest})
        return python

    def _make(self, folder: Path, python: Path) -> None:
        interpreter = self._interpreter()
        logger.info(
            "%s: its environment is made in %s, once; that takes minutes", self.name, folder
        )
        remove(folder)
        self._run([str(interpreter), "-m", "venv", str(folder)])
        pip = [str(python), "-m", "pip", "--no-input", "--disable-pip-version-check"]
        self._run([*pip, "install", "--quiet", "--requirement", str(self.pins)])

    def _run(self, command: list[str]) -> None:
        ended = run_limited(command, time_s=INSTALL_LIMIT_S)
        if ended.code == 0:
            return
        how = ended.how(INSTALL_LIMIT_S)
        raise NoEnvironment(
            f"{self.name}: its environment cannot be made ({how}); {_advice(ended.output)}"
            f"{ended.tail()}"
        )

    def _interpreter(self) -> Path:
        """Find a Python that it can be made with.

        Raises:
            NoEnvironment: If there is none.
        """
        for version in self.pythons:
            for candidate in _candidates(version):
                if _version_of(candidate) == version:
                    return candidate
        wanted = " or ".join(self.pythons)
        raise NoEnvironment(
            f"{self.name}: its environment wants Python {wanted}, and none is found; install it "
            f"(pyenv install {self.pythons[0]}, uv python install {self.pythons[0]}, or your "
            f"system's python{self.pythons[0]} with its venv module)"
        )


def environments_folder() -> Path:
    """Where environments are kept: below the user's cache folder, as the XDG standard has it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The standard: a path that is not absolute is to be ignored.
    cache = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return cache / "decant" / "environments"


def _is_whole(folder: Path, python: Path, digest: str) -> bool:
    try:
        return python.exists() and bool(read_json(folder / MARKER) == {"pins": digest})
    except DataError:
        return False


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same environment meanwhile."""
    lock = folder.with_name(f".{folder.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise NoEnvironment(
            f"{lock.parent}: cannot be written ({error.strerror}); name another cache folder in "
            "the variable XDG_CACHE_HOME"
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _candidates(version: str) -> Iterator[Path]:
    """Where an interpreter of a version may be: this one, on the path, pyenv's and uv's."""
    yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob(f"{version}*/bin/python"), reverse=True)
    uv = shutil.which("uv")
    if uv is not None:
        found = _said([uv, "python", "find", "--no-python-downloads", version])
        if found:
            yield Path(found)


def _version_of(python: Path) -> str:
    """Ask an interpreter for its version; "" of what is none, such as a shim of another one."""
    return _said([str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])


def _said(command: list[str]) -> str:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=ASK_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""


def _advice(output: str) -> str:
    if any(sign in output for sign in SHORT_OF_NETWORK):
        return "the package index cannot be reached: connect this machine and run the command again"
    if "No space left on device" in output:
        return "free some space, or name another cache folder in the variable XDG_CACHE_HOME"
    return "see pip's own words, and run the command again"
