"""Says how far two forms of one model are apart, output by output.

An error is written relative to what it is an error of. What that means where one of the two is
nothing is the same in every stage: no error is 0, or `CEILING_DB` in dB, whatever it would be an
error of; an error of nothing but zeros is as large as can be, `LARGEST` or `-CEILING_DB`. Both are
numbers that JSON can hold.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from .errors import ParityError
from .fidelity import CEILING_DB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Samples = Sequence[Sequence[NDArray[np.generic]]]
    """Samples → outputs in model order → array."""

LARGEST = 10 ** (CEILING_DB / 20)
"""The largest relative error that is written: that of an error of nothing, or an infinite one."""

ROUNDINGS = 8
"""How much further rounding takes an output in another order of sums.

ONNX's reference adds up pairwise; TensorFlow and LiteRT add one element after the other.
"""

LARGEST_ROUNDING = 0.01
"""Of the largest value. What is further off is excused by rounding only if every step is right."""

NEAR = 1e-3
"""So near are two forms that agree where rounding takes both of them further."""


class Parity(BaseModel):
    """The distance of one output at one hop from the form of the model before it.

    Attributes:
        hop: The form checked: "onnxruntime", "saved_model", "tflite".
        output: The model's own output name.
        max_relative: max |a - b| / max |b| over all samples; the gate reads this one.
        rms_relative: rms(a - b) / rms(b) over all samples.
        spread: How far the reference's answers to different samples of one shape are apart, as
            max relative difference; `LARGEST` where all shapes differ, None with one sample.
        tolerance: Largest `max_relative` allowed.
        nan: How many elements are NaN in `a` or `b` alone. One is a failure.
        exact: How far `a` is from what the model computes in double precision; only where that
            was asked because `a` and `b` differ by more than the tolerance.
        rounding: How far from that the network itself goes where every number is rounded once;
            None where `exact` is within the tolerance. Both are of the sample of which rounding
            explains the least.
        ties: How many elements `a` decides otherwise than double precision, at ties so near that
            one rounding of inputs and weights decides them in that way too; `exact` is without.
        step: The largest error of any single step of the form that gives `a`, on the values that
            this step was given; None where not asked, or where some step could not be checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hop: str
    output: str
    max_relative: float
    rms_relative: float
    spread: float | None
    tolerance: float
    nan: int = 0
    exact: float | None = None
    rounding: float | None = None
    ties: int = 0
    step: float | None = None

    @property
    def within(self) -> bool:
        """Whether the output is NaN in the same places, and within tolerance elsewhere."""
        return self.nan == 0 and self.max_relative <= self.tolerance

    @property
    def passed(self) -> bool:
        """Whether the output is within tolerance, or off by rounding only."""
        return self.within or self.is_rounding

    @property
    def is_rounding(self) -> bool:
        """Whether it is over tolerance because of the rounding of single precision.

        Then every step of the form is right on what it was given; or, where that is not known, the
        output agrees with double precision, or is about as far from it as rounding takes the
        network itself, and not so far that it means nothing. It may be so far where the form
        before is, too, and this one is within `NEAR` of that, and no further than rounding goes.
        """
        if self.within:
            return False
        if self.step is not None:
            return True
        if self.nan or self.exact is None:
            return False
        rounding = self.rounding or 0.0
        near = self.max_relative <= min(rounding, NEAR)
        return near or self.exact <= allowed_rounding(self.tolerance, rounding)

    @property
    def is_right(self) -> bool:
        """Whether it is within tolerance of the form before or of double precision."""
        if self.within or self.exact is None:
            return self.within
        return not (self.nan or self.ties) and self.exact <= self.tolerance

    @property
    def is_amplified(self) -> bool:
        """Whether rounding explains the distance, but is so large that the answer means nothing."""
        if self.exact is None or self.rounding is None or self.is_rounding:
            return False
        return self.tolerance < self.rounding and self.exact <= ROUNDINGS * self.rounding

    @property
    def conclusive(self) -> bool:
        """Whether the output follows the input enough for the check to prove anything."""
        return self.spread is not None and self.spread > self.tolerance

    def __str__(self) -> str:
        text = (
            f"{self.output}: relative error {self.max_relative:.2g} (rms {self.rms_relative:.2g})"
        )
        text += f", tolerance {self.tolerance:.2g}"
        if self.exact is not None and self.rounding is not None:
            text += f", {self.exact:.2g} from double precision"
            text += f" (rounding takes the network itself {self.rounding:.2g} from it)"
        if self.nan:
            text += f", {self.nan} NaN in one of the two alone"
        if not self.conclusive:
            text += ", proves nothing: the output hardly depends on the input"
        return text


