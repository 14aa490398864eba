"""A predictor refuses a sidecar that does not fit its model file, by the name of the field."""

import json

import cv2
import numpy as np
import pytest

from decant.artifacts import write_json
from decant.contract.predictor import Predictor
from decant.errors import DataError


@pytest.fixture
def bundle(built):
    return built / "build" / "bright" / "model.json"


def rewrite(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.unlink()
    write_json(path, document)


def rename_input(document):
    document["inputs"][0]["name"] = document["image"]["name"] = "photo"


def quantize_output(document):
    document["outputs"][0] |= {"scale": 0.5, "zero_point": 3}


def widen_output(document):
    labels = document["labels"] = [*document["labels"], "unheard of"]
    shape = document["outputs"][0]["shape"] = [1, len(labels)]
    for files in document["golden"][0]["outputs"].values():
        for file in files.values():
            file["shape"] = shape


def add_input(document):
    document["inputs"].append({**document["inputs"][0], "name": "mask"})
    document["golden"][0]["inputs"]["mask"] = {
        **document["golden"][0]["pixels"],
        "dtype": "float32",
        "shape": document["inputs"][0]["shape"],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename_input, r'inputs.0.name: model.tflite has no "photo"'),
        (quantize_output, r"outputs.0.scale: is 0.5, in model.tflite None"),
        (widen_output, r"outputs.0.shape: is \(1, 3\), in model.tflite \(1, 2\)"),
        (add_input, r"inputs: has 2, model.tflite has 1"),
        (lambda document: document.update(decode=None), r"decode: is null, so no photo"),
    ],
)
def test_misfit_is_refused_by_the_name_of_its_field(bundle, change, message):
    rewrite(bundle, change)
    with pytest.raises(DataError, match=rf"model\.json: {message}"):
        Predictor(bundle)


def test_accelerator_without_a_file(bundle):
    with pytest.raises(DataError, match=r"variants has no file for npu; it has cpu, gpu"):
        Predictor(bundle, "npu")


def test_wrong_mean_shows_in_the_golden_example(bundle):
    rewrite(bundle, lambda document: document["image"]["rule"].update(mean=[0.1, 0.1, 0.1]))
    predictor = Predictor(bundle)
    tolerance = predictor.sidecar.variant().tolerance
    differences = predictor.golden_differences()
    assert any(differences[name] > tolerance[name] for name in tolerance)


def test_photo_of_any_size_is_answered(bundle):
    predictor = Predictor(bundle)
    dark, bright = (np.full((37, 61, 3), level, np.uint8) for level in (10, 245))
    answers = [predictor.predict(photo)[0].label for photo in (dark, bright)]
    assert answers == ["dark", "light"]


def test_photo_is_answered_by_its_path(bundle, tmp_path):
    photo = np.full((37, 61, 3), 245, np.uint8)
    cv2.imwrite(str(tmp_path / "light.png"), photo)
    predictor = Predictor(bundle)
    assert predictor.predict(str(tmp_path / "light.png")) == predictor.predict(photo)
    with pytest.raises(DataError, match=r"none\.png: no such file"):
        predictor.predict("none.png")
