"""Judges what a candidate keeps of every part of every output.

One int8 tensor has one scale. Where an output holds values of several sizes (a YOLO head's boxes in
pixels beside scores), noise that is small beside the large ones may be all that is left of the
small ones. So an output is cut along every axis in turn, and each kind of value is judged by
itself: by what it varies by, since a large mean tells nothing of the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.fidelity import CEILING_DB, GOOD_DB, Part, meaning
from decant.parity import signal_to_noise_db

from .slices import MANY_SLICES, Slices, groups_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    from .slices import Group

    Array = NDArray[Any]
    Outputs = Mapping[str, Array]
    Pairs = Sequence[tuple[Array, Array]]

# Slices of fewer values are judged together: a ratio of so many is good to a decibel or two.
ENOUGH_VALUES = 16
# The loudest of many slices of a kind: they are set aside, lest they hide what became of the rest.
LOUD_SHARE = 0.1
# Probabilities that stay below this have not come up in the samples. All that is known of them is
# how fine the steps are that they would be told in.
QUIET = 1 / 16
# Values looked at to count the different ones.
COUNTED_VALUES = 1 << 20


class Judge:
    """Judges candidates by the float file's outputs, which are taken apart once."""

    def __init__(self, reference: Sequence[Outputs]) -> None:
        """Take the float file's outputs apart, which are given per sample."""
        self._reference = reference
        self._cuts = {name: _cuts([out[name] for out in reference]) for name in reference[0]}

    def parts(self, measured: Sequence[Outputs], steps: Mapping[str, float]) -> tuple[Part, ...]:
        """Judge the parts of every output, along the axis where its weakest part lies.

        Args:
            measured: Per sample, the candidate's outputs.
            steps: Scale of each output that is an int8 tensor behind its DEQUANTIZE.
        """
        found: list[Part] = []
        for name, cuts in self._cuts.items():
            both = [(a[name], b[name]) for a, b in zip(self._reference, measured, strict=True)]
            pairs = [pair for pair in both if pair[0].size or pair[1].size]
            if any(before.shape != after.shape for before, after in pairs):
                found.append(_resized(name, pairs))
            elif not pairs:  # nothing is given, and nothing is lost
                exact = Part(output=name, snr_db=CEILING_DB, low=0, high=0, meaning="good")
                found.append(exact)
            elif not cuts:
                found.append(_integers(name, pairs))
            else:
                judged = [_along(name, slices, pairs, steps.get(name, 0.0)) for slices in cuts]
                found += min(judged, key=lambda parts: min(part.rank for part in parts))
        return tuple(found)


def output_steps(graph: Graph) -> dict[str, float]:
    """Give the scale of each output of a file that is int8, behind a DEQUANTIZE or as it is."""
    behind = {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators
        if graph.kind(operator) == "DEQUANTIZE"
    }
    scales = {
        name: graph.scale(behind.get(tensor, tensor))
        for name, tensor in graph.signature_outputs().items()
        if tensor in behind or graph.is_int8(tensor)
    }
    return {name: scale for name, scale in scales.items() if scale is not None}


def _cuts(arrays: Sequence[Array]) -> list[Slices]:
    """Cut real values not at all, then along every axis whose slices can be judged."""
    arrays = [array for array in arrays if array.size]
    if not arrays or arrays[0].dtype.kind != "f":
        return []
    axes = [
        axis
        for axis, size in enumerate(arrays[0].shape)
        if size > 1 and all(array.shape[axis] == size for array in arrays)
    ]
    whole, *cut = [Slices.of(arrays, axis) for axis in (None, *axes)]
    return [whole, *(each for each in cut if each.count > 1 and each.live.any())]


def _along(name: str, slices: Slices, pairs: Pairs, step: float) -> list[Part]:
    """Judge every kind of value along one axis."""
    noise = slices.mean_square(np.subtract(b, a, dtype=np.float64) for a, b in pairs)
    if slices.axis is None and (not slices.live.any() or slices.count == 1):
        # There is no variation: the values themselves have to do.
        return [_part(name, slices, np.array([0]), signal_to_noise_db(slices.square[0], noise[0]))]
    found = []
    for group in groups_of(slices):
        members, ratio = _figure(slices, group, noise, step)
        counts = _distinct(slices, members, pairs) if ratio < GOOD_DB else (None, None)
        found.append(_part(name, slices, members, ratio, *counts))
    return found


def _figure(slices: Slices, group: Group, noise: Array, step: float) -> tuple[Array, float]:
    """Give the ratio that counts of a kind of value, and the slices that it is about."""
    members = group.members
    signal, noise = slices.variance[members], noise[members]
    if group.probabilities and max(slices.span[members].max(), step) < QUIET:
        signal = np.maximum(signal, QUIET**2 / 12)
    if group.probabilities or slices.count < ENOUGH_VALUES:
        return members, signal_to_noise_db(signal.sum(), noise.sum())
    if len(members) >= MANY_SLICES:
        rest = np.argsort(-slices.span[members])[int(LOUD_SHARE * len(members)) :]
        return members, signal_to_noise_db(signal[rest].sum(), noise[rest].sum())
    ratios = np.array([signal_to_noise_db(*pair) for pair in zip(signal, noise, strict=True)])
    worst = float(ratios.min())
    alike = [meaning(ratio) == meaning(worst) for ratio in ratios]
    return (members if worst >= GOOD_DB else members[alike]), worst


def _distinct(slices: Slices, members: Array, pairs: Pairs) -> tuple[int, int]:
    """Count the different values that the candidate and the float file give in some slices."""
    per_sample = slices.count * len(members) // len(pairs)
    looked_at = pairs[: max(1, COUNTED_VALUES // max(per_sample, 1))]
    before, after = (
        np.unique(np.concatenate([slices.values(pair[side], members) for pair in looked_at]))
        for side in (0, 1)
    )
    return len(after), len(before)


def _integers(name: str, pairs: Pairs) -> Part:
    """Judge integers, which may be labels or quantities: the kinder reading counts.

    As labels, those that are not the commonest one are the signal, and those that differ the noise.
    """
    before, after = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    counts = np.unique(before, return_counts=True)[1]
    rare = before.size - int(counts.max(initial=0))
    labels = signal_to_noise_db(rare or before.size, int((before != after).sum()))
    real, found = before.astype(np.float64), after.astype(np.float64)
    quantities = signal_to_noise_db(
        real.var() if rare else 0.0, float(np.square(real - found).mean())
    )
    ratio = max(labels, quantities)
    low, high = (float(end) for end in (real.min(initial=0), real.max(initial=0)))
    return Part(output=name, snr_db=ratio, low=low, high=high, meaning=meaning(ratio))


def _resized(name: str, pairs: Pairs) -> Part:
    """Condemn an output that is of another size: there are no values to compare."""
    real = np.concatenate([before.ravel() for before, _ in pairs]).astype(np.float64)
    return Part(
        output=name,
        snr_db=-CEILING_DB,
        low=float(real.min(initial=0)),
        high=float(real.max(initial=0)),
        resized=True,
        meaning="broken",
    )


def _part(name: str, slices: Slices, members: Array, ratio: float, *counts: int | None) -> Part:
    values, float_values = counts or (None, None)
    return Part(
        output=name,
        where=slices.name(members),
        snr_db=ratio,
        low=float(slices.low[members].min()),
        high=float(slices.high[members].max()),
        values=values,
        float_values=float_values,
        meaning=meaning(ratio, values, float_values),
    )
