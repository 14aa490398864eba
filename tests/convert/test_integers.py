"""Arithmetic of wide integers and of bits through LiteRT, whose kernels have little of it."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, emit

from decant.errors import UnsupportedOp
from decant.graph.load import prepare

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def parsed(text):
    return onnx.parser.parse_model(f'<ir_version: 13, opset_import: ["": 28]> g {text}')


def of_litert(node, dtype, folder, **feeds):
    """What one node makes of vectors of one type."""
    (size,) = {len(array) for array in feeds.values()}
    inputs = ", ".join(f"{dtype}[{size}] {name}" for name in feeds)
    file = built(parsed(f"({inputs}) => ({dtype}[{size}] y) {{ y = {node} }}"), folder)
    return Interpreter(model_content=file.data).get_signature_runner()(**feeds)["y"]


def anything(dtype, seed):
    """64 numbers from all of the type's range, its ends among them."""
    ends = np.iinfo(dtype)
    drawn = np.random.default_rng(seed).integers(ends.min, ends.max, 62, dtype, endpoint=True)
    return np.concatenate([np.array([ends.min, ends.max], dtype), drawn])


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    ("name", "function"),
    [("And", np.bitwise_and), ("Or", np.bitwise_or), ("Xor", np.bitwise_xor)],
)
def test_bits_of_two_integers(name, function, dtype, tmp_path):
    a, b = anything(dtype, 0), anything(dtype, 1)[::-1].copy()
    result = of_litert(f"Bitwise{name}(a, b)", dtype, tmp_path, a=a, b=b)
    np.testing.assert_array_equal(result, function(a, b))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_by_every_number_of_bits(dtype, tmp_path):
    width = np.iinfo(dtype).bits
    a, n = anything(dtype, 0), (np.arange(64) % width).astype(dtype)
    left = of_litert('BitShift<direction = "LEFT">(a, n)', dtype, tmp_path, a=a, n=n)
    np.testing.assert_array_equal(left, np.left_shift(a, n))
    right = of_litert('BitShift<direction = "RIGHT">(a, n)', dtype, tmp_path, a=a, n=n)
    np.testing.assert_array_equal(right, np.right_shift(a, n))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint64"])
def test_shifts_beyond_the_width_leave_the_sign(dtype, tmp_path):
    a, n = anything(dtype, 0), np.full(64, np.iinfo(dtype).bits, dtype)
    left = of_litert('BitShift<direction = "LEFT">(a, n)', dtype, tmp_path, a=a, n=n)
    assert not left.any()
    right = of_litert('BitShift<direction = "RIGHT">(a, n)', dtype, tmp_path, a=a, n=n)
    np.testing.assert_array_equal(right, np.where(a < 0, -1, 0).astype(dtype))


def test_a_cast_of_bits_to_another_width_is_refused():
    text = "(int32[4] x) => (int64[4] y) { y = BitCast<to = 7>(x) }"
    why = r"BitCast .*the types differ in width; cast between types of one width"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))


def divisors(kind):
    """Divisors of 64-bit numbers that differ from zero."""
    return {
        "small": np.resize(np.array([1, -1, 2, 3, -7, 10], np.int64), 64),
        "wide": anything("int64", 1)[::-1] | 1,
        "half": np.random.default_rng(2).integers(1, 2**33, 64),
    }[kind]


@pytest.mark.parametrize("kind", ["small", "wide", "half"])
def test_64_bit_integers_are_divided_exactly(kind, tmp_path):
    a, b = anything("int64", 0), divisors(kind)
    a[0] += 1  # the lowest number over -1 has no quotient
    result = of_litert("Div(a, b)", "int64", tmp_path, a=a, b=b)
    exact = [abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1) for x, y in pairs(a, b)]
    np.testing.assert_array_equal(result, np.array(exact))


def pairs(a, b):
    return zip(a.tolist(), b.tolist(), strict=True)


def test_magnitude_and_sign_of_64_bit_integers(tmp_path):
    a = np.array([-(2**62) - 1, -3, 0, 5, 2**62 + 1])
    np.testing.assert_array_equal(of_litert("Abs(a)", "int64", tmp_path, a=a), np.abs(a))
    np.testing.assert_array_equal(of_litert("Sign(a)", "int64", tmp_path, a=a), np.sign(a))


def test_64_bit_integers_are_raised_exactly(tmp_path):
    a, b = np.array([2, -3, 7, 0, 1, 10]), np.array([62, 39, 22, 0, 63, 18])
    result = of_litert("Pow(a, b)", "int64", tmp_path, a=a, b=b)
    np.testing.assert_array_equal(result, np.array([int(x) ** int(y) for x, y in pairs(a, b)]))


