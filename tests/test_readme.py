"""README and tutorial do what they say: the walk-through line by line."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from documented import ROOT, blocks, named_files, run, write_files

from decant.bench import load_report
from decant.contract.predictor import Predictor
from decant.contract.sidecar import read_sidecar
from decant.runtime import LiteRtModel

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorial.md"
OWN_OP = ROOT / "docs/how-to/own-op.md"
PYTHON = ROOT / "docs/how-to/python.md"
COMMANDS = ROOT / "docs/reference/commands.md"


def commands():
    return next(text for _, text in blocks(TUTORIAL) if "decant tflite model.toml" in text)


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The folder in which the walk-through was walked, and what its commands printed."""
    folder = tmp_path_factory.mktemp("walk")
    write_files(TUTORIAL, folder)
    ended = run(folder, commands())
    assert ended.returncode == 0, ended.stderr
    return folder, ended


def test_spec_has_about_twenty_lines():
    assert len(named_files(TUTORIAL)["model.toml"].splitlines()) <= 22


def test_readme_is_one_page():
    assert len(README.read_text("utf-8").splitlines()) <= 150


def test_readme_shows_the_spec_of_the_tutorial():
    shown = next(text for language, text in blocks(README) if language == "toml")
    assert named_files(TUTORIAL)["model.toml"] == f"# model.toml\n{shown}"


@pytest.mark.parametrize("part", ["model.toml", "net.onnx"])
def test_commands_of_the_readme_are_those_of_the_pages(part):
    """Comments aside, each is on a page that a test or a reader follows."""
    pages = "".join(page.read_text("utf-8") for page in (TUTORIAL, *TUTORIAL.parent.glob("*/*.md")))
    shown = next(text for _, text in blocks(README) if text.startswith("decant") and part in text)
    for line in shown.splitlines():
        assert line.partition("#")[0].strip() in pages


@pytest.mark.parametrize("page", [README, TUTORIAL], ids=["README", "tutorial"])
def test_every_promised_file_is_there(walked, page):
    folder, _ = walked
    cells = re.findall(r"^\| (`.+?) \|", page.read_text("utf-8"), re.MULTILINE)
    promised = {*re.findall(r"`(\w+\.(?:tflite|json|html|onnx))`", " ".join(cells))}
    assert len(promised) >= 9
    for name in promised:
        assert (folder / "build" / "digits" / name).is_file(), name


def test_chosen_file_is_the_fastest_that_meets_the_requirements(walked):
    report = load_report(walked[0] / "build/digits/report.json")
    fitting = [
        each
        for each in report.entries
        if each.validation.accuracy["top1"].value >= 0.9
        and each.validation.drop["top1"].value <= 0.01
    ]
    fastest = min(each.latency_ms["threads_1"].ratio_to_reference for each in fitting)
    assert len(fitting) >= 3
    assert report.chosen in fitting
    assert report.chosen.latency_ms["threads_1"].ratio_to_reference <= 1.03 * fastest
    assert report.passed


def test_no_noise_reached_the_terminal(walked):
    _, ended = walked
    assert not re.search(r"tensorflow|absl|oneDNN|WARNING|INFO|Traceback|W0000|E0000", ended.stderr)


def test_sidecar_describes_the_file_and_its_golden_example_holds(walked):
    folder = walked[0] / "build/digits"
    sidecar = read_sidecar(folder / "model.json")
    assert sidecar.labels == tuple("0123456789")
    assert sidecar.image.rule.shrink == "area"
    assert set(Predictor(folder / "model.json").golden_differences().values()) == {0.0}


def test_second_run_does_nothing(walked):
    folder, _ = walked
    decant = Path(sys.executable).with_name("decant")
    before = {path: path.stat().st_mtime_ns for path in (folder / "build").rglob("*")}
    ended = subprocess.run(
        [decant, "tflite", "model.toml"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "nothing to do" in ended.stderr
    after = {path: path.stat().st_mtime_ns for path in (folder / "build").rglob("*")}
    assert {path for path in before if before[path] != after.get(path)} <= {
        folder / "build/digits/.cache/lock"
    }


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 70, 130])
def test_exit_codes_are_documented(code):
    assert f"\n| {code} | " in COMMANDS.read_text(encoding="utf-8")


SCALED = """<ir_version: 10, opset_import: ["": 20, "mydomain": 1]>
net (float[1, 3, 4, 5] x) => (float[1, 3, 4, 5] y) {
    larger = mydomain.Scale <factor = 2.5> (x)
    y = Neg (larger)
}"""


def test_operators_file_converts_an_op_of_ones_own(tmp_path):
    onnx.save(onnx.parser.parse_model(SCALED), tmp_path / "scaled.onnx")
    write_files(OWN_OP, tmp_path, "scale.py")
    command = next(text for _, text in blocks(OWN_OP) if "--operators scale.py" in text)
    bare = run(tmp_path, "decant convert scaled.onnx")
    assert bare.returncode == 3
    assert "mydomain::Scale" in bare.stderr
    assert "--operators FILE" in bare.stderr
    ended = run(tmp_path, command)
    assert ended.returncode == 0, ended.stderr
    x = np.random.default_rng(0).normal(size=(1, 3, 4, 5)).astype(np.float32)
    result = LiteRtModel(tmp_path / "scaled/model_fp32.tflite").run({"x": x})["y"]
    np.testing.assert_array_equal(result, x * np.float32(-2.5))


def test_python_example_measures_every_candidate(tmp_path):
    write_files(TUTORIAL, tmp_path, "digits.py")
    write_files(PYTHON, tmp_path, "from_python.py")
    ended = run(tmp_path, "python from_python.py")
    assert ended.returncode == 0, ended.stderr
    lines = [line.split(maxsplit=3) for line in ended.stdout.splitlines()]
    assert {name for name, *_ in lines} == {
        *("model_int8.tflite", "model_int8_dynamic.tflite", "model_fp16.tflite"),
    }
    for name, size, milliseconds, _ in lines:
        assert int(size) == (tmp_path / "by_hand" / name).stat().st_size
        assert float(milliseconds) > 0
