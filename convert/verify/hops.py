"""Says how far apart the forms of a model are on the same inputs, and where that begins."""

from __future__ import annotations

import functools
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.described import Signature
from decant.errors import DataError, InternalError, ParityError, UnsupportedOp
from decant.isolation import run_checked
from decant.parity import Parity, compare_all, ratio
from decant.shapes import options_of

from .op_search import failing_value, search_saved_model, search_tflite
from .oracle import ONNX, PYTORCH, SAVED_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from decant.tensors import TensorInfo

    from ..build import Built, Request
    from .oracle import Answers, FormResults, Model, Sample
    from .rounding import Precision

    Forms = tuple[FormResults, FormResults]

logger = logging.getLogger(__name__)

OUTPUTS_SHOWN = 12
SINGLE_ROUNDING = 1.001
"""Of a step: scales are multiplied in single precision."""
NO_INPUTS = "the model has no inputs, so that its outputs are constants"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified.

    Attributes:
        request: How it was built.
        built: What was built.
        tflite: The file.
        samples: Inputs of the built file (raw pixels where it takes those).
        normalised: The same for PyTorch and ONNX Runtime.
        model: What it was built of.
    """

    request: Request
    built: Built
    tflite: Path
    samples: Sequence[Sample]
    normalised: Sequence[Sample]
    model: Model

    def precision(self, form: str) -> Precision | None:
        """What a form of the model computes in double precision, if that can be had."""
        from .rounding import of_onnx

        if form == PYTORCH:
            return self.model.precision(self.normalised)
        return of_onnx(self.request.onnx, self.normalised)


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
        free = {info.name for info in inputs if None in info.shape}
        shapes = {name: array.shape for name, array in samples[0].items() if name in free}
        fix = f"fix its free sizes, as with {options_of(shapes)}, or " if shapes else ""
        value = _failing_value(path, str(error), trace or {})
        where = f" at {value}" if value else ""
        reason = str(error).replace(str(path), path.name)
        raise UnsupportedOp(
            f"LiteRT cannot run the converted model{where} ({reason}); {fix}"
            "replace the op before the export, and report this to decant"
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


def verify(
    subject: Subject,
    forms: Sequence[FormResults],
    tolerance: float,
    judged: Sequence[Parity] = (),
) -> tuple[Parity, ...]:
    """Compare each form with the one before it, and the last with the first.

    Args:
        subject: What was built, for finding the op at fault.
        forms: In the order of the conversion.
        tolerance: Largest relative error allowed: max |a - b| / max |b|.
        judged: The hop that was judged before anything was built; it is not compared again.

    Raises:
        ParityError: A form is over tolerance or holds NaN. The message has every output that is,
            and the first op whose result differs; none is at fault where the first form gives NaN.
    """
    built = subject.built
    outputs = [info.name for info in built.outputs]
    refuse_nan(forms[0], outputs)
    parities = list(judged)
    pairs = list(itertools.pairwise(forms))
    if len(forms) > 2:
        pairs.append((forms[0], forms[-1]))
    precision = functools.cache(subject.precision)
    for pair in pairs:
        if _hop(pair) in {parity.hop for parity in judged}:
            continue
        form = PYTORCH if pair[0].name == PYTORCH else ONNX
        found = judge(pair, outputs, tolerance, functools.partial(precision, form), built.quanta)
        failed = [parity for parity in found if not parity.passed]
        if failed:
            raise ParityError(_message(subject, pair, failed, tolerance))
        parities.extend(found)
    return tuple(parities)


def judge(
    forms: Forms,
    outputs: Sequence[str],
    tolerance: float,
    precision: Callable[[], Precision | None],
    quanta: Mapping[str, float] | None = None,
) -> tuple[Parity, ...]:
    """Compare two forms; what is over tolerance is held against double precision too.

    Args:
        forms: The form before, and the one that is judged.
        outputs: Names, in the model's order.
        tolerance: Largest relative error allowed.
        precision: Computes what the form before gives in double precision, if that can be had.
        quanta: Output → what one step of its integers moves it by; it may be as far off.
    """
    before, after = forms
    found = compare_all(_hop(forms), outputs, after.answers, before.answers, tolerance)
    found = within_quanta(found, before.answers, quanta or {})
    exact = None if all(parity.passed for parity in found) else precision()
    return found if exact is None else exact.judge(found, after.answers)


def within_quanta(
    parities: Sequence[Parity], expected: Answers, quanta: Mapping[str, float]
) -> tuple[Parity, ...]:
    """Let outputs that are made of integers be one step of these off.

    A sum that falls between two integers may be rounded either way.
    """
    judged = []
    for output, parity in enumerate(parities):
        step = SINGLE_ROUNDING * quanta.get(parity.output, 0.0)
        largest = max(float(np.abs(answer[output]).max(initial=0)) for answer in expected)
        allowed = max(parity.tolerance, ratio(step, largest))
        judged.append(parity.model_copy(update={"tolerance": allowed}))
    return tuple(judged)


def _hop(forms: Forms) -> str:
    return f"{forms[0].name} → {forms[1].name}"


def refuse_nan(first: FormResults, outputs: Sequence[str]) -> None:
    """Refuse a model that answers with NaN before anything of ours has touched it.

    Raises:
        ParityError: An output is NaN; no op is at fault.
    """
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


def differing(forms: Forms, failed: Sequence[Parity], outputs: int) -> list[str]:
    """List the outputs that differ, of how many."""
    lines = [f"{_hop(forms)}: {len(failed)} of {outputs} outputs differ:"]
    lines.extend(f"  {parity}" for parity in failed[:OUTPUTS_SHOWN])
    if len(failed) > OUTPUTS_SHOWN:
        lines.append(f"  and {len(failed) - OUTPUTS_SHOWN} more")
    return lines


def _message(subject: Subject, forms: Forms, failed: Sequence[Parity], tolerance: float) -> str:
    lines = differing(forms, failed, len(subject.built.outputs))
    if all(parity.is_amplified for parity in failed):
        rounding = max(parity.rounding or 0.0 for parity in failed)
        lines.append(
            f"In single precision the model itself is {rounding:.2g} off its answer in double"
            " precision: these weights or inputs amplify rounding."
        )
    lines.append(_first_difference(subject, forms[1].name, _worst(forms), tolerance))
    return "\n".join(lines)


def _worst(forms: Forms) -> int:
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
    samples = subject.samples[sample], subject.normalised[sample]
    built, onnx = subject.built, subject.request.onnx
    try:
        if form == SAVED_MODEL:
            return run_checked(search_saved_model, subject.request, *samples, tolerance)
        signature = Signature(built.inputs, built.outputs)
        files = (subject.tflite, onnx)
        return run_checked(search_tflite, files, signature, built.trace, samples, tolerance)
    except Exception as error:
        logger.debug("the search failed", exc_info=error)
        return f"The first op that differs was not found ({type(error).__name__}: {error})."


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
