"""Emitted operators against ONNX Runtime, where ONNX's own node tests do not look."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import tensorflow as tf
from emitted import emit
from onnx.reference import ReferenceEvaluator

from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime


def model_of(text, weights=None, opset=18):
    """Parse "(inputs) => (outputs) {nodes}" with weights that are drawn once."""
    proto = onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["": {opset}]> g {text}')
    rng = np.random.default_rng(0)
    for name, shape in (weights or {}).items():
        array = rng.normal(size=shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return proto


def drawn(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def emitted(proto):
    model = prepare(ir.from_proto(proto))
    return emit(model, input_layout="keep", output_layout="keep")


def check(proto, **feeds):
    """Compare shape and numbers of the only output."""
    (expected,) = OnnxRuntime(proto.SerializeToString()).run(feeds).values()
    made = emitted(proto)
    fed = {made.keys[i.name]: tf.constant(i.from_onnx_order(feeds[i.name])) for i in made.inputs}
    (info,) = made.outputs
    result = info.to_onnx_order(made.function(**fed)[made.keys[info.name]].numpy())
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_resize_multiplies_sizes_by_scales_in_single_precision():
    text = """(float[1,2,10,10] x) => (float[1,2,23,23] y)
     <float[4] scales = {1.0, 1.0, 2.3, 2.3}> { y = Resize<mode = "nearest",
     nearest_mode = "floor", coordinate_transformation_mode = "asymmetric">(x, , scales) }"""
    check(model_of(text), x=drawn(1, 2, 10, 10))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,kj->ki", [(2, 3), (4, 3)]),
        ("bhid,bhjd->bhij", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("bhij,bhjd->bihd", [(2, 3, 4, 5), (2, 3, 5, 6)]),
        ("nchw,cd->ndhw", [(2, 3, 4, 5), (3, 6)]),
        ("i,j->ij", [(3,), (4,)]),
        ("ij,ij->ij", [(3, 4), (3, 4)]),
        ("ij,ij->", [(3, 4), (3, 4)]),
        ("ij,kl->jk", [(2, 3), (4, 5)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("ij->ji", [(2, 3)]),
        ("ijk->k", [(2, 3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bhqd,bkd->bhqk", [(2, 3, 4, 5), (2, 6, 5)]),
        ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]),
        ("...ij,jk->...ik", [(6, 2, 3, 4), (4, 5)]),
        ("b...i,...ji->b...j", [(2, 1, 4), (3, 5, 4)]),
        ("...i,...i", [(2, 3), (2, 3)]),
    ],
)
@pytest.mark.parametrize("free", [False, True], ids=["fixed", "free"])
def test_einsum_is_a_sum_of_products(equation, shapes, free):
    feeds = {name: drawn(*shape) for name, shape in zip("abc", shapes, strict=False)}
    # Of every operand that begins with the same letter the first size is free.
    first = equation[0] if free and equation[0].isalpha() else None
    terms = equation.partition("->")[0].split(",")
    sizes = [
        ",".join(["N" if term[0] == first else str(shape[0]), *map(str, shape[1:])])
        for term, shape in zip(terms, shapes, strict=True)
    ]
    inputs = ", ".join(f"float[{each}] {name}" for name, each in zip(feeds, sizes, strict=True))
    text = f'({inputs}) => (float y) {{ y = Einsum<equation = "{equation}">({", ".join(feeds)}) }}'
    proto = model_of(text)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    check(proto, **feeds)


POOL = "kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]"


def test_average_pooling_of_a_free_size_that_counts_the_padding():
    text = f"""(float[1,2,H,W] x) => (float[1,2,I,J] y)
     {{ y = AveragePool<count_include_pad = 1, {POOL}>(x) }}"""
    check(model_of(text), x=drawn(1, 2, 7, 6))


@pytest.mark.parametrize("pads", ["[0, 0, 0, 0]", "[1, 0, 1, 1]"])
def test_lp_pooling_rounds_up(pads):
    text = f"""(float[1,2,5,5] x) => (float[1,2,?,?] y) {{ y = LpPool<kernel_shape = [2, 2],
     strides = [2, 2], ceil_mode = 1, pads = {pads}>(x) }}"""
    check(model_of(text), x=drawn(1, 2, 5, 5))


def test_lp_pooling_with_dilation():
    text = """(float[1,2,8,7] x) => (float[1,2,?,?] y)
     { y = LpPool<kernel_shape = [2, 2], dilations = [2, 2]>(x) }"""
    check(model_of(text), x=drawn(1, 2, 8, 7))


def test_depthwise_convolution_with_stride_and_dilation():
    text = """(float[1,3,12,11] x) => (float[1,3,?,?] y)
     { y = Conv<group = 3, strides = [2, 2], dilations = [2, 2]>(x, w) }"""
    check(model_of(text, {"w": [3, 1, 3, 3]}), x=drawn(1, 3, 12, 11))


@pytest.mark.parametrize("exponent", [0.5, 3.0])
def test_power_of_integers(exponent):
    text = f"(int64[6] x) => (int64[6] y) <float e = {{{exponent}}}> {{ y = Pow(x, e) }}"
    check(model_of(text), x=np.array([0, 1, 4, 10, 81, 90]))


def test_power_takes_the_rank_of_its_exponent():
    text = "(float[4] x) => (float[1,4] y) <float[1,1] e = {2.0}> { y = Pow(x, e) }"
    check(model_of(text), x=drawn(4))


def test_dropout_in_training_is_refused():
    text = """(float[2,5] x) => (float[2,5] y) <float ratio = {0.5}, bool training = {1}>
     { y = Dropout(x, ratio, training) }"""
    with pytest.raises(UnsupportedOp, match="training"):
        emitted(model_of(text))


def test_log_sum_exp_keeps_the_axes_that_it_does_not_reduce():
    text = """(float[3,1,1] x) => (float[3,1] y) <int64[1] axis = {1}>
     { y = ReduceLogSumExp<keepdims = 0>(x, axis) }"""
    check(model_of(text), x=drawn(3, 1, 1))


def test_log_sum_exp_of_nothing_but_minus_infinity():
    text = """(float[2,3] x) => (float[2] y) <int64[1] axis = {1}>
     { y = ReduceLogSumExp<keepdims = 0>(x, axis) }"""
    check(model_of(text), x=np.array([[-np.inf] * 3, [1, 2, -np.inf]], np.float32))


def test_gather_counts_from_the_end_of_a_free_axis():
    text = """(float[1,T,3] x) => (float[1,3] y) <int64 last = {-1}>
     { y = Gather<axis = 1>(x, last) }"""
    check(model_of(text), x=drawn(1, 5, 3))


def test_slice_passes_a_free_axis_on_whole():
    text = """(float[N,6] x) => (float[N,3] y) <int64[2] starts = {0, 1},
     int64[2] ends = {9223372036854775807, 4}, int64[2] axes = {0, 1}>
     { y = Slice(x, starts, ends, axes) }"""
    check(model_of(text), x=drawn(4, 6))


@pytest.mark.parametrize("coupled", [0, 1])
def test_lstm_clips_gates_and_not_the_cell(coupled):
    text = f"""(float[5,2,4] x, float[1,2,3] h, float[1,2,3] c) => (float[5,1,2,3] y) {{
        big = Add(c, c)
        y = LSTM<hidden_size = 3, clip = 0.7, input_forget = {coupled}>(x, w, r, , , h, big)
    }}"""
    proto = model_of(text, {"w": (1, 12, 4), "r": (1, 12, 3)})
    check(proto, x=drawn(5, 2, 4), h=drawn(1, 2, 3), c=2 * drawn(1, 2, 3))


def test_attention_without_a_mask_before_its_past():
    """ONNX's inliner asks for the type of the input left out."""
    text = """(float[1,2,3,4] q, float[1,2,3,4] k, float[1,2,3,4] v, float[1,2,5,4] pk,
     float[1,2,5,4] pv) => (float[1,2,3,4] y)
     { y, a, b = Attention(q, k, v, , pk, pv) }"""
    feeds = {name: drawn(1, 2, 3, 4) for name in "qkv"}
    check(model_of(text, opset=23), **feeds, pk=drawn(1, 2, 5, 4), pv=drawn(1, 2, 5, 4))


