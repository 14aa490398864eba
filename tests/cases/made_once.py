"""Makes what several test processes read once for all of them."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = "DECANT_TESTS_MADE_ONCE"
"""Variable of the environment with the folder of this run of pytest, which its workers inherit."""


def open_folder():
    """Make that folder unless a run around this one has; gives it, or None."""
    if FOLDER in os.environ:
        return None
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="decant-tests-")
    return Path(os.environ[FOLDER])


def close_folder(folder):
    """Remove the folder that `open_folder` gave."""
    if folder is not None:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def made_once(name, make):
    """Give the folder of a name; the first that asks has `make` fill it, others wait meanwhile.

    It is not to be changed: whoever wants another content takes a copy.
    """
    root = Path(os.environ[FOLDER])
    folder, made = root / name, root / f"{name}.made"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # An attempt that failed may have left something.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
