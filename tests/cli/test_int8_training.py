"""`decant distill --qat` trains an int8 file of a spec, which the spec can then name."""

import re

import pytest
from bright_project import add_recipe, make_comparable

from decant.artifacts import read_json, sha256
from decant.pipeline import distill_int8
from decant.pipeline.integer_training import MOST_EXAMPLES

FOLDER = "build/bright/training/qat"


def test_trained_file_is_what_the_spec_that_names_it_ships(decant, built):
    ended = decant("distill", "model.toml", "--qat", "--steps", "12")
    assert ended.code == 0, ended.err
    assert f"{FOLDER}/model_int8.tflite" in ended.out
    assert re.search(r"top1 on validation data: \S+ float, \S+ before, \S+ after", ended.out)
    report = read_json(built / FOLDER / "qat.json")
    assert report["steps"] == 12
    assert report["figures"].keys() == {"float", "before", "after"}
    again = decant("distill", "model.toml", "--qat", "--steps", "12")
    assert again.out == ended.out
    assert "train-qat: nothing has changed" in again.err

    said = dict(re.findall(r"^((?:file|recipe) = \".*?\") under \[(\w+)\]$", ended.out, re.M))
    spec = (built / "model.toml").read_text()
    for line, section in said.items():
        if section == "model":
            spec = spec.replace('factory = "net.py:build"', line)
        else:
            spec += f"\n[{section}]\n{line}\n"
    assert len(said) == 2
    (built / "trained.toml").write_text(spec)
    ended = decant("tflite", "trained.toml", "-o", "shipped")
    assert ended.code == 0, ended.err
    expected = sha256(built / FOLDER / "model_int8.tflite")
    assert sha256(built / "shipped/model_int8.tflite") == expected


def test_inputs_of_the_spec_s_training_are_learned_from(built):
    add_recipe(built)
    make_comparable(built)
    trained = distill_int8("model.toml", steps=2)
    calibration = len(list((built / "calibration").rglob("*.png")))
    held_out = trained.report["held_out"]
    assert trained.report["samples"] == MOST_EXAMPLES + calibration - held_out
    assert trained.document().metric == "top1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--qat", "--recipe", "typo"), "--recipe typo: no candidate with integer activations"),
        (("--qat", "--teacher", "net.py"), "--teacher: --qat trains under the float file"),
        (("--qat", "--compare", "2"), "--compare: --qat trains under the float file"),
        (("--recipe", "static_int8"), "--recipe is for --qat"),
    ],
    ids=["candidate", "teacher", "compare", "without"],
)
def test_what_does_not_go_with_it_is_refused(decant, built, options, message):
    ended = decant("distill", "model.toml", *options)
    assert ended.code == 2
    assert message in ended.err


def test_candidates_without_integer_activations_are_refused(decant, built):
    recipes = 'quantization.recipes=["float16"]'
    ended = decant("distill", "model.toml", "--qat", "--set", recipes)
    assert ended.code == 2
    assert "no candidate was made whose activations are integers" in ended.err
