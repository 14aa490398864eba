"""Tries corrections for a recipe, and keeps those that the outputs are better for."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from decant.errors import DecantError
from decant.fidelity import broken, weakest
from decant.isolation import run_checked, run_isolated

from .calibrate import measure
from .corrections.applying import corrected
from .corrections.bias import corrected_biases
from .corrections.layers import layers_of
from .corrections.learning import learned_rounding
from .corrections.regional import proven_scales
from .corrections.storage import Found
from .ranges import choose, written_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from decant.flatbuffer.graph import Graph
    from decant.quantization import Correction, Granularity

    from .job import Job
    from .recipes import Recipe
    from .report import Candidate

    Proof = Callable[[Recipe], tuple[Candidate, bytes]]
    Told = dict[str, str]

logger = logging.getLogger(__name__)

# Corrections change the rounding of every value, so that ratios go up and down by chance a little;
# one is kept from this gain on, and no output may lose more.
WORTH_DB = 0.1
LOSS_DB = 0.5
HURRIED = "its rounding is improved weight by weight only: the time for learning was over"
# Each works on what the one before has made.
ORDER: tuple[Correction, ...] = ("equalisation", "bias", "rounding")


def corrected_graph(graph: Graph, recipe: Recipe) -> Graph:
    """Give the graph that the quantizer is given for a recipe, by what its corrections have found.

    Raises:
        DataError: They are another model's.
    """
    if not recipe.found:
        return graph
    return corrected(graph, Found.from_bytes(recipe.found), integer_layers(graph, recipe))


def integer_layers(graph: Graph, recipe: Recipe) -> dict[str, Granularity]:
    """Map the layers whose weights a recipe makes int8 to what their steps lie along."""
    kinds = ((layer, recipe.scheme_of(layer.kind, layer.name)) for layer in layers_of(graph))
    return {layer.name: recipe.granularity for layer, scheme in kinds if scheme.weight_bits == 8}


def correct(job: Job, recipe: Recipe, prove: Proof) -> tuple[Candidate, bytes]:
    """Make a candidate without corrections and with more and more of them; returns the best.

    Args:
        job: With the samples.
        recipe: Whose groups name tensors, with ranges and the corrections to try.
        prove: Makes a candidate of such a recipe.
    """
    best = prove(recipe.model_copy(update={"corrections": ()}))
    if job.judge is None:
        return best
    told: dict[str, str] = {}
    for name in ORDER:
        if name not in recipe.corrections:
            continue
        logger.info("%s: %s …", recipe.name, name)
        try:
            before = best[0].recipe.model_copy(update={"groups": recipe.groups})
            tried = STEPS[name](job, before, told)
            found = None if tried is None else prove(tried)
        except DecantError as error:
            logger.warning("%s of recipe %s failed, and is left out: %s", name, recipe.name, error)
            told[name] = str(error).split("\n")[0]
            continue
        if found is not None and is_better(found[0], best[0]):
            best = found
    return best[0].model_copy(update={"uncorrected": told}), best[1]


def is_better(candidate: Candidate, other: Candidate) -> bool:
    """Whether the outputs of one candidate are closer to the float file's, beyond chance.

    Where there is a metric, it must not lose by it: that is the task's own word, on samples beside
    those that the ratios are of.
    """
    if candidate.drop is not None and other.drop is not None and candidate.drop > other.drop:
        logger.info("the metric drops by %.4f instead of %.4f", candidate.drop, other.drop)
        return False
    now, before = weakest(candidate.parts), weakest(other.parts)
    gains = [now[output].snr_db - before[output].snr_db for output in before]
    logger.info("outputs gain %s dB", ", ".join(f"{gain:+.2f}" for gain in gains))
    if len(broken(candidate.parts)) != len(broken(other.parts)):
        return len(broken(candidate.parts)) < len(broken(other.parts))
    return bool(np.mean(gains) >= WORTH_DB and min(gains) >= -LOSS_DB)


def _equalised(job: Job, recipe: Recipe, _: Told) -> Recipe | None:
    """Give the recipe with scales between layers, and the ranges that come of them."""
    content, signature = job.graph.to_bytes(), (job.inputs, job.outputs)
    rounded = _rounded(job.graph, recipe)
    scales = run_checked(proven_scales, content, signature, job.samples, job.held_out, rounded)
    if not scales:
        return None
    made = _with(recipe, Found(scales=scales), "equalisation")
    if not recipe.ranged:
        return made
    graph = corrected_graph(job.graph, made)
    seen = run_checked(measure, graph.to_bytes(), job.inputs, job.samples)
    calibrators = job.calibrators if recipe.calibrator == "auto" else recipe.calibrator
    return made.model_copy(update={"ranges": choose(graph, seen, calibrators)})


def _with_biases(job: Job, recipe: Recipe, _: Told) -> Recipe:
    """Give the recipe with biases that take away what rounding weights adds to means."""
    found = _found(recipe)
    scaled = corrected(job.graph, Found(scales=found.scales), {})
    biases = run_isolated(
        corrected_biases,
        scaled.to_bytes(),
        job.inputs,
        job.samples,
        integer_layers(job.graph, recipe),
        found.rounding,
    )
    return _with(recipe, replace(found, biases=biases), "bias")


def _rounded_by_learning(job: Job, recipe: Recipe, told: Told) -> Recipe | None:
    """Give the recipe with learned rounding, and biases that fit it where they are corrected.

    Layers that keep nearest rounding, or for which time was short, are added to `told`.
    """
    found, steps = _found(recipe), integer_layers(job.graph, recipe)
    scaled = corrected(job.graph, Found(scales=found.scales), {}).to_bytes()
    learned = run_isolated(
        learned_rounding, scaled, job.inputs, job.samples, steps, centred=bool(found.biases)
    )
    for layer, why in learned.nearest.items():
        logger.warning("%s: %s keeps nearest rounding: %s", recipe.name, layer, why)
        told[layer] = f"it keeps nearest rounding: {why}"
    told.update(dict.fromkeys(learned.hurried, HURRIED))
    if not learned.rounding:
        return None
    made = _with(recipe, replace(found, rounding=learned.rounding), "rounding")
    return _with_biases(job, made, told) if found.biases else made


STEPS: Mapping[Correction, Callable[[Job, Recipe, Told], Recipe | None]] = {
    "equalisation": _equalised,
    "bias": _with_biases,
    "rounding": _rounded_by_learning,
}


def _found(recipe: Recipe) -> Found:
    return Found.from_bytes(recipe.found) if recipe.found else Found()


def _with(recipe: Recipe, found: Found, name: Correction) -> Recipe:
    """Write down what has been found."""
    content = found.to_bytes()
    kept = {*recipe.corrections, name}
    update = {
        "corrections": tuple(each for each in ORDER if each in kept),
        "corrections_sha256": hashlib.sha256(content).hexdigest(),
        "found": content,
    }
    return recipe.model_copy(update=update)


def _rounded(graph: Graph, recipe: Recipe) -> set[str]:
    """Name the activations that become integers."""
    names: set[str] = set()
    for operator in graph.operators:
        scheme = recipe.scheme_of(graph.kind(operator), written_by(graph, operator))
        if scheme.integers:
            read = map(int, operator.inputs)
            names.update(graph.name(tensor) for tensor in read if tensor >= 0)
        if scheme.ranged:
            names.update(graph.name(int(tensor)) for tensor in operator.outputs)
    return names
