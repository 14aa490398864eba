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
from decant.parity import ROUNDINGS, Parity, compare_all, difference, finite_size, ratio
from decant.runtime import run_each
from decant.shapes import options_of

from .oracle import ONNX, PYTORCH, SAVED_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from decant.tensors import TensorInfo

    from ..build import Built, Request
    from .op_search import Verdict
    from .oracle import Answers, FormResults, Model, Sample
    from .rounding import Precision, Rounded

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

    def precision(self, form: str, number: int) -> Rounded | None:
        """What a form of the model computes of a sample in double precision, if that can be had."""
        from .rounding import of_onnx

        if form == PYTORCH:
            return self.model.precision(self.normalised[number])
        return of_onnx(self.request.onnx, self.normalised[number])


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
        return run_checked(run_each, path, tuple(inputs), tuple(outputs), list(samples))
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
    from .op_search import failing_value

    try:
        return run_checked(failing_value, path, message, dict(trace))
    except Exception as error:
        logger.debug("the failing op was not found", exc_info=error)
        return ""


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
    outputs = [info.name for info in subject.built.outputs]
    refuse_nan(forms[0], outputs)
    parities = list(judged)
    pairs = list(itertools.pairwise(forms))
    if len(forms) > 2:
        pairs.append((forms[0], forms[-1]))
    precision = functools.cache(subject.precision)
    by_name = {form.name: form for form in forms}

    @functools.cache
    def verdict(form: str, number: int) -> Verdict:
        return _verdict(subject, by_name[form], number)

    for pair in pairs:
        if _hop(pair) in {parity.hop for parity in judged}:
            continue
        form = PYTORCH if pair[0].name == PYTORCH else ONNX
        found = judge(
            pair, outputs, tolerance, functools.partial(precision, form), subject.built.quanta
        )
        if not all(parity.is_right for parity in found):
            found = _by_steps(subject, pair, found, verdict)
        parities.extend(found)
    return tuple(parities)


def _by_steps(
    subject: Subject,
    forms: Forms,
    found: Sequence[Parity],
    verdict: Callable[[str, int], Verdict],
) -> tuple[Parity, ...]:
    """Judge what is over tolerance by the steps of the later form.

    Raises:
        ParityError: A step is wrong; or one cannot be judged, and rounding excuses too little.
    """
    verdicts = []
    for number in _over(forms, found):
        verdicts.append(verdict(forms[1].name, number))
        if verdicts[-1].faulty:
            over = [parity for parity in found if not parity.within]
            raise ParityError(_message(subject, forms, over, verdicts[-1].text))
    rounding = max(parity.rounding or 0.0 for parity in found)
    largest = [
        each.largest
        for each in verdicts
        if each.largest is not None
        and each.watched <= max(found[0].tolerance, ROUNDINGS * rounding)
    ]
    if len(largest) == len(verdicts):
        return tuple(p if p.within else p.model_copy(update={"step": max(largest)}) for p in found)
    failed = [parity for parity in found if not parity.passed]
    if failed:
        raise ParityError(_message(subject, forms, failed, verdicts[0].text))
    return tuple(found)


def _over(forms: Forms, found: Sequence[Parity]) -> list[int]:
    """Numbers of the samples that are over tolerance, the worst first."""
    before, after = (form.answers for form in forms)
    worst: dict[int, float] = {}
    for i, parity in enumerate(found):
        size = max(float(finite_size(answer[i]).max(initial=0.0)) for answer in before)
        for number, (b, a) in enumerate(zip(before, after, strict=True)):
            error = float(difference(a[i], b[i]).max(initial=0.0))
            if error > parity.tolerance * size:
                worst[number] = max(worst.get(number, 0.0), ratio(error, size))
    return sorted(worst, key=lambda number: -worst[number])


