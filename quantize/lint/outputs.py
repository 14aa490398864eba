"""Checks of outputs: those that mix scales, and those that one scale does not suit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.fidelity import decibels

from ..judge import Judge
from ..simulate import scale_of
from .check import Check, Found
from .subject import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from decant.fidelity import Part

    from .subject import Subject

LOWEST, HIGHEST = -128, 127


def mixed_output(subject: Subject) -> Iterator[Found]:
    """Find outputs of which a part is lost when all of it is rounded at one scale."""
    outputs = [] if subject.observed is None else list(subject.observed.outputs)
    named = subject.graph.signature_outputs()
    for name, tensor in named.items():
        arrays = [run[name] for run in outputs if name in run]
        if not arrays or not _judgeable(arrays) or tensor not in subject.int8:
            continue
        parts = _rounded_parts(name, arrays)
        lost = [part for part in parts if part.meaning != "good"]
        larger = max(parts, key=lambda part: part.high - part.low)
        for part in lost:
            alone = larger is part
            beside = "" if alone else f" beside {_told(larger)}"
            yield Found(
                f"output {_told(part)}{beside}: rounded at one scale it keeps"
                f" {decibels(part.snr_db)}, which is {part.meaning}",
                {"low": part.low, "high": part.high, "ratio_db": part.snr_db}
                | ({} if alone else {"beside_low": larger.low, "beside_high": larger.high}),
                (subject.place(tensor),),
                cure=_CENTRE if alone else None,
            )


def _judgeable(arrays: Sequence[NDArray[Any]]) -> bool:
    return all(each.dtype.kind == "f" and each.size and np.isfinite(each).all() for each in arrays)


def _rounded_parts(name: str, arrays: Sequence[NDArray[Any]]) -> tuple[Part, ...]:
    """Judge what is left of an output, per sample, when int8 spans all of it."""
    low = min(float(each.min()) for each in arrays)
    high = max(float(each.max()) for each in arrays)
    step, zero = scale_of((low, high))
    rounded = [
        {name: ((np.clip(np.round(each / step) + zero, LOWEST, HIGHEST) - zero) * step)}
        for each in arrays
    ]
    return Judge([{name: each} for each in arrays]).parts(rounded, {name: step})


def _told(part: Part) -> str:
    return f"{part.name} ({number(part.low)} to {number(part.high)})"


_CENTRE = (
    "subtract its middle in the model and add it outside, if it lies far from 0; otherwise clip"
    " what is rare, or keep what writes it float (`keep_float`)"
)
CHECKS = (
    Check(
        "mixed-output",
        "warning",
        "outputs that mix scales",
        "let the model give the parts as outputs of their own, or in one size (boxes from 0 to 1);"
        " decant judges each part by itself, never chooses a file that breaks one, and says with"
        " which `keep_float` it is whole",
        mixed_output,
    ),
)
