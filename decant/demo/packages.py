"""Installs the page's npm packages, at the versions and hashes of our lock file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ..artifacts import write_bytes
from ..errors import DataError

WEB = Path(__file__).with_name("web")
LISTS = ("package.json", "package-lock.json")
# Written last, so that an installation that was cut short is made again.
DONE = "installed-lock.json"
NODE_PACKAGES = "sudo apt-get install --no-install-recommends nodejs npm"


def installed_packages(folder: Path) -> Path:
    """Install the packages into a folder unless they are there; returns `node_modules`.

    Only the first time needs the network.

    Raises:
        DataError: If npm is missing or fails.
    """
    lock = (WEB / "package-lock.json").read_bytes()
    done = folder / DONE
    if not done.is_file() or done.read_bytes() != lock:
        for name in LISTS:
            write_bytes(folder / name, (WEB / name).read_bytes())
        _install(folder)
        write_bytes(done, lock)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(f"npm: not found; the page needs it once: {NODE_PACKAGES}")
    ended = subprocess.run(
        [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if ended.returncode != 0:
        said = [line for line in ended.stderr.splitlines() if "error" in line.lower()]
        reason = said[0] if said else f"exit code {ended.returncode}"
        raise DataError(
            f"{folder}: npm ci failed ({reason}); check the connection to the npm registry, "
            "which is needed this once, and run again"
        )