@pytest.mark.parametrize(
    ("name", "function"),
    [("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Max", np.maximum),
     ("Min", np.minimum)],
)  # fmt: skip
def test_64_bit_integers_without_sign(name, function, tmp_path):
    a, b = anything("uint64", 0), anything("uint64", 1)[::-1].copy()
    result = of_litert(f"{name}(a, b)", "uint64", tmp_path, a=a, b=b)
    np.testing.assert_array_equal(result, function(a, b))


def of_table(node, dtype, folder, x, kind=None):
    """What one node makes of a table of 8 columns; its constants are in the text."""
    text = f"({dtype}[8,8] x) => ({kind or dtype}[?,?] y) {node}"
    file = built(parsed(text), folder, input_layout="keep", output_layout="keep")
    return Interpreter(model_content=file.data).get_signature_runner()(x=x)["y"]


SIGNED_OR_SMALL = [dtype for dtype in INTEGERS if dtype != "uint64"]


@pytest.mark.parametrize("dtype", SIGNED_OR_SMALL)
@pytest.mark.parametrize(
    ("name", "function"), [("ReduceMax", np.max), ("ReduceMin", np.min), ("ReduceSum", np.sum)]
)
def test_integers_are_reduced(name, function, dtype, tmp_path):
    x = anything(dtype, 0).reshape(8, 8)
    result = of_table(f"<int64[1] last = {{1}}> {{ y = {name}(x, last) }}", dtype, tmp_path, x)
    np.testing.assert_array_equal(result, function(x, 1, keepdims=True).astype(dtype))


@pytest.mark.parametrize("dtype", SIGNED_OR_SMALL)
@pytest.mark.parametrize("largest", [0, 1])
def test_the_first_integers_in_order(largest, dtype, tmp_path):
    x = anything(dtype, 0).reshape(8, 8)
    node = f"<int64[1] three = {{3}}> {{ y, where = TopK<largest = {largest}>(x, three) }}"
    ordered = np.sort(x, 1)
    expected = ordered[:, :-4:-1] if largest else ordered[:, :3]
    np.testing.assert_array_equal(of_table(node, dtype, tmp_path, x), expected)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_the_smallest_integers_of_a_column(dtype, tmp_path):
    x = np.random.default_rng(0).permutation(64).reshape(8, 8).astype(dtype)
    node = "<int64[1] three = {3}> { y, where = TopK<axis = 0, largest = 0>(x, three) }"
    np.testing.assert_array_equal(of_table(node, dtype, tmp_path, x), np.sort(x, 0)[:3])


@pytest.mark.parametrize("dtype", SIGNED_OR_SMALL)
@pytest.mark.parametrize(("name", "function"), [("ArgMax", np.argmax), ("ArgMin", np.argmin)])
def test_where_the_extreme_integer_is(name, function, dtype, tmp_path):
    x = np.random.default_rng(0).integers(0, 4, (8, 8)).astype(dtype)
    node = f"{{ y = {name}<axis = 1>(x) }}"
    result = of_table(node, dtype, tmp_path, x, kind="int64")
    np.testing.assert_array_equal(result, function(x, 1, keepdims=True))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64"])
def test_products_of_integer_matrices(dtype, tmp_path):
    x = np.random.default_rng(0).integers(0, 5, (8, 8)).astype(dtype)
    result = of_table("{ y = MatMul(x, x) }", dtype, tmp_path, x)
    np.testing.assert_array_equal(result, x @ x)


@pytest.mark.parametrize("dtype", SIGNED_OR_SMALL)
def test_integers_are_padded_with_others(dtype, tmp_path):
    x = anything(dtype, 0).reshape(8, 8)
    node = (
        f"<int64[4] around = {{0, 1, 0, 2}}, {dtype} seven = {{7}}> {{ y = Pad(x, around, seven) }}"
    )
    expected = np.pad(x, ((0, 0), (1, 2)), constant_values=7)
    np.testing.assert_array_equal(of_table(node, dtype, tmp_path, x), expected)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_picked(dtype, tmp_path):
    x = anything(dtype, 0).reshape(8, 8)
    node = "<int64[3] places = {5, -1, 0}> { y = Gather<axis = 1>(x, places) }"
    np.testing.assert_array_equal(of_table(node, dtype, tmp_path, x), x[:, [5, -1, 0]])
