"""Samples have sizes that the model's own strides, reshapes and tables ask for."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import parsed

from decant.convert.verify.samples import samples_for
from decant.convert.verify.size_hints import size_hints
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime

CASES = {
    "stride": (
        "(float[1,3,h,w] x) => (float[a,b,c,d] y) { y = Conv<strides = [14,14]>(x, k) }",
        {"k": (2, 3, 14, 14)}, {}, lambda x: x[2] % 14 == x[3] % 14 == 0,
    ),
    "reshape": (
        "(float[1,t,4] x) => (float[a,b,c,d] y) { y = Reshape(x, parts) }",
        {}, {"parts": [1, -1, 7, 4]}, lambda x: x[1] % 7 == 0,
    ),
    "stride-and-reshape": (
        """(float[1,3,h,w] x) => (float[a,b,c,d,e,f] y) {
            z = MaxPool<kernel_shape = [3,3], strides = [3,3]>(x)
            n = Shape<start = 2, end = 3>(z)
            rows = Div(n, five)
            front = Constant<value_ints = [1, 3]>()
            shape = Concat<axis = 0>(front, rows, five, rest, five)
            y = Reshape(z, shape)
        }""",
        {}, {"five": [5], "rest": [-1]}, lambda x: x[2] % 15 == 0 and x[3] % 15 in (0, 1, 2),
    ),
    "table-of-positions": (
        "(float[1,t,4] x) => (float[a,b,c] y) { y = Add(x, table) }",
        {"table": (1, 77, 4)}, {}, lambda x: x[1] == 77,
    ),
    "table-of-patches": (
        """(float[1,3,h,w] x) => (float[a,b,c] y) {
            z = Conv<strides = [16,16]>(x, k)
            rows = Reshape(z, flat)
            tokens = Transpose<perm = [0,2,1]>(rows)
            all = Concat<axis = 1>(tokens, token)
            y = Add(all, table)
        }""",
        {"k": (2, 3, 16, 16), "table": (1, 82, 2), "token": (1, 1, 2)}, {"flat": [0, 0, -1]},
        lambda x: x[2] == x[3] == 144,
    ),
    "stride-of-one-axis": (
        """(float[1,3,8,w] x) => (float[a,b,c,d] y) {
            z = Conv<strides = [8,1]>(x, k)
            y = Add(z, table)
        }""",
        {"k": (2, 3, 8, 1), "table": (1, 2, 1, 83)}, {}, lambda x: x[3] == 83,
    ),
    "strides-of-two-axes": (
        """(float[1,3,h,w] x) => (float[a,b,c,d] y) {
            z = Conv<strides = [4,1]>(x, k)
            u = Conv<strides = [1,4]>(z, l)
            y = Add(u, table)
        }""",
        {"k": (2, 3, 4, 1), "l": (2, 2, 1, 4), "table": (1, 2, 13, 13)}, {},
        lambda x: x[2] == x[3] == 52,
    ),
    "focus": (
        """(float[1,3,h,w] x) => (float[a,b,c,d] y) {
            p = Slice(x, zero, end, axes, three)
            q = Slice(x, one, end, axes, three)
            y = Concat<axis = 1>(p, q)
        }""",
        {}, {"zero": [0, 0], "one": [2, 2], "end": [2**31] * 2, "axes": [2, 3], "three": [3, 3]},
        lambda x: x[2] % 3 == x[3] % 3 == 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sizes_are_what_the_model_is_made_for(case):
    text, weights, numbers, fits = CASES[case]
    proto = parsed(text, weights)
    for name, values in numbers.items():
        array = onnx.numpy_helper.from_array(np.asarray(values, np.int64), name)
        proto.graph.initializer.append(array)
    graph = prepare(ir.from_proto(proto)).graph
    runtime = OnnxRuntime(proto.SerializeToString())
    first, *_ = samples_for(graph.inputs, None, trial=runtime.run, hints=size_hints(graph))
    assert fits(first["x"].shape)
    assert 1 not in first["x"].shape[1:]


def test_the_stride_holds_where_nothing_can_run_the_model():
    text, weights, _, fits = CASES["stride"]
    graph = prepare(ir.from_proto(parsed(text, weights))).graph
    first, *_ = samples_for(graph.inputs, None, hints=size_hints(graph))
    assert fits(first["x"].shape)
