"""Looks at a float `.tflite` for what quantization will make worse."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.inputs import cut_runs
from decant.isolation import run_checked, run_isolated
from decant.runtime import sample_inputs

from .. import rewrites
from ..calibration import Statistics
from ..modules import by_tensors, modules_beside
from ..pipeline import float_graph
from ..ranges import choose
from ..recipes import STATIC_INT8
from ..signature import signature_of
from .findings import SEVERITIES, LintReport
from .observe import observe
from .partitions import outside, partitions
from .registry import CHECKS
from .subject import Subject, sample_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph
    from decant.paths import AnyPath
    from decant.tensors import TensorInfo

    from ..recipes import Recipe
    from .observe import Observed

logger = logging.getLogger(__name__)


def lint(
    tflite: AnyPath,
    *,
    calibration: Mapping[str, NDArray[Any]] | None = None,
    inputs: Sequence[TensorInfo] | None = None,
    outputs: Sequence[TensorInfo] | None = None,
    recipes: Sequence[Recipe] = (),
) -> LintReport:
    """Say what will hurt when a float file is quantized, and what is done about it.

    Nothing is written. Native code runs in processes of its own.

    Args:
        tflite: The float file.
        calibration: Per input name [samples, …], each sample in ONNX axis order. Without it only
            the graph and its weights are looked at.
        inputs: The float file's inputs, as for `quantize`.
        outputs: The float file's outputs, likewise.
        recipes: What would be made; the first static one among them is looked ahead to, or
            `STATIC_INT8`.

    Raises:
        DataError: The float file or the calibration data is unusable; the message says why.
        InternalError: The float file crashes LiteRT.
    """
    tflite = Path(tflite)
    signature = signature_of(tflite, inputs, outputs)
    given = [] if calibration is None else cut_runs(calibration, signature[0])
    samples = [given[at] for at in sample_numbers(len(given))]
    graph = float_graph(tflite)
    rewrites.apply(graph)
    modules = modules_beside(tflite)
    recipe = next((each for each in recipes if each.ranged), STATIC_INT8)
    recipe = by_tensors(recipe, graph, modules)
    content = graph.to_bytes()
    logger.info("float file: run on %s …", f"{len(samples)} samples" if samples else "noise")
    # Without the checks of the heap, which double its time: the file has been loaded under them.
    real = run_checked(outside, content)
    runs = samples or [sample_inputs(signature[0])]
    observed = run_isolated(observe, content, *signature, runs)
    logger.info("static int8 form: made, and loaded …")
    subject = Subject(
        graph=graph,
        modules=modules,
        recipe=recipe,
        inputs=signature[0],
        samples=samples,
        given_samples=len(given),
        observed=observed if samples else None,
        partitions=partitions(content, real, _ranged(graph, observed, recipe)),
    )
    return _report(subject)


def _ranged(graph: Graph, observed: Observed, recipe: Recipe) -> Recipe | None:
    """Give a recipe the ranges that were seen; None where one is not bounded."""
    seen = {graph.name(tensor): each for tensor, each in observed.activations.items()}
    if any(each.unbounded for each in seen.values()):
        return None
    statistics = {name: Statistics(low=each.low, high=each.high) for name, each in seen.items()}
    ranges = recipe.ranges or choose(graph, statistics, "minmax")
    return recipe.model_copy(update={"ranges": ranges})


def _report(subject: Subject) -> LintReport:
    """Run every check that there is data for."""
    calibrated = subject.observed is not None
    checks = [check for check in CHECKS if calibrated or not check.needs_samples]
    findings = [finding for check in checks for finding in check.findings(subject)]
    checked = tuple(check.code for check in checks)
    return LintReport(
        findings=tuple(sorted(findings, key=lambda each: SEVERITIES.index(each.severity))),
        checked=checked,
        unchecked=tuple(check.code for check in CHECKS if check.code not in checked),
        operators=subject.graph.histogram(),
        samples=len(subject.samples),
        given_samples=subject.given_samples,
    )
