"""Asks for plans: what a spec or the user of a file wants kept, and by which metric."""

from __future__ import annotations

import copy
import math
import numbers
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..datasets import open_dataset
from ..errors import DataError, SpecError, UsageError
from ..factory import resolve
from ..inputs import cut_runs
from ..inputs.fitting import fit, tensors
from ..isolation import run_checked
from ..runtime import run_each
from ..tasks.task import metric_of
from ..user_code import user_code
from .conversion import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.quantize import PlanRequest

    from ..paths import AnyPath
    from ..quantization import Plan
    from ..spec import Spec
    from ..tensors import TensorInfo

    Outputs = Mapping[str, NDArray[Any]]
    Score = Callable[[Sequence[Outputs]], float]

MOST_VALIDATED = 512
RUN_AT_ONCE = 64
"""Samples of which all outputs are held in memory."""


def check_asked(
    asked: Plan | Literal[False] | None,
    metric: str | None,
    *,
    of_spec: bool,
    recipe: AnyPath | None,
    calibration: AnyPath | None,
) -> None:
    """Refuse what would be asked for in vain.

    Args:
        asked: What mixed files have to keep; False where none are searched for.
        metric: Of a file, `file.py:function`.
        of_spec: Whether a spec is quantized, which has a metric and data of its own.
        recipe: The `recipe.json` of an earlier run.
        calibration: An `.npz`.

    Raises:
        UsageError: Two options do not go together, or one misses another.
    """
    if metric is not None and of_spec:
        raise UsageError("--metric is for a file; a spec's task has a metric: leave it out")
    if recipe is not None and (asked or metric is not None):
        raise UsageError(
            "--recipe makes the files that it describes, and none are searched for; leave"
            " --budget, --objective, --min-snr, --max-drop and --metric out"
        )
    if metric is not None and asked is False:
        raise UsageError("--metric grades what a search finds; leave --no-plan out")
    if of_spec:
        return
    if calibration is None and (asked or metric is not None):
        option = "--metric" if metric is not None else "a search for mixed files"
        raise UsageError(f"{option} measures on calibration data; give --calibration X.npz too")
    if asked and asked.max_drop is not None and metric is None:
        raise UsageError("--max-drop is of a metric; give --metric FILE.py:FUNCTION too")


def plan_of_spec(spec: Spec, asked: Plan | None, state: Path | None) -> PlanRequest | None:
    """Ask for what a spec asks for, by the metric of its task where calibration data has truth.

    Args:
        spec: Whose calibration data and task count.
        asked: What its files have to keep; nothing is asked for if None.
        state: Folder for what an interrupted search goes on from.

    Raises:
        DataError: The calibration data cannot be read.
        SpecError: Code of the user's own is at fault.
    """
    from decant.quantize import PlanRequest

    if asked is None or asked.pure:
        return None
    return PlanRequest(asked, spec_score(spec), state, spec.quantization.corrections)


def spec_score(spec: Spec) -> Score | None:
    """Give the metric of a spec's task on its calibration data; None where that has no truth."""
    task = spec.open_task()
    dataset = open_dataset(spec.data.calibration, task, spec.folder, inputs=spec.signature)
    try:
        truths = [dataset[number].truth for number in range(len(dataset))]
    except (DataError, SpecError):
        return None
    metric = metric_of(task, spec.task.metric_name)
    sign = 1 if metric.better == "higher" else -1

    def score(outputs: Sequence[Outputs]) -> float:
        samples = [dataset[number] for number in range(len(dataset))]
        predictions: list[Any] = []
        for sample, given in zip(samples, outputs, strict=True):
            _, _, placement = fit(sample, spec.signature)
            predictions += task.predict(given, [placement])
        evidence = task.evidence(predictions, samples)
        return sign * float(task.figures(evidence)[metric.name][0])

    return score if truths else None


def validation_figure(
    spec: Spec, file: Path, signature: tuple[Sequence[TensorInfo], Sequence[TensorInfo]]
) -> float:
    """Give the metric of a spec's task of a file, on up to `MOST_VALIDATED` validation samples.

    Args:
        spec: Whose validation data and task count.
        file: A `.tflite`.
        signature: Inputs and outputs of the file.

    Raises:
        DataError: The validation data cannot be read.
    """
    task, (inputs, outputs) = spec.open_task(), signature
    dataset = open_dataset(spec.data.validation, task, spec.folder, inputs=spec.signature)
    samples = [dataset[at] for at in spread(len(dataset), MOST_VALIDATED)]
    predictions: list[Any] = []
    for start in range(0, len(samples), RUN_AT_ONCE):
        part = samples[start : start + RUN_AT_ONCE]
        runs = cut_runs(tensors(part, spec.signature), inputs)
        found = run_checked(run_each, file, inputs, outputs, runs)
        for sample, arrays in zip(part, found, strict=True):
            given = {info.name: each for info, each in zip(outputs, arrays, strict=True)}
            predictions += task.predict(given, [fit(sample, spec.signature)[2]])
    metric = metric_of(task, spec.task.metric_name)
    return float(task.figures(task.evidence(predictions, samples))[metric.name][0])


def file_score(reference: str, truth: Mapping[str, NDArray[Any]]) -> Score:
    """Give the metric that a user names, `file.py:function`.

    Args:
        reference: Of a function of two arguments: the outputs per sample, a list of dictionaries
            of arrays as the model gives them, and `truth`. It returns a number of which more is
            better.
        truth: The arrays of the calibration data that hold truth.

    Raises:
        SpecError: There is no such function.
    """
    function = resolve(reference, Path())

    def score(outputs: Sequence[Outputs]) -> float:
        with user_code(f'the metric "{reference}"'):
            # A copy: what it changes in place is not what the next candidate is graded by.
            figure = function(list(outputs), copy.deepcopy(dict(truth)))
        if not isinstance(figure, numbers.Real) or not math.isfinite(figure):
            raise SpecError(f'the metric "{reference}" gives {figure!r}; let it return a number')
        return float(figure)

    return score
