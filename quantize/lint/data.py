"""Checks of the calibration data: too little of it, stuck, of mixed units, or one odd sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from decant.fidelity import BROKEN_DB, GOOD_DB
from decant.parity import signal_to_noise_db

from .check import Check, Found
from .subject import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .observe import Activation
    from .subject import Subject

FEW_SAMPLES = 32
# Below, there is no half of the samples that says anything of the other.
COMPARED_SAMPLES = 8
# A range that grows by more between half the samples and all of them is not settled.
GROWTH = 1.25
UNSETTLED_SHARE = 0.25
# One sample that spans so many times what any other does costs all others a bit of eight.
ALONE = 2.0


def few_samples(subject: Subject) -> Iterator[Found]:
    """Find data that is too little for ranges, counted in samples that differ."""
    if subject.observed is None:
        return
    runs = {tuple(array.tobytes() for array in run.values()) for run in subject.samples}
    given, distinct = subject.given_samples, len(runs)
    grown, of = _growing(subject)
    figures = {"given_samples": given, "distinct_samples": distinct}
    growth = ""
    if of:
        figures |= {"growing_ranges": grown, "ranges": of}
        growth = (
            f"; from every other sample to all of them, {grown} of {of} ranges grow by more than"
            f" {100 * (GROWTH - 1):.0f} %"
        )
    if distinct < len(subject.samples):
        told = f"of {len(subject.samples)} samples only {distinct} differ"
    else:
        told = f"there {'is' if given == 1 else 'are'} {given} sample{'s' * (given != 1)}"
    if distinct < FEW_SAMPLES or grown > UNSETTLED_SHARE * of:
        yield Found(told + growth, figures)


def _growing(subject: Subject) -> tuple[int, int]:
    """Count the ranges that half the samples leave too small, and all of them."""
    spans = [_spans(subject.activations[tensor]) for tensor in subject.rounded]
    spans = [span for span in spans if len(span[0]) >= COMPARED_SAMPLES]
    grown = [
        highs.max() - lows.min() > GROWTH * (highs[::2].max() - lows[::2].min())
        for lows, highs in spans
    ]
    return sum(map(bool, grown)), len(grown)


def _spans(seen: Activation) -> tuple[np.ndarray, np.ndarray]:
    """Give, per sample, the ends of an int8 range, which holds zero."""
    return np.minimum(seen.lows, 0), np.maximum(seen.highs, 0)


def constant_input(subject: Subject) -> Iterator[Found]:
    """Find inputs that are the same in all samples."""
    if len(subject.samples) < 2:
        return
    named = subject.graph.signature_inputs()
    for info in subject.inputs:
        first, *others = [run[info.name] for run in subject.samples]
        if not all(np.array_equal(first, other) for other in others):
            continue
        low, high = float(first.min()), float(first.max())
        what = f"always {number(low)}" if low == high else "the same array"
        yield Found(
            f"input {info.name} is {what} in all {len(subject.samples)} samples",
            {"samples": len(subject.samples), "low": low, "high": high},
            (subject.place(named[info.name]),),
            severity=None if first.dtype.kind == "f" else "info",
        )


def mixed_input(subject: Subject) -> Iterator[Found]:
    """Find inputs some of whose features are lost beside larger ones under one scale."""
    for tensor in subject.graph.inputs:
        seen = subject.activations.get(tensor)
        if seen is None or tensor not in subject.rounded:
            continue
        live = np.flatnonzero(seen.channel_variances > 0)
        if live.size < 2:
            continue
        ratios = [
            signal_to_noise_db(seen.channel_variances[each], subject.noise(tensor)) for each in live
        ]
        lost = [int(each) for each, ratio in zip(live, ratios, strict=True) if ratio < BROKEN_DB]
        if not lost or max(ratios) < GOOD_DB:
            continue
        worst, largest = int(live[np.argmin(ratios)]), int(live[np.argmax(seen.reaches[live])])
        yield Found(
            f"feature {worst} varies within {_ends(seen, worst)} and feature {largest} within"
            f" {_ends(seen, largest)}: at one scale {len(lost)} of {len(live)} features keep less"
            f" than {BROKEN_DB:g} dB",
            {"lost_features": len(lost), "features": len(live), "worst_db": min(ratios)},
            (subject.place(tensor),),
        )


def _ends(seen: Activation, channel: int) -> str:
    return f"{number(seen.channel_lows[channel])}…{number(seen.channel_highs[channel])}"


def single_sample(subject: Subject) -> Iterator[Found]:
    """Find samples that alone set the ranges of many activations."""
    by_sample: dict[int, dict[int, float]] = {}
    for tensor in subject.rounded:
        lows, highs = _spans(subject.activations[tensor])
        if len(lows) < COMPARED_SAMPLES:
            continue
        spans = highs - lows
        largest = int(np.argmax(spans))
        second = float(np.delete(spans, largest).max())
        if second and spans[largest] > ALONE * second:
            by_sample.setdefault(largest, {})[tensor] = float(spans[largest]) / second
    for sample, ratios in sorted(by_sample.items(), key=lambda item: -len(item[1])):
        worst = sorted(ratios, key=lambda tensor: -ratios[tensor])
        yield Found(
            f"sample {subject.number_of(sample)} alone sets the range of {len(ratios)} of"
            f" {len(subject.rounded)} activations, up to {number(ratios[worst[0]])} times what any"
            " other sample spans",
            {
                "sample": subject.number_of(sample),
                "activations": len(ratios),
                "largest_ratio": ratios[worst[0]],
            },
            tuple(subject.place(tensor) for tensor in worst),
        )


CHECKS = (
    Check(
        "few-samples",
        "warning",
        "too little calibration data",
        "give a hundred or so samples that differ as much as real ones; ranges from fewer clip what"
        " comes later",
        few_samples,
    ),
    Check(
        "constant-input",
        "warning",
        "an input that never changes",
        "give samples in which it varies as in use: its range, and those of all that follows from"
        " it alone, are those of this one value",
        constant_input,
    ),
    Check(
        "mixed-input",
        "warning",
        "an input that mixes scales",
        "bring its features to one size before the model (subtract the mean, divide by the"
        " standard deviation), give them as inputs of their own, or keep the operator that reads"
        " them float (`keep_float`)",
        mixed_input,
    ),
    Check(
        "single-sample",
        "info",
        "ranges that one sample sets",
        "look at that sample: if it is a fault, leave it out; if it is real, keep it, and expect a"
        " finer step from `range_method = mse`, which clips it",
        single_sample,
    ),
)
