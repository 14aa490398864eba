"""Sizes that are known only at run time."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import tensorflow as tf
from emitted import check, check_free, drawn, emit, parsed

from decant.convert import support
from decant.convert.build import Request
from decant.errors import DataError, UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime


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


RESHAPED = [
    pytest.param(
        "float[n,1,h,w]", "y = Reshape<allowzero = 0>(x, keep)", "abc",
        [(2, 1, 6, 8), (3, 1, 4, 5)], id="zero-keeps-a-fixed-size-beside-free-ones",
    ),
    pytest.param(
        "float[n,4,h,w]", "y = Flatten<axis = 2>(x)", "ab",
        [(2, 4, 6, 8), (1, 4, 3, 5)], id="flatten-to-two-free-sizes",
    ),
    pytest.param(
        "float[n,h,w]", "y = Reshape(x, fixed)", "abc",
        [(2, 6, 8), (4, 2, 12)], id="free-to-fixed",
    ),
    pytest.param(
        "float[n,c]", "y = Gemm(x, m)", "ab", [(2, 24), (3, 24)], id="product-over-a-free-size",
    ),
    pytest.param(
        "float[n,h,w]", "a = Flatten(x) y = Gemm(a, m)", "ab",
        [(2, 4, 6), (5, 3, 8)], id="product-over-a-flattened-free-size",
    ),
    pytest.param(
        "float[n,h,w]",
        "rest = Constant<value_ints = [0,-1]>() a = Reshape(x, rest) y = MatMul(a, m)", "ab",
        [(2, 4, 6), (5, 3, 8)], id="matrix-product-over-the-rest",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "nodes", "results", "shapes"), RESHAPED)
def test_a_free_size_is_none_of_0(kind, nodes, results, shapes, tmp_path):
    text = f"""({kind} x) => (float[{",".join(results)}] y) {{
        keep = Constant<value_ints = [0,0,-1]>()
        fixed = Constant<value_ints = [4,3,8]>()
        {nodes}
    }}"""
    check_free(parsed(text, {"m": (24, 5)}), tmp_path, [{"x": shape} for shape in shapes])


@pytest.mark.parametrize("batches", [(2, 2), (3, 3)])
def test_transposed_convolutions_of_signals_meet_over_a_free_batch(batches, tmp_path):
    text = """(float[n,4,9] x, float[n,4,9] other) => (float[a,b,c] y) {
        a = ConvTranspose<strides = [2], pads = [1,1], output_padding = [1]>(x, w)
        b = ConvTranspose<strides = [2], dilations = [2], group = 2>(other, v)
        c = Slice(b, zero, length, two)
        d = Relu(c)
        y = Add(a, d)
    }"""
    proto = parsed(text, {"w": (4, 6, 3), "v": (4, 3, 2)})
    for name, number in {"zero": 0, "length": 18, "two": 2}.items():
        array = np.asarray([number], np.int64)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    first, second = batches
    check_free(proto, tmp_path, [{"x": (first, 4, 9), "other": (second, 4, 9)}])


SLICED = [
    pytest.param("float[n,4,h,w]", "y = Slice(x, one, end, last)", "abcd",
                 [(2, 4, 6, 8), (1, 4, 5, 3)], id="from-the-second-on"),
    pytest.param("float[n,4,h,w]", "y = Slice(x, zero, minus, last)", "abcd",
                 [(2, 4, 6, 8), (1, 4, 5, 3)], id="without-the-last"),
    pytest.param("float[n,4,h,w]", "y = Slice(x, zero, end, last, two)", "abcd",
                 [(2, 4, 6, 8), (1, 4, 5, 3)], id="every-second"),
    pytest.param("float[n,4,h,w]", "y = Slice(x, minus, start, last, minus)", "abcd",
                 [(2, 4, 6, 8), (1, 4, 5, 3)], id="backwards"),
    pytest.param("float[n,4,h,w]", "y = Slice(x, zero, seven, last)", "abcd",
                 [(2, 4, 6, 8), (1, 4, 5, 3)], id="at-most-seven"),
    pytest.param("float[n,8]", "k = Shape<start = 0, end = 1>(x) y = Slice(x, zero, k, one)", "ab",
                 [(3, 8), (8, 8), (11, 8)], id="a-fixed-axis-to-a-free-size"),
    pytest.param("float[n,8]",
                 "k = Shape<start = 0, end = 1>(x) j = Neg(k) y = Slice(x, j, end, one)", "ab",
                 [(3, 8), (8, 8), (11, 8)], id="the-last-of-a-free-number"),
    pytest.param("float[n,8]",
                 "k = Shape<start = 0, end = 1>(x) p = Slice(table, zero, k, zero) y = Add(x, p)",
                 "ab", [(3, 8), (12, 8)], id="positions"),
    pytest.param("float[1,4,h,w]",
                 "k = Shape<start = 2, end = 4>(x) p = Slice(grid, zeros, k, axes) y = Mul(x, p)",
                 "abcd", [(1, 4, 6, 8), (1, 4, 5, 3)], id="a-grid"),
]  # fmt: skip
BOUNDS = {
    "zero": [0], "one": [1], "two": [2], "seven": [7], "minus": [-1], "last": [-1],
    "end": [2**63 - 1], "start": [-(2**63)], "zeros": [0, 0], "axes": [2, 3],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "nodes", "results", "shapes"), SLICED)
def test_a_stretch_of_free_size(kind, nodes, results, shapes, tmp_path):
    text = f"({kind} x) => (float[{','.join(results)}] y) {{ {nodes} }}"
    proto = parsed(text, {"table": (12, 8), "grid": (1, 4, 9, 10)})
    add_numbers(proto, BOUNDS)
    check_free(proto, tmp_path, [{"x": shape} for shape in shapes])


def add_numbers(proto, numbers):
    for name, values in numbers.items():
        array = onnx.numpy_helper.from_array(np.asarray(values, np.int64), name)
        proto.graph.initializer.append(array)


PADDED = [
    pytest.param('y = Pad<mode = "constant">(x, around)', id="zeros"),
    pytest.param('y = Pad<mode = "constant">(x, around, fill)', id="fill"),
    pytest.param('y = Pad<mode = "reflect">(x, around)', id="reflect"),
    pytest.param('y = Pad<mode = "edge">(x, around)', id="edge"),
    pytest.param('y = Pad<mode = "wrap">(x, around)', id="wrap"),
    pytest.param('y = Pad<mode = "reflect">(x, one, , last)', id="reflect-one-axis"),
    pytest.param("y = Pad(x, less)", id="crop"),
    pytest.param(
        """n = Shape<start = 3>(x) eight = Mul(two, four) rest = Mod(n, eight)
        missing = Sub(eight, rest) none = Constant<value_ints = [0]>()
        amounts = Concat<axis = 0>(none, missing) y = Pad(x, amounts, fill, last)""",
        id="to-a-multiple",
    ),
]


@pytest.mark.parametrize("nodes", PADDED)
def test_padding_of_a_free_size(nodes, tmp_path):
    proto = parsed(f"(float[1,4,h,w] x) => (float[a,b,c,d] y) {{ {nodes} }}", {"fill": ()}, 21)
    add_numbers(proto, {
        "around": [0, 0, 2, 1, 0, 0, 1, 3], "less": [0, 0, -1, 0, 0, 0, -2, -1], "one": [1, 2],
        "last": [-1], "two": [2], "four": [4],
    })  # fmt: skip
    check_free(proto, tmp_path, [{"x": shape} for shape in [(1, 4, 6, 8), (1, 4, 5, 9)]])


def test_padding_with_an_unknown_number_of_own_elements_is_refused():
    text = """(float[1,4,h,w] x, int64[8] pads) => (float[a,b,c,d] y) {
        y = Pad<mode = "reflect">(x, pads)
    }"""
    with pytest.raises(UnsupportedOp, match=r"mode = reflect\): how many elements of its own"):
        emit(prepare(ir.from_proto(parsed(text))))


RECURRENT = {
    "lstm": ("LSTM", 4, "[1,2]", ""),
    "lstm-both-ways": ("LSTM", 4, "[2,2]", 'direction = "bidirectional"'),
    "gru": ("GRU", 3, "[1,2]", "linear_before_reset = 1"),
    "gru-backwards": ("GRU", 3, "[1,2]", 'direction = "reverse"'),
    "rnn": ("RNN", 1, "[1,2]", ""),
}


def recurrent(kind, batch="2", extra="", inputs=""):
    """A layer [t, batch, 5] -> [t, directions, batch, 4] over t steps."""
    op, gates, counts, attributes = RECURRENT[kind]
    directions = int(counts[1])
    settings = ", ".join(filter(None, ["hidden_size = 4", attributes]))
    text = f"""(float[t,{batch},5] x{inputs}) => (float[a,b,c,d] y, float[e,f,g] h) {{
        y, h = {op}<{settings}>(x, w, r, bias{extra})
    }}"""
    shapes = {"w": 5, "r": 4}
    weights = {name: (directions, gates * 4, width) for name, width in shapes.items()}
    return parsed(text, {**weights, "bias": (directions, gates * 8)})


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_free_number_of_steps_is_a_loop(kind, tmp_path):
    file = check_free(recurrent(kind), tmp_path, [{"x": (t, 2, 5)} for t in (7, 1, 4)])
    assert file.ops["WHILE"] == (2 if "both" in kind else 1)


@pytest.mark.parametrize("kind", ["lstm", "gru-backwards", "lstm-both-ways"])
def test_a_loop_begins_with_given_states_and_ends_with_each_sequence(kind, tmp_path):
    count = 2 if "both" in kind else 1
    proto = recurrent(kind, extra=", lengths, first", inputs=f", float[{count},2,4] first")
    lengths = np.array([3, 2], np.int32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(lengths, "lengths"))
    shapes = [{"x": (t, 2, 5), "first": (count, 2, 4)} for t in (6, 3)]
    check_free(proto, tmp_path, shapes)


def test_a_loop_over_the_second_axis(tmp_path):
    text = """(float[2,t,5] x) => (float[2,t,4] y, float[1,2,4] h) {
        steps = Transpose<perm = [1,0,2]>(x)
        all, h = GRU<hidden_size = 4>(steps, w, r)
        one = Constant<value_ints = [1]>()
        hidden = Squeeze(all, one)
        y = Transpose<perm = [1,0,2]>(hidden)
    }"""
    proto = parsed(text, {"w": (1, 12, 5), "r": (1, 12, 4)})
    check_free(proto, tmp_path, [{"x": (2, 7, 5)}, {"x": (2, 3, 5)}])


def test_peepholes_in_a_loop(tmp_path):
    text = """(float[t,1,5] x) => (float[t,1,1,4] y) {
        y = LSTM<hidden_size = 4>(x, w, r, bias, , , , p)
    }"""
    proto = parsed(text, {"w": (1, 16, 5), "r": (1, 16, 4), "bias": (1, 32), "p": (1, 12)})
    check_free(proto, tmp_path, [{"x": (7, 1, 5)}, {"x": (2, 1, 5)}])


def test_sizes_are_divided(tmp_path):
    text = """(float[1,4,h,w] x) => (float[a,b,c,d] y) {
        n = Shape<start = 2>(x)
        half = Div(n, two)
        y = Slice(x, zeros, half, axes)
    }"""
    proto = parsed(text)
    add_numbers(proto, {"two": [2], "zeros": [0, 0], "axes": [2, 3]})
    check_free(proto, tmp_path, [{"x": (1, 4, 6, 9)}, {"x": (1, 4, 5, 8)}])


def test_heads_of_a_free_length_are_split_without_moving(tmp_path):
    text = """(float[1,t,8] x) => (float[a,b,c] y) {
        n = Shape<start = 1, end = 2>(x)
        four = Constant<value_ints = [4]>()
        two = Constant<value_ints = [2]>()
        shape = Concat<axis = 0>(n, four, two)
        heads = Reshape(x, shape)
        y = Transpose<perm = [1,0,2]>(heads)
    }"""
    file = check_free(parsed(text), tmp_path, [{"x": (1, 6, 8)}, {"x": (1, 3, 8)}])
    assert file.emission.outputs[0].shape == (4, None, 2)


def test_a_convolution_knows_the_channels_behind_a_padding(tmp_path):
    text = """(float[1,4,h,w] x) => (float[a,b,c,d] y) {
        n = Shape<start = 2, end = 3>(x)
        rest = Mod(n, four)
        front = Constant<value_ints = [0,0,0,0,0,0]>()
        last = Constant<value_ints = [0]>()
        pads = Concat<axis = 0>(front, rest, last)
        z = Pad(x, pads)
        y = Conv(z, k)
    }"""
    proto = parsed(text, {"k": (3, 4, 2, 2)})
    add_numbers(proto, {"four": [4]})
    check_free(proto, tmp_path, [{"x": (1, 4, 6, 9)}, {"x": (1, 4, 5, 8)}])


def test_sizes_that_end_onnx_runtime_are_a_refusal_where_operators_are_listed(tmp_path):
    """A Scan along an empty axis ends its process."""
    text = """(float[n,m] x, float[n] s) => (float[n] last, float[a,b] y)
        <int64[1] zero = {0}, int64[1] one = {1}> {
        e = Slice(x, zero, zero, one)
        last, y = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1],
            body = b (float[n] before, float[n] column) => (float[n] next, float[n] row) {
                next = Add(before, column) row = Identity(column) }>(s, e)
    }"""
    onnx.save(parsed(text, opset=17), tmp_path / "net.onnx")
    with pytest.raises(DataError, match="its process was killed by SIGFPE"):
        support._run(Request(tmp_path / "net.onnx", Path()))
