"""Outputs that do not depend on the input are found."""

import numpy as np
import pytest

from decant.quantize.report import constant_outputs


def outputs(*values):
    return [{"y": np.array(value, np.float32)} for value in values]


@pytest.mark.parametrize(
    ("reference", "constant"),
    [
        (outputs([1, 2], [1, 2.000001]), ["y"]),
        (outputs([1, 2], [1, 2.1]), []),
        (outputs([1, 2]), []),
        (outputs([0, 0], [0, 0]), ["y"]),
        (outputs([1, 2], [1, 2, 3]), []),
    ],
    ids=["constant", "varying", "one-sample", "zero", "other-shape"],
)
def test_outputs_that_ignore_their_input_are_found(reference, constant):
    assert constant_outputs(reference) == constant
