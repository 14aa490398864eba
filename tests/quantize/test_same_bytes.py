"""The same float file and recipe give the same bytes, wherever and whenever."""

import os
import subprocess
import sys
from pathlib import Path

import mobile_network
import pytest
from candidates import named

from decant.errors import DataError
from decant.flatbuffer.graph import Graph
from decant.quantize import FLOAT16, STATIC_INT8, load_recipes, quantize

BUILD = """
import sys
from pathlib import Path
import mobile_network, numpy
from decant.quantize import quantize
quantize(Path(sys.argv[1]), Path(sys.argv[2]), calibration={"image": mobile_network.pictures(12)},
         inputs=mobile_network.INPUTS_INFO, outputs=mobile_network.OUTPUTS_INFO)
"""


def test_another_process_in_another_folder_writes_the_same_bytes(report, float_path, tmp_path):
    out = tmp_path / "elsewhere" / "deep"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "17",
        "PYTHONPATH": str(Path(mobile_network.__file__).parent),
    }
    command = [sys.executable, "-c", BUILD, str(float_path), str(out)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    names = sorted(path.name for path in report.folder.iterdir())
    assert names == sorted(path.name for path in out.iterdir())
    for name in names:
        assert (out / name).read_bytes() == (report.folder / name).read_bytes(), name


def rebuilt(float_path, out, recipes, calibration=None):
    return quantize(
        float_path,
        out,
        calibration=calibration,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=recipes,
    )


def test_a_recipe_file_makes_the_same_files_without_calibration_data(report, float_path, tmp_path):
    recipes = load_recipes(report.folder / "recipe.json")
    again = rebuilt(float_path, tmp_path, recipes)
    assert [candidate.snr_db for candidate in again.candidates] == [{}, {}, {}]
    assert (again.calibration_samples, again.measured_samples) == (0, 0)
    assert again.warnings == (
        "no calibration data: the files run, but no signal-to-noise ratio is measured",
    )
    names = [candidate.file for candidate in report.candidates]
    for name in (*names, "recipe.json"):
        assert (tmp_path / name).read_bytes() == (report.folder / name).read_bytes(), name


def test_with_other_data_a_recipe_is_measured_and_the_file_is_the_same(
    report, float_path, tmp_path
):
    original = named(report, "static_int8")
    data = {"image": mobile_network.pictures(2, seed=5)}
    again = rebuilt(float_path, tmp_path, [original.recipe], data)
    assert again.path(again.candidates[0]).read_bytes() == report.path(original).read_bytes()
    assert (again.calibration_samples, again.measured_samples) == (0, 2)
    assert list(again.candidates[0].snr_db) == list(mobile_network.OUTPUTS)
    assert again.warnings == ()


def test_another_float_file_of_the_same_form_is_told(report, float_path, tmp_path):
    graph = Graph.from_file(float_path)
    graph.model.description = b"trained again"
    (tmp_path / "other.tflite").write_bytes(graph.to_bytes())
    recipe = named(report, "static_int8").recipe
    again = rebuilt(tmp_path / "other.tflite", tmp_path / "out", [recipe])
    assert "ranges of recipe static_int8 were measured on another float file" in again.warnings[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ranges: ranges | {"elsewhere": (0, 1)}, "range for 'elsewhere', which the model"),
        (
            lambda ranges: {name: span for name, span in ranges.items() if "image" not in name},
            "has no range for '.*image.*', which a CONV_2D reads or writes: the recipe was made",
        ),
    ],
    ids=["foreign", "missing"],
)
def test_a_recipe_of_another_model_is_refused(report, float_path, tmp_path, change, message):
    recipe = named(report, "static_int8").recipe
    other = recipe.model_copy(update={"ranges": change(recipe.ranges)})
    with pytest.raises(DataError, match=message):
        rebuilt(float_path, tmp_path / "out", [FLOAT16, other])
    assert not (tmp_path / "out").exists()


def test_a_recipe_without_ranges_needs_data(float_path, tmp_path):
    with pytest.raises(DataError, match="no calibration data, and recipe 'static_int8' has no act"):
        rebuilt(float_path, tmp_path / "out", [FLOAT16, STATIC_INT8])
    assert not (tmp_path / "out").exists()
