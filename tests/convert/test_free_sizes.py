"""Sizes that are known only at run time."""

import numpy as np
import onnx_ir as ir
import tensorflow as tf
from emitted import check, drawn, parsed

from decant.convert.emit import emit
from decant.convert.reference import OnnxRuntime
from decant.graph.load import prepare


def test_a_free_first_axis_stays_free(tmp_path):
    text = """(float[N,3,6,8] x) => (float[N,5] y) {
        a = Conv<pads=[1,1,1,1]>(x, w)
        b = Relu(a)
        c = GlobalAveragePool(b)
        d = Flatten(c)
        y = MatMul(d, m)
    }"""
    file = check(parsed(text, {"w": (4, 3, 3, 3), "m": (4, 5)}), tmp_path)
    assert file.emission.inputs[0].shape == (None, 6, 8, 3)
    assert file.ops["TRANSPOSE"] == 0


def test_a_constant_meets_a_free_size(tmp_path):
    text = """(float[1,N,6] x, float[1,4,6] other) => (float[1,4,6] y, float[1,4,2,3] z) {
        parts = Constant<value_ints=[1,4,2,3]>()
        y = Add(x, position)
        a = Mul(x, other)
        b = Add(a, y)
        z = Reshape(b, parts)
    }"""
    proto = parsed(text, {"position": (1, 4, 6)})
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "N"
    emission = emit(prepare(ir.from_proto(proto)))
    feeds = {"x": drawn(1, 4, 6), "other": drawn(1, 4, 6)}
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)
    results = emission.function(**{name: tf.constant(array) for name, array in feeds.items()})
    for name in ("y", "z"):
        np.testing.assert_allclose(results[name], expected[name], rtol=1e-5)
