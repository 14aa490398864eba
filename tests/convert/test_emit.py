"""What emission makes of small networks: the operators of the final file, and the numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from emitted import built, check, drawn, emit, parsed
from tensorflow.lite.tools import flatbuffer_utils

from decant.convert.operators_files import lowerings_with
from decant.errors import DataError, SpecError, UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime

MOBILE = (
    """(float[1,3,20,32] image) => (float[1,6,5,8] y) {
    stem = Conv<strides=[2,2], pads=[1,1,1,1]>(image, w0, b0)
    a = HardSwish(stem)
    b = Conv(a, w1, b1)
    c = Relu(b)
    d = Conv<strides=[2,2], pads=[1,1,1,1], group=12>(c, w2, b2)
    e = HardSwish(d)
    pooled = GlobalAveragePool(e)
    s0 = Conv(pooled, w3, b3)
    s1 = Relu(s0)
    s2 = Conv(s1, w4, b4)
    gate = HardSigmoid<alpha=0.16666667, beta=0.5>(s2)
    f = Mul(e, gate)
    g = Conv(f, w5, b5)
    h = Conv<pads=[1,1,1,1], group=6>(g, w6, b6)
    y = Add(g, h)
    }""",
    {
        **{"w0": (8, 3, 3, 3), "b0": (8,), "w1": (12, 8, 1, 1), "b1": (12,), "w2": (12, 1, 3, 3)},
        **{"b2": (12,), "w3": (4, 12, 1, 1), "b3": (4,), "w4": (12, 4, 1, 1), "b4": (12,)},
        **{"w5": (6, 12, 1, 1), "b5": (6,), "w6": (6, 1, 3, 3), "b6": (6,)},
    },
)


def test_mobile_block_needs_no_transpose_and_fuses_its_activations(tmp_path):
    file = check(parsed(*MOBILE), tmp_path)
    assert file.ops == Counter(
        {
            "CONV_2D": 5,
            "DEPTHWISE_CONV_2D": 2,
            "HARD_SWISH": 2,
            "PAD": 2,
            "MEAN": 1,
            "MUL": 2,
            "ADD": 1,
        }
    )


def test_padding_that_equals_same_needs_no_pad(tmp_path):
    text = """(float[1,4,7,9] x) => (float[1,4,4,5] y) {
        y = Conv<strides=[2,2], pads=[1,1,1,1]>(x, w)
    }"""
    assert check(parsed(text, {"w": (4, 4, 3, 3)}), tmp_path).ops == Counter({"CONV_2D": 1})


ATTENTION = """(float[1,{n},{c}] x) => (float[1,{n},{c}] y) {{
    five = Constant<value_ints=[1,{n},3,{h},{d}]>()
    flat = Constant<value_ints=[1,{n},{c}]>()
    zero = Constant<value_ints=[0]>()
    one = Constant<value_ints=[1]>()
    two = Constant<value_ints=[2]>()
    three = Constant<value_ints=[3]>()
    qkv = MatMul(x, w)
    split = Reshape(qkv, five)
    moved = Transpose<perm=[2,0,3,1,4]>(split)
    q1 = Slice(moved, zero, one, zero)
    k1 = Slice(moved, one, two, zero)
    v1 = Slice(moved, two, three, zero)
    q = Squeeze(q1, zero)
    k = Squeeze(k1, zero)
    v = Squeeze(v1, zero)
    scale = Constant<value_float=0.5>()
    scaled = Mul(q, scale)
    kt = Transpose<perm=[0,1,3,2]>(k)
    scores = MatMul(scaled, kt)
    p = Softmax<axis=-1>(scores)
    mixed = MatMul(p, v)
    back = Transpose<perm=[0,2,1,3]>(mixed)
    joined = Reshape(back, flat)
    projected = MatMul(joined, w2)
    y = Add(x, projected)
    }}"""


@pytest.mark.parametrize(
    ("n", "h", "d"), [(9, 3, 8), (4, 4, 4)], ids=["sizes-differ", "sizes-equal"]
)
def test_attention_transposes_query_key_and_value_together(n, h, d, tmp_path):
    c = h * d
    proto = parsed(ATTENTION.format(n=n, h=h, d=d, c=c), {"w": (c, 3 * c), "w2": (c, c)})
    ops = check(proto, tmp_path).ops
    assert ops["TRANSPOSE"] == 2  # query, key and value at once, and the result
    assert ops["BATCH_MATMUL"] == 2
    assert ops["FULLY_CONNECTED"] == 2


def test_attention_over_a_free_batch_still_moves_twice(tmp_path):
    text = ATTENTION.format(n=9, h=3, d=8, c=24).replace("float[1,", "float[N,")
    text = text.replace("value_ints=[1,9,", "value_ints=[-1,9,")
    ops = check(parsed(text, {"w": (24, 72), "w2": (24, 24)}), tmp_path).ops
    assert ops["TRANSPOSE"] == 2


SHUFFLE = """(float[1,8,6,5] x) => (float[1,8,6,5] y) {
    grouped = Constant<value_ints=[1,2,4,6,5]>()
    whole = Constant<value_ints=[1,8,6,5]>()
    a = Conv(x, w0)
    b = Reshape(a, grouped)
    c = Transpose<perm=[0,2,1,3,4]>(b)
    d = Reshape(c, whole)
    left, right = Split<axis=1, num_outputs=2>(d)
    e = Conv(right, w1)
    f = Relu(e)
    y = Concat<axis=1>(left, f)
    }"""


def test_channel_shuffle_moves_once_above_its_split(tmp_path):
    file = check(parsed(SHUFFLE, {"w0": (8, 8, 1, 1), "w1": (4, 4, 1, 1)}), tmp_path)
    assert file.ops["TRANSPOSE"] == 1
    assert file.ops["SPLIT"] == 1


GROUP_NORM = """(float[1,6,4,5] x) => (float[1,6,4,5] y) {{
    rows = Constant<value_ints=[1,{groups},-1]>()
    whole = Constant<value_ints=[1,6,4,5]>()
    a = Conv(x, w)
    b = Reshape(a, rows)
    c = InstanceNormalization<epsilon=0.001>(b, scale, shift)
    d = Reshape(c, whole)
    e = Mul(d, gamma)
    y = Conv(e, w)
    }}"""


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_over_a_flattened_view_moves_nothing(groups, tmp_path):
    weights = {"w": (6, 6, 1, 1), "scale": (groups,), "shift": (groups,), "gamma": (6, 1, 1)}
    file = check(parsed(GROUP_NORM.format(groups=groups), weights), tmp_path)
    assert file.ops["TRANSPOSE"] == 0
    assert file.ops["CONV_2D"] == 2


WINDOWS = """(float[1,8,12,10] x) => (float[1,8,12,10] y) {
    split = Constant<value_ints=[1,2,4,3,4,10]>()
    windows = Constant<value_ints=[6,16,10]>()
    apart = Constant<value_ints=[1,2,3,4,4,10]>()
    whole = Constant<value_ints=[1,8,12,10]>()
    a = Reshape(x, split)
    b = Transpose<perm=[0,1,3,2,4,5]>(a)
    c = Reshape(b, windows)
    keys = MatMul(c, w)
    kt = Transpose<perm=[0,2,1]>(keys)
    scores = MatMul(c, kt)
    p = Softmax<axis=-1>(scores)
    d = MatMul(p, c)
    e = Reshape(d, apart)
    f = Transpose<perm=[0,1,3,2,4,5]>(e)
    g = Reshape(f, whole)
    y = Add(x, g)
    }"""


def test_window_attention_parts_and_joins_with_one_transpose_each(tmp_path):
    assert check(parsed(WINDOWS, {"w": (10, 10)}), tmp_path).ops["TRANSPOSE"] <= 3


def test_flattening_before_a_linear_layer_permutes_its_weights(tmp_path):
    text = """(float[1,3,6,7] x) => (float[1,5] y) {
        a = Conv(x, w)
        b = Flatten(a)
        y = Gemm<transB=1>(b, w1, b1)
    }"""
    weights = {"w": (4, 3, 3, 3), "w1": (5, 80), "b1": (5,)}
    ops = check(parsed(text, weights), tmp_path).ops
    assert ops["TRANSPOSE"] == 0
    assert ops["FULLY_CONNECTED"] == 1


@pytest.mark.parametrize("perm", [[0, 1, 3, 2], [0, 3, 1, 2], [0, 2, 3, 1], [0, 3, 2, 1]])
def test_a_cube_is_transposed_by_meaning_not_by_size(perm, tmp_path):
    text = f"""(float[1,4,4,4] x) => (float[1,4,4,4] y) {{
        a = Conv<pads=[1,1,1,1]>(x, w)
        b = Transpose<perm={perm}>(a)
        c = Conv<pads=[1,1,1,1]>(b, w)
        y = Mul(b, c)
    }}"""
    check(parsed(text, {"w": (4, 4, 3, 3)}), tmp_path)


def test_pixel_shuffle_and_its_inverse_are_views(tmp_path):
    text = """(float[1,8,4,6] x) => (float[1,8,4,6] y) {
        a = DepthToSpace<blocksize=2, mode="CRD">(x)
        b = Relu(a)
        c = SpaceToDepth<blocksize=2>(b)
        d = Neg(c)
        y = Identity(d)
    }"""
    assert check(parsed(text), tmp_path).ops["TRANSPOSE"] <= 1


def test_a_fused_op_newer_than_the_file_survives_the_expansion_of_another():
    text = """(float[2,5] x) => (float[2,5] y) {
        g = Gelu(x)
        q, scale, zero = DynamicQuantizeLinear(g)
        y = DequantizeLinear(q, scale, zero)
    }"""
    model = ir.from_proto(parsed(text, opset=20))
    model.graph[0].version = 20
    model.opset_imports[""] = 17
    emission = emit(prepare(model))
    proto = parsed(text, opset=20)
    x = drawn(2, 5)
    expected = OnnxRuntime(proto.SerializeToString()).run({"x": x})["y"]
    np.testing.assert_allclose(emission.function(x=tf.constant(x))["y"], expected, rtol=1e-5)


def test_names_and_order_are_the_models_own(tmp_path):
    text = """(float[2,3] z, float[2,3] a, float[2,3] m) => (float[2,3] second, float[2,3] first) {
        second = Sub(z, a)
        first = Mul(a, m)
    }"""
    proto = parsed(text)
    proto.graph.input[2].name = proto.graph.node[1].input[1] = "m.1"
    file = check(proto, tmp_path)
    interpreter = Interpreter(model_content=file.data)
    assert [d["name"] for d in interpreter.get_input_details()] == ["z", "a", "m.1"]
    assert [d["name"] for d in interpreter.get_output_details()] == ["second", "first"]
    signature = flatbuffer_utils.read_model_from_bytearray(bytearray(file.data)).signatureDefs[0]
    assert [entry.name for entry in signature.inputs] == [b"z", b"a", b"m.1"]
    assert [entry.name for entry in signature.outputs] == [b"second", b"first"]


@pytest.mark.parametrize("layout", ["nhwc", "keep"])
def test_layout_of_spatial_values_is_the_callers_choice(layout, tmp_path):
    text = """(float[1,3,6,7] image, float[1,5,4] tokens) => (float[1,4,6,7] y, float[1,5,4] t) {
        y = Conv(image, w)
        t = MatMul(tokens, m)
    }"""
    proto = parsed(text, {"w": (4, 3, 1, 1), "m": (4, 4)})
    file = check(proto, tmp_path, input_layout=layout, output_layout=layout)
    nhwc = layout == "nhwc"
    assert [i.shape for i in file.emission.inputs] == [
        (1, 6, 7, 3) if nhwc else (1, 3, 6, 7),
        (1, 5, 4),
    ]
    assert [i.layout for i in file.emission.outputs] == [layout, "keep"]


def test_byte_input_is_cast(tmp_path):
    proto = parsed(
        "(float[1,3,4,5] x) => (float[1,2,4,5] y) { y = Conv(x, w) }", {"w": (2, 3, 1, 1)}
    )
    file = built(proto, tmp_path, input_dtype="uint8")
    image = np.random.default_rng(0).integers(0, 256, (1, 4, 5, 3), np.uint8)
    result = Interpreter(model_content=file.data).get_signature_runner()(x=image)["y"]
    feeds = {"x": np.moveaxis(image, -1, 1).astype(np.float32)}
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)["y"]
    np.testing.assert_allclose(np.moveaxis(result, -1, 1), expected, rtol=1e-4, atol=1e-3)
    assert file.ops["CAST"] == 1


def test_the_same_graph_gives_the_same_bytes_in_any_folder(tmp_path):
    first = built(parsed(*MOBILE), tmp_path / "a").data
    built(parsed(SHUFFLE, {"w0": (8, 8, 1, 1), "w1": (4, 4, 1, 1)}), tmp_path / "other")
    assert built(parsed(*MOBILE), tmp_path / "b" / "c").data == first


def test_half_precision_weights_are_computed_in_single(tmp_path):
    proto = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["": 20]> g (float16[1,4] x) => (float16[1,3] y) {
        y = MatMul(x, w)
        }"""
    )
    weights = np.arange(1, 13, dtype=np.float16).reshape(4, 3)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    file = built(proto, tmp_path)
    assert file.emission.inputs[0].dtype == "float32"
    result = Interpreter(model_content=file.data).get_signature_runner()(
        x=np.ones((1, 4), np.float32)
    )
    np.testing.assert_array_equal(result["y"], [[22, 26, 30]])


