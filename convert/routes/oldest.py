"""Says whether the oldest runtime that decant asks runs a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .attempt import Limits, RouteFailed, run_worker
from .environment import PINS, Environment
from .route import WORKERS

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT: Final = Environment("tflite-runtime", PINS / "tflite_runtime.txt", ("3.11", "3.10"))
OLDEST_RUNTIME: Final = "tflite-runtime 2.14.0"


def runs_in_oldest(path: Path, limits: Limits) -> str:
    """Load a file in tflite-runtime 2.14 and run it once on zeros.

    Returns:
        "" if it runs, else why not.

    Raises:
        NoEnvironment: If the runtime's environment cannot be made.
    """
    python = _ENVIRONMENT.python()
    try:
        run_worker(python, WORKERS / "tflite_runtime.py", path, path, limits)
    except RouteFailed as error:
        return str(error)
    return ""
