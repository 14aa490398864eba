"""What is known of sizes that are computed at run time, and layers that take such sizes."""

import onnx
import onnx_ir as ir
import pytest
from emitted import check_free, drawn, emit, parsed

from decant.errors import UnsupportedOp
from decant.graph.load import prepare

KEPT = """(float[n,t,24] x) => (float[a,b,c,d] y) {
    sizes = Shape<start = 1, end = 2>(x)
    length = Cast<to = 6>(sizes)
    steps = Cast<to = 7>(length)
    zero = Constant<value_ints = [0]>()
    rest = Constant<value_ints = [4,6]>()
    shape = Concat<axis = 0>(zero, steps, rest)
    heads = Reshape(x, shape)
    y = Transpose<perm = [0,2,1,3]>(heads)
}"""


@pytest.mark.parametrize("batch", ["1", "n"])
def test_a_zero_in_a_computed_shape_keeps_the_size(batch, tmp_path):
    text = KEPT.replace("[n,", f"[{batch},")
    shapes = [(1, 5, 24), (1, 3, 24)] if batch == "1" else [(2, 5, 24), (3, 4, 24)]
    file = check_free(parsed(text), tmp_path, [{"x": shape} for shape in shapes])
    assert file.emission.outputs[0].shape == (None if batch == "n" else 1, 4, None, 6)


def test_a_reshape_knows_its_rank_better_than_what_the_file_says_of_the_output(tmp_path):
    text = """(float[n,t,6] x) => (float[1,b] y) {
        sizes = Shape<start = 0, end = 2>(x)
        rest = Constant<value_ints = [2,-1]>()
        shape = Concat<axis = 0>(sizes, rest)
        y = Reshape(x, shape)
    }"""
    check_free(parsed(text), tmp_path, [{"x": (2, 5, 6)}, {"x": (3, 4, 6)}])


SPREAD = [
    pytest.param("strides = [2,2]", id="twice"),
    pytest.param("strides = [2,2], pads = [1,1,1,1], output_padding = [1,1]", id="same"),
    pytest.param("strides = [2,3], pads = [1,0,2,1]", id="cut"),
    pytest.param('strides = [2,2], auto_pad = "VALID", group = 2', id="groups"),
]


@pytest.mark.parametrize("settings", SPREAD)
def test_a_transposed_convolution_of_a_free_plane(settings, tmp_path):
    text = f"(float[1,4,h,w] x) => (float[a,b,c,d] y) {{ y = ConvTranspose<{settings}>(x, k) }}"
    proto = parsed(text, {"k": (4, 2 if "group" in settings else 3, 3, 3)})
    check_free(proto, tmp_path, [{"x": (1, 4, 5, 7)}, {"x": (1, 4, 6, 3)}])


def test_a_join_knows_the_sizes_of_each_of_its_parts(tmp_path):
    text = """(float[1,4,h,w] x, float[1,3,1,w] row) => (float[a,b,c,d] y) {
        maps = Conv(x, narrow)
        both = Concat<axis = 1>(maps, row)
        y = Conv(both, k)
    }"""
    proto = parsed(text, {"narrow": (5, 4, 3, 1), "k": (2, 8, 1, 2)})
    shapes = [{"x": (1, 4, 3, w), "row": (1, 3, 1, w)} for w in (6, 4)]
    file = check_free(proto, tmp_path, shapes)
    assert file.emission.outputs[0].onnx_shape == (1, 2, 1, None)


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_recurrent_layer_of_free_steps_and_a_free_batch(kind, direction, tmp_path):
    count, gates = 1 + (direction == "bidirectional"), {"LSTM": 4, "GRU": 3}[kind]
    settings = f'direction = "{direction}", hidden_size = 4'
    text = f"(float[t,n,3] x) => (float[a,b,c,d] y) {{ y = {kind}<{settings}>(x, w, r, bias) }}"
    weights = {"w": (4 * gates, 3), "r": (4 * gates, 4), "bias": (8 * gates,)}
    proto = parsed(text, {name: (count, *shape) for name, shape in weights.items()})
    check_free(proto, tmp_path, [{"x": (5, 2, 3)}, {"x": (3, 1, 3)}])


def test_heads_of_queries_are_free_where_those_of_keys_are_not(tmp_path):
    text = """(float[2,N,4,8] q, float[2,3,6,8] k, float[2,3,6,10] v) => (float[?,?,?,?] y) {
        y = Attention(q, k, v)
    }"""
    shapes = {"q": (2, 3, 4, 8), "k": (2, 3, 6, 8), "v": (2, 3, 6, 10)}
    check_free(parsed(text, opset=23), tmp_path, [shapes])


