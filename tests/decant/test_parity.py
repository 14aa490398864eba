"""What an error means where it is an error of nothing: the same in every stage, and in JSON."""

import json

import numpy as np
import pytest

from decant.bench.evaluation import Contestant, parity
from decant.fidelity import CEILING_DB
from decant.parity import LARGEST, Parity, compare, spread
from decant.quantize.judge import Judge

SHAPE = (3, 2, 5)
ZEROS, VALUES = np.zeros(SHAPE, np.float32), np.linspace(-1, 2, 30, dtype=np.float32).reshape(SHAPE)
CASES = [
    pytest.param(ZEROS, ZEROS, 0.0, CEILING_DB, id="nothing-of-nothing"),
    pytest.param(ZEROS, VALUES, LARGEST, -CEILING_DB, id="something-of-nothing"),
    pytest.param(VALUES, VALUES, 0.0, CEILING_DB, id="no-error"),
    pytest.param(VALUES, ZEROS, 1.0, None, id="nothing-of-something"),
]


class Samples:
    """Three samples of one input, which a model of the benchmark is asked about."""

    def __len__(self):
        return len(VALUES)

    def tensors(self, numbers, *, raw):
        return {"x": VALUES[list(numbers)]}


def asked(name, answer):
    return Contestant(name, lambda inputs: {"y": answer[: len(inputs["x"])]}, 3)


@pytest.mark.parametrize(("expected", "found", "error", "ratio_db"), CASES)
def test_conversion_benchmark_and_quantization_agree(expected, found, error, ratio_db):
    converted = compare("tflite", "y", list(found), list(expected), 1e-4)
    models = [asked("pytorch", expected), asked("float", found)]
    (measured,) = parity(models, Samples())["float"]
    assert converted.max_relative == converted.rms_relative == error
    assert measured.max_relative == converted.max_relative
    assert measured.rms_relative == converted.rms_relative
    assert converted.passed == (error == 0.0)
    (part,) = Judge([{"y": x} for x in expected]).parts([{"y": x} for x in found], {})
    assert ratio_db is None or part.snr_db == ratio_db
    assert (part.meaning == "good") == converted.passed


def test_an_infinite_error_is_a_number_that_json_can_hold():
    found = compare("tflite", "y", [np.float32([np.inf, 1])], [np.float32([2, 1])], 1e-4)
    assert found.max_relative == LARGEST
    assert Parity.model_validate(json.loads(found.model_dump_json())) == found


def test_samples_of_different_shapes_follow_the_input():
    different = [np.ones(shape, np.float32) for shape in ((2, 3), (3, 2))]
    assert spread(different) == LARGEST
    assert spread([ZEROS, ZEROS]) == 0.0
    assert spread([VALUES]) is None