def test_all_unsupported_nodes_are_listed_at_once():
    text = """(float[4,5] x, float[1,3,8,8] image, int64[4] i)
     => (float[4,3,2,2] y, float[4,3,2,2] p) <int64[1] one = {1}, int64[1] five = {5}> {
        a = Relu(x)
        d = MaxRoiPool<pooled_shape=[2,2]>(image, a)
        y = Neg(d)
        r = Slice(x, one, five, one)
        p = RoiAlign<mode="max", output_height=2, output_width=2>(image, r, i)
    }"""
    with pytest.raises(UnsupportedOp) as caught:
        emit(prepare(ir.from_proto(parsed(text))))
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert message.startswith("2 nodes cannot be converted to TFLite:")
    assert "d: MaxRoiPool (opset 20): decant has no lowering for this op; replace the" in message
    assert (
        "p: RoiAlign (opset 20, sampling_ratio = 0): the number of samples would differ" in message
    )


def test_the_attribute_at_fault_is_named():
    text = "(float[2000,4] x, int64[800,1] i, float[800,4] u) => (float[2000,4] y) {"
    text += ' y = ScatterND<reduction="max">(x, i, u) }'
    with pytest.raises(UnsupportedOp, match=r"y: ScatterND \(opset 20, reduction = max\)"):
        emit(prepare(ir.from_proto(parsed(text))))


