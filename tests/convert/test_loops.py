"""Loops that go on for as long as the input says: a WHILE, with a body rewritten like any graph."""

import numpy as np
import onnx
import pytest
from emitted import parsed

from decant.convert import to_tflite
from decant.errors import UnsupportedOp
from decant.flatbuffer.graph import Graph

COUNTED = """(float[2,3] x, int64 n) => (float[2,3] last, float[m,2,3] all) <bool yes = {1}> {
    z = Relu(x)
    last, all = Loop(n, yes, x) <body = b (int64 i, bool keep, float[2,3] a)
        => (bool go, float[2,3] next, float[2,3] row) {
            k = Cast<to = 1>(i) p = MatMul(a, w) q = Add(p, z) next = Tanh(q)
            row = Mul(next, k) go = Identity(keep) }>
}"""
STOPPED = """(float[2,3] x) => (float[2,3] last, float[m,2,3] all) <bool yes = {1}> {
    last, all = Loop("", yes, x) <body = b (int64 i, bool keep, float[2,3] a)
        => (bool go, float[2,3] next, float[2,3] row)
        <float half = {0.5}, float limit = {0.05}> {
            next = Mul(a, half) row = Neg(next) s = ReduceMax<keepdims = 0>(next)
            go = Greater(s, limit) }>
}"""
GROWING = """(float[1,2] x, int64 n) => (float[1,m] y) <bool yes = {1}> {
    y = Loop(n, yes, x) <body = b (int64 i, bool keep, float[1,k] a)
        => (bool go, float[1,j] next) {
            t = Tanh(x) s = ReduceSum<keepdims = 1>(a) u = Mul(t, s)
            next = Concat<axis = 1>(a, u) go = Identity(keep) }>
}"""
SCAN = """(float[2] s, float[n,2] x, float[2,n] z)
    => (float[2] t, float[n,2] all, float[2,n] back) {
    t, all, back = Scan<num_scan_inputs = 2, scan_input_axes = [0, 1],
        scan_input_directions = [0, 1], scan_output_axes = [0, 1],
        scan_output_directions = [0, 1],
        body = b (float[2] a, float[2] e, float[2] f) => (float[2] g, float[2] h, float[2] i)
            { c = Add(a, e) g = Tanh(c) h = Mul(g, f) i = Sub(e, f) }>(s, x, z)
}"""


def converted(text, inputs, folder, weights=None):
    onnx.save(parsed(text, weights or {}), folder / "net.onnx")
    report = to_tflite(folder / "net.onnx", folder / "out", inputs=inputs)
    assert max(parity.max_relative for parity in report.parity) < 1e-6
    return report


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("count", [1, 4])
def test_a_count_that_is_an_input(count, tmp_path):
    inputs = {"x": numbers(2, 2, 3), "n": np.array([count, count], np.int64)}
    report = converted(COUNTED, inputs, tmp_path, {"w": (3, 3)})
    assert report.op_histogram["WHILE"] == 1
    assert "closed_loop" in [each.name for each in report.rewrites]


def test_a_condition_that_is_computed(tmp_path):
    report = converted(STOPPED, {"x": np.abs(numbers(2, 2, 3)) + 0.1}, tmp_path)
    assert report.op_histogram["WHILE"] == 1


def test_a_value_that_grows(tmp_path):
    inputs = {"x": numbers(2, 1, 2), "n": np.array([3, 3], np.int64)}
    assert converted(GROWING, inputs, tmp_path).op_histogram["WHILE"] == 1


def test_a_scan_of_free_length(tmp_path):
    inputs = {"s": numbers(2, 2), "x": numbers(2, 5, 2), "z": numbers(2, 2, 5)}
    report = converted(SCAN, inputs, tmp_path)
    assert report.op_histogram["WHILE"] == 1
    assert Graph.from_bytes(report.tflite.read_bytes()).histogram() == report.op_histogram


def test_rows_whose_sizes_only_an_iteration_tells(tmp_path):
    text = """(float[1,2] x, int64 n) => (float[1,2] y, float[m,k,2] all) <bool yes = {1}> {
        y, all = Loop(n, yes, x) <body = b (int64 i, bool keep, float[1,2] a)
            => (bool go, float[1,2] next, float[k,2] row) {
                places = NonZero(a) turned = Transpose(places) whole = Cast<to = 1>(turned)
                row = Add(whole, a) next = Tanh(a) go = Identity(keep) }>
    }"""
    inputs = {"x": numbers(2, 1, 2), "n": np.array([3, 3], np.int64)}
    report = converted(text, inputs, tmp_path)
    assert report.op_histogram["WHILE"] == 1
    assert report.outputs[1].shape[1:] == (None, 2)


def test_a_loop_that_is_too_long_to_write_out(tmp_path):
    text = COUNTED.replace(", int64 n)", ")").replace("<bool yes", "<int64 n = {9000}, bool yes")
    text = text.replace("float[m,2,3] all", "float[9000,2,3] all")
    report = converted(text, {"x": numbers(2, 2, 3) / 9}, tmp_path, {"w": (3, 3)})
    assert report.op_histogram["WHILE"] == 1


def test_a_state_that_nobody_reads_may_begin_with_other_axes(tmp_path):
    text = """(float[3,4] x) => (float[a,b] y, int64 count)
        <bool yes = {1}, int64 zero = {0}, int64 one = {1}, float five = {5}, float[1] none = {7}> {
        y, count = Loop("", yes, none, zero) <body = b (int64 i, bool keep, float[?] a, int64 n)
            => (bool go, float[3,4] next, int64 m) {
                m = Add(n, one) part = Cast<to = 1>(m) next = Mul(x, part)
                s = ReduceMax<keepdims = 0>(next) go = Less(s, five) }>
    }"""
    report = converted(text, {"x": numbers(2, 3, 4)}, tmp_path)
    assert report.op_histogram["WHILE"] == 1


REFUSED = {
    "another rank": (
        """(float[2] x, int64 n) => (float[?] y) <bool yes = {1}, int64[1] axis = {0}> {
            y = Loop(n, yes, x) <body = b (int64 i, bool keep, float[?] a)
                => (bool go, float[?] next) {
                    next = Unsqueeze(a, axis) go = Identity(keep) }>
        }""",
        "a value changes its number of axes from one iteration to the next",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_no_while_can_do_is_refused(text, message, tmp_path):
    onnx.save(parsed(text, {}), tmp_path / "net.onnx")
    inputs = {"x": numbers(2, 2), "n": np.array([1, 1], np.int64)}
    with pytest.raises(UnsupportedOp, match=message):
        to_tflite(tmp_path / "net.onnx", tmp_path / "out", inputs=inputs)
    assert not (tmp_path / "out").exists()
