"""Checks of activations: what is unbounded, dead, or loses much when it is rounded to 8 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.fidelity import GOOD_DB
from decant.parity import signal_to_noise_db

from ..remedy import MOVING
from .check import Check, Found
from .subject import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .observe import Activation
    from .subject import Subject

STEPS = 255
# So many times what the median channel reaches, and a channel is an outlier.
OUTLIER = 8.0
FEWEST_CHANNELS = 8
# Fewer values than these per channel say little of what the channel does.
FEWEST_VALUES = 64
# One step of logits of so much changes a probability by a factor of 1.13 at worst (e^(step / 2)).
COARSE_LOGITS = 0.25
# Of how many steps the smallest denominator has to consist for its reciprocal to be within 12 %.
DENOMINATOR_STEPS = 4.0
# HARD_SWISH and SiLU dip to -0.375 and -0.278 at most: all that they tell of negative inputs.
LOBES = {"HARD_SWISH": 0.375, "SiLU": 0.278}
LOBE_STEPS = 2.0
DENOMINATORS = {"DIV": 1, "LOG": 0, "RSQRT": 0}


def unbounded_activation(subject: Subject) -> Iterator[Found]:
    """Find the operators where NaN or infinity begins."""
    broken = {tensor for tensor, seen in subject.activations.items() if seen.unbounded}
    for operator in subject.graph.operators:
        written = [int(index) for index in operator.outputs if int(index) in broken]
        if not written or any(int(index) in broken for index in operator.inputs):
            continue
        unbounded = subject.activations[written[0]].unbounded
        after = len(broken) - 1
        yield Found(
            f"{number(unbounded)} values are NaN or infinite on the calibration data"
            + (f"; {after} more activations of the model are so too" if after else ""),
            {"values": unbounded, "activations": len(broken)},
            (subject.place(written[0]),),
        )


def dead_activation(subject: Subject) -> Iterator[Found]:
    """Find what never changes although it is computed from the input."""
    stuck = [
        tensor
        for tensor, seen in subject.activations.items()
        if seen.constant and tensor in subject.writers and not seen.unbounded
    ]
    first = [tensor for tensor in stuck if _begins(subject, tensor)]
    if first:
        values = {subject.activations[tensor].low for tensor in first}
        told = f"always {number(values.pop())}" if len(values) == 1 else "always one value each"
        count = f"{len(first)} activations are" if len(first) > 1 else "one activation is"
        yield Found(
            f"{count} {told} on all samples",
            {"activations": len(first)},
            tuple(map(subject.place, first)),
        )


def _begins(subject: Subject, tensor: int) -> bool:
    """Whether a constant activation is computed from something that is not constant."""
    inputs = [int(index) for index in subject.writers[tensor].inputs]
    read = [subject.activations[index] for index in inputs if index in subject.activations]
    return any(not seen.constant for seen in read)


def outlier_channels(subject: Subject) -> Iterator[Found]:
    """Find activations of which few channels take the scale of all others."""
    found = []
    for tensor in _judged(subject):
        seen = subject.activations[tensor]
        live = np.flatnonzero(seen.channel_variances > 0)
        ratio = _median_ratio(subject, tensor, live)
        reaches = seen.reaches[live]
        median = float(np.median(reaches))
        outliers = live[reaches > OUTLIER * median]
        if ratio < GOOD_DB and outliers.size and 2 * outliers.size < live.size:
            found.append((ratio, tensor, live, outliers, median))
    for ratio, tensor, live, outliers, median in sorted(found, key=lambda each: each[0]):
        reaches = subject.activations[tensor].reaches
        worst = int(outliers[np.argmax(reaches[outliers])])
        others = f" and {outliers.size - 1} more" if outliers.size > 1 else ""
        yield Found(
            f"channel {worst} reaches {number(reaches[worst])}{others} beyond {OUTLIER:g} ×, the"
            f" median of {live.size} channels {number(median)}: rounded at one scale, the median"
            f" channel keeps {ratio:.1f} dB",
            {
                "channel": worst,
                "reach": reaches[worst],
                "median_reach": median,
                "outliers": outliers.size,
                "channels": live.size,
                "median_db": ratio,
            },
            (subject.place(tensor),),
        )


def long_tail(subject: Subject) -> Iterator[Found]:
    """Find activations whose few large values, in any channel, take the scale of all others."""
    found = []
    for tensor in _judged(subject):
        seen = subject.activations[tensor]
        live = np.flatnonzero(seen.channel_variances > 0)
        ratio = _median_ratio(subject, tensor, live)
        reaches = seen.reaches[live]
        if ratio < GOOD_DB and reaches.max() <= OUTLIER * np.median(reaches):
            found.append((ratio, tensor))
    for ratio, tensor in sorted(found):
        seen = subject.activations[tensor]
        size = float(np.sqrt(np.median(seen.channel_powers)))
        yield Found(
            f"values go from {number(seen.low)} to {number(seen.high)}, those of the median channel"
            f" are {number(size)} in size (root mean square): rounded, it keeps {ratio:.1f} dB",
            {"low": seen.low, "high": seen.high, "median_size": size, "median_db": ratio},
            (subject.place(tensor),),
        )


def _judged(subject: Subject) -> list[int]:
    """Give rounded activations of enough channels that are computed, not only moved."""
    return [
        tensor
        for tensor in subject.rounded
        if tensor in subject.writers
        and tensor not in subject.graph.outputs
        and subject.kind_of(tensor) not in MOVING
        and not _only_summed(subject, tensor)
        and (subject.activations[tensor].channel_variances > 0).sum() >= FEWEST_CHANNELS
        and _values_per_channel(subject, tensor) >= FEWEST_VALUES
    ]


def _only_summed(subject: Subject, tensor: int) -> bool:
    """Whether the channels go on as their sum alone, in which small ones do not count."""
    last = len(subject.graph.shape(tensor)) - 1
    readers = subject.readers.get(tensor, [])
    return bool(readers) and all(last in _summed_axes(subject, each) for each in readers)


def _summed_axes(subject: Subject, operator: Any) -> set[int]:
    if subject.graph.kind(operator) not in ("MEAN", "SUM"):
        return set()
    axes = subject.graph.constant(int(operator.inputs[1]))
    rank = len(subject.graph.shape(int(operator.inputs[0])))
    return set() if axes is None else {int(axis) % rank for axis in axes.ravel()}


def _values_per_channel(subject: Subject, tensor: int) -> float:
    sizes = [abs(size) for size in subject.graph.shape(tensor)[:-1]]
    return float(np.prod(sizes)) * len(subject.activations[tensor].lows)


def _median_ratio(subject: Subject, tensor: int, channels: Any) -> float:
    """Give what the median channel keeps of its values when the tensor is rounded, in dB."""
    power = float(np.median(subject.activations[tensor].channel_powers[channels]))
    return signal_to_noise_db(power, subject.noise(tensor))


def mixed_concatenation(subject: Subject) -> Iterator[Found]:
    """Find what is lost by being joined with larger values under one scale."""
    for operator in subject.graph.operators:
        output = int(operator.outputs[0])
        if subject.graph.kind(operator) != "CONCATENATION" or output not in subject.rounded:
            continue
        if _is_given(subject, output):
            continue  # it is judged as an output
        noise = subject.noise(output)
        for tensor in dict.fromkeys(int(index) for index in operator.inputs):
            seen = subject.activations.get(tensor)
            if seen is None or seen.constant or seen.unbounded:
                continue
            ratio = signal_to_noise_db(_variance(seen), noise)
            if ratio >= GOOD_DB:
                continue
            joined = subject.activations[output]
            yield Found(
                f"values of {number(seen.low)} to {number(seen.high)} are joined with others of"
                f" {number(joined.low)} to {number(joined.high)}: at one scale they keep"
                f" {ratio:.1f} dB",
                {"low": seen.low, "high": seen.high, "joined_low": joined.low}
                | {"joined_high": joined.high, "ratio_db": ratio},
                (subject.place(output), subject.place(tensor)),
            )


def _is_given(subject: Subject, tensor: int) -> bool:
    """Whether a tensor is an output, or becomes one by being moved alone."""
    while tensor not in subject.graph.outputs:
        readers = subject.readers.get(tensor, [])
        if len(readers) != 1 or subject.graph.kind(readers[0]) not in MOVING:
            return False
        tensor = int(readers[0].outputs[0])
    return True


def _variance(seen: Activation) -> float:
    """Give the variance of all values of an activation."""
    means = seen.channel_means
    return float(seen.channel_variances.mean() + means.var())


def coarse_softmax(subject: Subject) -> Iterator[Found]:
    """Find logits of which one step of int8 changes the probabilities much."""
    for operator in subject.graph.operators:
        logits = int(operator.inputs[0]) if len(operator.inputs) else -1
        if subject.graph.kind(operator) != "SOFTMAX" or logits not in subject.rounded:
            continue
        step, seen = subject.step(logits), subject.activations[logits]
        if step > COARSE_LOGITS:
            factor = float(np.exp(min(step / 2, 50)))
            yield Found(
                f"logits from {number(seen.low)} to {number(seen.high)} have steps of"
                f" {number(step)}: rounding changes a probability by a factor of up to"
                f" {number(factor)}",
                {"low": seen.low, "high": seen.high, "step": step, "factor": factor},
                (subject.place_of(operator), subject.place(logits)),
            )


def coarse_denominator(subject: Subject) -> Iterator[Found]:
    """Find small denominators that rounding changes much, as the variance in a LayerNorm."""
    for operator in subject.graph.operators:
        at = DENOMINATORS.get(subject.graph.kind(operator))
        tensor = -1 if at is None else int(operator.inputs[at])
        if tensor not in subject.rounded:
            continue
        step, seen = subject.step(tensor), subject.activations[tensor]
        smallest = min(abs(seen.low), abs(seen.high)) if seen.low * seen.high > 0 else 0.0
        if smallest < DENOMINATOR_STEPS * step:
            yield Found(
                f"values go from {number(seen.low)} to {number(seen.high)} in steps of"
                f" {number(step)}: the smallest has {smallest / step:.1f} of them, and rounding"
                f" moves it by up to {_share(step / 2, smallest)}",
                {"low": seen.low, "high": seen.high, "step": step, "steps": smallest / step},
                (subject.place_of(operator), subject.place(tensor)),
            )


def _share(error: float, size: float) -> str:
    return f"{100 * error / size:.0f} %" if size > error else "all that it is"


def hidden_lobe(subject: Subject) -> Iterator[Found]:
    """Find HARD_SWISH and SiLU of which the negative part vanishes in the steps of the positive."""
    for operator in subject.graph.operators:
        output = int(operator.outputs[0]) if len(operator.outputs) else -1
        depth = LOBES.get(_swish(subject, operator))
        if depth is None or output not in subject.rounded:
            continue
        steps = depth / subject.step(output)
        if steps < LOBE_STEPS:
            seen = subject.activations[output]
            yield Found(
                f"values reach {number(seen.high)}, and all that is negative lies within"
                f" {-depth:g}: {steps:.1f} of {STEPS} steps",
                {"high": seen.high, "lobe_steps": steps},
                (subject.place(output),),
            )


def _swish(subject: Subject, operator: Any) -> str:
    """Say which function an operator ends: x times the LOGISTIC of x is SiLU."""
    kind = subject.graph.kind(operator)
    inputs = [int(index) for index in operator.inputs]
    if kind == "MUL" and len(inputs) == 2:
        for gate, x in (inputs, inputs[::-1]):
            writer = subject.writers.get(gate)
            if writer is not None and subject.graph.kind(writer) == "LOGISTIC":
                return "SiLU" if int(writer.inputs[0]) == x else kind
    return kind


CHECKS = (
    Check(
        "unbounded-activation",
        "error",
        "NaN or infinity inside the model",
        "repair the model or the data: no range can be measured, so that no static int8 file is"
        " made unless the operator stays float (`keep_float`)",
        unbounded_activation,
    ),
    Check(
        "outlier-channels",
        "warning",
        "few channels take the scale of all others",
        "decant measures what that costs: take `dynamic_int8` for what reads it (a group of the"
        " recipe, by module), or keep it float; a scale per channel folded into the layers around"
        " (equalisation) makes the channels alike",
        outlier_channels,
    ),
    Check(
        "long-tail",
        "warning",
        "few large values take the scale of all others",
        "`range_method = mse` clips them where that is the smaller error; otherwise keep the"
        " operator float (`keep_float`)",
        long_tail,
    ),
    Check(
        "coarse-denominator",
        "warning",
        "a reciprocal of coarse values",
        "keep the operator that writes the denominator float (`keep_float`): of a LayerNorm, all"
        " of its module (a group with scheme float)",
        coarse_denominator,
    ),
    Check(
        "coarse-softmax",
        "warning",
        "softmax of coarse logits",
        "the SOFTMAX stays float by itself; let the product before it stay float too"
        " (`keep_float`), or scale the logits down",
        coarse_softmax,
    ),
    Check(
        "mixed-concatenation",
        "warning",
        "small values joined with large ones",
        "keep the CONCATENATION float (`keep_float`), or let the model bring both to one size"
        " before it joins them",
        mixed_concatenation,
    ),
    Check(
        "dead-activation",
        "info",
        "activations that never change",
        "nothing is lost if it is so in use, too; otherwise give samples that wake them. decant"
        " gives one that is always 0 the range 0…1",
        dead_activation,
    ),
    Check(
        "hidden-lobe",
        "info",
        "the negative part of a swish vanishes",
        "train with ReLU6 or with a clipped activation, or keep the operator float"
        " (`keep_float`), if the file loses accuracy",
        hidden_lobe,
    ),
)
