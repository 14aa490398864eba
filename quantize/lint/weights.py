"""Checks of weights: NaN, channels that collapse under their scale, and biases that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.fidelity import GOOD_DB
from decant.parity import signal_to_noise_db

from ..corrections.weights import LEAST
from ..schemes import WEIGHTED_KINDS
from ..simulate import LARGEST_WEIGHT, weights_of
from .check import Check, Found
from .subject import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .subject import Subject

    Floats = NDArray[np.float64]

LARGEST_BIAS = 2**31 - 1
# Weights of so much less than the median channel's are rests of training: the channel is dead.
DEAD = 1e-6


def broken_weights(subject: Subject) -> Iterator[Found]:
    """Find weights and biases that are NaN or infinite."""
    for operator in subject.graph.operators:
        if subject.graph.kind(operator) not in WEIGHTED_KINDS:
            continue
        values = [subject.constant(int(index)) for index in operator.inputs]
        count = sum(int((~np.isfinite(each)).sum()) for each in values if each is not None)
        if count:
            yield Found(
                f"{count} of its weights are NaN or infinite",
                {"weights": count},
                (subject.place_of(operator),),
            )


def collapsing_weights(subject: Subject) -> Iterator[Found]:
    """Find weights of which whole output channels are lost when they are rounded."""
    found = []
    for operator, rows in _weighted(subject):
        reaches = np.abs(rows).max(1)
        scales = reaches if subject.recipe.granularity == "channel" else reaches.max()
        steps = np.broadcast_to(scales / LARGEST_WEIGHT, reaches.shape)
        live = np.flatnonzero(reaches > DEAD * np.median(reaches))
        powers, noises = np.square(rows).mean(1)[live], np.square(steps)[live] / 12
        ratios = np.array([signal_to_noise_db(*pair) for pair in zip(powers, noises, strict=True)])
        lost = int((ratios < GOOD_DB).sum())
        if lost:
            found.append((float(ratios.min()), lost, int(live[ratios.argmin()]), operator, reaches))
    for worst, lost, channel, operator, reaches in sorted(found, key=lambda each: each[0]):
        alone = subject.recipe.granularity == "channel"
        why = "one weight of it takes its scale" if alone else "another takes the tensor's scale"
        yield Found(
            f"{lost} of {len(reaches)} output channels keep less than {GOOD_DB:g} dB when rounded;"
            f" channel {channel}, whose weights reach {number(reaches[channel])} (the median"
            f" channel's {number(float(np.median(reaches)))}), keeps {worst:.1f} dB: {why}",
            {"lost_channels": lost, "channels": len(reaches), "worst_db": worst}
            | {"reach": reaches[channel], "median_reach": float(np.median(reaches))},
            (subject.place_of(operator),),
            cure=None if alone else "take `granularity = channel`, a scale per output channel",
        )


def dead_channels(subject: Subject) -> Iterator[Found]:
    """Find output channels whose weights are nothing beside those of the others."""
    dead = {}
    for operator, rows in _weighted(subject):
        reaches = np.abs(rows).max(1)
        count = int((reaches <= DEAD * np.median(reaches)).sum())
        if count and np.median(reaches):
            dead[int(operator.outputs[0])] = count, len(reaches)
    if dead:
        worst = sorted(dead, key=lambda tensor: -dead[tensor][0] / dead[tensor][1])
        total = sum(each[0] for each in dead.values())
        first, of = dead[worst[0]]
        yield Found(
            f"{total} output channels of {len(dead)} layers have weights of next to nothing, most"
            f" in the first: {first} of {of}",
            {"dead_channels": total, "layers": len(dead)},
            tuple(map(subject.place, worst)),
        )


def bias_overflow(subject: Subject) -> Iterator[Found]:
    """Find biases that are more than int32 holds, counted in steps of input times weight."""
    for operator, rows in _weighted(subject):
        tensor = int(operator.inputs[2 if subject.graph.kind(operator) == "TRANSPOSE_CONV" else 0])
        bias = _bias(subject, operator)
        if bias is None or tensor not in subject.rounded or not subject.is_static(operator):
            continue
        reaches = np.abs(rows).max(1)
        if subject.recipe.granularity == "tensor":
            reaches = np.full_like(reaches, reaches.max())
        steps = subject.step(tensor) * np.maximum(reaches, LEAST) / LARGEST_WEIGHT
        integers = np.abs(bias) / steps
        over = np.flatnonzero(integers > LARGEST_BIAS)
        if over.size:
            worst = int(over[np.argmax(integers[over])])
            yield Found(
                f"the biases of {over.size} of {len(reaches)} channels do not fit into int32:"
                f" {number(bias[worst])} of channel {worst} is {number(integers[worst])} steps of"
                f" {number(steps[worst])}, since its weights reach {number(reaches[worst])} only",
                {"channels": over.size, "bias": bias[worst], "steps": integers[worst]}
                | {"reach": reaches[worst]},
                (subject.place_of(operator),),
            )


def _weighted(subject: Subject) -> Iterator[tuple[Any, Floats]]:
    """Yield operators with weights, and these as [output channels, weights of each]."""
    for operator in subject.graph.operators:
        found = weights_of(subject.graph, operator)
        if found is None:
            continue
        weights = subject.constant(found[0])
        if weights is None or not np.isfinite(weights).all() or not weights.size:
            continue
        rows = np.moveaxis(weights, found[1], 0).reshape(weights.shape[found[1]], -1)
        if rows.any():
            yield operator, rows.astype(np.float64)


def _bias(subject: Subject, operator: Any) -> Floats | None:
    at = 3 if subject.graph.kind(operator) == "TRANSPOSE_CONV" else 2
    if len(operator.inputs) <= at:
        return None
    bias = subject.constant(int(operator.inputs[at]))
    return None if bias is None else bias.ravel().astype(np.float64)


CHECKS = (
    Check(
        "broken-weights",
        "error",
        "weights that are NaN or infinite",
        "take another checkpoint: every scale that they have a part in is NaN",
        broken_weights,
        needs_samples=False,
    ),
    Check(
        "bias-overflow",
        "info",
        "biases that int32 does not hold",
        "nothing is lost: decant makes the steps of such weights wide enough, by one weight of"
        " each; litert-quantizer 0.11 by itself makes the lowest int32 of the bias, whichever its"
        " sign",
        bias_overflow,
    ),
    Check(
        "collapsing-weights",
        "warning",
        "output channels lost in rounding",
        "keep the operator float (`keep_float`), or clip or retrain the weight that sticks out",
        collapsing_weights,
        needs_samples=False,
    ),
    Check(
        "dead-channels",
        "info",
        "output channels without weights",
        "nothing is lost; pruned, the model would be smaller and faster",
        dead_channels,
        needs_samples=False,
    ),
)
