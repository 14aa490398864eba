"""Models that take something else than one photo go the whole way."""

from __future__ import annotations

import json

import input_projects
import numpy as np
import onnxruntime
import pytest
from processes import run_here

from decant.bundle import open_bundle
from decant.contract.rules import ArrayRule, AudioRule
from decant.contract.sidecar import read_sidecar, read_tensor
from decant.runtime import LiteRtModel, describe, open_interpreter


@pytest.fixture(scope="module", params=["both", "sound"])
def built(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    spec = input_projects.write(folder, request.param)
    run_here(folder, "tflite", spec.name, "--out", "out")
    return request.param, folder


def test_names_and_order_are_the_models_own(built):
    kind, folder = built
    names = {"both": ["photo", "extra"], "sound": ["sound"]}[kind]
    sidecar = read_sidecar(folder / "out/model.json")
    assert [info.name for info in sidecar.inputs] == names
    assert (sidecar.image is None) == (kind == "sound")
    extra = {"extra": ArrayRule(mean=(0.5,), std=(2.0, 1.0, 0.5))}
    assert sidecar.arrays == (extra if kind == "both" else {})
    sound = {"sound": AudioRule(rate=8000, pad="end", cut="start")}
    assert sidecar.sounds == (sound if kind == "sound" else {})


def test_accuracy_is_that_of_the_network(built):
    report = json.loads((built[1] / "out/report.json").read_text())
    assert report["pytorch"]["test"]["accuracy"]["top1"]["value"] >= 0.9
    for entry in (report["reference"], *report["candidates"]):
        assert entry["accuracy"]["top1"]["value"] >= 0.85, entry["name"]
    hops = {row["hop"] for row in report["reference"]["parity"]}
    assert "pytorch → float" in hops


def test_golden_example_has_every_input(built):
    folder = built[1] / "out"
    sidecar = read_sidecar(folder / "model.json")
    (golden,) = sidecar.golden
    model = LiteRtModel(folder / "model.tflite", sidecar.inputs, sidecar.outputs)
    given = {name: read_tensor(folder, file) for name, file in golden.inputs.items()}
    if sidecar.image is not None:
        assert "photo" not in given
        from decant.contract.predictor import photo_tensor

        pixels = read_tensor(folder, golden.pixels)
        given["photo"] = photo_tensor(pixels, sidecar.image)[np.newaxis]
    for name, found in model.run(given).items():
        expected = read_tensor(folder, golden.outputs["cpu"][name])
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_whole_way_leaves_a_free_size_free(built):
    kind, folder = built
    (info, *_) = describe(folder / "out/model.tflite").inputs
    assert info.shape == ((1, None) if kind == "sound" else (1, 10, 16, 3))
    if kind != "sound":
        return
    # Until it is resized a file has the first of the sizes to test, and so has the sidecar.
    (detail,) = open_interpreter(folder / "out/model.tflite").get_input_details()
    assert detail["shape"].tolist() == [1, 2048]
    assert read_sidecar(folder / "out/model.json").inputs[0].shape == (1, 2048)
    session = onnxruntime.InferenceSession(folder / "out/model.onnx")
    assert session.get_inputs()[0].shape == [1, "samples"]
    # Of a size that nothing was tested with, both say the same.
    tone = np.sin(np.arange(3333) * 0.3).astype(np.float32)[np.newaxis]
    (expected,) = session.run(None, {"sound": tone})
    (found,) = LiteRtModel(folder / "out/model_fp32.tflite").run({"sound": tone}).values()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_is_handed_over_opens_again(built):
    _, folder = built
    bundle = open_bundle(folder / "out/model.json")
    assert bundle.sidecar.inputs == read_sidecar(folder / "out/model.json").inputs


def test_page_shows_each_sample(built):
    kind, folder = built
    text = (folder / "out/report.html").read_text()
    assert ("<polyline" in text) == (kind == "sound")
    assert ("data:image/jpeg" in text) == (kind == "both")