def judge(
    forms: Forms,
    outputs: Sequence[str],
    tolerance: float,
    precision: Precision,
    quanta: Mapping[str, float] | None = None,
) -> tuple[Parity, ...]:
    """Compare two forms; what is over tolerance is held against double precision too.

    Args:
        forms: The form before, and the one that is judged.
        outputs: Names, in the model's order.
        tolerance: Largest relative error allowed.
        precision: Computes what the form before gives of a sample in double precision.
        quanta: Output → what one step of its integers moves it by; it may be as far off.
    """
    from .rounding import judged

    before, after = forms
    found = compare_all(_hop(forms), outputs, after.answers, before.answers, tolerance)
    found = within_quanta(found, before.answers, quanta or {})

    def with_own(number: int) -> Rounded | None:
        rounded = precision(number)
        own = before.name in (PYTORCH, ONNX)
        return rounded.also(before.answers[number]) if rounded and own else rounded

    return judged(found, before.answers, after.answers, with_own)


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
    """Refuse a model that answers with nothing but NaN before anything of ours has touched it.

    Raises:
        ParityError: An output is NaN throughout; no op is at fault.
    """
    counts = _nan_counts(first, outputs)
    lines = [f"  {name}: all {size} values are NaN" for name, nan, size in counts if nan == size]
    if lines:
        raise ParityError(
            f"the model itself gives NaN in {first.name}, so that nothing can be compared:\n"
            + "\n".join(lines[:OUTPUTS_SHOWN])
            + "\nGive inputs that it is made for, or keep its logarithms, roots and quotients away"
            " from values that have none"
        )


def _nan_counts(form: FormResults, outputs: Sequence[str]) -> list[tuple[str, int, int]]:
    """Name of each output that has NaN, how many it has, and of how many values."""
    values = {name: [answer[i] for answer in form.answers] for i, name in enumerate(outputs)}
    counts = (
        (name, sum(int(np.isnan(x).sum()) for x in each), sum(x.size for x in each))
        for name, each in values.items()
    )
    return [count for count in counts if count[1]]


def nan_told(first: FormResults, outputs: Sequence[str]) -> list[str]:
    """Say of which values nothing but that they are NaN was compared."""
    return [
        f"the model itself gives NaN in {nan} of {size} values of {name}, and every form gives it"
        " in the same places"
        for name, nan, size in _nan_counts(first, outputs)
    ]


def differing(forms: Forms, failed: Sequence[Parity], outputs: int) -> list[str]:
    """List the outputs that differ, of how many."""
    lines = [f"{_hop(forms)}: {len(failed)} of {outputs} outputs differ:"]
    lines.extend(f"  {parity}" for parity in failed[:OUTPUTS_SHOWN])
    if len(failed) > OUTPUTS_SHOWN:
        lines.append(f"  and {len(failed) - OUTPUTS_SHOWN} more")
    return lines


def _message(subject: Subject, forms: Forms, failed: Sequence[Parity], search: str) -> str:
    lines = differing(forms, failed, len(subject.built.outputs))
    if all(parity.is_amplified for parity in failed):
        rounding = max(parity.rounding or 0.0 for parity in failed)
        lines.append(
            f"One rounding of every number takes the model itself {rounding:.2g} from its answer in"
            " double precision: these weights or inputs amplify rounding."
        )
    return "\n".join([*lines, search])


def _verdict(subject: Subject, form: FormResults, number: int) -> Verdict:
    """Judge the steps of a form; what hinders that hides no finding."""
    from .op_search import Verdict, judge_saved_model, judge_tflite

    samples = subject.samples[number], subject.normalised[number]
    built, onnx = subject.built, subject.request.onnx
    outputs = [info.name for info in built.outputs]
    answers = dict(zip(outputs, form.answers[number], strict=True))
    try:
        if form.name == SAVED_MODEL:
            return run_checked(judge_saved_model, subject.request, samples, answers)
        signature = Signature(built.inputs, built.outputs)
        files = (subject.tflite, onnx)
        return run_checked(judge_tflite, files, signature, built.trace, samples, answers)
    except Exception as error:
        logger.debug("the search failed", exc_info=error)
        text = f"The first op that differs was not found ({type(error).__name__}: {error})."
        return Verdict(text)


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
