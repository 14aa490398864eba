"""Runs the same inputs through every form of a model and says how far apart they are."""

from __future__ import annotations

import functools
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import DataError, InternalError, ParityError, UnsupportedOp
from decant.isolation import run_checked

from .bisect import bisect_saved_model, bisect_tflite, failing_value
from .parity import Parity, compare_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.tensors import TensorInfo

    from .build import Built, Request
    from .rounding import Precision

    Sample = dict[str, NDArray[Any]]
    Answers = list[list[NDArray[Any]]]
    """Samples → outputs in the model's order."""

logger = logging.getLogger(__name__)

OUTPUTS_SHOWN = 12
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
        reference: PyTorch's form, where there is one.
    """

    request: Request
    built: Built
    tflite: Path
    samples: Sequence[Sample]
    normalised: Sequence[Sample]
    reference: Callable[..., Any] | None = None

    def precision(self, form: str) -> Precision | None:
        """What a form of the model computes in double precision, if that can be had."""
        from torch import nn

        from .rounding import of_module, of_onnx

        if form != PYTORCH:
            return of_onnx(self.request.onnx, self.normalised)
        network = self.reference
        return of_module(network, self.normalised) if isinstance(network, nn.Module) else None


def run_tflite(
    path: Path,
    inputs: Sequence[TensorInfo],
    outputs: Sequence[TensorInfo],
    samples: Sequence[Sample],
    trace: Mapping[str, Any] | None = None,
) -> Answers:
    """Run a file in LiteRT for the first time, in a child process with a checked heap.

    Args:
        path: The file.
        inputs: Its inputs.
        outputs: Its outputs.
        samples: What to run it on.
        trace: What `trace.json` holds; names the value that a failing op makes.

    Raises:
        InternalError: LiteRT crashed.
        UnsupportedOp: LiteRT cannot load or run the file.
    """
    try:
        return run_checked(_run_tflite, path, tuple(inputs), tuple(outputs), list(samples))
    except InternalError as error:
        raise InternalError(f"LiteRT fails on {path.name}: {error}") from error
    except DataError as error:
        value = _failing_value(path, str(error), trace or {})
        where = f" at {value}" if value else ""
        reason = str(error).replace(str(path), path.name)
        raise UnsupportedOp(
            f"LiteRT cannot run the converted model{where} ({reason}); fix its free sizes or"
            " replace the op before the export, and report this to decant"
        ) from error


def _failing_value(path: Path, message: str, trace: Mapping[str, Any]) -> str:
    """Name what LiteRT fails to compute, if its message and the file tell."""
    try:
        return run_checked(failing_value, path, message, dict(trace))
    except Exception as error:
        logger.debug("the failing op was not found", exc_info=error)
        return ""


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
            and the first op whose result differs; none is at fault where the model itself gives
            NaN.
    """
    outputs = [info.name for info in subject.built.outputs]
    _check_answers(forms[0], outputs)
    parities: list[Parity] = []
    pairs = list(itertools.pairwise(forms))
    if len(forms) > 2:
        pairs.append((forms[0], forms[-1]))
    precision = functools.cache(subject.precision)
    for before, after in pairs:
        hop = f"{before.name} → {after.name}"
        found = compare_all(hop, outputs, after.answers, before.answers, tolerance)
        if not all(parity.passed for parity in found):
            exact = precision(PYTORCH if before.name == PYTORCH else ONNX)
            found = found if exact is None else exact.judge(found, after.answers)
        failed = [parity for parity in found if not parity.passed]
        if failed:
            raise ParityError(_message(subject, (before, after), failed, tolerance))
        parities.extend(found)
    return tuple(parities)


def _check_answers(first: Form, outputs: Sequence[str]) -> None:
    """Refuse a model that answers with NaN before anything of ours has touched it."""
    lines = []
    for index, name in enumerate(outputs):
        values = [answer[index] for answer in first.answers]
        if nan := sum(int(np.isnan(each).sum()) for each in values):
            lines.append(f"  {name}: {nan} of {sum(each.size for each in values)} values are NaN")
    if lines:
        raise ParityError(
            f"the model itself gives NaN in {first.name}, so that nothing can be compared:\n"
            + "\n".join(lines[:OUTPUTS_SHOWN])
            + "\nGive inputs that it is made for, or keep its logarithms, roots and quotients away"
            " from values that have none"
        )


def _message(
    subject: Subject, forms: tuple[Form, Form], failed: Sequence[Parity], tolerance: float
) -> str:
    before, after = forms
    count = f"{len(failed)} of {len(subject.built.outputs)} outputs differ"
    lines = [f"{before.name} → {after.name}: {count}:"]
    lines.extend(f"  {parity}" for parity in failed[:OUTPUTS_SHOWN])
    if len(failed) > OUTPUTS_SHOWN:
        lines.append(f"  and {len(failed) - OUTPUTS_SHOWN} more")
    if all(parity.is_amplified for parity in failed):
        rounding = max(parity.rounding or 0.0 for parity in failed)
        lines.append(
            f"In single precision the model itself is {rounding:.2g} off its answer in double"
            " precision: these weights or inputs amplify rounding."
        )
    lines.append(_first_difference(subject, after.name, _worst(forms), tolerance))
    return "\n".join(lines)


def _worst(forms: tuple[Form, Form]) -> int:
    """The number of the sample with the largest error."""
    before, after = (form.answers for form in forms)
    errors = [
        max(
            (p.nan, p.max_relative)
            for p in compare_all("", [str(i) for i in range(len(a))], [a], [b], 0.0)
        )
        for a, b in zip(after, before, strict=True)
    ]
    return max(range(len(errors)), key=errors.__getitem__)


def _first_difference(subject: Subject, form: str, sample: int, tolerance: float) -> str:
    """Find the first op at fault; the search itself may fail without hiding the finding."""
    raw, normalised = subject.samples[sample], subject.normalised[sample]
    try:
        if form == SAVED_MODEL:
            return run_checked(bisect_saved_model, subject.request, raw, normalised, tolerance)
        if form == TFLITE:
            data, border = subject.built.trace, (subject.built.inputs, subject.built.outputs)
            onnx = subject.request.onnx
            return run_checked(
                bisect_tflite, (subject.tflite, onnx), border, data, (raw, normalised), tolerance
            )
    except Exception as error:
        logger.debug("the search failed", exc_info=error)
        return f"The first op that differs was not found ({type(error).__name__}: {error})."
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
