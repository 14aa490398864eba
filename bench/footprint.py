"""Measures load time and peak memory of a file in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.isolation import run_isolated
from decant.load_cost import load_cost

from .schema import Footprint

if TYPE_CHECKING:
    from pathlib import Path


def footprint(path: Path) -> Footprint:
    """Load a file and run it once, in a fresh process with one thread.

    Raises:
        DataError: If LiteRT cannot run the file.
        InternalError: If the process crashed.
    """
    cost = run_isolated(load_cost, path)
    return Footprint(
        load_ms=cost.load_ms,
        peak_memory_bytes=cost.peak_bytes,
        model_memory_bytes=cost.added_bytes,
    )
