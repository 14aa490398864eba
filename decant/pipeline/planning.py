"""Asks for plans: what a spec or the user of a file wants kept, and by which metric."""

from __future__ import annotations

import math
import numbers
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..datasets import open_dataset
from ..errors import DataError, SpecError
from ..factory import resolve
from ..inputs.fitting import fit
from ..tasks.task import metric_of
from ..user_code import user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.quantize import PlanRequest

    from ..quantization import Plan
    from ..spec import Spec

    Outputs = Mapping[str, NDArray[Any]]
    Score = Callable[[Sequence[Outputs]], float]

TRUTH = "truth"


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

    return None if asked is None or asked.pure else PlanRequest(asked, spec_score(spec), state)


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
            figure = function(list(outputs), dict(truth))
        if not isinstance(figure, numbers.Real) or not math.isfinite(figure):
            raise SpecError(f'the metric "{reference}" gives {figure!r}; let it return a number')
        return float(figure)

    return score


def is_truth(name: str) -> bool:
    """Whether an array of calibration data is what is right, not what a model is given.

    >>> is_truth("truth"), is_truth("truth_boxes"), is_truth("image")
    (True, True, False)
    """
    return name == TRUTH or name.startswith(f"{TRUTH}_")
