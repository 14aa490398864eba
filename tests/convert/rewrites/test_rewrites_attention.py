"""A number that moves through reshapes, splits and products into projection weights."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply

CONSTANTS = """<float eighth = {0.125}, float eight = {8.0}, float[2] pair = {0.5, 0.25},
 int64[4] heads = {1, 5, 2, 4}, int64[5] packed = {1, 5, 3, 2, 4}, int64 zero = {0},
 int64 one = {1}, int64 two = {2}>"""
SEPARATE = """qm = MatMul(x, wq) qb = Add(qm, bq) qr = Reshape(qb, heads)
 q = Transpose<perm = [0, 2, 1, 3]>(qr)
 km = MatMul(x, wk) kr = Reshape(km, heads) k = Transpose<perm = [0, 2, 3, 1]>(kr)"""
WEIGHTS = {"wq": [8, 8], "bq": [8], "wk": [8, 8], "w": [8, 24], "b": [24]}


def text(nodes: str, output: str = "float[1,2,5,5] y") -> str:
    return f"(float[1,5,8] x) => ({output}) {CONSTANTS} {{ {nodes} }}"


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(f"{SEPARATE} l = MatMul(q, k) s = Mul(l, eighth) y = Softmax(s)", id="logits"),
        pytest.param(f"{SEPARATE} l = MatMul(q, k) s = Div(l, eight) y = Softmax(s)", id="divided"),
        pytest.param(
            f"{SEPARATE} s = Mul(eighth, q) l = MatMul(s, k) y = Softmax(l)", id="queries"
        ),
        pytest.param(f"{SEPARATE} s = Mul(k, eighth) l = MatMul(q, s) y = Softmax(l)", id="keys"),
    ],
)
def test_scale_moves_into_the_projection(check, nodes):
    result = check(text(nodes), WEIGHTS)
    assert result.applied["scale_into_projection"] == 1
    assert not {"Mul", "Div"} & set(result.ops)


PACKED = "m = MatMul(x, w) a = Add(m, b)"
TAIL = "l = MatMul(q, k) s = Mul(l, eighth) p = Softmax(s) y = MatMul(p, v)"
ORDER = "<perm = [0, 2, 1, 3]>"


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(
            f"{PACKED} r = Reshape(a, packed) t = Transpose<perm = [2, 0, 3, 1, 4]>(r) "
            "q = Gather(t, zero) k0 = Gather(t, one) v = Gather(t, two) "
            f"k = Transpose<perm = [0, 1, 3, 2]>(k0) {TAIL}",
            id="gathered",
        ),
        pytest.param(
            f"{PACKED} s0, s1, v0 = Split<axis = 2, num_outputs = 3>(a) q0 = Reshape(s0, heads) "
            f"k1 = Reshape(s1, heads) v1 = Reshape(v0, heads) q = Transpose{ORDER}(q0) "
            f"k = Transpose<perm = [0, 2, 3, 1]>(k1) v = Transpose{ORDER}(v1) {TAIL}",
            id="split",
        ),
    ],
)
def test_only_the_queries_of_a_packed_projection_are_scaled(check, nodes):
    result = check(text(nodes, "float[1,2,5,4] y"), WEIGHTS)
    assert result.applied["scale_into_projection"] == 1
    assert "Mul" not in result.ops
    folded = next(n for n in result.model.graph if n.op_type == "MatMul").inputs[1]
    weight = folded.const_value.numpy()  # drawn from [0.5, 1.5], then an eighth of it
    assert weight[:, :8].max() < 0.2
    assert weight[:, 8:].min() > 0.4


@pytest.mark.parametrize(
    ("nodes", "output"),
    [
        pytest.param(
            f"{SEPARATE} l = MatMul(q, k) e = Tanh(l) y = Mul(e, eighth)",
            "float[1,2,5,5] y",
            id="not-linear",
        ),
        pytest.param(
            f"{SEPARATE} l = MatMul(q, k) y = Mul(l, eighth)",
            "float[1,2,5,5] y, float[1,2,5,5] l",
            id="unscaled-is-an-output",
        ),
        pytest.param(
            f"{PACKED} r = Reshape(a, packed) t = Transpose<perm = [2, 0, 3, 1, 4]>(r) "
            "q = Gather(t, zero) k0 = Gather(t, zero) k = Transpose<perm = [0, 1, 3, 2]>(k0) "
            "u = Mul(q, eighth) y = MatMul(u, k)",
            "float[1,2,5,5] y",
            id="same-elements-read-twice",
        ),
        pytest.param(
            f"{SEPARATE} l = MatMul(q, k) u, v = Split<axis = 1, num_outputs = 2>(l) "
            "s = Mul(u, eighth) y = Concat<axis = 1>(s, v)",
            "float[1,2,5,5] y",
            id="part-of-a-product-split",
        ),
        pytest.param(
            f"{SEPARATE} l = MatMul(q, k) u = Gather<axis = 1>(l, zero) "
            "v = Gather<axis = 1>(l, one) s = Mul(u, eighth) y = Add(s, v)",
            "float[1,5,5] y",
            id="part-of-a-product-gathered",
        ),
    ],
)
def test_near_miss_stays(check, nodes, output):
    assert "scale_into_projection" not in check(text(nodes, output), WEIGHTS).applied


def test_a_scale_of_part_of_a_channel_stays(check):
    nodes = """m = MatMul(x, wq) s = Slice(m, from, to, axis) u = Mul(s, eighth)
     r = Slice(m, to, end, axis) y = Concat<axis = 1>(u, r)"""
    constants = "<int64[1] from = {0}, int64[1] to = {2}, int64[1] end = {5}, int64[1] axis = {1}>"
    both = text(nodes, "float[1,5,8] y").replace("> {", ", " + constants[1:-1] + "> {")
    assert "scale_into_projection" not in check(both, WEIGHTS).applied


def test_a_free_batch_does_not_stop_the_scale(check):
    packed = "<int64[5] packed = {-1, 5, 3, 2, 4}, float eighth = {0.125}, int64 zero = {0},"
    body = (
        "(float[N,5,8] x) => (float[N,2,5,5] y) " + packed + " int64 one = {1}> { "
        "m = MatMul(x, w) r = Reshape(m, packed) t = Transpose<perm = [2, 0, 3, 1, 4]>(r) "
        "q = Gather(t, zero) k0 = Gather(t, one) k = Transpose<perm = [0, 1, 3, 2]>(k0) "
        "l = MatMul(q, k) s = Mul(l, eighth) y = Softmax(s) }"
    )
    assert check(body, WEIGHTS).applied["scale_into_projection"] == 1


def test_a_free_size_that_may_be_nothing_stays():
    body = """(float[1,n,8] x, float[8,24] w) => (float[a,b,c,d] y) <int64[5] packed = {1,0,3,2,4},
     float eighth = {0.125}, int64 zero = {0}, int64 one = {1}> {
        m = MatMul(x, w) r = Reshape(m, packed) t = Transpose<perm = [2, 0, 3, 1, 4]>(r)
        q = Gather(t, zero) k0 = Gather(t, one) k = Transpose<perm = [0, 1, 3, 2]>(k0)
        l = MatMul(q, k) s = Mul(l, eighth) y = Softmax(s) }"""
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> g {body}')
    weights = proto.graph.input.pop()
    array = np.ones([dim.dim_value for dim in weights.type.tensor_type.shape.dim], np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(array, "w"))
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "n//8"
    chosen = REWRITES.chosen(("scale_into_projection",), only=True)
    assert apply(prepare(ir.from_proto(proto)), chosen)[1] == ()
