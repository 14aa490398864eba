"""Chooses the range that each activation's int8 values span, from calibration statistics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import DataError

from .calibration import CALIBRATORS
from .calibration import Range as Range
from .calibration.comparison import least_error
from .schemes import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from decant.flatbuffer.graph import Graph

    from .calibration import Statistics
    from .recipes import Recipe

# Below the bound the operator's result is constant, so that clipping its input there is exact.
LOWEST_INPUT = {"HARD_SWISH": -3.0, "RELU": 0.0, "RELU6": 0.0}
COPIES = ("CONCATENATION", "RESHAPE", "TRANSPOSE")
# What only hands integers on: its result has the scale of what it reads.
MOVES = (
    "GATHER",
    "RESHAPE",
    "SLICE",
    "SPLIT",
    "STRIDED_SLICE",
    "TRANSPOSE",
    "UNPACK",
)
# Steps of int8 below and above zero.
BELOW, ABOVE = 128, 127
# For an activation that was always zero; the near-zero step that its own range would give is
# outside what XNNPACK's ADD takes.
DEAD = (0.0, 1.0)
# A step below float32's least normal number is zero to LiteRT, whose QUANTIZE crashes on it.
NARROWEST = (BELOW + ABOVE) * float(np.finfo(np.float32).tiny)
# What a uint8 input can hold; spanned whole, its int8 form loses nothing.
PIXELS = (0.0, 255.0)
# Why an activation has no range.
UNBOUNDED = (
    "it is NaN or infinite on the calibration data; repair the model, or keep the operator in float"
    " (`keep_float` of the recipe)"
)
FOREIGN = "the recipe was made for another model; give calibration data instead"


def choose(
    graph: Graph,
    statistics: Mapping[str, Statistics],
    calibrators: str | Mapping[str, str] = "minmax",
) -> dict[str, Range]:
    """Choose a range per activation.

    Args:
        graph: The float graph.
        statistics: Per activation name, what calibration saw.
        calibrators: Name of the one for all in `CALIBRATORS`, or of each by activation, "minmax"
            where it names none.

    Returns:
        Ranges by name; an activation that was NaN or infinite has none.
    """
    bounds = _exact_bounds(graph)
    chosen = {} if isinstance(calibrators, str) else calibrators
    rest = calibrators if isinstance(calibrators, str) else "minmax"
    ranges = {
        name: _range_of(chosen.get(name, rest), seen.above(bounds.get(name, -np.inf)))
        for name, seen in statistics.items()
        if seen.usable
    }
    for name, source in _inherited(graph):
        if name in ranges:
            ranges[name] = PIXELS if source is None else ranges.get(source, ranges[name])
    _centre_factors(graph, ranges)
    return {
        name: DEAD if high - low < NARROWEST else (low, high)
        for name, (low, high) in ranges.items()
    }


def least_local_errors(
    graph: Graph, statistics: Mapping[str, Statistics], held_out: Mapping[str, Statistics]
) -> dict[str, str]:
    """Name each activation's calibrator whose range has the least error on other samples.

    Args:
        graph: The float graph.
        statistics: What the ranges are made from.
        held_out: What they are judged by. A reader's bound counts here, too.
    """
    bounds = _exact_bounds(graph)
    spans = {name: choose(graph, statistics, name) for name in CALIBRATORS}
    inherited = {name for name, _ in _inherited(graph)}
    return {
        name: least_error(
            statistics[name].above(bounds.get(name, -np.inf)),
            held_out[name].above(bounds.get(name, -np.inf)),
            {calibrator: ranges[name] for calibrator, ranges in spans.items()},
        )
        for name in spans["minmax"]
        if name in held_out and held_out[name].usable and name not in inherited
    }


def check_ranges(graph: Graph, recipe: Recipe, why: str = FOREIGN) -> None:
    """Refuse a static recipe whose ranges are not those of a graph.

    Args:
        graph: The float graph.
        recipe: With its ranges.
        why: What to say of an activation that has none.

    Raises:
        DataError: A range is of no activation in the graph, or an activation that becomes an
            integer has no range; the message names it.
    """
    if not recipe.ranged:
        return
    computed = [int(tensor) for operator in graph.operators for tensor in operator.outputs]
    known = {graph.name(tensor) for tensor in (*graph.inputs, *computed)}
    foreign = [name for name in recipe.ranges if name not in known]
    if foreign:
        raise DataError(
            f"recipe {recipe.name!r} has a range for {foreign[0]!r}, which the model does not"
            f" compute: {FOREIGN}"
        )
    for operator in graph.operators:
        for tensor in ranged_tensors(graph, operator, recipe):
            if graph.name(tensor) not in recipe.ranges:
                raise DataError(
                    f"recipe {recipe.name!r} has no range for {graph.name(tensor)!r}, which a"
                    f" {graph.kind(operator)} reads or writes: {why}"
                )


def idle_patterns(graph: Graph, recipe: Recipe) -> Iterator[str]:
    """Say which of a recipe's patterns fit no operator, so that they change nothing."""
    written = [(graph.kind(each), written_by(graph, each)) for each in graph.operators]
    for pattern in recipe.keep_float:
        if not any(re.search(pattern, names) for _, names in written):
            yield f"recipe {recipe.name}: keep_float {pattern!r} fits no operator of the model"
    for group in recipe.groups:
        if not any(holds(group, kind, names) for kind, names in written):
            what = " and ".join(map(repr, (*group.tensors, *group.kinds)))
            yield (
                f"recipe {recipe.name}: the group of {group.scheme} ({what}) fits no operator of"
                " the model"
            )


