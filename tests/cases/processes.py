"""Runs the installed command line in a process of its own."""

import subprocess
import sys
from pathlib import Path

DECANT = Path(sys.executable).with_name("decant")


def run_decant(folder, *args, **options):
    """Run `decant` in a folder; returns the ended process with its output as text."""
    return subprocess.run(
        [DECANT, *map(str, args)], cwd=folder, capture_output=True, text=True, **options
    )


def start_decant(folder, *args):
    """Start `decant` in a folder, in a process group of its own."""
    return subprocess.Popen(
        [DECANT, *map(str, args)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def everything_in(folder):
    """Name and content of each file below a folder, the cache's lock aside."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }
