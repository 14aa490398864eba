"""What is left of a rewritten graph in the TFLite file: TensorFlow must not undo a rewrite."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from emitted import SINGLE_PRECISION, emit, feeds_of, parsed

from decant.convert import savedmodel, tflite
from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply
from decant.onnx_runtime import OnnxRuntime

IMAGE = "(float[1,6,9,7] x) => (float[?,?,?,?] y)"
ROWS = "(float[1,5,8] x) => (float[?,?,?] y)"
ATTENTION = """<float eighth = {0.125}, int64[4] heads = {1, 5, 2, 4}>
 { qm = MatMul(x, wq) qr = Reshape(qm, heads) q = Transpose<perm = [0, 2, 1, 3]>(qr)
 km = MatMul(x, wk) kr = Reshape(km, heads) k = Transpose<perm = [0, 2, 3, 1]>(kr)
 l = MatMul(q, k) s = Mul(l, eighth) y = Softmax(s) }"""
NORM = """<int64[1] last = {-1}, float eps = {0.00001}, float two = {2.0}>
 { m = ReduceMean<keepdims = 1>(x, last)
 d = Sub(x, m) q = Pow(d, two) v = ReduceMean<keepdims = 1>(q, last) e = Add(v, eps) r = Sqrt(e)
 n = Div(d, r) g = Mul(n, scale) h = Add(g, shift) y = MatMul(h, w) }"""
GROUPS = """<int64[3] three = {1, 2, -1}, int64[4] four = {1, 6, 9, 7}, float[2] ones = {1.0, 1.0},
 float[2] zeros = {0.0, 0.0}> { r = Reshape(x, three) n = InstanceNormalization(r, ones, zeros)
 b = Reshape(n, four) g = Mul(b, scale) y = Add(g, shift) }"""
STANDARDIZED = {"MEAN": 2, "SQUARED_DIFFERENCE": 1, "SUB": 1, "RSQRT": 1}

CASES = {
    "mish": (
        f"{IMAGE} {{ s = Softplus(x) t = Tanh(s) y = Mul(x, t) }}",
        {},
        {"DIV": 1, "LOGISTIC": 1, "MUL": 2, "SUB": 2},
    ),
    "swish": (f"{IMAGE} {{ s = Sigmoid(x) y = Mul(s, x) }}", {}, {"LOGISTIC": 1, "MUL": 1}),
    "boundless_clip": (
        f"{IMAGE} <float low = {{0.0}}, float high = {{6.0}}, float big = {{3.4e38}}>"
        "{ c = Clip(x, low, big) y = Clip(c, low, high) }",
        {},
        {"RELU6": 1},
    ),
    "batch_normalization": (
        f"{IMAGE} {{ c = Conv(x, w) b = BatchNormalization(c, v, s, s, v) y = Relu(b) }}",
        {"w": [4, 6, 1, 1], "v": [4], "s": [4]},
        {"CONV_2D": 1},
    ),
    "batch_normalization_before": (
        f"{IMAGE} {{ b = BatchNormalization(x, v, s, s, v) y = Conv(b, w) }}",
        {"w": [4, 6, 1, 1], "v": [6], "s": [6]},
        {"CONV_2D": 1},
    ),
    "scale_and_shift_into_layer": (
        f"{IMAGE} {{ c = Conv(x, w) a = Mul(c, s) y = Add(a, s) }}",
        {"w": [4, 6, 3, 3], "s": [4, 1, 1]},
        {"CONV_2D": 1},
    ),
    "scale_and_shift_before_layer": (
        f"{IMAGE} {{ a = Mul(x, s) b = Sub(a, s) y = Conv(b, w) }}",
        {"w": [4, 6, 3, 3], "s": [6, 1, 1]},
        {"CONV_2D": 1},
    ),
    "pad_into_layer": (
        f"{IMAGE} <int64[8] pads = {{0, 0, 1, 1, 0, 0, 1, 1}}>"
        "{ p = Pad(x, pads) y = Conv(p, w) }",
        {"w": [4, 6, 3, 3]},
        {"CONV_2D": 1},
    ),
    "normalization_into_layers": (
        f"{ROWS} {NORM}",
        {"scale": [8], "shift": [8], "w": [8, 3]},
        {**STANDARDIZED, "ADD": 1, "MUL": 1, "FULLY_CONNECTED": 1},
    ),
    "group_normalization": (
        f"{IMAGE} {GROUPS}",
        {"scale": [6, 1, 1], "shift": [6, 1, 1]},
        {**STANDARDIZED, "ADD": 2, "MUL": 2, "RESHAPE": 3},
    ),
    "scale_into_projection": (
        f"(float[1,5,8] x) => (float[1,2,5,5] y) {ATTENTION}",
        {"wq": [8, 8], "wk": [8, 8]},
        {"FULLY_CONNECTED": 2, "RESHAPE": 2, "TRANSPOSE": 2, "BATCH_MATMUL": 1, "SOFTMAX": 1},
    ),
    "whole_pool": (f"{IMAGE} {{ y = GlobalAveragePool(x) }}", {}, {"MEAN": 1}),
    "hard_sigmoid": (
        f"{IMAGE} <float three = {{3.0}}, float low = {{0.0}}, float six = {{6.0}}>"
        "{ a = Add(x, three) c = Clip(a, low, six) y = Div(c, six) }",
        {},
        {"ADD": 1, "MUL": 1},
    ),
    "common_subexpressions": (
        f"{IMAGE} {{ r = Exp(x) a = Sqrt(r) b = Sqrt(r) y = Mul(a, b) }}",
        {},
        {"EXP": 1, "SQRT": 1, "MUL": 1},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_file_has_the_operators_meant(name, tmp_path):
    text, weights, ops = CASES[name]
    proto = parsed(text, weights)
    for initializer in proto.graph.initializer:  # variances are positive
        if initializer.name == "v":
            positive = np.abs(np.frombuffer(initializer.raw_data, np.float32)) + 0.5
            initializer.raw_data = positive.astype(np.float32).tobytes()
    model, applied = apply(prepare(ir.from_proto(proto)), REWRITES.chosen())
    assert applied
    emission = emit(model)
    savedmodel.write(emission, tmp_path)
    file = tflite.convert(tmp_path, emission)
    interpreter = Interpreter(
        model_content=file.data,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    assert Counter(op["op_name"] for op in interpreter._get_ops_details()) == ops
    feeds = feeds_of(proto)
    (expected,) = OnnxRuntime(proto.SerializeToString()).run(feeds).values()
    (info,) = emission.outputs
    given = {i.name: i.from_onnx_order(feeds[i.name]) for i in emission.inputs}
    result = info.to_onnx_order(interpreter.get_signature_runner()(**given)[info.name])
    assert np.abs(result - expected).max() <= SINGLE_PRECISION * np.abs(expected).max()
