"""Runs the installed command line in a process of its own."""

import signal
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
        # A shell that runs the tests in the background has told them to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def everything_in(folder):
    """Name and content of each file below a folder, what decant keeps for itself aside."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }
