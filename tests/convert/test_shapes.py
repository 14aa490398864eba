"""What becomes of free sizes in a conversion: fixed where that is asked for, a batch to one."""

import json
import re

import numpy as np
import onnx
import pytest
import torch
from emitted import drawn, parsed

from decant.convert import to_tflite
from decant.errors import UnsupportedOp, UsageError
from decant.shapes import parse_shapes

POOLED = """(float[n,3,h,w] x) => (float[a,b,c,d] y) {
    y = MaxPool<kernel_shape = [2,2], strides = [2,2]>(x)
}"""
RECURRENT = """(float[t,1,5] x) => (float[a,b,c,d] y) {
    y = LSTM<hidden_size = 4>(x, w, r)
}"""
WEIGHTS = {"w": (1, 16, 5), "r": (1, 16, 4)}


def saved(folder, text, weights=None):
    path = folder / "net.onnx"
    onnx.save(parsed(text, weights), path)
    return path


def test_shapes_fix_what_is_free_and_are_recorded(tmp_path):
    asked = {"x": [1, 3, 48, "?"]}
    report = to_tflite(saved(tmp_path, POOLED), tmp_path / "out", shapes=asked)
    assert report.inputs[0].onnx_shape == (1, 3, 48, None)
    assert report.outputs[0].onnx_shape == (1, 3, 24, None)
    assert report.shapes == {"x": (1, 3, 48, None)}
    document = json.loads((tmp_path / "out/convert.json").read_text())
    assert document["shapes"] == {"x": [1, 3, 48, None]}
    assert "input x: fixed at [1, 3, 48, ?] (ONNX axis order); --shape has others" in report.lines()


def test_the_sizes_of_an_input_without_a_shape_are_asked_for(tmp_path):
    path = saved(tmp_path, "(float[1,6] x) => (float[1,6] y) { y = Relu(x) }")
    proto = onnx.load(path)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.ClearField("shape")
    onnx.save(proto, path)
    with pytest.raises(UnsupportedOp, match="input x has no shape; give all of its sizes, such"):
        to_tflite(path, tmp_path / "out")
    report = to_tflite(path, tmp_path / "out", shapes={"x": [2, 3, 5]})
    assert report.inputs[0].onnx_shape == (2, 3, 5)


def test_another_shape_is_another_file(tmp_path):
    path = saved(tmp_path, POOLED)
    files = [
        to_tflite(path, tmp_path / str(size), shapes={"x": [1, 3, size, 32]}).tflite.read_bytes()
        for size in (48, 64)
    ]
    assert files[0] != files[1]


def test_a_fixed_number_of_steps_is_unrolled(tmp_path):
    path = saved(tmp_path, RECURRENT, WEIGHTS)
    report = to_tflite(
        path, tmp_path / "out", shapes={"x": [7, 1, 5]}, inputs={"x": drawn(3, 7, 1, 5)}
    )
    assert report.inputs[0].shape == (7, 1, 5)


def test_a_free_number_of_steps_is_traced(tmp_path):
    report = to_tflite(saved(tmp_path, RECURRENT, WEIGHTS), tmp_path / "out")
    assert report.inputs[0].shape == (None, 1, 5)
    assert report.op_histogram["WHILE"] == 1
    assert report.warnings == ()


@pytest.mark.parametrize("inputs", [None, {"x": drawn(5, 3, 8, 12)}], ids=["drawn", "given"])
def test_a_free_batch_becomes_one(inputs, tmp_path):
    report = to_tflite(saved(tmp_path, POOLED), tmp_path / "out", inputs=inputs)
    assert report.inputs[0].onnx_shape == (1, 3, None, None)
    assert report.shapes == {"x": (1, 3, None, None)}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"shapes": {"x": [None, 3, 8, 8]}}, id="shape"),
        pytest.param({"inputs": {"x": drawn(2, 5, 3, 8, 8)}}, id="inputs"),
    ],
)
def test_a_batch_that_is_asked_for_stays_free(asked, tmp_path):
    report = to_tflite(saved(tmp_path, POOLED), tmp_path / "out", **asked)
    assert report.inputs[0].onnx_shape[0] is None


@pytest.mark.parametrize(
    ("text", "free"),
    [
        pytest.param("(float[t,1,5] x) => (float[u,1,5] y) { y = CumSum(x, zero) }", True,
                     id="entries-that-follow-each-other"),
        pytest.param("(float[t,5] x) => (float[] y) { y = ReduceMax<keepdims = 0>(x) }", True,
                     id="one-answer-for-all"),
        pytest.param("(float[t] x) => (float[t] y) { y = Relu(x) }", True, id="a-signal"),
        pytest.param("(float[t,5] x) => (float[t,5] y) { y = Relu(x) }", False, id="rows"),
        pytest.param(
            "(float[n,4,5] x) => (float[4,n,5] y) { y = Transpose<perm = [1,0,2]>(x) }", False,
            id="joined-along-another-axis-of-the-output"),
        pytest.param("(float[n,5] x) => (float[1,5] y) { y = Reshape(x, one) }", False,
                     id="one-and-no-more"),
    ],
)  # fmt: skip
def test_a_first_axis_is_a_batch_if_its_entries_are_answered_one_by_one(text, free, tmp_path):
    proto = parsed(text)
    for name, array in {"zero": np.array(0), "one": np.array([1, 5])}.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.save(proto, tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out")
    assert (report.inputs[0].shape[0] is None) == free


def test_a_module_takes_no_shapes(tmp_path):
    with pytest.raises(UsageError, match="shapes are for a file; a module has the sizes of its"):
        to_tflite(torch.nn.ReLU().eval(), tmp_path / "out", shapes={"x": [1]})


PADDED_IN_FRONT = """(float[n,h,w] x) => (float[a,b,c] y) {
    y = MaxPool<kernel_shape = [2], strides = [2], auto_pad = "SAME_LOWER">(x)
}"""


def test_the_shape_that_a_refusal_names_works(tmp_path):
    path = saved(tmp_path, PADDED_IN_FRONT)
    message = r"y: MaxPool .*: the padding depends on a size that .*; fix the free sizes, as with"
    with pytest.raises(UnsupportedOp, match=message) as refused:
        to_tflite(path, tmp_path / "out")
    (option,) = re.findall(r"--shape (\S+) \(in a spec", str(refused.value))
    report = to_tflite(path, tmp_path / "out", shapes=parse_shapes([option]))
    assert None not in report.inputs[0].shape


def test_a_refusal_names_the_shape_of_given_inputs(tmp_path):
    path = saved(tmp_path, PADDED_IN_FRONT)
    with pytest.raises(UnsupportedOp, match=r"--shape x=1,5,7 \("):
        to_tflite(path, tmp_path / "out", inputs={"x": drawn(3, 1, 5, 7)})


def test_a_constant_is_asked_for_where_no_size_is_free(tmp_path):
    text = "(float[1,6] x, int64 axis) => (float[1,6] y) { y = CumSum(x, axis) }"
    with pytest.raises(UnsupportedOp, match="TFLite needs it fixed; make it a constant before"):
        to_tflite(saved(tmp_path, text), tmp_path / "out")
