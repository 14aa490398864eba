"""For each built-in rewrite a small network that it takes, at sizes whose time can be measured."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx

Weights = dict[str, tuple[int, ...]]

IMAGE = "float[1,32,40,56]"
WIDER = "float[1,48,40,56]"
POOLED = "float[1,32,1,1]"
TEXT = "float[1,48,96]"
LONG = "float[1,48,384]"
ROWS = "float[48,96]"
THREE = {"w": (48, 32, 3, 3)}
CHANNELS = {name: (32, 1, 1) for name in ("g", "b")}
NORM = {name: (32,) for name in ("gamma", "beta", "mean", "var")}
WIDE_NORM = {name: (48,) for name in NORM}
LAYER = {"g": (96,), "b": (96,)}
PADDED = "pads = [1,1,1,1]"
NUMBERS = """<float half = {0.5}, float one = {1.0}, float three = {3.0}, float six = {6.0},
    float zero = {0.0}, float sixth = {0.16666667}, float root2 = {1.4142135},
    float eps = {0.00001}, float eighth = {0.125}, int64 at0 = {0}, int64 at1 = {1},
    int64[1] last = {-1}, int64[2] plane = {2, 3}, int64[1] channel = {1}, bool yes = {1},
    float step = {0.02}, uint8 middle = {128}, float wide_step = {0.1}>"""


@dataclass(frozen=True)
class Example:
    """A network of which one rewrite takes something.

    Attributes:
        ends: Its inputs and outputs, as ONNX's parser reads them.
        nodes: Its nodes, likewise.
        weights: Name → shape of what is drawn.
        integers: Name → numbers of another type.
        opset: Of ONNX.
        feeds: Of inputs whose numbers or sizes are not to be drawn.
    """

    ends: str
    nodes: str
    weights: Weights = field(default_factory=dict)
    integers: dict[str, np.ndarray] = field(default_factory=dict)
    opset: int = 20
    feeds: dict[str, np.ndarray] = field(default_factory=dict)

    def model(self) -> onnx.ModelProto:
        """The network as ONNX."""
        head = f'<ir_version: 10, opset_import: ["": {self.opset}, "com.microsoft": 1]>'
        text = f"{head} g {self.ends} {NUMBERS} {{ {self.nodes} }}"
        proto = onnx.parser.parse_model(text)
        random = np.random.default_rng(0)
        drawn = {
            name: (random.uniform(0.5, 1.5, shape) / np.sqrt(np.prod(shape[1:]))).astype("f4")
            for name, shape in self.weights.items()
        }
        for name, array in {**drawn, **self.integers}.items():
            proto.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
        return proto

    def sample(self) -> dict[str, np.ndarray]:
        """Inputs, seeded."""
        random = np.random.default_rng(1)
        weights = {weight.name for weight in self.model().graph.initializer}
        found = {}
        for value in self.model().graph.input:
            kind = value.type.tensor_type
            dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
            shape = [size.dim_value for size in kind.shape.dim]
            drawn = random.normal(size=shape) if dtype.kind == "f" else random.integers(0, 2, shape)
            if value.name not in weights:
                found[value.name] = self.feeds.get(value.name, drawn.astype(dtype))
        return found


def _image(nodes: str, weights: Weights | None = None, output: str = IMAGE) -> Example:
    return Example(f"({IMAGE} x) => ({output} y)", nodes, weights or {})


def _text(nodes: str, weights: Weights | None = None, output: str = TEXT, opset: int = 20):
    return Example(f"({TEXT} x) => ({output} y)", nodes, weights or {}, opset=opset)


def _drawn(dtype: type, *shape: int) -> np.ndarray:
    limits = np.iinfo(dtype)
    return np.random.default_rng(2).integers(limits.min, limits.max + 1, shape).astype(dtype)


def _scales(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.002, 0.005, shape).astype(np.float32)


QUANTIZED = "q = QuantizeLinear(x, step, middle)"
FLOATS = "y = DequantizeLinear(c, wide_step, middle)"
CONV_INTEGERS = {
    "w": _drawn(np.int8, 48, 32, 3, 3),
    "ws": _scales(48),
    "wz": np.zeros(48, np.int8),
}
TABLE_INTEGERS = {
    "w": _drawn(np.int8, 96, 384),
    "ws": _scales(384),
    "wz": np.zeros(384, np.int8),
    "scale": np.float32(0.003),
    "same": np.int8(0),
    "bias": np.zeros(384, np.float32),
}
PRODUCT = "q, s, z = DynamicQuantizeLinear(x) i = MatMulInteger(q, w, z, same) f = Cast<to = 1>(i)"

CENTRED = "m = ReduceMean(x, last) d = Sub(x, m) v0 = Mul(d, d) v = ReduceMean(v0, last)"
NORMED = f"{CENTRED} e = Add(v, eps) r = Sqrt(e) y = Div(d, r)"
HEADS = """heads = Constant<value_ints = [1, 48, 4, 24]>()
    qm = MatMul(x, wq) qr = Reshape(qm, heads) q = Transpose<perm = [0, 2, 1, 3]>(qr)
    km = MatMul(x, wk) kr = Reshape(km, heads) k = Transpose<perm = [0, 2, 3, 1]>(kr)"""
SEQUENCE = "a = Relu(x) b = Neg(x) c = Sigmoid(x) s = SequenceConstruct(a, b)"
PARTS = "half_width = Constant<value_int = 48>()"
ATTENTION = {"w": (96, 288), "b": (288,)}
EMBEDDING = {"words": (200, 96), "places": (64, 96), "kinds": (2, 96), **LAYER}

FOLDING = {
    "constant_folding": _text("a = Sqrt(w) b = Mul(a, w) y = MatMul(x, b)", {"w": (96, 96)}),
    "shape_inference": _text(
        """a = Constant<value_floats = [12.0, 0.25, 24.0]>() b = Constant<value_float = 4.0>()
        c = Mul(a, b) s = Cast<to = 7>(c) t = Reshape(x, s) y = Softmax<axis = 0>(t)""",
        output="float[48,1,96]",
    ),
    "shape_folding": Example(
        "(float[n,48,96] x) => (float[n,4608] y)",
        """s = Shape(x) n0 = Gather(s, at0) n = Unsqueeze(n0, first)
        f = Concat<axis = 0>(n, rest) y = Reshape(x, f)""",
        integers={"first": np.array([0]), "rest": np.array([-1])},
        feeds={"x": np.random.default_rng(1).normal(size=(3, 48, 96)).astype(np.float32)},
    ),
    "common_subexpressions": _text("a = Erf(x) b = Erf(x) c = Mul(a, x) y = Add(c, b)"),
}
CONTROL = {
    "known_condition": _text(
        """z = If(yes) <then_branch = a () => (float[1,48,96] t) { t = MatMul(x, w) },
        else_branch = b () => (float[1,48,96] e) { e = Neg(x) }> y = Relu(z)""",
        {"w": (96, 96)},
    ),
    "idle_states": Example(
        "(float[1,96] x, float[96,96] w0, int64 n) => (float[1,96] y, float[96,96] same)",
        """w, y, c = Loop(n, yes, w0, x, x) <body = q
            (int64 i, bool keep, float[96,96] w, float[1,96] a, float[1,96] b)
            => (bool go, float[96,96] w, float[1,96] next, float[1,96] other) {
                p = MatMul(a, w) next = Tanh(p) other = Neg(p) go = Identity(keep) }>
        same = Neg(w)""",
        feeds={"n": np.array(12)},
    ),
    "known_count": Example(
        "(float[1,96] x) => (float[1,96] y)",
        """n = Constant<value_int = 6>() y = Loop(n, yes, x) <body = q
            (int64 i, bool keep, float[1,96] a) => (bool go, float[1,96] next) {
                p = MatMul(a, w) next = Tanh(p) go = Identity(keep) }>""",
        {"w": (96, 96)},
    ),
    "known_length": Example(
        "(float[96] s, float[12,96] x) => (float[96] t, float[12,96] y)",
        """t, y = Scan<num_scan_inputs = 1, body = b (float[96] a, float[96] e)
            => (float[96] f, float[96] g) { h = Add(a, e) f = Tanh(h) g = Neg(f) }>(s, x)""",
    ),
    "scan_as_loop": Example(
        "(float[96] s, float[n,96] x) => (float[96] t, float[n,96] y)",
        """t, y = Scan<num_scan_inputs = 1, body = b (float[96] a, float[96] e)
            => (float[96] f, float[96] g) { h = Add(a, e) f = Tanh(h) g = Neg(f) }>(s, x)""",
        feeds={"x": np.random.default_rng(1).normal(size=(12, 96)).astype(np.float32)},
    ),
    "closed_branches": Example(
        f"({TEXT} x, bool c) => ({TEXT} y)",
        """z = If(c) <then_branch = a () => (float[1,48,96] t) { t = MatMul(x, w) },
        else_branch = b () => (float[1,48,96] e) { e = Neg(x) }> y = Relu(z)""",
        {"w": (96, 96)},
    ),
    "possible_branch": Example(
        "(float[1,8] x, int64 rate) => (float[1,1] y)",
        """k = Constant<value_int = 16000>() wide = Equal(rate, k) y = If(wide) <
        then_branch = a () => (float[1,1] t) {
            f = Unsqueeze(x, channel) g = Conv<strides = [8]>(f, slow) t = Squeeze(g, end) },
        else_branch = b () => (float[1,1] e) {
            l = Unsqueeze(x, channel) r = Conv<strides = [4]>(l, fast) e = Squeeze(r, end) }>""",
        {"slow": (1, 1, 8), "fast": (1, 1, 4)},
        {"end": np.array([2])},
        feeds={"rate": np.array(16000)},
    ),
    "closed_loop": Example(
        "(float[1,96] x, int64 n) => (float[1,96] y)",
        """y = Loop(n, yes, x) <body = q (int64 i, bool keep, float[1,96] a)
            => (bool go, float[1,96] next) {
                p = MatMul(a, w) next = Tanh(p) go = Identity(keep) }>""",
        {"w": (96, 96)},
        feeds={"n": np.array(12)},
    ),
}
SEQUENCES = {
    "split_to_sequence": _text(
        f"{PARTS} s = SplitToSequence<axis = 2>(x, half_width) y = SequenceAt(s, at1)",
        output="float[1,48,48]",
    ),
    "sequence_insert": _text(
        f"{SEQUENCE} t = SequenceInsert(s, c) y = ConcatFromSequence<axis = 1>(t)",
        output="float[1,144,96]",
    ),
    "sequence_erase": _text(
        f"{SEQUENCE} t = SequenceErase(s, at0) y = ConcatFromSequence<axis = 1>(t)"
    ),
    "sequence_at": _text(f"{SEQUENCE} y = SequenceAt(s, at1)"),
    "sequence_length": _text(f"{SEQUENCE} n = SequenceLength(s) f = Cast<to = 1>(n) y = Mul(x, f)"),
    "sequence_map": _text(
        f"{SEQUENCE} m = SequenceMap(s)"
        " <body = each (float[1,48,96] d) => (float[1,48,96] e) { e = Tanh(d) }>"
        " y = ConcatFromSequence<axis = 1>(m)",
        output="float[1,96,96]",
    ),
    "concat_from_sequence": _text(
        f"{SEQUENCE} y = ConcatFromSequence<axis = 2>(s)", output="float[1,48,192]"
    ),
}
FUSED = {
    "fused_gelu": _text("y = com.microsoft.BiasGelu(x, b)", LAYER),
    "fused_bias": Example(
        "(float[1,40,56,320] x) => (float[1,40,56,320] y)",
        "y = com.microsoft.BiasAdd(x, b, x)",
        {"b": (320,)},
    ),
    "fused_product": _text(
        "y = com.microsoft.FusedMatMul<transB = 1, alpha = 0.5>(x, w)", {"w": (96, 96)}
    ),
    "fused_convolution": _image(
        f'y = com.microsoft.FusedConv<activation = "Relu", {PADDED}>(x, w)', THREE, WIDER
    ),
    "fused_normalization": _text("y = com.microsoft.SkipLayerNormalization(x, x, g, b)", LAYER),
    "simplified_normalization": _text("y = SimplifiedLayerNormalization(x, g)", LAYER),
    "fused_embedding": Example(
        f"(int32[1,48] x, int32[1,48] s) => ({TEXT} y, int32[1] n)",
        "y, n = com.microsoft.EmbedLayerNormalization(x, s, words, places, kinds, g, b)",
        EMBEDDING,
    ),
    "fused_attention": _text("y = com.microsoft.Attention<num_heads = 4>(x, w, b)", ATTENTION),
    "fused_heads": _text("y = com.microsoft.MultiHeadAttention<num_heads = 4>(x, x, x)"),
    "contrib_names": _text("y = com.microsoft.Trilu<upper = 0>(x)"),
}
INTEGERS = {
    "qlinear_conv": Example(
        f"({IMAGE} x) => ({WIDER} y)",
        f"{QUANTIZED} c = QLinearConv<{PADDED}>"
        f"(q, step, middle, w, ws, wz, wide_step, middle) {FLOATS}",
        integers=CONV_INTEGERS,
    ),
    "qlinear_matmul": Example(
        f"({TEXT} x) => ({LONG} y)",
        f"{QUANTIZED} c = QLinearMatMul(q, step, middle, w, scale, same, wide_step, middle)"
        f" {FLOATS}",
        integers=TABLE_INTEGERS,
    ),
    "dynamic_product": Example(
        f"({TEXT} x) => ({LONG} y)",
        f"{PRODUCT} t = Mul(s, scale) y = Mul(f, t)",
        integers=TABLE_INTEGERS,
    ),
    "conv_integer": Example(
        "(uint8[1,32,40,56] x) => (int32[1,48,40,56] y)",
        f"y = ConvInteger<{PADDED}>(x, w)",
        integers=CONV_INTEGERS,
    ),
    "matmul_integer": Example(
        "(uint8[1,48,96] x) => (int32[1,48,384] y)",
        "y = MatMulInteger(x, w)",
        integers=TABLE_INTEGERS,
    ),
    "contrib_quantization": _text(
        f"{QUANTIZED} c = com.microsoft.QLinearAdd"
        f"(q, step, middle, q, step, middle, wide_step, middle) {FLOATS}"
    ),
    "dynamic_layer": Example(
        f"({TEXT} x) => ({LONG} y)",
        "y = com.microsoft.DynamicQuantizeMatMul(x, w, scale, same, bias)",
        integers=TABLE_INTEGERS,
    ),
    "block_weights": Example(
        f"({TEXT} x) => ({TEXT} y)",
        "y = com.microsoft.MatMulNBits<K = 96, N = 96, bits = 4, block_size = 16>(x, n, ns)",
        integers={"n": _drawn(np.uint8, 96, 6, 8), "ns": _scales(96 * 6)},
    ),
    "integer_pool": _image(
        f"{QUANTIZED} p = MaxPool<kernel_shape = [2,2], strides = [2,2]>(q)"
        " y = DequantizeLinear(p, step, middle)",
        output="float[1,32,20,28]",
    ),
    "integer_weights": Example(
        f"({TEXT} x) => ({LONG} y)",
        "k = DequantizeLinear<axis = 1>(w, ws) y = MatMul(x, k)",
        integers=TABLE_INTEGERS,
    ),
}
NOTHING = {
    "identity": _text("a = Tanh(x) b = Identity(a) y = Sigmoid(b)"),
    "dropout": _text("a = Tanh(x) b = Dropout(a) y = Sigmoid(b)"),
    "cast": _text("a = Tanh(x) b = Cast<to = 1>(a) y = Sigmoid(b)"),
    "casts": _text("a = Tanh(x) b = Cast<to = 11>(a) c = Cast<to = 1>(b) y = Sigmoid(c)"),
    "neutral_operand": _text("a = Tanh(x) b = Mul(a, one) c = Add(b, zero) y = Sigmoid(c)"),
    "single_operand": _text("a = Tanh(x) b = Sum(a) c = Concat<axis = 1>(b) y = Sigmoid(c)"),
    "whole_selection": _text(
        """a = Tanh(x) none = Constant<value_ints = [0, 0, 0, 0, 0, 0]>() b = Pad(a, none)
        y = Sigmoid(b)"""
    ),
    "trivial_pool": _image("a = Tanh(x) b = MaxPool<kernel_shape = [1,1]>(a) y = Sigmoid(b)"),
    "boundless_clip": _text("a = Tanh(x) b = Clip(a) y = Sigmoid(b)"),
    "expansion_before_arithmetic": Example(
        f"({POOLED} x, {IMAGE} z) => ({IMAGE} y)",
        "s = Constant<value_ints = [1, 32, 40, 56]>() e = Expand(x, s) y = Mul(e, z)",
    ),
}
ACTIVATIONS = {
    "clips": _image(f"c = Conv<{PADDED}>(x, w) a = Max(c, zero) y = Min(a, six)", THREE, WIDER),
    "gelu": _text("a = Div(x, root2) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)"),
    "swish": _text("a = Sigmoid(x) y = Mul(x, a)"),
    "mish": _text("e = Exp(x) f = Add(e, one) g = Log(f) t = Tanh(g) y = Mul(x, t)"),
    "hard_sigmoid": _image("a = Add(x, three) b = Clip(a, zero, six) y = Mul(b, sixth)"),
    "hard_swish": _image("a = Add(x, three) b = Clip(a, zero, six) c = Mul(x, b) y = Div(c, six)"),
}
NORMS = {
    "normalization": _text(NORMED),
    "group_normalization": Example(
        f"({IMAGE} x) => ({IMAGE} y)",
        """groups = Constant<value_ints = [0, 4, -1]>()
        c = Conv<pads = [1,1,1,1]>(x, w) all = Shape(c) r = Reshape(c, groups)
        n = InstanceNormalization(r, ones, zeros) m = Reshape(n, all)
        y = Conv<pads = [1,1,1,1]>(m, w)""",
        {"w": (32, 32, 3, 3)},
        integers={"ones": np.ones(4, np.float32), "zeros": np.zeros(4, np.float32)},
        opset=21,
    ),
    "normalization_scale": _image(
        "n = InstanceNormalization(x, gamma, beta) y = Mul(n, g)", {**NORM, **CHANNELS}
    ),
    "normalization_shift": _image(
        "n = InstanceNormalization(x, gamma, beta) y = Add(n, b)", {**NORM, **CHANNELS}
    ),
    "normalization_into_layers": _text(
        "n = LayerNormalization(x, g, b) y = MatMul(n, w)", {**LAYER, "w": (96, 96)}
    ),
}
MOVEMENT = {
    "transposes": _text(
        """a = Tanh(x) b = Transpose<perm = [0, 2, 1]>(a) c = Transpose<perm = [0, 2, 1]>(b)
        y = Sigmoid(c)"""
    ),
    "reshapes": _text(
        """f = Constant<value_ints = [1, 4608]>() s = Constant<value_ints = [1, 48, 96]>()
        a = Tanh(x) b = Reshape(a, f) c = Reshape(b, s) y = Sigmoid(c)"""
    ),
    "mean_keeps_axes": _image(
        """m = ReduceMean<keepdims = 0>(x, plane) s = Constant<value_ints = [1, 32, 1, 1]>()
        n = Reshape(m, s) y = Mul(x, n)"""
    ),
    "whole_pool": _image("y = GlobalAveragePool(x)", output=POOLED),
    "pad_into_layer": _image(
        """e = Constant<value_ints = [0, 0, 1, 1, 0, 0, 1, 1]>() p = Pad(x, e)
        y = Conv(p, w)""",
        THREE,
        WIDER,
    ),
    "empty_reduction": _image(
        "g = GlobalAveragePool(x) m = ReduceMean(g, plane) y = Sigmoid(m)", output=POOLED
    ),
}
LINEAR = {
    "batch_normalization": _image(
        f"c = Conv<{PADDED}>(x, w) y = BatchNormalization(c, gamma, beta, mean, var)",
        {**THREE, **WIDE_NORM},
        WIDER,
    ),
    "scale_into_layer": _image(
        f"c = Conv<{PADDED}>(x, w) y = Mul(c, s)", {**THREE, "s": (48, 1, 1)}, WIDER
    ),
    "shift_into_layer": _image(
        f"c = Conv<{PADDED}>(x, w) y = Add(c, s)", {**THREE, "s": (48, 1, 1)}, WIDER
    ),
    "scale_into_projection": _text(
        f"{HEADS} l = MatMul(q, k) s = Mul(l, eighth) y = Softmax(s)",
        {"wq": (96, 96), "wk": (96, 96)},
        "float[1,4,48,48]",
    ),
    "batch_normalization_before": _image(
        "n = BatchNormalization(x, gamma, beta, mean, var) y = Conv(n, w)",
        {**NORM, "w": (48, 32, 1, 1)},
        WIDER,
    ),
    "scale_before_layer": _image(
        f"s = Mul(x, g) y = Conv<{PADDED}>(s, w)", {**THREE, **CHANNELS}, WIDER
    ),
    "shift_before_layer": _image(
        "s = Add(x, g) y = Conv(s, w)", {**CHANNELS, "w": (48, 32, 1, 1)}, WIDER
    ),
}
EXAMPLES: dict[str, Example] = {
    **FOLDING,
    **CONTROL,
    **SEQUENCES,
    **FUSED,
    **INTEGERS,
    **NOTHING,
    **ACTIVATIONS,
    **NORMS,
    **MOVEMENT,
    **LINEAR,
}
