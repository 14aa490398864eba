"""Runs one worker inside its limits: the whole life of a route's process.

The interpreter is that of the route's environment, so that nothing of decant can be imported here.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import resource
import runpy
import signal
import sys
import traceback
from pathlib import Path

# Of Linux's prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG = 1


def main(job_file: str) -> None:
    """Do what a job says.

    Args:
        job_file: JSON with `worker`, `source`, `target`, `memory_bytes`, and `refusal`, the file
            that is written with the reason where the worker raises.
    """
    job = json.loads(Path(job_file).read_text())
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Counts what is allocated, and not the libraries that are mapped.
    resource.setrlimit(resource.RLIMIT_DATA, (job["memory_bytes"],) * 2)
    try:
        runpy.run_path(job["worker"])["work"](job["source"], job["target"])
    except Exception as error:  # noqa: BLE001 (handed to the parent, whose message it becomes)
        Path(job["refusal"]).write_text(f"{type(error).__name__}: {error}")
        traceback.print_exc()
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
