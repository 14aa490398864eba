"""The commands on plain files, and those on what was measured."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import onnx
import pytest
from processes import everything_in, run_decant

from decant.artifacts import read_json, sha256
from decant.contract.images import load_image, resize
from decant.contract.predictor import Predictor
from decant.contract.sidecar import read_sidecar, read_tensor
from decant.runtime import LiteRtModel

NOISE = re.compile(r"tensorflow|absl|oneDNN|XNNPACK|WARNING|INFO:|[WIE]0000")


@pytest.fixture
def release(built):
    return built / "build" / "bright"


def test_whole_way_leaves_what_the_contract_names(release):
    for name in (
        *("model.onnx", "saved_model/saved_model.pb", "model_fp32.tflite", "model.tflite"),
        *("model_int8.tflite", "model_int8_dynamic.tflite", "model_fp16.tflite", "recipe.json"),
        *("model.json", "report.json", "report.html", "manifest.json", "trace.json"),
    ):
        assert (release / name).is_file(), name


def test_manifest_lists_every_file(release):
    manifest = read_json(release / "manifest.json")
    there = {
        path.relative_to(release).as_posix(): sha256(path)
        for path in release.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }
    del there["manifest.json"]
    assert manifest["files"] == there
    assert manifest["command"] == ["decant", "tflite", "model.toml"]
    assert manifest["versions"]["torch"]


def test_no_artefact_holds_the_path_it_was_made_in(release, finished):
    for path in release.rglob("*"):
        if path.is_file() and ".cache" not in path.parts:
            assert str(finished).encode() not in path.read_bytes(), path.name


def test_same_project_in_another_folder_gives_the_same_candidates(built, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    for part in ("net.py", "model.toml", "calibration", "validation", "test"):
        (built / part).rename(other / part)
    run_decant(other, "tflite", "model.toml", check=True)
    for path in sorted((built / "build/bright").glob("*.tflite")):
        assert (other / "build/bright" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("accelerator", ["cpu", "gpu"])
def test_golden_example_is_what_the_file_computes(release, accelerator):
    predictor = Predictor(release / "model.json", accelerator)
    assert set(predictor.golden_differences().values()) == {0.0}


def test_predictor_answers_the_golden_photo_as_the_sidecar_says(release):
    predictor = Predictor(release / "model.json")
    golden = predictor.sidecar.golden[0]
    photo = load_image(release / golden.photo)
    assert predictor.predict(photo) == golden.predictions
    pixels = read_tensor(release, golden.pixels)
    np.testing.assert_array_equal(resize(photo, predictor.sidecar.image.rule)[0], pixels)


def test_sidecar_names_every_file_and_verdict_of_the_report(release):
    sidecar = read_sidecar(release / "model.json")
    report = json.loads((release / "report.json").read_text())
    entries = {each["name"]: each for each in (report["reference"], *report["candidates"])}
    assert [each.accelerator for each in sidecar.variants] == ["cpu", "gpu"]
    assert entries[sidecar.variant("cpu").name]["chosen"]
    assert sidecar.variant("gpu").name in ("float16", "float")
    for variant in sidecar.variants:
        assert entries[variant.name]["size_bytes"] == variant.size_bytes
    told = [(row.requirement, row.limit, row.measured) for row in sidecar.verdicts]
    assert told == [(r["requirement"], r["limit"], r["value"]) for r in report["verdict"]]


def test_second_run_does_nothing(decant, built, release):
    before = everything_in(release)
    ended = decant("tflite", "model.toml")
    assert ended.code == 0
    assert "nothing to do" in ended.err
    assert everything_in(release) == before


def test_damaged_file_is_put_right(decant, release):
    whole = (release / "model.json").read_bytes()
    (release / "model.json").unlink()
    (release / "model.json").write_bytes(b"{}")
    ended = decant("tflite", "model.toml")
    assert ended.code == 0
    assert (release / "model.json").read_bytes() == whole


def test_requirement_that_no_file_meets_exits_with_1(decant, built, release):
    spec = built / "model.toml"
    spec.write_text(f"{spec.read_text()}max_size_bytes = 100\n")
    ended = decant("tflite", "model.toml")
    assert ended.code == 1
    assert "max_size_bytes" in ended.err
    assert (release / "model.tflite").read_bytes() == (release / "model_fp32.tflite").read_bytes()


def test_bench_measures_again(decant, release):
    before = read_json(release / "report.json")
    ended = decant("bench", "model.toml")
    assert ended.code == 0
    assert (
        read_json(release / "report.json")["reference"]["latency_ms"]
        != (before["reference"]["latency_ms"])
    )


def test_bench_of_a_file_prints_and_keeps_what_it_measured(decant, release, tmp_path):
    out = tmp_path / "measured"
    ended = decant("bench", release / "model.tflite", "--threads", "1", "-o", out)
    assert ended.code == 0, ended.err
    assert "ms" in ended.out
    assert set(read_json(out / "report.json")["reference"]["latency_ms"]) == {"threads_1"}


def test_report_is_drawn_again(decant, release):
    (release / "report.html").unlink()
    ended = decant("report", "model.toml")
    assert ended.code == 0, ended.err
    assert "<html" in (release / "report.html").read_text()


@pytest.mark.parametrize("command", ["gate", "report"])
def test_nothing_measured_yet(decant, project, command):
    ended = decant(command, "model.toml")
    assert ended.code == 5
    assert "run decant tflite model.toml first" in ended.err


def test_gate_against_its_own_report_is_open(decant, release):
    ended = decant("gate", "model.toml", "--baseline", release / "report.json")
    assert ended.code == 0, ended.err
    assert ET.parse(release / "gate.xml").getroot().tag in ("testsuite", "testsuites")
    assert (release / "gate.md").is_file()


def test_gate_against_a_better_baseline_is_shut(decant, built, release):
    report = json.loads((release / "report.json").read_text())
    for entry in (report["reference"], *report["candidates"]):
        for figures in entry["accuracy"].values():
            figures.update({bound: figures[bound] + 0.5 for bound in ("value", "low", "high")})
    (built / "better").mkdir()
    (built / "better" / "report.json").write_text(json.dumps(report))
    ended = decant("gate", "model.toml", "--baseline", "better/report.json")
    assert ended.code == 1
    assert "the gate says no" in ended.err


def test_convert_of_a_plain_file(decant, release, tmp_path):
    out = tmp_path / "out"
    ended = decant("convert", release / "model.onnx", "-o", out)
    assert ended.code == 0, ended.err
    assert not NOISE.search(ended.err)
    assert "largest relative error" in ended.out
    assert "input image: NCHW [1, 3, 32, 48] became NHWC [1, 32, 48, 3]" in ended.out
    steps = ["ONNX → TensorFlow → TFLite …", "every form is run and compared …"]
    assert [line.strip() for line in ended.err.splitlines()] == steps
    # The same graph gives the same file, with a spec or without.
    assert (out / "model_fp32.tflite").read_bytes() == (release / "model_fp32.tflite").read_bytes()


WRONG_RELU = """
from decant.convert import op, pointwise

