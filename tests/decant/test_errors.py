"""Values are told in messages whatever they are."""

import numpy as np
import pytest
import torch

from decant.errors import LONGEST, shortened

DEEP = []
for _ in range(10_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param("fox", '"fox"', id="text"),
        pytest.param("x" * 61, f'"{"x" * 59}…"', id="long text"),
        pytest.param("a\0", '"a\\u0000"', id="NUL"),
        pytest.param(7, "7", id="number"),
        pytest.param(np.float32(0.5), "0.5", id="scalar"),
        pytest.param(10**5000, "a number of thousands of digits", id="digits"),
        pytest.param([10**5000], "a number of thousands of digits", id="digits in a list"),
        pytest.param(np.zeros((3000, 3000)), "an array [3000, 3000] of float64", id="array"),
        pytest.param(
            torch.eye(3).to_sparse(), "an array [3, 3] of torch.float32", id="sparse tensor"
        ),
        pytest.param(np.ndarray, "<class 'numpy.ndarray'>", id="class"),
        pytest.param(DEEP, "[[[[...]]]]", id="deep"),
    ],
)
def test_a_value_is_told(value, told):
    assert shortened(value) == told
    assert len(told) <= LONGEST + 2
