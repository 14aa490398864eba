"""Elements placed by index, and distinct ones found, against ONNX Runtime, through LiteRT."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, emit, run_resized

from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime


def parsed(text, opset=18):
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["": {opset}]> g {text}')


def of_litert(proto, folder, feeds):
    file = built(proto, folder, input_layout="keep", output_layout="keep")
    return Interpreter(model_content=file.data).get_signature_runner()(**feeds)


def check(proto, folder, **feeds):
    """Compare shapes, types and numbers of every output."""
    results = of_litert(proto, folder, feeds)
    for name, wanted in OnnxRuntime(proto.SerializeToString()).run(feeds).items():
        assert (results[name].shape, results[name].dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(results[name], wanted, rtol=1e-5, atol=1e-6)


def drawn(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


REDUCTIONS = ["none", "add", "mul", "max", "min"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_several_updates_of_one_slice(reduction, tmp_path):
    text = f"""(float[4,3,5] x, int64[6,2] i, float[6,5] u) => (float[4,3,5] y)
     {{ y = ScatterND<reduction = "{reduction}">(x, i, u) }}"""
    unique = [[0, 1], [3, 2], [-1, 0], [2, 2], [1, 1], [0, 0]]
    double = [[0, 1], [3, 2], [-1, 2], [0, 1], [1, 1], [0, 1]]
    i = np.array(unique if reduction == "none" else double)
    check(parsed(text), tmp_path, x=drawn(4, 3, 5), i=i, u=drawn(6, 5) * 3)


@pytest.mark.parametrize("dtype", ["float", "int32", "int64"])
@pytest.mark.parametrize("reduction", ["mul", "max", "min"])
def test_several_updates_of_one_element(reduction, dtype, tmp_path):
    text = f"""({dtype}[3,4] x, int64[6,2] i, {dtype}[6,2] u) => ({dtype}[3,4] y)
     {{ y = ScatterElements<axis = 0, reduction = "{reduction}">(x, i, u) }}"""
    i = np.array([[0, 1], [-1, 1], [1, 1], [0, 1], [0, 1], [2, 1]])
    kind = onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.DataType.Value(dtype.upper()))
    x, u = (drawn(3, 4) * 9).astype(kind), (drawn(6, 2) * 9).astype(kind)
    check(parsed(text), tmp_path, x=x, i=i, u=u)


def test_every_update_in_one_place_leaves_the_largest(tmp_path):
    text = """(float[2] x, int64[2,1] i, float[2] u) => (float[2] y)
     { y = ScatterND<reduction = "max">(x, i, u) }"""
    check(
        parsed(text), tmp_path, x=np.float32([3, 0]), i=np.array([[0], [0]]), u=np.float32([1, 2])
    )


def test_too_many_updates_to_combine_are_refused():
    text = """(float[3000] x, int64[3000,1] i, float[3000] u) => (float[3000] y)
     { y = ScatterND<reduction = "max">(x, i, u) }"""
    why = r"ScatterND .*reduction = max\): 3000 places and 3000 updates are too many .*; use red"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_a_cache_is_written_at_a_place_of_its_own_for_each_sample(mode, tmp_path):
    text = f"""(float[3,2,7,4] c, float[3,2,3,4] u, int64[3] w) => (float[3,2,7,4] y)
     {{ y = TensorScatter<mode = "{mode}">(c, u, w) }}"""
    cache, update = drawn(3, 2, 7, 4), 10 + drawn(3, 2, 3, 4)
    starts = np.array([0, 3, 4] if mode == "linear" else [6, 5, 0])
    expected = cache.copy()
    for sample, start in enumerate(starts):
        expected[sample][:, (start + np.arange(3)) % 7] = update[sample]
    found = of_litert(parsed(text, 24), tmp_path, {"c": cache, "u": update, "w": starts})
    np.testing.assert_array_equal(found["y"], expected)


def test_blocks_add_up_where_they_overlap(tmp_path):
    text = """(float[2,12,15] x) => (float[2,2,6,7] y)
     <int64[2] image = {6, 7}, int64[2] block = {3, 2}>
     { y = Col2Im<strides = [2,2], pads = [1,1,1,2], dilations = [1,2]>(x, image, block) }"""
    check(parsed(text.replace("15", "12")), tmp_path, x=drawn(2, 12, 12))


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize(
    "settings",
    [
        "kernel_shape = [3,2], strides = [2,1], pads = [1,0,1,1]",
        "kernel_shape = [2,3], dilations = [2,1], ceil_mode = 1",
    ],
)
def test_places_of_maxima(settings, order, tmp_path):
    text = f"""(float[2,3,6,7] x) => (float[a,b,c,d] y, int64[a,b,c,d] i)
     {{ y, i = MaxPool<{settings}, storage_order = {order}>(x) }}"""
    check(parsed(text), tmp_path, x=drawn(2, 3, 6, 7))


def test_maxima_go_back_to_their_places(tmp_path):
    text = """(float[2,3,6,8] x) => (float[2,3,6,8] y) {
        m, i = MaxPool<kernel_shape = [2,2], strides = [2,2]>(x)
        y = MaxUnpool<kernel_shape = [2,2], strides = [2,2]>(m, i)
    }"""
    check(parsed(text), tmp_path, x=drawn(2, 3, 6, 8))


def test_maxima_of_bytes(tmp_path):
    text = """(uint8[1,2,6,7] x) => (uint8[1,2,5,6] y)
     { y = MaxPool<kernel_shape = [2,2]>(x) }"""
    x = np.random.default_rng(0).integers(0, 256, (1, 2, 6, 7), np.uint8)
    check(parsed(text), tmp_path, x=x)


@pytest.mark.parametrize("ordered", [0, 1])
@pytest.mark.parametrize(
    ("shape", "axis"), [((12,), None), ((3, 5), None), ((6, 2), 0), ((2, 7, 3), 1)]
)
def test_distinct_elements(shape, axis, ordered, tmp_path):
    where = "" if axis is None else f"axis = {axis}, "
    text = f"""(float[{",".join(map(str, shape))}] x)
     => (float y, int64[n] first, int64[m] number, int64[n] count)
     {{ y, first, number, count = Unique<{where}sorted = {ordered}>(x) }}"""
    proto = parsed(text)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    x = np.random.default_rng(3).integers(-2, 2, shape).astype(np.float32)
    check(proto, tmp_path, x=x)


def test_too_many_elements_to_compare_are_refused():
    text = "(float[5000] x) => (float[n] y) { y = Unique(x) }"
    why = r"Unique .*5000 rows of 1 elements are too many to compare .*; find the distinct"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_determinants(size, tmp_path):
    text = f"(float[2,3,{size},{size}] x) => (float[2,3] y) {{ y = Det(x) }}"
    x = drawn(2, 3, size, size)
    x[0, 0, 0, 0] = 0  # wants another pivot
    x[0, 1] = 0
    check(parsed(text), tmp_path, x=x)


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_running_products(reverse, exclusive, tmp_path):
    text = f"""(float[2,7,3] x) => (float[2,7,3] y) <int64 axis = {{1}}>
     {{ y = CumProd<exclusive = {exclusive}, reverse = {reverse}>(x, axis) }}"""
    x = drawn(2, 7, 3)
    given = np.flip(x, 1) if reverse else x
    running = np.cumprod(given, 1)
    if exclusive:
        running = np.concatenate([np.ones_like(running[:, :1]), running[:, :-1]], 1)
    expected = np.flip(running, 1) if reverse else running
    found = of_litert(parsed(text, 26), tmp_path, {"x": x})["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def whole(limit, *shape):
    """Indices of an axis of this size, each once, some of them counted from its end."""
    drawn = np.random.default_rng(1)
    count = int(np.prod(shape))
    return (drawn.permutation(limit)[:count] - drawn.integers(0, 2, count) * limit).reshape(shape)


FREE_PLACES = {
    "picked elements": (
        """(float[n,m,3] x, int64[n,k,3] i) => (float[a,b,c] y)
        { y = GatherElements<axis = 1>(x, i) }""",
        lambda n: {"x": drawn(n, n + 4, 3), "i": whole(n + 4, n, 1, 1).repeat(3, 2)},
    ),
    "picked by known indices": (
        "(float[2,m] x) => (float[a,b] y) { y = GatherElements<axis = 1>(x, known) }",
        lambda n: {"x": drawn(2, n + 3)},
    ),
    "picked slices": (
        "(float[n,m,3] x, int64[k,2] i) => (float[a,b] y) { y = GatherND(x, i) }",
        lambda n: {"x": drawn(n, n + 1, 3), "i": whole(n, n, 1).repeat(2, 1)},
    ),
    "picked slices of a batch": (
        """(float[n,m,3] x, int64[n,k,1] i) => (float[a,b,c] y)
        { y = GatherND<batch_dims = 1>(x, i) }""",
        lambda n: {"x": drawn(n, n + 4, 3), "i": whole(n + 4, n, 1, 1)},
    ),
    "placed elements": (
        """(float[n,m] x, int64[n,k] i, float[n,k] u) => (float[a,b] y)
        { y = ScatterElements<axis = 1>(x, i, u) }""",
        lambda n: {"x": drawn(n, n + 4), "i": whole(n + 4, n, 1), "u": drawn(n, 1)},
    ),
    "placed slices": (
        """(float[n,m,3] x, int64[k,1] i, float[k,m,3] u) => (float[a,b,c] y)
        { y = ScatterND(x, i, u) }""",
        lambda n: {"x": drawn(n, 4, 3), "i": whole(n, n - 1, 1), "u": drawn(n - 1, 4, 3)},
    ),
    "added slices": (
        """(float[n,m] x, int64[k,2] i, float[k] u) => (float[a,b] y)
        { y = ScatterND<reduction = "add">(x, i, u) }""",
        lambda n: {"x": drawn(n, n), "i": whole(n, n, 1).repeat(2, 1) // 2, "u": drawn(n)},
    ),
    "repeats": (
        """(float[n,3] x, float[m,2] z) => (float[a,b] y) {
            rows = Shape<start = 0, end = 1>(z)
            times = Concat<axis = 0>(rows, two)
            y = Tile(x, times)
        }""",
        lambda n: {"x": drawn(n, 3), "z": drawn(n + 1, 2)},
    ),
    "one of as many as there are rows": (
        """(float[n,3] x, int64[k] i) => (float[a,b] y) {
            rows = Shape<start = 0, end = 1>(x)
            hot = OneHot<axis = 0>(i, rows, ends)
            turned = Transpose(x)
            y = MatMul(turned, hot)
        }""",
        lambda n: {"x": drawn(n, 3), "i": np.append(whole(n, n), [n, -n - 1])},
    ),
}
KNOWN = {
    "known": np.array([[0, -1], [2, -3]]),
    "two": np.array([2]),
    "ends": np.float32([0.25, 2]),
}


@pytest.mark.parametrize("name", FREE_PLACES)
def test_places_of_free_sizes(name, tmp_path):
    text, feeds_of = FREE_PLACES[name]
    proto = parsed(text)
    used = {name for node in proto.graph.node for name in node.input}
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in KNOWN.items() if name in used
    )
    file = built(proto, tmp_path, input_layout="keep", output_layout="keep")
    oracle = OnnxRuntime(proto.SerializeToString())
    for size in (3, 6):
        feeds = feeds_of(size)
        expected = oracle.run(feeds)["y"]
        found = run_resized(file, feeds)["y"]
        assert found.shape == expected.shape
        assert np.ptp(expected) > 0
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "uint8", "float"])
def test_a_sequence_of_any_type_is_reversed(dtype, tmp_path):
    text = f"""({dtype}[4,2] x, int64[2] n) => ({dtype}[4,2] y)
     {{ y = ReverseSequence<batch_axis = 1, time_axis = 0>(x, n) }}"""
    kind = onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.DataType.Value(dtype.upper()))
    x = np.array([[0, 1], [1, 1], [1, 0], [0, 0]]).astype(kind)
    check(parsed(text), tmp_path, x=x, n=np.array([3, 4]))