def test_builtins_that_tflite_lacks_are_named_by_value(tmp_path):
    proto = parsed("(uint64[3,3] x) => (uint64[3,3] y) { z = Add(x, x)  y = Mod(z, x) }")
    why = r"y: Mod \(opset 20\): TFLite has no builtin for FloorMod.*write its lowering in ops"
    with pytest.raises(UnsupportedOp, match=why):
        built(proto, tmp_path)


OPERATORS = '''
import tensorflow as tf
from decant.convert import op, pointwise

@op("mydomain::Double")
def double(x, *, times=1.0):
    """Twice the input, `times` over."""
    return pointwise(lambda t: t * 2.0 * times, x)
'''


def test_an_operators_file_emits_the_users_own_op(tmp_path):
    operators = tmp_path / "mine.py"
    operators.write_text(OPERATORS)
    proto = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["": 20, "mydomain": 1]>
        g (float[1,3,4,5] x) => (float[1,3,4,5] y) { y = mydomain.Double<times = 3.0>(x) }"""
    )
    with pytest.raises(UnsupportedOp, match="mydomain::Double"):
        emit(prepare(ir.from_proto(proto)))
    file = built(proto, tmp_path / "model", table=lowerings_with([operators]))
    result = Interpreter(model_content=file.data).get_signature_runner()(
        x=np.ones((1, 3, 4, 5), np.float32)
    )
    np.testing.assert_array_equal(result["y"], np.full((1, 3, 4, 5), 6, np.float32))


def test_an_operators_file_that_does_not_run_says_where(tmp_path):
    operators = tmp_path / "broken.py"
    operators.write_text("import no_such_module\n")
    fault = r"broken\.py: .*No module named 'no_such_module' \(.*broken\.py:1\); install"
    with pytest.raises(SpecError, match=fault):
        lowerings_with([operators])
    with pytest.raises(DataError, match="no such file"):
        lowerings_with([tmp_path / "absent.py"])
