"""Times planned files against the float file, in turns, in a process of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decant.artifacts import scratch_folder
from decant.isolation import run_isolated
from decant.turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.tensors import TensorInfo

    from ..job import Job
    from ..report import Candidate


@dataclass(frozen=True, slots=True)
class TimedFile:
    """A file with what goes in and comes out.

    Attributes:
        path: Where it lies.
        inputs: Its inputs.
        outputs: Its outputs.
    """

    path: Path
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


def latency_ratios(
    job: Job, candidates: Sequence[Candidate], contents: Mapping[str, bytes], budget_s: float
) -> tuple[float, dict[str, float]]:
    """Time candidates against the float file on one thread.

    Args:
        job: With the float file.
        candidates: To time.
        contents: Of each candidate's file, by the file's name.
        budget_s: For all together.

    Returns:
        Milliseconds of the float file, and each candidate's time over it, by name: the median of
        the ratios of all rounds.

    Raises:
        DataError: LiteRT refuses a file.
        InternalError: It crashes.
    """
    with scratch_folder("decant-timing-") as folder:
        files = [TimedFile(job.float_file, job.inputs, job.outputs)]
        for each in candidates:
            path = folder / each.file
            path.write_bytes(contents[each.file])
            files.append(TimedFile(path, each.inputs, each.outputs))
        reference, *others = run_isolated(_rounds, files, budget_s)
    ratios = (float(np.median(np.divide(rounds, reference))) for rounds in others)
    names = (each.name for each in candidates)
    return float(np.median(reference)) * 1000, dict(zip(names, ratios, strict=True))


def _rounds(files: Sequence[TimedFile], budget_s: float) -> list[list[float]]:
    """Give the median seconds of each file's turns; for a child process."""
    return [turn.rounds for turn in take_turns(files, 1, budget_s)]
