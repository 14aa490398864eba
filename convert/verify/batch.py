"""Finds the batch of a model: a free axis whose entries it answers one by one.

A name or a place would be a guess: the first axis of a recurrent layer's input is the time.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from decant.errors import DataError
from decant.free_sizes import batch_axis
from decant.graph.load import stated_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.shapes import FixedShape

    Array = NDArray[Any]
    Answer: TypeAlias = "Mapping[str, Array]"
    Trial: TypeAlias = "Callable[[Run], Answer]"

ALIKE = 1e-3
"""Of the largest value: far above what another order of sums changes, far below another answer."""


def batched_inputs(
    graph: ir.Graph, samples: Sequence[Run], trial: Trial, *, given: bool
) -> dict[str, int]:
    """Name the inputs that have the model's free batch, and its axis in each.

    Args:
        graph: The model's.
        samples: What it is checked with.
        trial: Runs the model; raises `DataError` where it does not take a sample.
        given: Whether somebody gave the samples: a batch of several is then asked for.

    Returns:
        None of them where there is no free batch, or one of several is given.
    """
    stated = stated_shapes(graph.inputs)
    found = {name: batch_axis(shape) for name, shape in stated.items()}
    axes = {name: axis for name, axis in found.items() if axis is not None}
    pair = _two_alone(axes, samples, given=given) if axes else None
    if pair is None or all(len(stated[name]) < 2 for name in axes):
        return {}
    try:
        alone = [trial(sample) for sample in pair]
    except DataError:
        return {}
    try:
        together = trial(_joined(axes, pair))
    except DataError:
        return axes  # a batch of one is all that it takes
    if _quantizes_together(graph):
        swapped, twice = (trial(_joined(axes, each)) for each in (pair[::-1], (pair[0], pair[0])))
        return axes if _moves_with(alone, together, swapped, twice) else {}
    return axes if _one_by_one(alone, together) else {}


def of_one(graph: ir.Graph, axes: Mapping[str, int]) -> dict[str, FixedShape]:
    """Shapes of inputs with a batch of one at these axes; other free sizes stay free."""
    found: dict[str, FixedShape] = {}
    for name, batch in axes.items():
        stated = stated_shapes(graph.inputs)[name]
        sizes = [size if isinstance(size, int) else None for size in stated]
        found[name] = (*sizes[:batch], 1, *sizes[batch + 1 :])
    return found


def _quantizes_together(graph: ir.Graph) -> bool:
    """Whether what the rows of a batch are rounded to depends on the limits of all of them."""
    return any(node.op_type in ("DynamicQuantizeLinear", "DynamicQuantizeLSTM") for node in graph)


def _moves_with(alone: Sequence[Answer], together: Answer, swapped: Answer, twice: Answer) -> bool:
    """Whether answers change places with what is asked, and one asked twice is answered as once."""
    halves: list[dict[str, Array]] = [{}, {}]
    for name, array in together.items():
        axis = _longer_axis(array, alone[0][name])
        if axis is None:
            return False
        for half, part in zip(halves, np.array_split(array, 2, axis), strict=True):
            half[name] = part
    return _one_by_one(halves[::-1], swapped) and _one_by_one([alone[0]] * 2, twice)


def _two_alone(
    axes: Mapping[str, int], samples: Sequence[Run], *, given: bool
) -> tuple[Run, Run] | None:
    """Two samples that are batches of one, if they can be had; of one sample, twice that."""
    if given:
        return _two_given(axes, samples)
    first, second = samples[0], samples[-1]
    if all(first[name].shape[axis] == 1 for name, axis in axes.items()):
        return (first, second) if _alike(first, second) else None
    if any(first[name].shape[axis] < 2 for name, axis in axes.items()):
        return None
    rows = [{name: first[name].take([i], axis) for name, axis in axes.items()} for i in range(2)]
    return {**first, **rows[0]}, {**first, **rows[1]}


def _two_given(axes: Mapping[str, int], samples: Sequence[Run]) -> tuple[Run, Run] | None:
    """The first and the last given sample of the same sizes, if all given ones are alone.

    Of samples that are, `samples_for` joins two: that batch is not one that somebody asked for.
    """
    own = [run for run in samples if not _is_joined(axes, run, samples)]
    if any(run[name].shape[axis] != 1 for run in own for name, axis in axes.items()):
        return None
    return own[0], [run for run in own if _alike(own[0], run)][-1]


def _is_joined(axes: Mapping[str, int], run: Run, samples: Sequence[Run]) -> bool:
    """Whether a sample is two others, one behind the other."""
    pairs = [pair for pair in itertools.pairwise(samples) if _alike(*pair)]
    return any(
        all(np.array_equal(run[name], array) for name, array in _joined(axes, pair).items())
        for pair in pairs
    )


def _alike(one: Run, other: Run) -> bool:
    return all(array.shape == other[name].shape for name, array in one.items())


def _joined(axes: Mapping[str, int], pair: tuple[Run, Run]) -> Run:
    first, second = pair
    joined = {n: np.concatenate([first[n], second[n]], axis) for n, axis in axes.items()}
    return {**first, **joined}


def _one_by_one(alone: Sequence[Answer], together: Answer) -> bool:
    """Whether every output of both is those of each, one behind the other."""
    return bool(together) and all(
        _close(array, [each[name] for each in alone]) for name, array in together.items()
    )


def _close(array: Array, rows: Sequence[Array]) -> bool:
    """Whether an array is others joined along the axis by which it is larger."""
    axis = _longer_axis(array, rows[0])
    if axis is None:
        return False
    joined = np.concatenate(rows, axis)
    scale = float(np.abs(joined).max(initial=0)) if joined.dtype.kind == "f" else 0.0
    return joined.shape == array.shape and np.allclose(
        joined, array, rtol=0, atol=ALIKE * scale, equal_nan=joined.dtype.kind == "f"
    )


def _longer_axis(array: Array, row: Array) -> int | None:
    """The one axis along which an array is larger than one of its rows, if that is so."""
    sizes = zip(array.shape, row.shape, strict=False)
    larger = [axis for axis, (after, before) in enumerate(sizes) if after != before]
    return larger[0] if len(larger) == 1 else None
