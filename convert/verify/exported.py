"""Judges the export: PyTorch against its ONNX file, before anything is built of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from decant.errors import ParityError

from .hops import differing, judge, nan_told, refuse_nan
from .oracle import FormResults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.parity import Parity

    from .oracle import Model, Oracle, Sample


@dataclass(frozen=True, slots=True)
class Expected:
    """What the model computes before it is converted.

    Attributes:
        forms: PyTorch's results, where there is PyTorch's form, and ONNX Runtime's.
        parities: How far these are apart, output by output; empty where there is one of them.
        warnings: What could not be checked.
    """

    forms: tuple[FormResults, ...]
    parities: tuple[Parity, ...]
    warnings: tuple[str, ...]


def expected_of(
    oracle: Oracle, samples: Sequence[Sample], outputs: Sequence[str], tolerance: float
) -> Expected:
    """Run the model in PyTorch and in ONNX Runtime, and judge that hop.

    A model that decant has exported itself is asked about one input more, the first with noise:
    samples that are all alike, or all zeros, show nothing of an export that went wrong.

    Args:
        oracle: Runs the model.
        samples: As the model takes them.
        outputs: Names, in the model's order.
        tolerance: Largest relative error allowed: max |a - b| / max |b|.

    Raises:
        ParityError: The two differ, and the module at fault is named; or the model itself gives
            NaN.
    """
    asked = [*samples, with_noise(samples[0])] if oracle.model.exported else list(samples)
    forms, gaps = oracle.answers(asked)
    warnings = (*oracle.model.notes, *gaps)
    if not forms:  # operators of the user's own, and no PyTorch form
        return Expected((), (), warnings)
    own = [FormResults(form.name, form.answers[: len(samples)]) for form in forms]
    refuse_nan(own[0], outputs)
    told = nan_told(own[0], outputs)
    if not told and any(np.isnan(array).any() for array in forms[0].answers[-1]):
        asked, forms = list(samples), own  # noise that the model is not made for
    parities: tuple[Parity, ...] = ()
    if len(forms) > 1:
        parities = _judged(oracle.model, (forms[0], forms[1]), asked, outputs, tolerance)
    return Expected(tuple(own), parities, (*warnings, *told))


def with_noise(sample: Sample) -> Sample:
    """Make another input of the same kind: floats get seeded noise, integers are reversed."""
    random = np.random.default_rng(0)
    return {
        name: (array + random.normal(size=array.shape)).astype(array.dtype)
        if array.dtype.kind == "f"
        else np.flip(array).copy()
        for name, array in sample.items()
    }


def _judged(
    model: Model,
    forms: tuple[FormResults, FormResults],
    samples: Sequence[Sample],
    outputs: Sequence[str],
    tolerance: float,
) -> tuple[Parity, ...]:
    found = judge(forms, outputs, tolerance, lambda number: model.precision(samples[number]))
    failed = [parity for parity in found if not parity.passed]
    if failed:
        lines = [*differing(forms, failed, len(outputs)), _explained(model, samples, failed)]
        raise ParityError("\n".join(lines))
    return found


def _explained(model: Model, samples: Sequence[Sample], failed: Sequence[Parity]) -> str:
    import onnx

    from ..export.pytorch import TensorsOnly
    from .module_search import explain

    if isinstance(model.reference, TensorsOnly):
        return explain(model.reference, onnx.load(model.onnx), samples, failed)
    return "Compare the module's own code with the exported file, module by module."
