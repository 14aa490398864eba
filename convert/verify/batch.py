"""Finds the batch of a model: a free first axis whose entries it answers one by one.

A name or a place would be a guess: the first axis of a recurrent layer's input is the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from decant.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.inputs import Run

    Array = NDArray[Any]
    Trial: TypeAlias = "Callable[[Run], Mapping[str, Array]]"

ALIKE = 1e-3
"""Of the largest value: far above what another order of sums changes, far below another answer."""


def batched_inputs(
    inputs: Sequence[ir.Value], samples: Sequence[Run], trial: Trial, *, given: bool
) -> tuple[str, ...]:
    """Name the inputs whose first axis is the model's free batch.

    Args:
        inputs: The model's inputs.
        samples: What it is checked with.
        trial: Runs the model; raises `DataError` where it does not take a sample.
        given: Whether somebody gave the samples, so that a batch of several is asked for.

    Returns:
        None of them where there is no free batch, or samples of several are given.
    """
    free = [v for v in inputs if v.shape is not None and _is_free_first(v.shape)]
    names = tuple(str(value.name) for value in free)
    if not free:
        return ()
    pair = _two_alone(names, samples, given=given)
    if pair is None or all(len(value.shape or ()) < 2 for value in free):
        return ()
    try:
        alone = [trial(sample) for sample in pair]
    except DataError:
        return ()
    try:
        together = trial(_joined(names, pair))
    except DataError:
        return names  # a batch of one is all that it takes
    return names if _one_by_one(alone, together) else ()


def _is_free_first(shape: ir.Shape) -> bool:
    return len(shape) > 0 and not isinstance(shape[0], int)


def _two_alone(
    names: Sequence[str], samples: Sequence[Run], *, given: bool
) -> tuple[Run, Run] | None:
    """Two samples that are batches of one, if they can be had; of one sample, twice that."""
    first, second = samples[0], samples[-1]
    if all(len(first[name]) == 1 for name in names):
        alike = all(first[name].shape == second[name].shape for name in first)
        return (first, second) if alike else None
    if given or any(len(first[name]) < 2 for name in names):
        return None
    rows = [{name: first[name][i : i + 1] for name in names} for i in range(2)]
    return {**first, **rows[0]}, {**first, **rows[1]}


def _joined(names: Sequence[str], pair: tuple[Run, Run]) -> Run:
    first, second = pair
    return {**first, **{name: np.concatenate([first[name], second[name]]) for name in names}}


def _one_by_one(alone: Sequence[Mapping[str, Array]], together: Mapping[str, Array]) -> bool:
    """Whether every output of both is those of each, one behind the other."""
    return bool(together) and all(
        _close(array, [each[name] for each in alone]) for name, array in together.items()
    )


def _close(array: Array, rows: Sequence[Array]) -> bool:
    """Whether an array is others joined along the axis by which it is larger."""
    first, _ = rows
    sizes = zip(array.shape, first.shape, strict=False)
    larger = [axis for axis, (after, before) in enumerate(sizes) if after != before]
    if len(larger) != 1:
        return False
    joined = np.concatenate(rows, larger[0])
    scale = float(np.abs(joined).max(initial=0)) if joined.dtype.kind == "f" else 0.0
    return joined.shape == array.shape and np.allclose(
        joined, array, rtol=0, atol=ALIKE * scale, equal_nan=joined.dtype.kind == "f"
    )
