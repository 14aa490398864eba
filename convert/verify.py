"""Runs the same inputs through every form of a model and says how far apart they are."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from decant.errors import InternalError, ParityError
from decant.isolation import run_checked

from .bisect import bisect_saved_model, bisect_tflite
from .parity import Parity, compare_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.tensors import TensorInfo

    from .build import Built, Request

    Sample = dict[str, NDArray[Any]]
    Answers = list[list[NDArray[Any]]]
    """Samples → outputs in the model's order."""

PYTORCH, ONNX, SAVED_MODEL, TFLITE = "pytorch", "onnx", "saved_model", "tflite"


@dataclass(frozen=True, slots=True)
class Form:
    """One form of the model and what it computes for each sample.

    Attributes:
        name: "pytorch", "onnx", "saved_model" or "tflite".
        answers: Per sample, its outputs.
    """

    name: str
    answers: Answers


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified.

    Attributes:
        request: How it was built.
        built: What was built.
        tflite: The file.
        samples: Inputs of the built file (raw pixels where it takes those).
        normalised: The same for PyTorch and ONNX Runtime.
    """

    request: Request
    built: Built
    tflite: Path
    samples: Sequence[Sample]
    normalised: Sequence[Sample]


def run_tflite(
    path: Path,
    inputs: Sequence[TensorInfo],
    outputs: Sequence[TensorInfo],
    samples: Sequence[Sample],
) -> Answers:
    """Run a file in LiteRT for the first time, in a child process with a checked heap.

    Raises:
        InternalError: LiteRT crashed.
        DataError: LiteRT cannot load or run the file.
    """
    try:
        return run_checked(_run_tflite, path, tuple(inputs), tuple(outputs), list(samples))
    except InternalError as error:
        raise InternalError(f"LiteRT fails on {path.name}: {error}") from error


def _run_tflite(
    path: Path,
    inputs: tuple[TensorInfo, ...],
    outputs: tuple[TensorInfo, ...],
    samples: list[Sample],
) -> Answers:
    from decant.runtime import LiteRtModel

    model = LiteRtModel(path, inputs, outputs)
    return [list(model.run(sample).values()) for sample in samples]


def verify(subject: Subject, forms: Sequence[Form], tolerance: float) -> tuple[Parity, ...]:
    """Compare each form with the one before it, and the last with the first.

    Args:
        subject: What was built, for finding the op at fault.
        forms: In the order of the conversion.
        tolerance: Largest relative error allowed: max |a - b| / max |b|.

    Raises:
        ParityError: A form is over tolerance or holds NaN. The message has every output that is,
            and the first op whose result differs.
    """
    outputs = [info.name for info in subject.built.outputs]
    parities: list[Parity] = []
    pairs = list(itertools.pairwise(forms))
    if len(forms) > 2:
        pairs.append((forms[0], forms[-1]))
    for before, after in pairs:
        hop = f"{before.name} → {after.name}"
        found = compare_all(hop, outputs, after.answers, before.answers, tolerance)
        failed = [parity for parity in found if not parity.passed]
        if failed:
            raise ParityError(_message(subject, hop, after.name, failed, tolerance))
        parities.extend(found)
    return tuple(parities)


def _message(
    subject: Subject, hop: str, form: str, failed: Sequence[Parity], tolerance: float
) -> str:
    lines = [f"{hop}: {len(failed)} of {len(subject.built.outputs)} outputs differ:"]
    lines.extend(f"  {parity}" for parity in failed)
    lines.append(_first_difference(subject, form, tolerance))
    return "\n".join(lines)


def _first_difference(subject: Subject, form: str, tolerance: float) -> str:
    """Find the first op at fault; the search itself may fail without hiding the finding."""
    raw, normalised = subject.samples[0], subject.normalised[0]
    try:
        if form == SAVED_MODEL:
            return run_checked(bisect_saved_model, subject.request, raw, normalised, tolerance)
        if form == TFLITE:
            data, border = subject.built.trace, (subject.built.inputs, subject.built.outputs)
            onnx = subject.request.onnx
            return run_checked(
                bisect_tflite, (subject.tflite, onnx), border, data, (raw, normalised), tolerance
            )
    except InternalError as error:
        return f"The first op that differs was not found: {error}"
    return "Compare the module's own code with the exported file, module by module."


def doubts(parities: Sequence[Parity]) -> list[str]:
    """Say which checks prove nothing because the output does not follow the input."""
    last = parities[-1].hop if parities else ""
    idle = [p.output for p in parities if p.hop == last and not p.conclusive]
    if not idle:
        return []
    return [
        f"the check proves nothing for {', '.join(idle)}: other inputs give the same output "
        "within the tolerance; verify with real inputs (--inputs) and trained weights"
    ]
