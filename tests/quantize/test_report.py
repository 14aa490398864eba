"""Signal-to-noise ratios are those of the definition."""

import numpy as np
import pytest

from decant.quantize.report import CEILING_DB, constant_outputs, snr_db


def outputs(*values):
    return [{"y": np.array(value, np.float32)} for value in values]


@pytest.mark.parametrize(
    ("reference", "measured", "expected"),
    [
        (outputs([3, 4]), outputs([3, 4.5]), 20.0),  # 25 / 0.25
        (outputs([3], [4]), outputs([3], [4.5]), 20.0),  # over all samples together
        (outputs([3, 4]), outputs([-3, -4]), -6.02),  # noise is four times the signal
        (outputs([3, 4]), outputs([3, 4]), CEILING_DB),
        (outputs([0, 0]), outputs([0, 1]), -CEILING_DB),
    ],
    ids=["one-sample", "two-samples", "opposite", "equal", "no-signal"],
)
def test_ratio(reference, measured, expected):
    assert snr_db(reference, measured) == {"y": pytest.approx(expected, abs=0.005)}


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