POOLED = "kernel_shape = [3,3], strides = [2,2]"
WINDOWS = [
    pytest.param(f"AveragePool<{POOLED}, pads = [1,1,1,1]>(x)", id="taps_inside"),
    pytest.param(f"AveragePool<{POOLED}, ceil_mode = 1>(x)", id="taps_inside_rounded_up"),
    pytest.param(
        f"AveragePool<{POOLED}, pads = [1,1,1,1], dilations = [2,1]>(x)", id="taps_inside_dilated"
    ),
    pytest.param(
        f"AveragePool<{POOLED}, pads = [1,1,1,1], ceil_mode = 1, count_include_pad = 1>(x)",
        id="padding_counts_rounded_up",
    ),
    pytest.param(f'AveragePool<{POOLED}, auto_pad = "SAME_UPPER">(x)', id="average_same"),
    pytest.param(f"MaxPool<{POOLED}, ceil_mode = 1>(x)", id="rounded_up"),
    pytest.param(f"MaxPool<{POOLED}, pads = [1,1,1,1], ceil_mode = 1>(x)", id="padded_up"),
    pytest.param('Conv<strides = [2,2], auto_pad = "SAME_UPPER">(x, k)', id="same"),
    pytest.param('Conv<strides = [2,2], auto_pad = "SAME_UPPER", group = 4>(x, d)', id="depthwise"),
    pytest.param("DepthToSpace<blocksize = 2>(x)", id="spread"),
    pytest.param('DepthToSpace<blocksize = 2, mode = "CRD">(x)', id="shuffled"),
]


@pytest.mark.parametrize("node", WINDOWS)
def test_windows_over_a_free_plane(node, tmp_path):
    proto = parsed(f"(float[1,4,h,w] x) => (float[a,b,c,d] y) {{ y = {node} }}")
    for name, shape in {"k": (5, 4, 3, 3), "d": (4, 1, 3, 3)}.items():
        if f" {name})" in node:
            proto.graph.initializer.append(onnx.numpy_helper.from_array(drawn(*shape), name))
    check_free(proto, tmp_path, [{"x": (1, 4, 7, 10)}, {"x": (1, 4, 8, 5)}])


def test_blocks_of_a_free_plane(tmp_path):
    proto = parsed("(float[1,3,h,w] x) => (float[a,b,c,d] y) { y = SpaceToDepth<blocksize=2>(x) }")
    check_free(proto, tmp_path, [{"x": (1, 3, 6, 10)}, {"x": (1, 3, 4, 2)}])


def test_rounding_up_a_free_size_is_refused_where_the_padding_may_hold_a_whole_window():
    text = """(float[1,4,h,w] x) => (float[a,b,c,d] y) {
        y = MaxPool<kernel_shape = [2,2], strides = [2,2], pads = [1,1,1,1], ceil_mode = 1>(x)
    }"""
    with pytest.raises(UnsupportedOp, match=r"MaxPool .*ceil_mode = 1.*rounding up needs the size"):
        emit(prepare(ir.from_proto(parsed(text))))


@pytest.mark.parametrize("upper", [0, 1], ids=["lower", "upper"])
def test_a_mask_of_as_many_steps_as_there_are(upper, tmp_path):
    text = f"""(float[n,n] x) => (float[a,b] y) {{
        sizes = Shape(x)
        all = ConstantOfShape<value = float[1] {{1.0}}>(sizes)
        kept = Trilu<upper = {upper}>(all)
        y = Mul(x, kept)
    }}"""
    check_free(parsed(text), tmp_path, [{"x": (4, 4)}, {"x": (7, 7)}])


def test_as_many_of_the_largest_as_there_are(tmp_path):
    text = """(float[2,n] x) => (float[a,b] y) <int64[1] most = {5}> {
        size = Shape<start = 1>(x)
        count = Min(size, most)
        y, places = TopK(x, count)
    }"""
    check_free(parsed(text, opset=19), tmp_path, [{"x": (2, 3)}, {"x": (2, 9)}])


def test_ones_on_the_diagonal_of_a_free_square(tmp_path):
    text = "(float[n,n] x) => (float[n,n] y) { e = EyeLike<k = 1>(x) y = Add(x, e) }"
    check_free(parsed(text), tmp_path, [{"x": (4, 4)}, {"x": (7, 7)}])


def test_slices_of_which_a_computed_condition_holds(tmp_path):
    text = """(float[3,n] x) => (float[3,m] y) <float zero = {0.0}, int64[1] rows = {0}> {
        least = ReduceMax<keepdims = 0>(x, rows)
        condition = Greater(least, zero)
        y = Compress<axis = 1>(x, condition)
    }"""
    check_free(parsed(text), tmp_path, [{"x": (3, 9)}, {"x": (3, 20)}])