def compare(
    hop: str,
    output: str,
    actual: Sequence[NDArray[np.generic]],
    expected: Sequence[NDArray[np.generic]],
    tolerance: float,
) -> Parity:
    """Compare one output over all samples; equal infinities are equal, and so is NaN to NaN."""
    for number, (found, wanted) in enumerate(zip(actual, expected, strict=True), 1):
        if found.shape != wanted.shape:
            raise ParityError(
                f"Output {output} has shape {found.shape} in {hop} but {wanted.shape} "
                f"in the form before it, for sample {number} of {len(expected)}."
            )
    a = _stacked(actual)
    b = _stacked(expected)
    alone = np.isnan(a) != np.isnan(b)
    distance = np.where(alone, 0.0, difference(a, b))
    magnitude = finite_size(b)
    return Parity(
        hop=hop,
        output=output,
        max_relative=ratio(_largest(distance), _largest(magnitude)),
        rms_relative=ratio(_rms(distance), _rms(magnitude)),
        spread=spread(expected),
        tolerance=tolerance,
        nan=int(alone.sum()),
    )


def difference(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.float64]:
    """Elementwise |a - b| of arrays of one shape; infinite where NaN or infinity meets another.

    >>> difference(np.array([1.0, np.inf, np.nan, np.nan]), np.array([3.0, np.inf, np.nan, 0.0]))
    array([ 2.,  0.,  0., inf])
    """
    left, right = a.astype(np.float64), b.astype(np.float64)
    both_nan = np.isnan(left) & np.isnan(right)
    with np.errstate(invalid="ignore"):
        found = np.where((left == right) | both_nan, 0.0, np.abs(left - right))
    return np.where(np.isnan(found), np.inf, found)


def finite_size(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Elementwise |values|; 0 where they are NaN or infinite."""
    return np.abs(np.where(np.isfinite(values), values, 0.0)).astype(np.float64)


def allowed_rounding(tolerance: float, rounding: float) -> float:
    """How far from double precision an output may be of a network that rounding takes so far."""
    return max(tolerance, min(ROUNDINGS * rounding, LARGEST_ROUNDING))


def compare_all(
    hop: str, outputs: Sequence[str], actual: Samples, expected: Samples, tolerance: float
) -> tuple[Parity, ...]:
    """Compare every output of every sample without judging."""
    return tuple(
        compare(hop, name, [s[i] for s in actual], [s[i] for s in expected], tolerance)
        for i, name in enumerate(outputs)
    )


def _stacked(samples: Sequence[NDArray[np.generic]]) -> NDArray[np.float64]:
    """Put samples one after another: [samples, elements] float64."""
    if len({sample.shape for sample in samples}) == 1:
        return np.stack(samples).astype(np.float64).reshape(len(samples), -1)
    return np.concatenate([sample.ravel() for sample in samples]).astype(np.float64)


def spread(samples: Sequence[NDArray[np.generic]]) -> float | None:
    """How far an output's samples of one shape are apart, relative to the largest value.

    `LARGEST` where there are no two of one shape, None where there are no two samples.
    """
    if len(samples) < 2:
        return None
    by_shape: dict[tuple[int, ...], list[NDArray[np.generic]]] = {}
    for sample in samples:
        by_shape.setdefault(sample.shape, []).append(sample)
    found = []
    for alike in by_shape.values():
        b = _stacked(alike)
        finite = np.where(np.isfinite(b), b, 0.0)
        found.append(ratio(_largest(np.abs(finite - finite[:1])), _largest(np.abs(finite))))
    several = len(by_shape) < len(samples)
    return max(found) if several else LARGEST


def _largest(values: NDArray[np.float64]) -> float:
    return float(values.max()) if values.size else 0.0


def _rms(values: NDArray[np.float64]) -> float:
    return math.sqrt(float(np.mean(np.square(values)))) if values.size else 0.0


def ratio(error: float, magnitude: float) -> float:
    """Relate an error to what it is an error of.

    >>> ratio(0.5, 2.0), ratio(0.0, 0.0), ratio(0.5, 0.0) == LARGEST
    (0.25, 0.0, True)
    """
    if error == 0.0:
        return 0.0
    return min(error / magnitude, LARGEST) if magnitude > 0.0 else LARGEST


def signal_to_noise_db(signal: float, noise: float) -> float:
    """Relate two powers, in dB with two decimals: what should be there, and the error of it.

    >>> signal_to_noise_db(100.0, 1.0), signal_to_noise_db(0.0, 0.0), signal_to_noise_db(0.0, 1.0)
    (20.0, 200.0, -200.0)
    """
    if noise == 0:
        return CEILING_DB
    if signal == 0:
        return -CEILING_DB
    return round(float(np.clip(10 * np.log10(signal / noise), -CEILING_DB, CEILING_DB)), 2)
