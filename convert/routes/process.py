"""Runs commands of other tools, with limits, and takes everything down that they leave."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from decant.child_process import ending, quoted_tail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: As `subprocess` gives it; None if it was stopped for its time.
        output: All that it printed.
    """

    code: int | None
    output: str

    def how(self, time_s: float) -> str:
        """Say it in words."""
        if self.code is None:
            return f"was stopped after {time_s:g} s"
        return ending(self.code)

    def tail(self) -> str:
        """Quote its last words, a line each."""
        return quoted_tail(self.output)


def run_limited(command: Sequence[str], *, time_s: float, folder: Path | None = None) -> Ended:
    """Run a command in a session of its own, which ends with it, its children included.

    Args:
        command: The program and its arguments.
        time_s: What it may take.
        folder: Where it runs; the current folder if None.
    """
    with (
        tempfile.TemporaryFile() as noise,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=noise,
            stderr=noise,
            cwd=folder,
            start_new_session=True,
        ) as process,
    ):
        code: int | None = None
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(time_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        noise.seek(0)
        return Ended(code, noise.read().decode(errors="replace"))
