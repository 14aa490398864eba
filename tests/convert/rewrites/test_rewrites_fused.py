"""What ONNX Runtime's optimiser fuses is written as standard operators, and computes the same."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply
from decant.onnx_runtime import OnnxRuntime

HEAD = '<ir_version: 10, opset_import: ["": {}, "com.microsoft": 1]> g '
TEXT, WORDS, WIDTH, HEADS, OTHERS = 2, 5, 12, 3, 7


def weights():
    drawn = np.random.default_rng(0)

    def normal(*shape):
        return drawn.normal(size=shape).astype(np.float32)

    return {
        "b": normal(WIDTH),
        "scale": drawn.uniform(0.5, 2, WIDTH).astype(np.float32),
        "shift": normal(WIDTH),
        "w": normal(WIDTH, WIDTH),
        "kernel": normal(4, 3, 3, 3),
        "kernel_bias": normal(4),
        "projections": normal(WIDTH, 3 * WIDTH) / 2,
        "projection_biases": normal(3 * WIDTH),
        "uneven": normal(WIDTH, 2 * 6 + WIDTH),
        "uneven_biases": normal(2 * 6 + WIDTH),
        "words": normal(20, WIDTH),
        "places": normal(9, WIDTH),
        "segments": normal(2, WIDTH),
        "counts": np.array([3, 5], np.int32),
        "ends": np.array([3, 5, 0, 1], np.int32),
        "kept": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32),
        "kept_others": np.array([[1, 1, 0, 1, 1, 0, 1], [1] * 7], np.int32),
        "kept_each": drawn.integers(0, 2, (TEXT, WORDS, WORDS)).astype(np.int32),
        "axis": np.array(1, np.int32),
        "grid": drawn.uniform(-1, 1, (1, 5, 6, 2)).astype(np.float32),
        "integers": drawn.integers(-127, 128, (WIDTH, 3 * WIDTH)).astype(np.int8),
        "steps": drawn.uniform(0.002, 0.005, 3 * WIDTH).astype(np.float32),
        "step": np.float32(0.02),
        "zero": np.uint8(120),
        "zeros": drawn.integers(-9, 9, 3 * WIDTH).astype(np.int8),
        "no_zeros": np.zeros(3 * WIDTH, np.int8),
    }


WEIGHTS = weights()
X = f"(float[{TEXT},{WORDS},{WIDTH}] x"
ALIKE = f"{X}) => (float[{TEXT},{WORDS},{WIDTH}] y)"
IDS = f"(int32[{TEXT},{WORDS}] ids, int32[{TEXT},{WORDS}] kinds, int32[{TEXT},{WORDS}] mask"
PAIR = f"{X}, float[{TEXT},{OTHERS},{WIDTH}] o) => (float[{TEXT},{WORDS},{WIDTH}] y"
CACHE = f"float[{TEXT},{HEADS},{OTHERS},4]"
GROWN = f"float[{TEXT},{HEADS},{OTHERS + WORDS},4]"
ATTENTION = f"com.microsoft.Attention<num_heads = {HEADS}"
HEADED = f"com.microsoft.MultiHeadAttention<num_heads = {HEADS}"
QUANTIZED = (
    f"(float[{TEXT},{WORDS},{WIDTH}] x) => (float[{TEXT},{WORDS},{3 * WIDTH}] y) {{"
    " q = QuantizeLinear(x, step, zero)"
)

CASES = {
    "gelu": f"{ALIKE} {{ y = com.microsoft.Gelu(x) }}",
    "bias and gelu": f"{ALIKE} {{ y = com.microsoft.BiasGelu(x, b) }}",
    "fast gelu": f"{ALIKE} {{ y = com.microsoft.FastGelu(x, b) }}",
    "fast gelu alone": f"{ALIKE} {{ y = com.microsoft.FastGelu(x) }}",
    "quick gelu": f"{ALIKE} {{ y = com.microsoft.QuickGelu(x) }}",
    "quick gelu, another factor": f"{ALIKE} {{ y = com.microsoft.QuickGelu<alpha = 1.5>(x) }}",
    "product": f"{ALIKE} {{ y = com.microsoft.FusedMatMul<transB = 1, alpha = 0.5>(x, w) }}",
    "product, turned": f"{X}) => (float[{TEXT},{WIDTH},{WIDTH}] y)"
    " { y = com.microsoft.FusedMatMul<transA = 1>(x, x) }",
    "product, batches inside": f"(float[{WORDS},{TEXT},3,4] x, float[6,{TEXT},3,4] z) =>"
    f" (float[{TEXT},3,{WORDS},6] y) {{ y = com.microsoft.FusedMatMul"
    "<transBatchA = 1, transBatchB = 1, transB = 1, alpha = 0.5>(x, z) }",
    "product, turned batches inside": f"(float[4,{TEXT},{WORDS}] x, float[4,{TEXT},6] z) =>"
    f" (float[{TEXT},{WORDS},6] y) {{ y = com.microsoft.FusedMatMul"
    "<transBatchA = 1, transA = 1, transBatchB = 1>(x, z) }",
    "convolution": "(float[1,3,6,7] x) => (float[1,4,4,5] y)"
    ' { y = com.microsoft.FusedConv<activation = "Relu">(x, kernel, kernel_bias) }',
    "convolution, clipped sum": "(float[1,3,6,7] x, float[1,4,6,7] z) => (float[1,4,6,7] y)"
    ' { y = com.microsoft.FusedConv<activation = "Clip", activation_params = [-0.5, 2.0],'
    " pads = [1,1,1,1]>(x, kernel, kernel_bias, z) }",
    "convolution, leaky": "(float[1,3,6,7] x) => (float[1,4,4,5] y)"
    ' { y = com.microsoft.FusedConv<activation = "LeakyRelu", activation_params = [0.3]>'
    "(x, kernel) }",
    "linear layer": f"(float[{WORDS},{WIDTH}] x) => (float[{WORDS},{WIDTH}] y)"
    ' { y = com.microsoft.FusedGemm<activation = "Sigmoid", transB = 1>(x, w, b) }',
    "skip": f"{X}, float[{TEXT},{WORDS},{WIDTH}] o) => (float[{TEXT},{WORDS},{WIDTH}] y,"
    f" float[{TEXT},{WORDS},{WIDTH}] s) {{ y, none, nothing, s ="
    " com.microsoft.SkipLayerNormalization<epsilon = 0.01>(x, o, scale, shift, b) }",
    "skip, no shift": f"{X}, float[1,{WORDS},{WIDTH}] o) => (float[{TEXT},{WORDS},{WIDTH}] y)"
    " { y = com.microsoft.SkipLayerNormalization(x, o, scale) }",
    "skip, not centred": f"{X}, float[{TEXT},{WORDS},{WIDTH}] o) =>"
    f" (float[{TEXT},{WORDS},{WIDTH}] y)"
    " { y = com.microsoft.SkipSimplifiedLayerNormalization(x, o, scale, b) }",
    "not centred": f"{ALIKE} {{ y = SimplifiedLayerNormalization<epsilon = 0.01>(x, scale) }}",
    "embedding": f"{IDS}) => (float[{TEXT},{WORDS},{WIDTH}] y, int32[{TEXT}] n)"
    " { y, n = com.microsoft.EmbedLayerNormalization"
    "(ids, kinds, words, places, segments, scale, shift, mask) }",
    "embedding, no segments": f"(int32[{TEXT},{WORDS}] ids) => (float[{TEXT},{WORDS},{WIDTH}] y)"
    " { y, n = com.microsoft.EmbedLayerNormalization(ids, , words, places, , scale, shift) }",
    "embedding, places": f"(int32[{TEXT},{WORDS}] ids, int32[{TEXT},{WORDS}] at) =>"
    f" (float[{TEXT},{WORDS},{WIDTH}] y) {{ y, n = com.microsoft.EmbedLayerNormalization"
    "(ids, , words, places, , scale, shift, , at) }",
    "attention": f"{ALIKE} {{ y = {ATTENTION}>(x, projections, projection_biases) }}",
    "attention, counts": f"{ALIKE} {{ y = {ATTENTION}>"
    "(x, projections, projection_biases, counts) }",
    "attention, mask": f"{ALIKE} {{ y = {ATTENTION}, mask_filter_value = -50.0>"
    "(x, projections, projection_biases, kept) }",
    "attention, mask of each": f"{ALIKE} {{ y = {ATTENTION}>"
    "(x, projections, projection_biases, kept_each) }",
    "attention, causal": f"{ALIKE} {{ y = {ATTENTION}, unidirectional = 1, scale = 0.3>"
    "(x, projections, projection_biases) }",
    "attention, narrow keys": f"{ALIKE} {{ y = {ATTENTION}, qkv_hidden_sizes = [6, 6, {WIDTH}]>"
    "(x, uneven, uneven_biases) }",
    "attention, added": f"{X}, float[{TEXT},{HEADS},{WORDS},{WORDS}] a) =>"
    f" (float[{TEXT},{WORDS},{WIDTH}] y)"
    f" {{ y = {ATTENTION}>(x, projections, projection_biases, , , a) }}",
    "heads": f"{PAIR}) {{ y = {HEADED}>(x, o, o) }}",
    "heads, bias and mask": f"{PAIR})"
    f" {{ y = {HEADED}, scale = 0.2>(x, o, o, projection_biases, kept_others) }}",
    "heads, causal": f"{X}) => (float[{TEXT},{WORDS},{WIDTH}] y)"
    f" {{ y = {HEADED}, unidirectional = 1>(x, x, x) }}",
    "heads, earlier keys": f"{X}, {CACHE} k, {CACHE} v) => (float[{TEXT},{WORDS},{WIDTH}] y,"
    f" {GROWN} kk, {GROWN} vv) {{ y, kk, vv = {HEADED}>(x, x, x, , , , k, v) }}",
    "heads, keys apart": f"{X}, {CACHE} k, {CACHE} v) => (float[{TEXT},{WORDS},{WIDTH}] y)"
    f" {{ y = {HEADED}>(x, k, v) }}",
    "another axis": f"{X}) => (float[{TEXT},1,{WORDS},{WIDTH}] y)"
    " { y = com.microsoft.ExpandDims(x, axis) }",
    "triangle": f"{ALIKE} {{ y = com.microsoft.Trilu<upper = 0>(x) }}",
    "grid": "(float[1,3,6,7] x) => (float[1,3,5,6] y)"
    ' { y = com.microsoft.GridSample<mode = "bilinear", align_corners = 1>(x, grid) }',
}
QUANTIZED_CASES = {
    "dynamic layer": f"{QUANTIZED} y = com.microsoft.DynamicQuantizeMatMul"
    "(x, integers, steps, zeros) }",
    "dynamic layer, bias": f"{QUANTIZED} y = com.microsoft.DynamicQuantizeMatMul"
    "(x, integers, steps, , projection_biases) }",
    "integer layer": f"{QUANTIZED} y = com.microsoft.MatMulIntegerToFloat"
    "(q, integers, step, steps, zero, zeros, projection_biases) }",
    "integer attention": f"(float[{TEXT},{WORDS},{WIDTH}] x) => (float[{TEXT},{WORDS},{WIDTH}] y)"
    " { q = QuantizeLinear(x, step, zero)"
    f" y = com.microsoft.QAttention<num_heads = {HEADS}>"
    "(q, integers, projection_biases, step, steps, kept, zero, no_zeros) }",
}


def rewritten(text, opset):
    """A model of the weights above, before and after."""
    proto = onnx.parser.parse_model(HEAD.format(opset) + text)
    used = {name for node in proto.graph.node for name in node.input}
    taken = {value.name for value in proto.graph.input}
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(array), name)
        for name, array in WEIGHTS.items()
        if name in used - taken
    )
    after, _ = apply(prepare(ir.from_proto(proto)), REWRITES.chosen())
    return proto, after


def answers(model, seed):
    drawn = np.random.default_rng(seed)
    feeds = {}
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [size.dim_value for size in kind.shape.dim]
        whole = kind.elem_type != onnx.TensorProto.FLOAT
        made = drawn.integers(0, 2, shape) if whole else drawn.normal(size=shape)
        feeds[value.name] = made.astype(np.int32 if whole else np.float32)
    return OnnxRuntime(model.SerializeToString(), optimize=False).run(feeds)


def runnable(after):
    """The rewritten model as a file, in which every operator means what its version says."""
    newest = max(node.version or 1 for node in after.graph)
    after.opset_imports[""] = max(newest, after.opset_imports[""])
    return ir.to_proto(after)


@pytest.mark.parametrize("opset", [13, 21])
@pytest.mark.parametrize("name", CASES)
def test_standard_operators_compute_the_same(name, opset):
    before, after = rewritten(CASES[name], opset)
    assert {node.domain for node in after.graph} == {""}
    for seed in range(3):
        expected, found = answers(before, seed), answers(runnable(after), seed)
        for output, array in expected.items():
            assert np.ptp(array) > 0
            np.testing.assert_allclose(found[output], array, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", QUANTIZED_CASES)
def test_integers_become_floats_between_quantizations(name):
    before, after = rewritten(QUANTIZED_CASES[name], 21)
    assert {node.domain for node in after.graph} == {""}
    for seed in range(3):
        expected, found = answers(before, seed)["y"], answers(runnable(after), seed)["y"]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


NEAR_MISSES = {
    "attention, ends and starts": f"{ALIKE} {{ y = {ATTENTION}>"
    "(x, projections, projection_biases, ends) }",
    "attention, earlier keys": f"{X}, float[2,{TEXT},{HEADS},{OTHERS},4] p) =>"
    f" (float[{TEXT},{WORDS},{WIDTH}] y)"
    f" {{ y = {ATTENTION}>(x, projections, projection_biases, , p) }}",
    "attention, turned places": f"{ALIKE} {{ y = {ATTENTION}, do_rotary = 1>"
    "(x, projections, projection_biases) }",
    "heads, packed": f"(float[{TEXT},{WORDS},{HEADS},3,4] x) => (float[{TEXT},{WORDS},{WIDTH}] y)"
    f" {{ y = {HEADED}>(x) }}",
    "heads, counts with earlier keys": f"{X}, {CACHE} k, {CACHE} v) =>"
    f" (float[{TEXT},{WORDS},{WIDTH}] y) {{ y = {HEADED}>(x, x, x, , counts, , k, v) }}",
    "heads, causal with mask and earlier keys": f"{X}, {CACHE} k, {CACHE} v, int32[{TEXT},12] m) =>"
    f" (float[{TEXT},{WORDS},{WIDTH}] y)"
    f" {{ y = {HEADED}, unidirectional = 1>(x, x, x, , m, , k, v) }}",
    "convolution, another function": "(float[1,3,6,7] x) => (float[1,4,4,5] y)"
    ' { y = com.microsoft.FusedConv<activation = "Elu">(x, kernel) }',
    "linear layer, a number of the function": f"(float[{WORDS},{WIDTH}] x) =>"
    f" (float[{WORDS},{WIDTH}] y) {{ y = com.microsoft.FusedGemm"
    '<activation = "LeakyRelu", activation_alpha = 0.3, transB = 1>(x, w, b) }',
    "skip, its mean": f"{X}, float[{TEXT},{WORDS},{WIDTH}] o) => (float[{TEXT},{WORDS},{WIDTH}] y,"
    f" float[{TEXT},{WORDS},1] mean)"
    " { y, mean = com.microsoft.SkipLayerNormalization(x, o, scale, shift) }",
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_what_is_not_known_stays_as_it_is(name):
    before, after = rewritten(NEAR_MISSES[name], 21)
    assert [node.op_type for node in after.graph] == [node.op_type for node in before.graph.node]
