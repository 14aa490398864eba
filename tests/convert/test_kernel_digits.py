"""Functions that TFLite lacks keep their digits near zero and for the largest numbers."""

from __future__ import annotations

import pytest
from kernel_digits import errors, functions

EXP = 4e-6
"""XNNPACK's EXP at ±87: its error grows with the exponent."""


@pytest.mark.parametrize(
    ("names", "bound"),
    [
        (("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh"), 1e-6),
        (("Mish",), 1e-6),
        (("Cosh", "Sinh"), EXP),
    ],
    ids=["inverse", "mish", "hyperbolic"],
)
def test_a_function_keeps_its_digits_everywhere(names, bound, tmp_path):
    kernels = functions(*names)
    for kernel, (own, other) in zip(kernels, errors(kernels, tmp_path), strict=True):
        assert other < 1e-5, kernel.name  # ONNX Runtime computes the same function
        assert own < bound, kernel.name