@op("Relu")
def slightly_off(x):
    import tensorflow as tf
    return pointwise(lambda t: tf.nn.relu(t) * 1.01, x)
"""


def test_convert_keeps_what_fails_its_verification_when_asked(decant, tmp_path):
    net, out, wrong = (tmp_path / name for name in ("net.onnx", "out", "wrong.py"))
    text = '<ir_version: 10, opset_import: ["": 20]> g (float[1,4] x) => (float[1,4] y)'
    onnx.save(onnx.parser.parse_model(f"{text} {{ y = Relu(x) }}"), net)
    wrong.write_text(WRONG_RELU)
    ended = decant("convert", net, "-o", out, "--operators", wrong)
    assert ended.code == 4
    assert not out.exists()
    ended = decant("convert", net, "-o", out, "--operators", wrong, "--keep-unverified")
    assert ended.code == 4
    kept = out / "model_fp32.unverified.tflite"
    assert f"The file is kept as it is, unverified: {kept}" in ended.err.replace("\n", "")
    assert [file.name for file in out.iterdir()] == [kept.name]
    assert decant("convert", net, "-o", out).code == 0
    assert not kept.exists()


def test_convert_for_raw_pixels_takes_uint8(decant, built, tmp_path):
    out = tmp_path / "out"
    ended = decant("convert", "model.toml", "-o", out, "--input-dtype", "uint8")
    assert ended.code == 0, ended.err
    model = LiteRtModel(out / "model_fp32.tflite")
    assert model.inputs[0].dtype == "uint8"
    assert model.inputs[0].shape == (1, 32, 48, 3)


def test_quantize_of_a_plain_file(decant, release, tmp_path):
    samples = np.random.default_rng(0).normal(size=(8, 3, 32, 48)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", image=samples)
    out = tmp_path / "out"
    ended = decant(
        *("quantize", release / "model.onnx", "--calibration", tmp_path / "samples.npz", "-o", out),
        "--no-plan",
    )
    assert ended.code == 0, ended.err
    assert not NOISE.search(ended.err)
    for name in ("model_int8.tflite", "model_int8_dynamic.tflite", "model_fp16.tflite"):
        assert (out / name).is_file()
        assert f"{name}: " in ended.out
    assert "samples: 6 to calibrate, 2 held out to measure" in ended.out
    steps = [line.strip() for line in ended.err.splitlines()]
    assert steps[2:] == [
        "float file: run on 2 samples, which are kept from the ranges …",
        "calibration: ranges of 6 samples …",
        "calibration: which ranges do least harm on 2 other samples …",
        "static_int8 …",
        "dynamic_int8 …",
        "float16 …",
    ]


def test_second_command_in_the_same_folder_is_refused(decant, built):
    from decant.pipeline.project import locked

    with locked(Path("build/bright")):
        ended = decant("tflite", "model.toml")
    assert ended.code == 2
    assert "another decant command is at work" in ended.err


def test_model_for_raw_pixels_goes_the_whole_way(decant, project):
    """All candidates must get camera pixels when they are measured, whatever scale they declare."""
    spec = project / "model.toml"
    spec.write_text(spec.read_text().replace("[task]", 'dtype = "uint8"\n[task]'))
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    report = json.loads((project / "build/bright/report.json").read_text())
    for entry in (report["reference"], *report["candidates"]):
        assert entry["accuracy"]["top1"]["value"] == 1.0, entry["name"]
    sidecar = json.loads((project / "build/bright/model.json").read_text())
    assert sidecar["inputs"][0]["dtype"] == "uint8"
    assert sidecar["image"]["normalised_by"] == "file"
