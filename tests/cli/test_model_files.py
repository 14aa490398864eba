"""A finished file can be the model of a spec; what it is compared with is named."""

from __future__ import annotations

import json

import input_projects
import pytest
from processes import run_decant

FILES = {"model.onnx": "ONNX Runtime", "model_fp32.tflite": "the given file"}


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Convert a network that takes numbers; gives its folder with the files."""
    folder = tmp_path_factory.mktemp("files")
    spec = input_projects.write(folder, "numbers")
    ended = run_decant(folder, "convert", spec.name, "--out", "converted")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.mark.parametrize("file", FILES)
def test_a_finished_file_goes_the_whole_way(converted, file):
    text = (converted / "model.toml").read_text()
    head, _, rest = text.partition("factory")
    rest = rest.partition("\n[input]")[2]
    spec = converted / f"{file.split('.')[1]}.toml"
    spec.write_text(f'{head}file = "converted/{file}"\n\n[input]{rest}')
    ended = run_decant(converted, "tflite", spec.name, "--out", spec.stem)
    assert ended.returncode == 0, ended.stderr
    report = json.loads((converted / spec.stem / "report.json").read_text())
    assert report["original"] == FILES[file]
    assert report["pytorch"]["test"]["accuracy"]["top1"]["value"] >= 0.95
    assert report["reference"]["drop"]["top1"]["value"] == 0
    subject = next(r["subject"] for r in report["verdict"] if r["requirement"] == "max_drop")
    assert subject == f"drop of top1 against {FILES[file]}"
    assert f">{FILES[file]}<" in (converted / spec.stem / "report.html").read_text()
    assert run_decant(converted, "gate", spec.name, "--out", spec.stem).returncode == 0
    trained = run_decant(converted, "distill", spec.name, "--out", spec.stem)
    assert trained.returncode == 2