def written_by(graph: Graph, operator: Any) -> str:
    """Name what an operator writes, as `keep_float` is matched against it."""
    return ";".join(graph.name(int(tensor)) for tensor in operator.outputs)


def ranged_tensors(graph: Graph, operator: Any, recipe: Recipe) -> list[int]:
    """List the activations that a recipe gives a range around an operator."""
    if not recipe.scheme_of(graph.kind(operator), written_by(graph, operator)).ranged:
        return []
    return [
        tensor
        for tensor in (int(index) for index in (*operator.inputs, *operator.outputs))
        if tensor >= 0
        and graph.is_float(tensor)
        and graph.constant(tensor) is None
        and 0 not in graph.shape(tensor)
    ]


def _inherited(graph: Graph) -> Iterator[tuple[str, str | None]]:
    """Yield activations whose range is that of another one, or of all pixels (None), in order."""
    for operator in graph.operators:
        if len(operator.outputs) != 1:
            continue
        written = graph.name(int(operator.outputs[0]))
        inputs = dict.fromkeys(int(index) for index in operator.inputs)
        read = [index for index in inputs if index >= 0 and graph.constant(index) is None]
        kind = graph.kind(operator)
        # A joined constant has a range of its own; a constant shape or permutation has none.
        joined = inputs if kind == "CONCATENATION" else read
        if kind == "DEQUANTIZE" and read and graph.dtype(read[0]) == np.uint8:
            yield written, None
        elif kind in COPIES and len(joined) == len(read) == 1:
            # The same values: one range for both, or a requantization comes between them.
            yield written, graph.name(read[0])


def _range_of(calibrator: str, seen: Statistics) -> Range:
    """Let a calibrator choose; where no value was counted that is not zero, the extremes."""
    if not seen.histogram.counts.sum():
        return seen.low, seen.high
    return CALIBRATORS[calibrator].range_of(seen)


def _centre_factors(graph: Graph, ranges: dict[str, Range]) -> None:
    """Give zero point 0 to the second factors of products, and to what they are moved from.

    XNNPACK takes no others: LiteRT's own int8 product takes 20 times as long.
    """
    writers = graph.writers()
    for operator in graph.operators:
        if graph.kind(operator) != "BATCH_MATMUL":
            continue
        tensor = int(operator.inputs[1])
        while (name := graph.name(tensor)) in ranges:
            low, high = ranges[name]
            step = max(-low / BELOW, high / ABOVE)
            ranges[name] = (-BELOW * step, ABOVE * step)
            moved = writers.get(tensor)
            if moved is None or graph.kind(moved) not in MOVES:
                break
            tensor = int(moved.inputs[-1 if graph.kind(moved) == "SPLIT" else 0])


def _exact_bounds(graph: Graph) -> dict[str, float]:
    """Map an activation to the lowest value that any of its readers tells apart."""
    bounds: dict[str, float] = {}
    all_readers = graph.readers()
    for operator in graph.operators:
        for tensor in (int(index) for index in operator.outputs):
            readers = all_readers.get(tensor, [])
            known = [LOWEST_INPUT.get(graph.kind(reader)) for reader in readers]
            lowest = [bound for bound in known if bound is not None]
            if tensor not in graph.outputs and lowest and len(lowest) == len(known):
                bounds[graph.name(tensor)] = min(lowest)
    return bounds
