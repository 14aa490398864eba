"""Checks of how inputs are normalised: twice, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .check import Check, Found
from .subject import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .observe import Activation
    from .subject import Subject

    Floats = NDArray[np.float64]

# What only moves the values of an input, in front of its first arithmetic.
MOVING = ("RESHAPE", "TRANSPOSE", "EXPAND_DIMS", "SQUEEZE")
LONGEST_PERIOD = 16
# Mean and 1 / std of x → (x - mean) / std for pixels 0…1: every usual mean is near the middle, and
# every usual std, 0.2 to 0.5, is a slope of 2 to 5.
USUAL_MEANS = (0.2, 0.8)
USUAL_SLOPES = (1.2, 12.0)
# A model that scales its input by so little or less takes raw pixels 0…255: 1 / 255, or with a std
# of 0.2 to 0.5 behind it a fiftieth at most.
OF_PIXELS = 1 / 25
# Pixels that are normalised once lie in ±3. Twice by ImageNet's figures they reach -11 to 9.
ONCE, TWICE = 4.0, 16.0
SPREAD_TWICE = 3.0
# Pixels that are divided by 255 twice hardly leave the place where 0 comes to lie.
NARROW, FAR = 0.05, 1.5
LARGE_INPUT = 64.0
# Standard deviation that no first layer gives on inputs of the size that it was made for.
LARGE_RESPONSE = 50.0
PICTURE_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class Leading:
    """What a model does to an input first of all, value by value: x → slope x + shift.

    Attributes:
        slope: [channels], or [1].
        shift: Likewise.
        operators: That do it.
        end: What they make of the input.
    """

    slope: Floats
    shift: Floats
    operators: tuple[Any, ...]
    end: int


def leading(subject: Subject, tensor: int) -> Leading:
    """Follow an input through the constants that are added to it and that it is multiplied by."""
    slope, shift = np.ones(1), np.zeros(1)
    passed: list[Any] = []
    while len(readers := subject.readers.get(tensor, [])) == 1:
        operator = readers[0]
        kind = subject.graph.kind(operator)
        if kind not in MOVING:
            changed = _changed(subject, operator, tensor, slope, shift)
            if changed is None:
                break
            slope, shift = changed
            passed.append(operator)
        tensor = int(operator.outputs[0])
    return Leading(slope, shift, tuple(passed), tensor)


def _changed(
    subject: Subject, operator: Any, tensor: int, slope: Floats, shift: Floats
) -> tuple[Floats, Floats] | None:
    """Apply one operator to slope and shift; None if it is another kind of arithmetic."""
    kind = subject.graph.kind(operator)
    first, second = (*(int(index) for index in operator.inputs), -1, -1)[:2]
    swapped = second == tensor
    value = subject.constant(first if swapped else second)
    if kind not in ("ADD", "SUB", "MUL", "DIV") or value is None or value.size == 0:
        return None
    constant = _per_channel(value.ravel().astype(np.float64))
    sizes = {array.size for array in (slope, shift, constant)} - {1}
    if len(sizes) > 1 or (kind == "DIV" and (swapped or not constant.all())):
        return None
    if kind == "ADD":
        return slope, shift + constant
    if kind == "SUB":
        return (-slope, constant - shift) if swapped else (slope, shift - constant)
    factor = 1 / constant if kind == "DIV" else constant
    return slope * factor, shift * factor


def _per_channel(value: Floats) -> Floats:
    """Shorten a constant that repeats, as one per channel does along a row of pixels."""
    for period in range(1, min(LONGEST_PERIOD, value.size) + 1):
        if value.size % period == 0 and (value.reshape(-1, period) == value[:period]).all():
            return value[:period]
    return value


def normalized_twice(subject: Subject) -> Iterator[Found]:
    """Find inputs that the data and the model both normalise, or the data twice."""
    for tensor in subject.graph.inputs:
        seen = subject.activations.get(tensor)
        if seen is None or seen.unbounded or seen.constant:
            continue
        first = leading(subject, tensor)
        told = _by_both(seen, first) or _by_data(subject, tensor, seen, first)
        if told:
            places = tuple(subject.place_of(operator) for operator in first.operators)
            yield Found(told, _figures(seen, first), (subject.place(tensor), *places))


def _by_both(seen: Activation, first: Leading) -> str:
    """Say that the model normalises what is normalised already; "" if it does not."""
    slope = np.abs(first.slope)
    after = [seen.low * slope.max(), seen.high * slope.max()]
    span = f"{number(seen.low)} to {number(seen.high)}"
    if slope.max() <= OF_PIXELS and max(-seen.low, seen.high) <= 2 * ONCE:
        return (
            f"the data has values from {span}, and the model divides them by"
            f" {number(1 / slope.max())}, as pixels up to 255: it goes on with"
            f" {number(after[0])} to {number(after[1])}"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        means = -first.shift / first.slope
    standardises = ((slope >= USUAL_SLOPES[0]) & (slope <= USUAL_SLOPES[1])).all() and (
        (means >= USUAL_MEANS[0]) & (means <= USUAL_MEANS[1])
    ).all()
    if standardises and -TWICE < seen.low < -0.5:
        ends = [float((end * first.slope + first.shift).mean()) for end in (seen.low, seen.high)]
        return (
            f"the data has values from {span}, as pixels have that are normalised, and the model"
            f" subtracts {_listed(means)} and divides by {_listed(1 / first.slope)}: it goes on"
            f" with {number(ends[0])} to {number(ends[1])}"
        )
    return ""


def _by_data(subject: Subject, tensor: int, seen: Activation, first: Leading) -> str:
    """Say that pictures were normalised twice before they came here; "" if they were not."""
    shape = subject.graph.shape(tensor)
    if len(shape) != 4 or shape[-1] not in PICTURE_CHANNELS or first.operators:
        return ""
    deviation = np.sqrt(seen.channel_variances)
    span = f"from {number(seen.low)} to {number(seen.high)}"
    if (deviation < NARROW).all() and (np.abs(seen.channel_means) > FAR).all():
        return (
            f"the pictures' values go {span} only, with a standard deviation of"
            f" {number(deviation.max())} around {number(seen.channel_means.mean())}: as pixels do"
            " that were divided by 255 twice and then normalised"
        )
    if deviation.min() > SPREAD_TWICE and -TWICE < seen.low < -ONCE and ONCE < seen.high < TWICE:
        return (
            f"the pictures' values go {span} with a standard deviation of"
            f" {number(deviation.min())}: pixels that are normalised once lie within ±3"
        )
    return ""


def _figures(seen: Activation, first: Leading) -> dict[str, float]:
    return {
        "low": seen.low,
        "high": seen.high,
        "slope": float(np.abs(first.slope).max()),
        "deviation": float(np.sqrt(seen.channel_variances.max())),
    }


def _listed(values: Floats) -> str:
    return "/".join(dict.fromkeys(number(value) for value in values))


def unscaled_input(subject: Subject) -> Iterator[Found]:
    """Find raw pixels that reach a first layer which was made for values of about 1."""
    for tensor in subject.graph.inputs:
        seen = subject.activations.get(tensor)
        if seen is None or seen.unbounded or seen.low < 0 or seen.high < LARGE_INPUT:
            continue
        first = leading(subject, tensor)
        readers = subject.readers.get(first.end, [])
        if np.abs(first.slope).max() <= OF_PIXELS or len(readers) != 1:
            continue
        response = subject.activations.get(int(readers[0].outputs[0]))
        if response is None or response.unbounded:
            continue
        deviation = float(np.sqrt(np.median(response.channel_variances)))
        if deviation > LARGE_RESPONSE:
            yield Found(
                f"the data has values from {number(seen.low)} to {number(seen.high)}, which the"
                " model does not scale, and its first layer gives a standard deviation of"
                f" {number(deviation)}",
                {"low": seen.low, "high": seen.high, "response_deviation": deviation},
                (subject.place(tensor), subject.place_of(readers[0])),
            )


CHECKS = (
    Check(
        "normalized-twice",
        "warning",
        "data that looks normalised twice",
        "normalise once: leave it to the model (mean = 0 and std = 1 in the spec's [input], or raw"
        " values in the file of samples), or to the data, and take it out of the model",
        normalized_twice,
    ),
    Check(
        "unscaled-input",
        "warning",
        "raw pixels in a model made for normalised ones",
        "give the samples as the model was trained on them, normalised: ranges from these fit no"
        " other input",
        unscaled_input,
    ),
)
