"""Holds a figure against a limit of the spec: the one place that says whether it is met."""

from __future__ import annotations

from fractions import Fraction

ROUNDING = Fraction(1, 10**12)
"""Relative to the limit, or to 1 where that is larger: what float arithmetic may be off by."""


def at_most(value: float | Fraction, limit: float) -> bool:
    """Whether a figure does not exceed a limit, as the decimal digits of the spec mean it.

    Drops are differences of floats: 290 of 300 against 293 of 300 is 0.010000000000000009, not
    0.01. So a float counts as equal to a limit that it exceeds by no more than `ROUNDING`.

    For figures made of counts that is exact. With n images and a limit of d decimal digits, share
    or difference is a/n and the limit b/10^d: they are equal, or at least 1/(n·10^d) apart. That is
    above `ROUNDING` while n·10^d stays below 10^12 (a limit of four digits: a hundred million
    images), and float arithmetic on shares errs by less than 10^-15. Integers and fractions are
    compared as they are.

    Args:
        value: The figure; not NaN.
        limit: As the spec has it.
    """
    wanted = Fraction(str(limit))
    slack = ROUNDING * max(Fraction(1), abs(wanted)) if isinstance(value, float) else 0
    return Fraction(value) <= wanted + slack


def at_least(value: float | Fraction, limit: float) -> bool:
    """Whether a figure reaches a floor, as `at_most` counts."""
    return at_most(-value, -limit)
