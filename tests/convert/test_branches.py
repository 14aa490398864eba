"""Choices that the input makes: an IF, with branches that are rewritten like any graph."""

import numpy as np
import onnx
import pytest
from emitted import parsed

from decant.convert import to_tflite
from decant.errors import UnsupportedOp
from decant.flatbuffer.graph import Graph
from decant.runtime import LiteRtModel

PLANES = """(float[1,4,6,8] x, bool c) => (float[1,5,6,8] y, float[1,4] pooled) {
    z = Relu(x)
    y, pooled = If(c) <
        then_branch = a () => (float[1,5,6,8] t, float[1,4] m) {
            u = Neg(z) t = Conv<pads = [1,1,1,1]>(u, k)
            p = ReduceMean<keepdims = 0>(z, plane) m = Identity(p) },
        else_branch = b () => (float[1,5,6,8] e, float[1,4] n) {
            v = Conv<pads = [1,1,1,1]>(z, k) w = Conv<pads = [1,1,1,1]>(v, k5) e = Add(w, v)
            q = ReduceMax<keepdims = 0>(x, plane) n = Neg(q) }
    >
}"""

RATES = """(float[1,n] x, int64 rate) => (float[1,1] y) {
    k = Constant<value_int = 16000>()
    wide = Equal(rate, k)
    y = If(wide) <
        then_branch = a () => (float[1,1] t) {
            u = Constant<value_ints = [1]>() f = Unsqueeze(x, u)
            g = Conv<strides = [8]>(f, slow) m = GlobalMaxPool(g)
            s = Shape<start = 2, end = 3>(g) one = Constant<value_ints = [1]>() is = Equal(s, one)
            h = If(is) <then_branch = p () => (float[1,1] i) { i = Squeeze(g, two) },
                        else_branch = q () => (float[1,1] j) { j = Squeeze(m, two) }>
            t = Neg(h) },
        else_branch = b () => (float[1,1] e) {
            v = Constant<value_ints = [1]>() l = Unsqueeze(x, v)
            r = Conv<strides = [4]>(l, fast) e = Squeeze(r, two) }
    >
}"""


def saved(folder, text, weights, numbers=None):
    proto = parsed(text, weights)
    for name, values in (numbers or {}).items():
        array = onnx.numpy_helper.from_array(np.asarray(values, np.int64), name)
        proto.graph.initializer.append(array)
    path = folder / "net.onnx"
    onnx.save(proto, path)
    return path


def file_of(report):
    return Graph.from_bytes(report.tflite.read_bytes())


@pytest.mark.parametrize("chosen", [True, False])
def test_a_choice_is_made_at_run_time(chosen, tmp_path):
    path = saved(tmp_path, PLANES, {"k": (5, 4, 3, 3), "k5": (5, 5, 3, 3)}, {"plane": [2, 3]})
    x = np.random.default_rng(0).normal(size=(2, 1, 4, 6, 8)).astype(np.float32)
    inputs = {"x": x, "c": np.array([chosen, not chosen])}
    report = to_tflite(path, tmp_path / "out", inputs=inputs)
    assert report.op_histogram["IF"] == 1
    assert "CONV_2D" not in report.op_histogram  # nothing is computed that is not chosen
    assert max(parity.max_relative for parity in report.parity) < 1e-5


def test_both_branches_are_checked_where_the_input_is_a_code(tmp_path):
    """A rate of 16000 takes one branch; where the size is fixed, what it decides is folded."""
    weights = {"slow": (1, 1, 8), "fast": (1, 1, 4)}
    path = saved(tmp_path, RATES.replace("n]", "4]"), weights | {"slow": (1, 1, 4)}, {"two": [2]})
    report = to_tflite(path, tmp_path / "out")
    assert report.op_histogram == {"EQUAL": 1, "IF": 1}
    assert not report.warnings
    model = LiteRtModel(report.tflite, report.inputs, report.outputs)
    x = np.ones((1, 4), np.float32)
    results = [model.run({"x": x, "rate": np.array(rate)})["y"].item() for rate in (16000, 8000)]
    assert results[0] != results[1]


def test_a_branch_that_cannot_run_with_the_sizes_is_left_out(tmp_path):
    """Eight numbers leave two steps in the fast branch, whose axis cannot be dropped."""
    path = saved(tmp_path, RATES, {"slow": (1, 1, 8), "fast": (1, 1, 4)}, {"two": [2]})
    report = to_tflite(path, tmp_path / "out", shapes={"x": [1, 8]})
    assert "IF" not in report.op_histogram
    assert any("cannot run with these sizes" in warning for warning in report.warnings)


def test_branches_of_different_ranks_name_the_sizes_to_fix(tmp_path):
    text = """(float[1,n] x) => (float y) {
        s = Shape<start = 1, end = 2>(x) four = Constant<value_ints = [4]>() c = Equal(s, four)
        z = If(c) <then_branch = a () => (float[k] t) { t = Squeeze(x, zero) },
                   else_branch = b () => (float[1,k] e) { e = Neg(x) }>
        y = ReduceMax<keepdims = 0>(z)
    }"""
    with pytest.raises(UnsupportedOp, match=r"If \(opset 20\): .* ranks; fix .* --shape x=1,"):
        to_tflite(saved(tmp_path, text, {}, {"zero": [0]}), tmp_path / "out")


def test_a_refused_node_of_a_branch_is_named_by_itself(tmp_path):
    text = """(float[2,3] x, bool c) => (float[2,3] y) {
        y = If(c) <then_branch = a () => (float[2,3] t) { t = other.Own(x) },
                   else_branch = b () => (float[2,3] e) { e = Neg(x) }>
    }"""
    path = saved(tmp_path, text, {})
    proto = onnx.load(path)
    proto.opset_import.append(onnx.helper.make_opsetid("other", 1))
    onnx.save(proto, path)
    with pytest.raises(UnsupportedOp, match=r"^1 node cannot .*\n  t: other::Own \(opset 1\)"):
        to_tflite(path, tmp_path / "out")


def test_an_op_in_front_of_an_output_without_a_shape_is_what_is_refused(tmp_path):
    path = saved(tmp_path, "(float[2,3] x) => (float[2,3] y) { y = other.Own(x) }", {})
    proto = onnx.load(path)
    proto.opset_import.append(onnx.helper.make_opsetid("other", 1))
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    onnx.save(proto, path)
    with pytest.raises(UnsupportedOp, match="no lowering for this op"):
        to_tflite(path, tmp_path / "out")
