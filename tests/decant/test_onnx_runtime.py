"""ONNX Runtime loads what is newer or older than it expects, and runs it."""

import numpy as np
import onnx
import pytest

from decant.graph.load import load
from decant.onnx_runtime import OnnxRuntime

W = np.arange(6, dtype=np.float32).reshape(2, 3)
X = np.float32([[1, 2], [3, 5]])


def product(ir_version):
    proto = onnx.parser.parse_model(
        f'<ir_version: {ir_version}, opset_import: ["": 8]>'
        " g (float[2,2] x) => (float[2,3] y) { y = MatMul(x, w) }"
    )
    proto.graph.initializer.append(onnx.numpy_helper.from_array(W, "w"))
    return proto


def test_a_file_of_a_newer_ir_version_than_any_runtime_knows():
    answers = OnnxRuntime(product(99).SerializeToString()).run({"x": X})
    np.testing.assert_array_equal(answers["y"], X @ W)


def test_weights_beside_a_file_of_a_newer_ir_version(tmp_path):
    path = tmp_path / "net.onnx"
    external = {"save_as_external_data": True, "location": "net.data", "size_threshold": 0}
    onnx.save(product(99), path, **external)
    answers = OnnxRuntime(path).run({"x": X})
    np.testing.assert_array_equal(answers["y"], X @ W)


@pytest.mark.parametrize("ir_version", [3, 8])
def test_weights_of_an_old_file_need_not_be_inputs(ir_version, tmp_path):
    onnx.save(product(ir_version), tmp_path / "net.onnx")
    (x,) = load(tmp_path / "net.onnx").graph.inputs
    assert x.name == "x"
