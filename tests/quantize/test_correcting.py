"""A recipe's corrections are tried, written down, and made again without data."""

import json

import layered_graphs
import numpy as np
import pytest
from candidates import named

from decant.errors import DataError, InternalError
from decant.fidelity import Part
from decant.flatbuffer.graph import Graph
from decant.quantize import (
    DYNAMIC_INT8,
    STATIC_INT8,
    correcting,
    load_recipes,
    quantize,
)

SIDE = "model_int8.corrections.safetensors"


@pytest.fixture(scope="module")
def tflite(tmp_path_factory):
    path = tmp_path_factory.mktemp("unequal") / "model_fp32.tflite"
    path.write_bytes(layered_graphs.unequal().to_bytes())
    return path


@pytest.fixture(scope="module")
def calibration(tflite):
    runs = layered_graphs.samples(Graph.from_file(tflite), 12)
    return {"x": np.concatenate([run["x"] for run in runs])}


def asking(recipe, *corrections):
    return recipe.model_copy(update={"corrections": corrections})


@pytest.fixture(scope="module")
def report(tflite, calibration, tmp_path_factory):
    recipes = [asking(STATIC_INT8, "equalisation", "bias", "rounding"), DYNAMIC_INT8]
    out = tmp_path_factory.mktemp("out")
    return quantize(tflite, out, calibration=calibration, recipes=recipes)


def test_corrections_save_what_unequal_channels_lose(report, tflite, calibration, tmp_path):
    plain = quantize(tflite, tmp_path, calibration=calibration, recipes=[STATIC_INT8])
    before, after = (min(named(r, "static_int8").snr_db.values()) for r in (plain, report))
    assert after > before + 10
    assert "equalisation" in named(report, "static_int8").recipe.corrections
    assert not (tmp_path / SIDE).exists()


def test_a_recipe_makes_the_same_bytes_without_data(report, tflite, tmp_path):
    again = quantize(tflite, tmp_path, recipes=load_recipes(report.folder / "recipe.json"))
    names = [candidate.file for candidate in report.candidates]
    for name in (*names, SIDE, "recipe.json"):
        assert (tmp_path / name).read_bytes() == (report.folder / name).read_bytes(), name
    assert again.calibration_samples == 0


def test_a_later_run_without_corrections_leaves_no_file_of_them(report, tflite, tmp_path):
    quantize(tflite, tmp_path, recipes=load_recipes(report.folder / "recipe.json"))
    assert (tmp_path / SIDE).exists()
    plain = named(report, "static_int8").recipe.model_copy(
        update={"corrections": (), "corrections_sha256": "", "found": b""}
    )
    quantize(tflite, tmp_path, recipes=[plain])
    assert not (tmp_path / SIDE).exists()


def copied(report, folder, *names):
    for name in names:
        (folder / name).write_bytes((report.folder / name).read_bytes())


def test_a_recipe_without_its_corrections_is_refused(report, tmp_path):
    copied(report, tmp_path, "recipe.json")
    with pytest.raises(DataError, match=rf"{SIDE}.*Recipe 'static_int8' needs it for its correct"):
        load_recipes(tmp_path / "recipe.json")


def test_corrections_of_another_run_are_refused(report, tmp_path):
    copied(report, tmp_path, "recipe.json", SIDE)
    (tmp_path / SIDE).write_bytes(b"other")
    with pytest.raises(DataError, match="is not the file that recipe 'static_int8' was written w"):
        load_recipes(tmp_path / "recipe.json")


def test_a_recipe_that_asks_for_corrections_needs_data(report, tflite, tmp_path):
    document = json.loads((report.folder / "recipe.json").read_text())
    for recipe in document["recipes"]:
        recipe.update(corrections=["bias"], corrections_sha256="")
    (tmp_path / "recipe.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="there is no calibration data, and recipe 'static_int8'"):
        quantize(tflite, tmp_path / "out", recipes=load_recipes(tmp_path / "recipe.json"))


def test_a_correction_that_fails_is_left_out(tflite, calibration, tmp_path, monkeypatch, caplog):
    def failing(*_):
        raise InternalError("the process crashed")

    steps = {**correcting.STEPS, "bias": failing}
    monkeypatch.setattr(correcting, "STEPS", steps)
    made = quantize(
        tflite, tmp_path, calibration=calibration, recipes=[asking(DYNAMIC_INT8, "bias")]
    )
    assert made.candidates[0].recipe.corrections == ()
    assert "bias of recipe dynamic_int8 failed, and is left out: the process crashed" in caplog.text
    assert made.candidates[0].uncorrected == {"bias": "the process crashed"}
    assert "corrections of model_int8_dynamic.tflite: bias: the process crashed" in made.warnings


@pytest.mark.parametrize(("drop", "better"), [(0.02, True), (0.01, True), (0.03, False)])
def test_a_correction_that_costs_the_metric_is_not_kept(report, drop, better):
    candidate = report.candidates[0]
    before = candidate.model_copy(update={"parts": (part("a", 20),), "drop": 0.02})
    after = candidate.model_copy(update={"parts": (part("a", 25),), "drop": drop})
    assert correcting.is_better(after, before) is better


def part(output, snr_db):
    meaning = "broken" if snr_db < 10 else "good"
    return Part(output=output, snr_db=snr_db, low=0, high=1, meaning=meaning)


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [
        ((20, 30), (21, 30.5), True),
        ((20, 30), (20.02, 30.02), False),
        ((20, 30), (19.4, 35), False),
        ((20, 30), (19.6, 35), True),
        ((5, 30), (11, 20), True),
        ((11, 20), (5, 90), False),
    ],
    ids=["better", "chance", "one-loses", "one-loses-little", "mended", "breaks"],
)
def test_what_counts_as_better(report, before, after, better):
    candidate = report.candidates[0]
    one, other = (
        candidate.model_copy(update={"parts": (part("a", pair[0]), part("b", pair[1]))})
        for pair in (after, before)
    )
    assert correcting.is_better(one, other) is better
