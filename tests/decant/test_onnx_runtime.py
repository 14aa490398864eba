"""ONNX Runtime loads what is newer or older than it expects, and runs it."""

import os
import subprocess
import sys

import numpy as np
import onnx
import pytest

from decant.errors import DataError
from decant.graph.load import load
from decant.onnx_runtime import OnnxRuntime, RuntimeGap
from decant.runtime_process import RuntimeProcess, _end

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


@pytest.fixture
def scan(tmp_path):
    """A model that hands on columns, in a process of its own."""
    proto = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["": 17]>
        g (float[n,m] x, float[n] first) => (float[n] last, float[a,b] y) {
            last, y = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1],
                body = b (float[n] before, float[n] column) => (float[n] next, float[n] row) {
                    next = Add(before, column) row = Identity(column) }>(first, x)
        }"""
    )
    onnx.save(proto, tmp_path / "net.onnx")
    return RuntimeProcess(tmp_path / "net.onnx")


def test_a_crash_of_onnx_runtime_is_a_refusal_and_the_next_run_goes_on(scan):
    first = np.float32([1, 2])
    for x in (X, 2 * X):
        np.testing.assert_array_equal(scan.run({"x": x, "first": first})["y"], x)
        with pytest.raises(DataError, match="its process was killed by SIGFPE"):
            scan.run({"x": x[:, :0], "first": first})


def test_what_onnx_runtime_says_comes_out_of_its_process(scan):
    with pytest.raises(DataError, match="ONNX Runtime cannot run the model"):
        scan.run({"x": X})
    answers = scan.run({"x": X, "first": np.float32([1, 2])})
    np.testing.assert_array_equal(answers["last"], [4, 10])


def test_a_fault_in_the_process_is_told_with_where_it_is(scan):
    """What asks for no sample is a fault of ours, whose traceback would be lost with it."""
    with pytest.raises(
        DataError, match=r"exit code 1 and no answer[^|]*(\n  \| .*)+AttributeError"
    ):
        scan._answer("no sample")


def test_a_process_says_what_onnx_runtime_lacks(tmp_path):
    proto = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["": 20, "own": 1]> g (float[n] x) => (float[n] y)
        { y = own.Thing(x) }"""
    )
    onnx.save(proto, tmp_path / "net.onnx")
    with pytest.raises(RuntimeGap, match="own::Thing"):
        RuntimeProcess(tmp_path / "net.onnx")


def test_what_a_process_has_not_read_is_lost_without_a_word(scan):
    process = scan._process
    process.stdin.write(b"the beginning of a request")
    process.kill()
    process.wait()
    _end(process, scan._noise)
    assert process.stdin.closed
    assert process.stdout.closed


@pytest.mark.slow
def test_nothing_is_reported_to_the_maker_of_onnx_runtime(tmp_path):
    """Of what it reports it keeps a data base in the user's cache, but on machines of a CI."""
    unset = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI", "GITHUB_ACTIONS")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    for module, reports in (("onnxruntime", True), ("decant.onnx_runtime", False)):
        home = tmp_path / module
        home.mkdir()
        command = [sys.executable, "-c", f"import {module}, time; time.sleep(1)"]
        subprocess.run(command, check=True, env={**kept, "HOME": str(home)})
        assert any(home.rglob("Microsoft")) is reports, module
