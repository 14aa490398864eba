"""The bundle that `make android-test` makes is the detector's, but for what judges it."""

import json
from pathlib import Path

import pytest
from detector_bundle import DETECTOR, OUT, WHOLE, fewer_photos, write_spec

from decant.spec import load_spec


@pytest.fixture
def specs(tmp_path):
    return load_spec(write_spec(tmp_path)), load_spec(DETECTOR / "model.toml")


@pytest.mark.parametrize("part", ["input", "task", "quantization", "requirements"])
def test_a_part_of_the_spec_is_the_detectors(specs, part):
    made, real = specs
    assert getattr(made, part) == getattr(real, part)


def test_network_and_calibration_are_the_detectors(specs):
    made, real = specs
    assert made.model.factory == real.model.factory
    assert Path(made.model.checkpoint) == DETECTOR / real.model.checkpoint
    assert made.data.calibration == real.data.calibration
    assert made.data.validation.count < real.data.validation.count


def test_every_kind_of_photo_is_among_the_few():
    whole = json.loads((DETECTOR / "testset/annotations.json").read_text(encoding="utf-8"))
    kinds = {tag for image in whole["images"] for tag in image["tags"]}
    few = fewer_photos()
    assert {tag for image in few["images"] for tag in image["tags"]} == kinds
    assert len(few["images"]) == len(whole["images"]) / 25
    assert {each["image_id"] for each in few["annotations"]} <= {
        each["id"] for each in few["images"]
    }


def test_the_gate_does_not_take_it_for_the_real_one():
    assert not OUT.is_relative_to(WHOLE)
