"""Nodes that change nothing, constants that are computed, and things computed twice."""

from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply

CONSTANTS = """<float zero = {0.0}, float one = {1.0}, float[1,1,1] wide = {1.0},
 int64[2] start = {0, 0}, int64[2] end = {2, 99}, int64[2] part = {1, 3}, int64[2] axes = {0, 1}, 
 int64[2] back = {-1, -1},
 int64[2] far = {-99, -99}, int64[2] ones = {1, 1}, int64[2] same = {2, 3},
 int64[4] none = {0, 0, 0, 0}, int64[1] two = {2}>"""


def text(nodes: str, output: str = "float[2,3] y", x: str = "float[2,3] x") -> str:
    return f"({x}) => ({output}) {CONSTANTS} {{ r = Relu(x) {nodes} }}"


@pytest.mark.parametrize(
    "nodes",
    [
        "y = Identity(r)",
        "y = Dropout(r)",
        "y = Cast<to = 1>(r)",
        "y = Add(r, zero)",
        "y = Add(zero, r)",
        "y = Sub(r, zero)",
        "y = Mul(one, r)",
        "y = Div(r, one)",
        "y = Pow(r, one)",
        "y = Concat<axis = 0>(r)",
        "y = Sum(r)",
        "y = Max(r)",
        "y = Slice(r, start, end, axes)",
        "y = Expand(r, same)",
        "y = Reshape(r, same)",
        "y = Tile(r, ones)",
        "y = Pad(r, none)",
        "y = Clip(r)",
    ],
    ids=lambda nodes: nodes.split("(")[0][4:].split("<")[0],
)
def test_node_without_effect_goes(check, nodes):
    assert check(text(nodes)).ops == {"Relu": 1}


@pytest.mark.parametrize(
    ("nodes", "output", "op"),
    [
        ("y = Cast<to = 11>(r)", "double[2,3] y", "Cast"),
        ("y = Sub(zero, r)", "float[2,3] y", "Sub"),
        ("y = Div(one, x)", "float[2,3] y", "Div"),
        ("y = Mul(r, wide)", "float[1,2,3] y", "Mul"),
        ("y = Slice(r, back, far, axes, back)", "float[2,3] y", "Slice"),
        ("y = Slice(r, start, part, axes)", "float[1,3] y", "Slice"),
        ("y = Expand(r, e)", "float[4,2,3] y", "Expand"),
    ],
    ids=["cast", "from-zero", "one-over", "widened", "backwards", "part", "expanded"],
)
def test_node_with_effect_stays(check, nodes, output, op):
    constants = "e = Constant<value_ints = [4, 1, 1]>() "
    assert op in check(text(constants + nodes, output)).ops


@pytest.mark.parametrize(
    ("nodes", "casts"),
    [
        pytest.param("d = Cast<to = 11>(r) y = Cast<to = 1>(d)", 0, id="wider-and-back"),
        pytest.param(
            "i = Cast<to = 6>(r) l = Cast<to = 7>(i) y = Cast<to = 1>(l)", 2, id="wider-on-the-way"
        ),
        pytest.param("h = Cast<to = 10>(r) y = Cast<to = 1>(h)", 2, id="rounds-between"),
    ],
)
def test_casts_merge_where_nothing_is_lost(check, nodes, casts):
    assert check(text(nodes)).ops == Counter({"Relu": 1, "Cast": casts})


def test_trivial_pool_goes(check):
    nodes = "y = MaxPool<kernel_shape = [1, 1], strides = [1, 1]>(r)"
    image = "float[1,2,3,4]"
    assert check(text(nodes, f"{image} y", f"{image} x")).ops == {"Relu": 1}


def test_strided_pool_of_single_pixels_stays(check):
    nodes = "y = MaxPool<kernel_shape = [1, 1], strides = [1, 2]>(r)"
    result = check(text(nodes, "float[1,2,3,2] y", "float[1,2,3,4] x"))
    assert result.ops == {"Relu": 1, "MaxPool": 1}


def test_resize_to_the_same_size_goes(check):
    nodes = """scales = Constant<value_floats = [1.0, 1.0, 1.0, 1.0]>()
     y = Resize<mode = "linear">(r, , scales)"""
    image = "float[1,2,3,4]"
    assert check(text(nodes, f"{image} y", f"{image} x")).ops == {"Relu": 1}


