"""A finished file can be the model of a spec; what it is compared with is named."""

from __future__ import annotations

import json

import input_projects
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from processes import run_here

FILES = {"model.onnx": "ONNX Runtime", "model_fp32.tflite": "the given file"}


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Convert a network that takes numbers; gives its folder with the files."""
    folder = tmp_path_factory.mktemp("files")
    spec = input_projects.write(folder, "numbers")
    run_here(folder, "convert", spec.name, "--out", "converted")
    return folder


def spec_of(folder, file):
    """Write the spec with a file in place of the factory."""
    head, _, rest = (folder / "model.toml").read_text().partition("factory")
    rest = rest.partition("\n[input]")[2]
    spec = folder / f"{file.split('.')[1]}.toml"
    spec.write_text(f'{head}file = "{file}"\n\n[input]{rest}')
    return spec


@pytest.mark.parametrize("file", FILES)
def test_a_finished_file_goes_the_whole_way(converted, file):
    spec = spec_of(converted, f"converted/{file}")
    run_here(converted, "tflite", spec.name, "--out", spec.stem)
    report = json.loads((converted / spec.stem / "report.json").read_text())
    assert report["original"] == FILES[file]
    assert report["pytorch"]["test"]["accuracy"]["top1"]["value"] >= 0.95
    assert report["reference"]["drop"]["top1"]["value"] == 0
    subject = next(r["subject"] for r in report["verdict"] if r["requirement"] == "max_drop")
    assert subject == f"drop of top1 against {FILES[file]}"
    assert f">{FILES[file]}<" in (converted / spec.stem / "report.html").read_text()
    run_here(converted, "gate", spec.name, "--out", spec.stem)
    run_here(converted, "distill", spec.name, "--out", spec.stem, code=2)


WORDS = """
[model]
name = "words"
file = "words.onnx"
[input]
kind = "array"
name = "x"
shape = [1, 6]
{dtype}
[task]
kind = "classification"
labels = {labels}
[data]
calibration = {{ kind = "arrays", path = "calibration.npz" }}
validation = {{ kind = "arrays", path = "validation.npz" }}
test = {{ kind = "arrays", path = "test.npz" }}
"""


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A file of ONNX that takes the indices of six words, and gives two scores."""
    monkeypatch.chdir(tmp_path)
    seeded = np.random.default_rng(1)
    for part in ("calibration", "validation", "test"):
        values, labels = seeded.integers(0, 50, (9, 6)), seeded.integers(0, 2, 9)
        np.savez(f"{part}.npz", x=values, label=labels)
    table = onnx.numpy_helper.from_array(seeded.random((50, 2), np.float32), "table")
    axes = onnx.numpy_helper.from_array(np.array([1]), "axes")
    nodes = [
        helper.make_node("Gather", ["table", "x"], ["found"]),
        helper.make_node("ReduceMean", ["found", "axes"], ["y"], keepdims=0),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [1, 6])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph(nodes, "words", [x], [y], [table, axes])
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), "words.onnx")
    return tmp_path / "model.toml"


@pytest.mark.parametrize(
    ("dtype", "labels", "code", "message"),
    [
        pytest.param(
            "", '["a", "b"]', 2, 'x is int64 in model.file, but dtype = "float32"', id="d"
        ),
        pytest.param(
            'dtype = "int64"', '["a", "b", "c"]', 5, "does not hold 3 scores", id="outputs"
        ),
    ],
)
def test_a_file_that_does_not_fit_is_told_before_it_is_converted(
    decant, words, dtype, labels, code, message
):
    words.write_text(WORDS.format(dtype=dtype, labels=labels))
    ended = decant("tflite", "model.toml")
    assert ended.code == code, ended.err
    assert message in ended.err
    assert "TensorFlow" not in ended.err
    assert not (words.parent / "build").exists()


def test_the_shape_of_a_spec_fixes_what_its_file_leaves_free(converted):
    model = onnx.load(converted / "converted/model.onnx")
    for value in (*model.graph.input, *model.graph.output):
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            size.dim_param = f"{value.name}{axis}"
    onnx.save(model, converted / "free.sizes.onnx")
    spec = spec_of(converted, "free.sizes.onnx")
    run_here(converted, "convert", spec.name, "--out", "fixed")
    report = json.loads((converted / "fixed/convert.json").read_text())
    assert report["shapes"] == {"image": [1, 5]}
    assert report["inputs"][0]["shape"] == [1, 5]
