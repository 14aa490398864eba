"""Calibration takes what users give: thousands of samples, few, equal or blank ones."""

import re
import resource

import numpy as np
import pytest
import tiny_graph

from decant.inputs import cut_runs, open_arrays
from decant.isolation import run_isolated
from decant.quantize import STATIC_INT8, Recipe, quantize
from decant.quantize.calibrate import measure, split
from decant.quantize.sample_doubts import doubts
from decant.tensors import TensorInfo

INFO = TensorInfo(name="x", shape=(1, 64), dtype="float32", layout="keep")
# Of 10,000 samples one takes 2.5 MB of the input alone, and four times that in all activations.
GROWTH_BYTES = 1 << 20


def peak_of(path, model):
    """Measure a file's arrays; gives this process's peak of memory."""
    samples, _ = split(cut_runs(open_arrays(path), [INFO]))
    found = measure(model, [INFO], samples)
    assert found["y"].samples == len(samples)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_ten_thousand_samples_need_no_more_memory_than_a_hundred(tmp_path):
    model = tiny_graph.of_one("RELU", (1, 64), (1, 64)).to_bytes()
    values = np.random.default_rng(0).normal(size=(10_000, 64)).astype(np.float32)
    peaks = []
    for count in (100, 10_000):
        np.savez(tmp_path / "x.npz", x=values[:count])
        peaks.append(run_isolated(peak_of, tmp_path / "x.npz", model))
    assert peaks[1] - peaks[0] < GROWTH_BYTES


def runs(values):
    return cut_runs({"x": np.asarray(values, np.float32)}, [INFO])


def normal(count):
    return np.random.default_rng(0).normal(size=(count, 64))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(normal(3), "3 calibration samples only: .*; give a hundred or so", id="few"),
        pytest.param(
            np.full((9, 64), 2.5),
            r"input 'x' is the same in all calibration samples \(values from 2\.5 to 2\.5\)",
            id="constant",
        ),
        pytest.param(
            np.tile(normal(1), (9, 1)), "input 'x' is the same in all calibration", id="equal"
        ),
        pytest.param(
            np.where(np.arange(9)[:, None] == 2, 7.0, normal(9)),
            r"'x' is one value throughout in 1 of 7 samples looked at, the first \(7\) in sample 2",
            id="blank",
        ),
    ],
)
def test_poor_samples_are_told(values, message):
    (told,) = doubts(*split(runs(values)))

    assert re.search(message, told)


def test_good_samples_raise_no_doubt():
    assert not [*doubts(*split(runs(normal(9))))]


@pytest.mark.parametrize("calibrator", ["auto", "entropy", "moving_average"])
def test_a_recipe_says_how_ranges_are_made(tmp_path, calibrator):
    graph = tiny_graph.of_one("TANH", (1, 64), (1, 64))
    path = tmp_path / "float.tflite"
    path.write_bytes(graph.to_bytes())
    values = np.random.default_rng(0).laplace(size=(400, 64))
    spans = {}
    for name in ("minmax", calibrator):
        made = quantize(
            path,
            tmp_path / name,
            calibration={"x": values.astype(np.float32)},
            inputs=[INFO],
            recipes=[STATIC_INT8.model_copy(update={"calibrator": name})],
        )
        spans[name] = made.candidates[0].recipe.ranges["x"]
    measured, _ = split(runs(values))
    assert spans["minmax"][1] == max(run["x"].max() for run in measured)
    assert spans[calibrator][1] < 0.97 * spans["minmax"][1]


def test_a_recipe_of_an_older_file_is_read():
    document = STATIC_INT8.model_dump(mode="json")
    del document["calibrator"]
    recipe = Recipe.model_validate({**document, "range_method": "mse"})
    assert recipe.calibrator == "mse"
    assert "range_method" not in recipe.model_dump()