def test_an_identity_between_input_and_output_stays(check):
    result = check(f"(float[2] x) => (float[2] y) {CONSTANTS} {{ y = Identity(x) }}")
    assert result.ops == {"Identity": 1}


def test_two_outputs_of_one_value_keep_their_names(check):
    result = check(text("y = Identity(r) z = Dropout(r)", "float[2,3] y, float[2,3] z"))
    assert [value.name for value in result.model.graph.outputs] == ["y", "z"]


def test_constants_are_computed(check):
    nodes = (
        "a = Sqrt(w) b, c = Split<num_outputs = 2>(a) d = Mul(b, c) e = MatMul(r, d) y = Add(e, e)"
    )
    result = check(text(nodes, "float[2,128] y", "float[2,64] x"), {"w": [128, 128]})
    assert set(result.ops) <= {"Relu", "MatMul", "Add"}
    assert result.applied["constant_folding"] == 3


def test_integer_weights_become_floats_and_are_counted(check):
    nodes = "q = Constant<value = int8[3] {1, 2, 3}>() d = DequantizeLinear(q, one) y = Add(r, d)"
    result = check(text(nodes))
    assert result.ops == {"Relu": 1, "Add": 1}
    assert result.applied["integer_weights"] == 1


def test_constants_do_not_grow_much(check):
    nodes = "e = Expand(w, big) y = MatMul(r, e)"
    body = text(nodes, "float[2,1024] y", "float[2,1024] x")
    big = "<int64[2] big = {1024, 1024}, "
    assert "Expand" in check(body.replace("<float zero", big + "float zero"), {"w": [1, 1]}).ops


def test_an_output_may_be_constant(check):
    nodes = "c = Add(one, one) z = Identity(c) y = Identity(r)"
    result = check(text(nodes, "float[2,3] y, float z"))
    assert result.model.graph.outputs[1].name == "z"


def test_shapes_are_computed(check):
    nodes = """s = Shape(r) n = Gather(s, ax0) u = Unsqueeze(n, ax)
     m = Constant<value_ints = [-1]>() t = Concat<axis = 0>(u, m) f = Reshape(r, t) y = Relu(f)"""
    zero = "ax0 = Constant<value_int = 0>() ax = Constant<value_ints = [0]>() "
    result = check(text(zero + nodes, "float[2,12] y", "float[2,3,4] x"))
    assert result.ops == {"Relu": 2, "Reshape": 1}


def test_a_reshape_keeps_a_free_batch(check):
    nodes = """s = Shape(r) n = Gather(s, ax0) u = Unsqueeze(n, ax)
     m = Constant<value_ints = [4, 3]>() t = Concat<axis = 0>(u, m) f = Reshape(r, t) y = Relu(f)"""
    zero = "ax0 = Constant<value_int = 0>() ax = Constant<value_ints = [0]>() "
    result = check(text(zero + nodes, "float[N,4,3] y", "float[N,3,4] x"))
    assert result.ops == {"Relu": 2, "Reshape": 1}
    reshape = next(node for node in result.model.graph if node.op_type == "Reshape")
    np.testing.assert_array_equal(reshape.inputs[1].const_value.numpy(), [0, 4, 3])


def test_equal_nodes_are_computed_once(check):
    nodes = "a = Exp(r) b = Exp(r) y = Add(a, b)"
    assert check(text(nodes)).ops == {"Relu": 1, "Exp": 1, "Add": 1}


def test_equal_constants_are_kept_once(check):
    result = check(
        "(float[2,4] x) => (float[2,4] y) "
        "{ w = Constant<value = float[4] {1, 2, 3, 4}>() "
        "v = Constant<value = float[4] {1, 2, 3, 4}>() "
        "a = Mul(x, w) b = Exp(a) y = Mul(b, v) }"
    )
    assert len(result.model.graph.initializers) == 1


def test_random_numbers_are_drawn_twice():
    proto = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["": 20]> g (float[2,3] x) => (float[2,3] y) '
        "{ a = RandomNormalLike(x) b = RandomNormalLike(x) y = Sub(a, b) }"
    )
    after, _ = apply(prepare(ir.from_proto(proto)), REWRITES.chosen())
    assert [node.op_type for node in after.graph].count("RandomNormalLike") == 2
