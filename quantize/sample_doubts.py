"""Says what makes calibration samples a poor ground for ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from decant.inputs import Runs

# A range of fewer is that of these samples and no others.
FEW_SAMPLES = 4
# Inputs of fewer values, such as a flag or a length, may well be one value.
MANY_VALUES = 16
LOOKED_AT = 64


def doubts(samples: Runs, held_out: Runs) -> Iterator[str]:
    """Yield a warning for each: few samples, samples that are all the same, blank ones.

    Args:
        samples: To calibrate on.
        held_out: To measure on.
    """
    if not len(samples):
        return
    if samples is not held_out and len(samples) + len(held_out) < FEW_SAMPLES:
        yield (
            f"{len(samples) + len(held_out)} calibration samples only: values outside their ranges"
            " are clipped; give a hundred or so"
        )
    places = range(0, len(samples), -(-len(samples) // LOOKED_AT))
    for name in samples[0]:
        values = [samples[at][name] for at in places]
        yield from _of_input(name, values, places)


def _of_input(name: str, values: list[NDArray[np.generic]], places: range) -> Iterator[str]:
    low, high = min(each.min() for each in values), max(each.max() for each in values)
    if len(values) > 1 and all(np.array_equal(each, values[0]) for each in values):
        yield (
            f"input {name!r} is the same in all calibration samples (values from {low:g} to"
            f" {high:g}), so that ranges hold for this one only; give different, real samples"
        )
        return
    blank = [
        at
        for at, each in zip(places, values, strict=True)
        if each.dtype.kind == "f" and each.size >= MANY_VALUES and each.min() == each.max()
    ]
    if blank:
        value = float(values[places.index(blank[0])].min())
        yield (
            f"input {name!r} is one value throughout in {len(blank)} of {len(values)} samples"
            f" looked at, the first ({value:g}) in sample {blank[0]} of those to calibrate on;"
            " leave blank samples out"
        )
