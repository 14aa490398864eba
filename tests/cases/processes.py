"""Runs the command line, the installed one in a process of its own or the same in this one."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from decant.cli.app import app

DECANT = Path(sys.executable).with_name("decant")


def run_decant(folder, *args, **options):
    """Run `decant` in a folder; returns the ended process with its output as text."""
    return subprocess.run(
        [DECANT, *map(str, args)], cwd=folder, capture_output=True, text=True, **options
    )


def run_here(folder, *args, code=0):
    """Run `decant` in a folder, in this process, for what it leaves there; holds it to its code.

    That takes a third of the time: nothing is imported anew.
    """
    with contextlib.chdir(folder), pytest.raises(SystemExit) as ended:
        app([str(arg) for arg in args], prog_name="decant")
    assert ended.value.code == code


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
