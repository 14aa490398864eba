"""The coder of the page on signatures goes from its spec to quantized files of both methods."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from documented import named_files, run, write_files

from decant import pipeline
from decant.errors import DataError, SpecError, UsageError
from decant.factory import resolve

PAGE = "docs/how-to/signatures.md"
METHODS = {"encode": "signal", "decode": "code"}
NEAR = {"model_fp32": 1e-5, "model_fp16": 2e-3, "model_int8_dynamic": 0.05, "model_int8": 0.1}
"""Largest error that each form may have, relative to the largest value."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder in which the page's commands were run, and the files quantized."""
    folder = tmp_path_factory.mktemp("speech")
    write_files(PAGE, folder)
    assert {*named_files(PAGE)} == {"speech.py", "speech.toml"}
    ended = run(folder, "python speech.py && decant convert speech.toml")
    assert ended.returncode == 0, ended.stderr
    given = {}
    for method, name in METHODS.items():
        with np.load(folder / f"{method}.npz") as arrays:
            given[f"{method}:{name}"] = arrays[name]
    np.savez(folder / "calibration.npz", **given)
    file = "build/speech/convert/model_fp32.tflite"
    ended = run(folder, f"decant quantize {file} --calibration calibration.npz -o out")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.mark.parametrize("form", NEAR)
def test_every_form_has_both_methods_with_shared_weights(project, form):
    out = project / ("build/speech/convert" if form == "model_fp32" else "out")
    network = resolve("speech.py:Coder", project)().eval()
    interpreter = Interpreter(model_path=str(out / f"{form}.tflite"))
    assert list(interpreter.get_signature_list()) == [*METHODS]
    for method, name in METHODS.items():
        with np.load(project / f"{method}.npz") as arrays:
            x = arrays[name][:1]
        with torch.no_grad():
            wanted = getattr(network, method)(torch.from_numpy(x)).numpy()
        (found,) = interpreter.get_signature_runner(method)(**{name: x}).values()
        assert np.abs(found - wanted).max() < NEAR[form] * np.abs(wanted).max()


def test_every_form_stores_shared_weights_once(project):
    shared = 24 * 512 + 512 * 16
    bytes_each = {"model_fp32": 4, "model_fp16": 2, "model_int8_dynamic": 1, "model_int8": 1}
    for form, size in bytes_each.items():
        out = project / ("build/speech/convert" if form == "model_fp32" else "out")
        assert size * shared < (out / f"{form}.tflite").stat().st_size < size * shared * 2


def test_what_each_signature_keeps_is_told(project):
    document = json.loads((project / "out/quantize_signatures.json").read_text())
    assert set(document["signatures"]) == set(METHODS)
    names = [candidate["name"] for candidate in document["candidates"]]
    assert names == ["static_int8", "dynamic_int8", "float16"]
    assert document["left_out"] == {}
    for report in document["signatures"].values():
        assert all(each["snr_db"]["output"] > 20 for each in report["candidates"])


def quantize_file(**options):
    return pipeline.quantize("build/speech/convert/model_fp32.tflite", "refused", **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pipeline.tflite("speech.toml"), SpecError, r"encode, decode become one file"),
        (lambda: pipeline.bench("speech.toml"), SpecError, r"a release has one, which is all that"),
        (lambda: pipeline.quantize("speech.toml"), SpecError, r"decant convert makes their file"),
        (
            lambda: pipeline.convert("speech.toml", routes=["all"]),
            UsageError,
            r"^--routes: is for a file of one signature; leave it out",
        ),
        (
            lambda: pipeline.convert("speech.toml", inputs="encode.npz"),
            DataError,
            r"array signal: is of none of the signatures encode, decode; call it encode:signal",
        ),
        (
            lambda: pipeline.bench("out/model_fp16.tflite"),
            DataError,
            r"out/model_fp16.tflite: holds the signatures encode, decode, and this takes a file of",
        ),
        (
            lambda: quantize_file(calibration="encode.npz"),
            DataError,
            r"array signal: is of none of the signatures encode, decode; call it encode:signal",
        ),
        (
            lambda: quantize_file(recipe="recipe.json"),
            UsageError,
            r"holds the signatures encode, decode, and a recipe.json the ranges of one",
        ),
    ],
    ids=["tflite", "bench", "quantize", "routes", "inputs", "bench a file", "names", "recipe"],
)
def test_what_takes_one_signature_refuses_several(project, monkeypatch, call, error, message):
    monkeypatch.chdir(project)
    with pytest.raises(error, match=message):
        call()
    assert not Path("refused").exists()


def test_without_all_samples_static_int8_is_left_out_and_why(project):
    file = "build/speech/convert/model_fp32.tflite"
    samples = {"encode:signal": np.load(project / "encode.npz")["signal"]}
    np.savez(project / "half.npz", **samples)
    made = pipeline.quantize(project / file, project / "half", calibration=project / "half.npz")
    assert made.report.notes == (
        "static_int8 is not made: signature decode: its ranges need real samples: `--calibration"
        " X.npz` with arrays called decode:INPUT, or `calibration=` in Python",
    )
    assert {file.name for file in (project / "half").iterdir()} == {
        "model_fp16.tflite",
        "model_int8_dynamic.tflite",
        "quantize_signatures.json",
    }
