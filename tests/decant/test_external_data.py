"""Weights that lie beside an ONNX file belong to it: they are missed, and a change makes stale."""

import re

import numpy as np
import onnx
import pytest

from decant.errors import DataError
from decant.external_data import external_files
from decant.graph.load import load
from decant.provenance import provenance_of
from decant.spec import load_spec

NETWORK = """<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3] numbers) => (float[1, 3] answer) <float[3] weight>
{ answer = Mul (numbers, weight) }"""
SPEC = """
[model]
name = "net"
file = "net.onnx"

[input]
kind = "array"
name = "numbers"
shape = [1, 3]

[task]
kind = "regression"
targets = ["a", "b", "c"]

[data]
calibration = { kind = "arrays", path = "a.npz", input = "numbers", truth = "t" }
validation = { kind = "arrays", path = "a.npz", input = "numbers", truth = "t" }
test = { kind = "arrays", path = "a.npz", input = "numbers", truth = "t" }

[requirements]
max_drop = 0.1
"""


@pytest.fixture
def folder(tmp_path):
    model = onnx.parser.parse_model(NETWORK)
    del model.graph.initializer[:]
    weight = onnx.numpy_helper.from_array(np.arange(3, dtype=np.float32), "weight")
    model.graph.initializer.append(weight)
    options = {"save_as_external_data": True, "location": "net.weights", "size_threshold": 0}
    onnx.save(model, tmp_path / "net.onnx", **options)
    (tmp_path / "model.toml").write_text(SPEC)
    np.savez(tmp_path / "a.npz", numbers=np.ones((2, 3)), t=np.ones((2, 3)))
    return tmp_path


def test_files_of_weights_are_named(folder):
    assert external_files(folder / "net.onnx") == ("net.weights",)
    onnx.save(onnx.load(folder / "net.onnx"), folder / "whole.onnx")
    (folder / "text.onnx").write_text("no model")
    for name in ("whole.onnx", "text.onnx", "missing.onnx"):
        assert external_files(folder / name) == ()


def test_a_file_that_is_missing_is_named(folder):
    load(folder / "net.onnx")
    (folder / "net.weights").unlink()
    said = 'its weights lie in "net.weights", which is not there; copy it beside the model'
    with pytest.raises(DataError, match=re.escape(said)):
        load(folder / "net.onnx")
    with pytest.raises(DataError, match=re.escape(said)):
        provenance_of(load_spec(folder))


def test_weights_that_change_are_another_origin(folder):
    spec = load_spec(folder)
    before = provenance_of(spec).files
    weights = bytearray((folder / "net.weights").read_bytes())
    weights[-1] ^= 1
    (folder / "net.weights").write_bytes(weights)
    after = provenance_of(spec).files
    assert {key for key in before if before[key] != after[key]} == {"model.file: net.weights"}
