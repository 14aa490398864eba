"""Measures what loading a `.tflite` costs the process that does it; meant for a fresh one.

It stands apart from the bench so that the process holds nothing but the runtime.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .runtime import LiteRtModel

STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class LoadCost:
    """What it took to load a file and run it once.

    Attributes:
        load_ms: From opening the file to the end of the first inference.
        peak_bytes: Largest resident set of the process, Python included.
        added_bytes: By how much that exceeds the process before it opened the file.
    """

    load_ms: float
    peak_bytes: int
    added_bytes: int


def load_cost(path: Path) -> LoadCost:
    """Load a file and run it once with one thread.

    Raises:
        DataError: If LiteRT cannot run the file.
    """
    # The library itself is loaded first: it is no part of the model's cost.
    import ai_edge_litert.interpreter  # noqa: F401

    before = _resident("VmRSS")
    start = time.perf_counter()
    model = LiteRtModel(path)
    model.feed(model.sample())
    model.invoke()
    load_ms = (time.perf_counter() - start) * 1000
    peak = _resident("VmHWM")
    return LoadCost(load_ms, peak, max(0, peak - before))


def _resident(field: str) -> int:
    """Read the resident memory now ("VmRSS") or at its peak ("VmHWM"), in bytes."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
