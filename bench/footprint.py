"""Measures load time and peak memory of a file in a process of its own."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from decant.isolation import run_isolated
from decant.runtime import LiteRtModel, sample_inputs

from .schema import Footprint

STATUS = Path("/proc/self/status")


def footprint(path: Path) -> Footprint:
    """Load a file and run it once, in a fresh process with one thread.

    Raises:
        DataError: If LiteRT cannot run the file.
        InternalError: If the process crashed.
    """
    return run_isolated(_measure, path)


def _measure(path: Path) -> Footprint:
    """Measure in the child."""
    # The library itself is loaded first: it is no part of the model's cost.
    import ai_edge_litert.interpreter  # noqa: F401

    before = _resident("VmRSS")
    start = time.perf_counter()
    model = LiteRtModel(path)
    model.feed(sample_inputs(model.inputs))
    model.invoke()
    load_ms = (time.perf_counter() - start) * 1000
    peak = _resident("VmHWM")
    return Footprint(
        load_ms=load_ms, peak_memory_bytes=peak, model_memory_bytes=max(0, peak - before)
    )


def _resident(field: str) -> int:
    """Read the resident memory now ("VmRSS") or at its peak ("VmHWM"), in bytes."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
