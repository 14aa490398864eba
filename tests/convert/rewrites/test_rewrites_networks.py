"""Whole networks: old operator sets end at the same graph, and the file has the ops meant."""

import warnings
from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from torch_networks import MobileDetector, VisionTransformer, pictures, settled

from decant.convert import to_tflite
from decant.convert.rewrites import REWRITES
from decant.graph.load import load
from decant.graph.rewrite import apply

OLD = (9, 11, 13, 16)
NEW = 18


def rewritten(network, folder, opset):
    """Export with PyTorch's TorchScript exporter, as the world's older files were, and rewrite."""
    path = folder / f"{opset}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = (torch.from_numpy(pictures(1)),)
        torch.onnx.export(network, example, path, dynamo=False, opset_version=opset)
    graph = apply(load(path), REWRITES.chosen())[0].graph
    return Counter(node.op_type for node in graph)


@pytest.mark.parametrize("network", [MobileDetector, VisionTransformer], ids=lambda n: n.__name__)
def test_every_operator_set_ends_at_the_same_graph(network, tmp_path):
    network = settled(network())
    newest = rewritten(network, tmp_path, NEW)
    for opset in OLD:
        found = rewritten(network, tmp_path, opset)
        found["Resize"] += found.pop("Upsample", 0)
        assert found - newest == newest - found == Counter(), opset


BRANCHES = """<ir_version: 8, opset_import: ["": 13]>
 net (float[1,6,9,7] x, float[1,6,9,7] b0) => (float[1,6,9,7] gelu,
  float[1,6,9,7] gelu_tanh, float[1,6,9,7] silu,
  float[1,6,9,7] hard_swish, float[1,6,9,7] relu6, float[1,4,9,7] folded, float[1,4,9,7] padded,
  float[1,6,9,7] excited, float[1,63,5] projected, float[1,4,9,7] summed)
 <float root2 = {1.4142135}, float half = {0.5}, float one = {1.0}, float three = {3.0},
  float six = {6.0}, float zero = {0.0}, float cubic = {0.044715}, float root2pi = {0.7978845608},
  float eps = {0.00001}, int64[3] rows = {1, 6, 63}, int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1},
  int64[4] single = {1, 6, 1, 1}>
 {
  a1 = Div(x, root2) a2 = Erf(a1) a3 = Add(a2, one) a4 = Mul(x, a3) gelu = Mul(a4, half)
  b1 = Pow(b0, three) b2 = Mul(b1, cubic) b3 = Add(b0, b2) b4 = Mul(b3, root2pi)
  b5 = Tanh(b4) b6 = Add(b5, one) b7 = Mul(b0, half) gelu_tanh = Mul(b7, b6)
  c1 = Sigmoid(x) silu = Mul(c1, x)
  d1 = Add(x, three) d2 = Clip(d1, zero, six) d3 = Mul(d2, x) hard_swish = Div(d3, six)
  e1 = Max(x, zero) relu6 = Min(e1, six)
  f1 = Conv<pads = [1, 1, 1, 1]>(x, w) f2 = BatchNormalization(f1, gamma, beta, mean, var)
  f3 = Mul(f2, gain) folded = Add(f3, gain)
  g1 = Pad(x, pads) padded = Conv(g1, w2)
  h1 = ReduceMean<axes = [2, 3], keepdims = 0>(x) h2 = Reshape(h1, single) excited = Mul(x, h2)
  i1 = Reshape(x, rows) i2 = Transpose<perm = [0, 2, 1]>(i1) i3 = ReduceMean<axes = [-1]>(i2)
  i4 = Sub(i2, i3) i5 = Mul(i4, i4) i6 = ReduceMean<axes = [-1]>(i5) i7 = Add(i6, eps)
  i8 = Sqrt(i7) i9 = Div(i4, i8) i10 = Mul(i9, scale) i11 = Add(i10, shift)
  projected = MatMul(i11, v)
  summed = Einsum<equation = "nchw,dc->ndhw">(x, u)
 }"""
WEIGHTS = {
    "w": [4, 6, 3, 3], "w2": [4, 6, 3, 3], "gamma": [4], "beta": [4], "mean": [4], "var": [4],
    "gain": [4, 1, 1], "scale": [6], "shift": [6], "v": [6, 5], "u": [4, 6],
}  # fmt: skip


def test_the_file_has_the_operators_that_the_rewrites_mean(tmp_path):
    proto = onnx.parser.parse_model(BRANCHES)
    rng = np.random.default_rng(0)
    for name, shape in WEIGHTS.items():
        array = rng.uniform(0.5, 1.5, shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.save(proto, tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out")
    assert max(p.max_relative for p in report.parity) < 1e-5
    assert report.op_histogram == {
        "CONV_2D": 2,  # folded (with batch norm, scale and shift) and padded (without PAD)
        "GELU": 2,
        "HARD_SWISH": 1,
        "LOGISTIC": 1,  # SiLU is LOGISTIC, MUL
        "RELU6": 1,
        "FULLY_CONNECTED": 2,  # projected (with the norm's scale and shift) and summed
        "SUB": 1,  # the layer norm, with the two MEANs and one of the MULs below
        "SQUARED_DIFFERENCE": 1,
        "ADD": 1,
        "RSQRT": 1,
        "MEAN": 3,
        "MUL": 3,
        "RESHAPE": 2,
        "TRANSPOSE": 1,  # of the output `summed`, which keeps ONNX's order
    }