def test_the_definition_of_an_op_reads_the_defaults_of_its_attributes():
    text = "(int32 size) => (float[n] y) { y = HannWindow(size) }"
    check(model_of(text), size=np.array(9, np.int32))


UNPACKED = "q_num_heads = 4, kv_num_heads = 2"


@pytest.mark.parametrize("rule", ["linear", "gated", "delta", "gated_delta"])
def test_linear_attention_of_a_free_batch(rule):
    """Against ONNX's own definition, which scans."""
    gated, delta = "gated" in rule, "delta" in rule
    given = f"q, k, v, s, {'g' if gated else ''}, {'b' if delta else ''}".rstrip(", ")
    extra = (", float[n,3,2] g" if gated else "") + (", float[n,3,2] b" if delta else "")
    text = f"""(float[n,3,20] q, float[n,3,10] k, float[n,3,6] v, float[n,2,5,3] s{extra})
     => (float[n,3,12] y, float[n,2,5,3] z)
     {{ y, z = LinearAttention<{UNPACKED}, update_rule = "{rule}">({given}) }}"""
    rng = np.random.default_rng(0)
    shapes = {"q": (2, 3, 20), "k": (2, 3, 10), "v": (2, 3, 6), "s": (2, 2, 5, 3)}
    shapes |= {"g": (2, 3, 2)} if gated else {}
    shapes |= {"b": (2, 3, 2)} if delta else {}
    feeds = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    proto = model_of(text, opset=27)
    expected = ReferenceEvaluator(proto).run(None, feeds)
    made = emitted(proto)
    got = made.function(**{name: tf.constant(array) for name, array in feeds.items()})
    for name, wanted in zip("yz", expected, strict=True):
        np.testing.assert_allclose(got[name].numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_linear_attention_of_a_free_length_is_refused():
    text = f"""(float[1,t,20] q, float[1,t,10] k, float[1,t,6] v) => (float[1,t,12] y)
     {{ y, z = LinearAttention<{UNPACKED}, update_rule = "linear">(q, k, v) }}"""
    why = "LinearAttention .*the number of steps is not fixed; fix the free sizes, as with --shape"
    with pytest.raises(UnsupportedOp, match=why):
        emitted(model_of(text, opset=27))


@pytest.mark.parametrize("reset", ["", ", linear_before_reset = 1"])
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
def test_gru_clips_its_gates(direction, reset):
    count = 2 if direction == "bidirectional" else 1
    text = f"""(float[5,2,4] x, float[{count},2,3] h) => (float[5,{count},2,3] y) {{
        big = Add(h, h)
        y = GRU<hidden_size = 3, clip = 0.4, direction = "{direction}"{reset}>(x, w, r, b, , big)
    }}"""
    proto = model_of(text, {"w": (count, 9, 4), "r": (count, 9, 3), "b": (count, 18)})
    check(proto, x=drawn(5, 2, 4), h=drawn(count, 2, 3))


def test_rnn_clips_its_gate():
    text = """(float[5,2,4] x, float[2,2,3] h) => (float[5,2,2,3] y)
     { y = RNN<hidden_size = 3, clip = 0.4, direction = "bidirectional">(x, w, r, b, , h) }"""
    proto = model_of(text, {"w": (2, 3, 4), "r": (2, 3, 3), "b": (2, 6)})
    check(proto, x=drawn(5, 2, 4), h=drawn(2, 2, 3) * 3)


def test_bidirectional_lstm_clips_gates_with_peepholes():
    text = """(float[5,2,4] x, float[2,2,3] h, float[2,2,3] c) => (float[5,2,2,3] y) {
        y = LSTM<hidden_size = 3, clip = 0.4, direction = "bidirectional">(x, w, r, b, , h, c, p)
    }"""
    shapes = {"w": (2, 12, 4), "r": (2, 12, 3), "b": (2, 24), "p": (2, 9)}
    proto = model_of(text, shapes)
    check(proto, x=drawn(5, 2, 4), h=drawn(2, 2, 3), c=drawn(2, 2, 3) * 2)


def test_the_largest_of_the_first_version_are_so_many_as_an_attribute_says():
    proto = model_of("(float[2,5] x) => (float[2,2] y) { y, i = TopK<k = 2>(x) }")
    proto.opset_import[0].version = 9
    check(proto, x=drawn(2, 5))
