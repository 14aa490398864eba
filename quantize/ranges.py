"""Chooses the range that each activation's int8 values span, from calibration statistics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import DataError

from .schemes import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    from .calibrate import Statistics
    from .recipes import RangeMethod, Recipe

Range = tuple[float, float]

LEVELS = 255
# Below the bound the operator's result is constant, so that clipping its input there is exact.
LOWEST_INPUT = {"HARD_SWISH": -3.0, "RELU": 0.0, "RELU6": 0.0}
COPIES = ("CONCATENATION", "RESHAPE", "TRANSPOSE")
CLIP_STEPS = 64
# For an activation that was always zero; the near-zero step that its own range would give is
# outside what XNNPACK's ADD takes.
DEAD = (0.0, 1.0)
# What a uint8 input can hold; spanned whole, its int8 form loses nothing.
PIXELS = (0.0, 255.0)
# Why an activation has no range.
UNBOUNDED = (
    "it is NaN or infinite on the calibration data; repair the model, or keep the operator in float"
    " (`keep_float` of the recipe)"
)
FOREIGN = "the recipe was made for another model; give calibration data instead"


def choose(
    graph: Graph, statistics: Mapping[str, Statistics], method: RangeMethod
) -> dict[str, Range]:
    """Choose a range per activation.

    Args:
        graph: The float graph.
        statistics: Per activation name, what calibration saw.
        method: "minmax" spans every value seen; "mse" clips to the range with the least expected
            squared error of 8-bit rounding and clipping together.

    Returns:
        Ranges by name; an activation that was NaN or infinite has none.
    """
    bounds = _exact_bounds(graph)
    find = _least_error if method == "mse" else _extremes
    ranges = {
        name: find(seen, bounds.get(name, -np.inf))
        for name, seen in statistics.items()
        if np.isfinite(seen.low)
    }
    for operator in graph.operators:
        written = graph.name(int(operator.outputs[0])) if len(operator.outputs) == 1 else None
        if written in ranges:
            ranges[written] = _inherited(graph, operator, ranges) or ranges[written]
    return {name: DEAD if low == high == 0 else (low, high) for name, (low, high) in ranges.items()}


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
        for tensor in _quantized(graph, operator, recipe):
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


def _quantized(graph: Graph, operator: Any, recipe: Recipe) -> list[int]:
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


def _inherited(graph: Graph, operator: Any, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range that an operator's output has from its input alone, if it has one."""
    inputs = dict.fromkeys(int(index) for index in operator.inputs)
    read = [index for index in inputs if index >= 0 and graph.constant(index) is None]
    kind = graph.kind(operator)
    if kind == "DEQUANTIZE" and read and graph.dtype(read[0]) == np.uint8:
        return PIXELS
    # A joined constant has a range of its own; a constant shape or permutation has none.
    joined = inputs if kind == "CONCATENATION" else read
    if kind in COPIES and len(joined) == len(read) == 1:
        # The same values: one range for both, or a requantization comes between them.
        return ranges.get(graph.name(read[0]))
    return None


def _extremes(seen: Statistics, bound: float) -> Range:
    return max(seen.low, bound), max(seen.high, bound)


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


def _least_error(seen: Statistics, bound: float) -> Range:
    """Search the two ends on a grid in turn; zero always stays inside."""
    low, high = _extremes(seen, bound)
    width = (seen.high - seen.low) / len(seen.counts)
    centres = np.maximum(seen.low + (np.arange(len(seen.counts)) + 0.5) * width, bound)
    fractions = np.linspace(0, 1, CLIP_STEPS + 1)[1:]
    lows = low * fractions if low < 0 else [low]
    highs = high * fractions if high > 0 else [high]
    for _ in range(2):
        low = min(lows, key=lambda end: (_error(seen.counts, centres, end, high), end))
        high = min(highs, key=lambda end: (_error(seen.counts, centres, low, end), -end))
    return float(low), float(high)


def _error(
    counts: NDArray[np.int64], centres: NDArray[np.float64], low: float, high: float
) -> float:
    """Expected squared error of rounding to 255 steps inside a range and clipping outside."""
    step = (max(high, 0.0) - min(low, 0.0)) / LEVELS
    beyond = centres - np.clip(centres, low, high)
    inside = beyond == 0
    return float((counts * np.where(inside, step * step / 12, beyond**2)).sum())
