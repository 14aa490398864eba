"""What every route's file is held against: the model's own answers to the same samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from decant.errors import DataError, UsageError
from decant.graph.load import has_free_sizes, load

from ..verify.batch import batched_inputs, of_one
from ..verify.hops import judge, refuse_nan
from ..verify.oracle import ONNX, FormResults, Model, Oracle
from ..verify.rounding import of_onnx
from ..verify.samples import samples_for
from ..verify.size_hints import size_hints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from decant.parity import Parity
    from decant.shapes import AskedShapes

    from ..verify.oracle import Answers, Sample
    from ..verify.rounding import Rounded


@dataclass(frozen=True, slots=True)
class Reference:
    """An ONNX model's answers.

    Attributes:
        onnx: The file.
        outputs: Names, in its order.
        samples: All of one size, since not every route leaves sizes free.
        expected: What it answers to them.
        tolerance: Largest relative error allowed: max |a - b| / max |b|.
        given: Whether the samples were given, or are random.
    """

    onnx: Path
    outputs: tuple[str, ...]
    samples: tuple[Sample, ...]
    expected: FormResults
    tolerance: float
    given: bool

    def parity(self, route: str, answers: Answers) -> tuple[Parity, ...]:
        """Judge a file's answers as decant's own are: rounding is told from a fault."""

        def precision(number: int) -> Rounded | None:
            return of_onnx(self.onnx, self.samples[number])

        forms = self.expected, FormResults(route, answers)
        return judge(forms, self.outputs, self.tolerance, precision)


def reference_of(
    onnx: Path,
    *,
    shapes: AskedShapes,
    inputs: Mapping[str, NDArray[np.generic]] | None,
    tolerance: float,
) -> Reference:
    """Ask ONNX Runtime for a model's answers, or ONNX's own evaluator where that cannot run it.

    Args:
        onnx: The file.
        shapes: Of inputs that it leaves free, as the conversion fixed them.
        inputs: Name → samples in ONNX order; random ones if None.
        tolerance: See `Reference`.

    Raises:
        UsageError: Neither can run the model.
        DataError: The samples do not fit.
        ParityError: The model itself gives NaN.
    """
    graph = load(onnx, shapes).graph
    oracle = Oracle(Model(onnx, None), tries_sizes=has_free_sizes(graph.inputs))
    trial = oracle.run if oracle.knows_all else None
    drawn = samples_for(graph.inputs, inputs, trial=trial, hints=size_hints(graph))
    batch = {} if trial is None else batched_inputs(graph, drawn, trial, given=inputs is not None)
    if batch and not batch.keys() & shapes.keys():  # as a conversion fixes it
        graph = load(onnx, {**shapes, **of_one(graph, batch)}).graph
        drawn = samples_for(graph.inputs, inputs, trial=trial, like=drawn)
    samples = tuple(sample for sample in drawn if _sizes(sample) == _sizes(drawn[0]))
    if not any(samples):
        raise DataError(f"{onnx}: takes no inputs; other routes are raced for models that do")
    expected = _answers(onnx, samples, oracle)
    outputs = tuple(str(value.name) for value in graph.outputs)
    refuse_nan(expected, outputs)
    return Reference(onnx, outputs, samples, expected, tolerance, given=inputs is not None)


def _answers(onnx: Path, samples: Sequence[Sample], oracle: Oracle) -> FormResults:
    """What the model gives, by whoever can run it."""
    forms, _ = oracle.answers(samples)
    if forms:
        return forms[0]
    rounded = [of_onnx(onnx, sample) for sample in samples]
    exact = [list(each.exact) for each in rounded if each is not None]
    if len(exact) < len(samples):
        raise UsageError(
            f"{onnx}: other routes have nothing to be held against: {oracle.gap}, and ONNX's own"
            " evaluator cannot run it either; leave --routes out"
        )
    return FormResults(ONNX, exact)


def _sizes(sample: Sample) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in sample.items()}
