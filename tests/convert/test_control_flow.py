"""Whole graphs whose answers or ways are known before they run: taken out, or refused."""

import json

import numpy as np
import onnx
import pytest

from decant.convert import to_tflite
from decant.runtime import LiteRtModel

DECODER = """(float[1,4] x) => (float[1,4] last, float[3,1,4] all)
    <int64 n = {3}, bool yes = {1}, int64[2] sizes = {1, 3}, int64 one = {1}> {
    last, all = Loop(n, yes, x) <body = b (int64 i, bool keep, float[1,4] a)
        => (bool go, float[1,4] next, float[1,4] scan) {
            q = SplitToSequence<axis = 1>(a, sizes) low = SequenceAt(q, one)
            s = Shape(low) k = Gather(s, one) c = Equal(k, one)
            m = If(c) <then_branch = t () => (float[1,k] u) { u = Neg(low) },
                       else_branch = e () => (float[1,k] v) { v = Tanh(low) }>
            first = Slice(a, zero, only, only)
            next = Concat<axis = 1>(m, first) go = Identity(keep) scan = Neg(next) }>
}""".replace("int64 one", "int64[1] zero = {0}, int64[1] only = {1}, int64 one")


def saved(text, folder):
    path = folder / "net.onnx"
    onnx.save(onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["": 17]> g {text}'), path)
    return path


def test_a_decoder_of_fixed_length_is_written_out(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 1, 4)).astype(np.float32)
    report = to_tflite(saved(DECODER, tmp_path), tmp_path / "out", inputs={"x": x})
    assert report.op_histogram["TANH"] == 3
    assert report.op_histogram["NEG"] == 3
    assert max(parity.max_relative for parity in report.parity) < 1e-6
    assert report.traced == 1
    assert {r.name for r in report.rewrites} >= {"known_count", "known_condition", "sequence_at"}
    values = {e["value"] for e in json.loads(report.trace.read_text())["tensors"].values()}
    assert {"last", "all"} <= values


def test_a_model_without_inputs_gives_its_constants(tmp_path):
    """HannWindow has a default that its definition in ONNX reads."""
    path = saved("() => (float[8] y) <int64 size = {8}> { y = HannWindow(size) }", tmp_path)
    report = to_tflite(path, tmp_path / "out")
    assert report.warnings == ("the model has no inputs, so that its outputs are constants",)
    assert report.samples == "one run without inputs"
    found = LiteRtModel(report.tflite, report.inputs, report.outputs).run({})["y"]
    np.testing.assert_allclose(found, np.hanning(9)[:-1], atol=1e-6)


@pytest.mark.parametrize("fmod", [0, 1])
def test_the_remainder_of_unsigned_integers_is_had(fmod, tmp_path):
    text = f"(uint32[3] a, uint32[3] b) => (uint32[3] y) {{ y = Mod<fmod = {fmod}>(a, b) }}"
    a = np.array([[7, 2**32 - 1, 9], [3, 2**31 + 5, 0]], np.uint32)
    b = np.array([[3, 2**31, 9], [5, 7, 2]], np.uint32)
    report = to_tflite(saved(text, tmp_path), tmp_path / "out", inputs={"a": a, "b": b})
    model = LiteRtModel(report.tflite, report.inputs, report.outputs)
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(model.run({"a": left, "b": right})["y"], left % right)
